package netloop

import (
	"bufio"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const never = time.Hour

// only are options in which nothing times out but what a test sets.
func only(opts Options) Options {
	opts.PingEvery, opts.DeadAfter, opts.PartialTimeout = never, never, never
	opts.CloseTimeout, opts.HeldTimeout, opts.SSEHeartbeat = never, never, never
	return opts
}

func TestQuietConnectionIsPinged(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		opts = only(opts)
		opts.PingEvery, opts.CloseTimeout = 30*time.Millisecond, 30*time.Millisecond
		_, _, client := open(t, startGroup(t, opts), How{})
		in := bufio.NewReader(client)
		for range 3 {
			if first, _, err := serverFrame(in); first != bitFin|opPing || err != nil {
				t.Fatalf("got %#x, %v", first, err)
			}
			client.Write([]byte(frame(bitFin|opPong, "")))
		}
	})
}

func TestSilentPeerIsGivenUp(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		opts = only(opts)
		opts.PingEvery, opts.DeadAfter = 50*time.Millisecond, 700*time.Millisecond
		g := startGroup(t, opts)
		_, r, client := open(t, g, How{})
		if end := receive(t, "Closed", r.closed); end.Cause != ByDelay || end.Code != 1006 {
			t.Errorf("closed with %v", end)
		}
		if got := transcript(client); got != "ping \neof" { // one ping, however long it took
			t.Errorf("client got %q", got)
		}
	})
}

func TestSSEIsNotGivenUpForItsSilence(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		opts = only(opts)
		opts.SSEHeartbeat, opts.DeadAfter, opts.CloseTimeout = 30*time.Millisecond, 60*time.Millisecond, 30*time.Millisecond
		_, _, client := open(t, startGroup(t, opts), How{Protocol: SSE})
		got := make([]byte, 6*len(heartbeat))
		if _, err := io.ReadFull(client, got); err != nil || string(got) != ":\n\n:\n\n:\n\n:\n\n:\n\n:\n\n" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestMessageThatTakesTooLong(t *testing.T) {
	partials := map[string]string{
		"header":   text("hello")[:1],
		"payload":  text("hello")[:8],
		"fragment": frame(opText, "hello"),
	}
	for name, partial := range partials {
		t.Run(name, func(t *testing.T) {
			onBothPaths(t, func(t *testing.T, opts Options) {
				opts = only(opts)
				opts.PartialTimeout = 50 * time.Millisecond
				_, r, client := open(t, startGroup(t, opts), How{})
				client.Write([]byte(partial))
				if got := transcript(client); got != "close 1008\neof" {
					t.Errorf("client got %q", got)
				}
				client.Close()
				if end := receive(t, "Closed", r.closed); end.Cause != ByDelay || end.Code != 1008 {
					t.Errorf("closed with %v", end)
				}
			})
		})
	}
}

// TestEndlessStreamOfCutMessages: reads may always end inside a message without
// any message being slow.
func TestEndlessStreamOfCutMessages(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		opts = only(opts)
		opts.PartialTimeout = 500 * time.Millisecond
		_, r, client := open(t, startGroup(t, opts), How{})
		m := text("hello")
		client.Write([]byte(m[:5]))
		for start := time.Now(); time.Since(start) < time.Second; {
			client.Write([]byte(m[5:] + m[:5]))
			receive(t, "message", r.messages)
		}
		if len(r.closed) > 0 {
			t.Errorf("closed with %v", <-r.closed)
		}
	})
}

func TestStuckPeerIsGivenUp(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		for _, how := range []How{{Protocol: WebSocket}, {Protocol: SSE}} {
			opts := only(tiny(opts))
			opts.HeldTimeout = 50 * time.Millisecond
			g := startGroup(t, opts)
			c, r, _ := open(t, g, how)
			run(t, c.Loop(), func(*Loop) { c.Send(make([]byte, 4<<20)) })
			if end := receive(t, "Closed", r.closed); end.Cause != ByDelay || end.Code != 1006 {
				t.Errorf("closed with %v", end)
			}
			if held := stats(t, g).HeldBytes; held != 0 {
				t.Errorf("%d bytes still held", held)
			}
		}
	})
}

