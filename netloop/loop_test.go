package netloop

import (
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"
)

func TestPostKeepsEachPostersOrder(t *testing.T) {
	const posters, posts = 8, 2000
	onBothPaths(t, func(t *testing.T, opts Options) {
		l := startGroup(t, opts).Loops()[0]
		next := make([]int, posters) // the loop's alone
		var wg sync.WaitGroup
		for p := range posters {
			wg.Go(func() {
				for i := range posts {
					l.Post(taskFunc(func(*Loop) {
						if next[p] != i {
							t.Errorf("poster %d: %d in place of %d", p, i, next[p])
						}
						next[p]++
					}))
					if i%100 == 0 {
						runtime.Gosched() // lets the loop fall asleep now and then
					}
				}
			})
		}
		wg.Wait()
		run(t, l, func(*Loop) {
			for p := range next {
				if next[p] != posts {
					t.Errorf("poster %d: %d ran", p, next[p])
				}
			}
		})
	})
}

// TestNoPostIsLeftLying posts one task at a time to a loop that is falling
// asleep.
func TestNoPostIsLeftLying(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		g := startGroup(t, opts)
		for i := range 5000 {
			run(t, g.Loops()[i%2], func(*Loop) {})
		}
	})
}

func TestEarlyBytesAreRead(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		g := startGroup(t, opts)
		server, client := socketPair(t)
		r := newRecorder()
		early := text("with the handshake") + text("cut")[:3]
		if err := g.Adopt(server, []byte(early), How{}, r); err != nil {
			t.Fatal(err)
		}
		client.Write([]byte(text("cut")[3:]))
		for _, want := range []string{"with the handshake", "cut"} {
			if got := receive(t, "message", r.messages); got != want {
				t.Errorf("got %q", got)
			}
		}
	})
}

// TestConnWithoutADescriptor: anything that is a net.Conn is served.
func TestConnWithoutADescriptor(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		server, client := net.Pipe()
		echo := newEcho()
		if err := startGroup(t, opts).Adopt(server, nil, How{}, echo); err != nil {
			t.Fatal(err)
		}
		go sendInPieces(client, text("a")+text(long(5000))+bye, 100)
		if got := transcript(client); got != "text a\ntext "+long(5000)+"\n"+goodbye {
			t.Errorf("got %.50q", got)
		}
		client.Close()
		if end := receive(t, "Closed", echo.closed); end.Cause != ByPeer {
			t.Errorf("closed with %v", end)
		}
	})
}

func TestLoopsShareTheLoad(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		g := startGroup(t, opts)
		per := map[*Loop]int{}
		for range 20 {
			c, _, _ := open(t, g, How{})
			per[c.Loop()]++
		}
		for _, l := range g.Loops() {
			if per[l] != 10 {
				t.Errorf("loop %d has %d of 20", l.ID(), per[l])
			}
		}
	})
}

// TestChurn opens and closes so fast that descriptors and slots are used again
// at once. Each connection has to hear its own echo and nobody else's.
func TestChurn(t *testing.T) {
	const workers, rounds = 8, 60
	onBothPaths(t, func(t *testing.T, opts Options) {
		g := startGroup(t, opts)
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range rounds {
					server, client, err := pair()
					if err != nil {
						t.Error(err)
						return
					}
					mine := strings.Repeat(string(rune('a'+w)), i)
					if err := g.Adopt(server, nil, How{}, newEcho()); err != nil {
						t.Error(err)
					}
					switch i % 3 {
					case 0: // leave without a word
						client.Write([]byte(text(mine)[:1]))
					default:
						client.Write([]byte(text(mine) + bye))
						if got := transcript(client); got != "text "+mine+"\n"+goodbye {
							t.Errorf("worker %d: got %q", w, got)
						}
					}
					client.Close()
				}
			})
		}
		wg.Wait()
	})
}

func TestCloseLeavesNothing(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		descriptors := openDescriptors(t)
		t.Run("group", func(t *testing.T) {
			opts.CloseTimeout = 50 * time.Millisecond
			g := startGroup(t, tiny(opts))
			for i := range 30 {
				how := How{Protocol: Protocol(i % 2)}
				c, _, client := open(t, g, how)
				switch i % 5 {
				case 0:
					run(t, c.Loop(), func(*Loop) { c.Send(make([]byte, 4<<20)) })
				case 1:
					client.Write([]byte("\x81"))
				case 2:
					client.Close()
				}
			}
			server, _ := net.Pipe()
			if err := g.Adopt(server, nil, How{}, newRecorder()); err != nil {
				t.Fatal(err)
			}
		})
		if left := goroutines(); left != "" {
			t.Errorf("left running:\n%s", left)
		}
		if now := openDescriptors(t); now > descriptors {
			t.Errorf("%d descriptors, were %d", now, descriptors)
		}
	})
}

// goroutines are the stacks of those that are in this package's code, tests
// aside.
func goroutines() string {
	buf := make([]byte, 1<<20)
	var left []string
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "/netloop.") && !strings.Contains(stack, "_test.go") {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}

func openDescriptors(t *testing.T) int {
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Logf("descriptors are not counted: %v", err)
	}
	return len(dir)
}

// TestConnIsSmall: a million idle ones are 128 MB, and the next size class is 144.
func TestConnIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}); size > 128 {
		t.Errorf("%d bytes", size)
	}
}

func TestStatsAddUp(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		g := startGroup(t, opts)
		r := newEcho()
		client := adopt(t, g, How{}, r)
		open(t, g, How{Protocol: SSE})
		in := text("hello") + text("world")
		client.Write([]byte(in))
		want := AppendText(AppendText(nil, []byte("hello")), []byte("world"))
		if _, err := io.ReadFull(client, make([]byte, len(want))); err != nil {
			t.Fatal(err)
		}
		s := stats(t, g)
		if s.WebSockets != 1 || s.SSEs != 1 || s.Messages != 2 || s.SentFrames != 2 || s.ReadBytes != uint64(len(in)) ||
			s.SentBytes != uint64(len(want)) || s.Writes != 2 || s.FullWrites != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}