func TestAlarmsRunInOrderOfTime(t *testing.T) {
	var a alarms
	var want []int
	for _, i := range rand.Perm(500) {
		at := i / 5 // five of each, to run in the order they were set
		a.push(time.Duration(at), taskFunc(func(*Loop) {}))
		want = append(want, at)
	}
	slices.Sort(want)
	for i, at := range want {
		if due := a.due(); due != time.Duration(at) {
			t.Fatalf("alarm %d is due at %d, want %d", i, due, at)
		}
		if _, early := a.pop(time.Duration(at) - 1); early {
			t.Fatal("popped before its time")
		}
		before := a.heap[0].seq
		a.pop(time.Duration(at))
		if len(a.heap) > 0 && a.heap[0].at == time.Duration(at) && a.heap[0].seq < before {
			t.Fatal("alarms of one moment changed places")
		}
	}
	if a.due() != -1 {
		t.Error("something is left")
	}
}

func TestAfterWakesASleepingLoop(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		l := startGroup(t, opts).Loops()[1]
		ran := make(chan int, 3)
		start := time.Now()
		run(t, l, func(l *Loop) {
			for _, i := range []int{3, 1, 2} {
				l.After(time.Duration(i)*20*time.Millisecond, taskFunc(func(*Loop) { ran <- i }))
			}
		})
		for want := 1; want <= 3; want++ {
			if got := receive(t, "alarm", ran); got != want {
				t.Errorf("alarm %d came as number %d", got, want)
			}
			if early := time.Duration(want)*20*time.Millisecond - time.Since(start); early > 0 {
				t.Errorf("alarm %d was %v early", want, early)
			}
		}
	})
}

// TestWheelLooksWhenItShould drives a wheel by hand, against a plain list.
func TestWheelLooksWhenItShould(t *testing.T) {
	w := wheel{tick: time.Millisecond}
	rnd := rand.New(rand.NewPCG(5, 6))
	wanted := map[*Conn]uint32{}
	for range 200 {
		c := new(Conn)
		wanted[c] = 1 + rnd.Uint32N(1000)
		w.put(c, wanted[c])
	}
	looks := 0
	for now := uint32(0); now < 3000; now += 1 + rnd.Uint32N(20) {
		if rnd.IntN(4) == 0 {
			for c, at := range wanted {
				if at > now+2 {
					wanted[c] = now + 1 + rnd.Uint32N(at-now-1)
					w.sooner(c, wanted[c])
				}
				break
			}
		}
		if due := w.due(); due < 0 || uint32(due/w.tick) <= w.done {
			t.Fatalf("at %d: due %v", now, due)
		}
		w.set(time.Duration(now) * w.tick)
		w.advance(func(c *Conn) uint32 {
			if wanted[c] <= now {
				looks++
				wanted[c] = now + 1 + rnd.Uint32N(1000)
			}
			return wanted[c]
		})
		for c, at := range wanted {
			if at <= now {
				t.Fatalf("at %d: a connection wanted %d, and waits for %d", now, at, c.due)
			}
		}
	}
	if looks < 200 {
		t.Errorf("only %d looks", looks)
	}
	for c := range wanted {
		w.remove(c)
	}
	if due := w.due(); due != -1 {
		t.Errorf("empty wheel is due at %v", due)
	}
}

func TestWheelSurvivesALongPause(t *testing.T) {
	w := wheel{tick: time.Millisecond}
	c := new(Conn)
	w.put(c, 10)
	w.set(time.Hour)
	looks := 0
	w.advance(func(*Conn) uint32 { looks++; return w.now + 10 })
	if looks != 1 || c.due != w.now+10 {
		t.Errorf("%d looks, next in %d ticks", looks, c.due-w.now)
	}
}
