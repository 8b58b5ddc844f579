package netloop

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// tiny are buffers so small that most writes are partial.
func tiny(opts Options) Options {
	opts.SendBufferBytes = 1 // the kernel makes its least of it
	opts.MaxHeldBytes = 64 << 20
	return opts
}

// numbered are frames of all sizes that say their place.
func numbered(n int) (frames [][]byte, want []string) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		size := rnd.IntN(300)
		if i%7 == 0 {
			size = rnd.IntN(70_000)
		}
		payload := fmt.Sprintf("%d:%s", i, long(size))
		want = append(want, payload)
		frames = append(frames, AppendText(nil, []byte(payload)))
	}
	return frames, want
}

func TestHeldFramesKeepTheirOrderAndBytes(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		c, r, client := open(t, startGroup(t, tiny(opts)), How{})
		checkOrder(t, c, r, client)
	})
}

// checkOrder sends frames faster than the client reads them while it pings: all
// frames have to arrive whole and in order, pongs only between frames.
func checkOrder(t *testing.T, c *Conn, r *recorder, client net.Conn) {
	frames, want := numbered(300)
	copies := make([][]byte, len(frames))
	for i, f := range frames {
		copies[i] = bytes.Clone(f)
	}
	held := false
	run(t, c.Loop(), func(*Loop) {
		for _, f := range frames {
			held = !c.Send(f) || held
		}
	})
	if !held {
		t.Error("nothing was held: the test tests nothing")
	}
	go func() {
		for range 50 {
			client.Write([]byte(frame(bitFin|opPing, "x")))
		}
	}()
	in := bufio.NewReaderSize(client, 512)
	pongs := 0
	for i := 0; i < len(want); {
		first, payload, err := serverFrame(in)
		if err != nil {
			t.Fatal(err)
		}
		if first == bitFin|opPong {
			pongs++
			continue
		}
		if string(payload) != want[i] {
			t.Fatalf("frame %d is %.20q", i, payload)
		}
		i++
	}
	receive(t, "Writable", r.writable)
	for i, f := range frames {
		if !bytes.Equal(f, copies[i]) {
			t.Fatalf("shared frame %d was changed", i)
		}
	}
	run(t, c.Loop(), func(*Loop) {
		if !c.Idle() || !c.Send(AppendText(nil, []byte("again"))) {
			t.Error("a drained socket does not take a frame")
		}
	})
}

func TestTLSKeepsOrderAndBytes(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			onBothPaths(t, func(t *testing.T, opts Options) {
				g := startGroup(t, tiny(opts))
				r := newRecorder()
				client := dialTLS(t, g, version, r)
				checkOrder(t, receive(t, "Opened", r.opened), r, client)
			})
		})
	}
}

// dialTLS makes an adopted TLS connection without a WebSocket handshake.
func dialTLS(t *testing.T, g *Group, version uint16, h Handler) *tls.Conn {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		nc, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		if err := g.Adopt(nc, nil, How{}, h); err != nil {
			t.Error(err)
		}
	}))
	s.Listener = Listen(s.Listener)
	s.StartTLS()
	t.Cleanup(s.Close)
	conf := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	conf.MinVersion, conf.MaxVersion = version, version
	conf.ServerName = "example.com"
	conf.NextProtos = nil
	client, err := tls.Dial("tcp", s.Listener.Addr().String(), conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	client.SetDeadline(time.Now().Add(2 * patience))
	io.WriteString(client, "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	head := make([]byte, len("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
	if _, err := io.ReadFull(client, head); err != nil {
		t.Fatal(err)
	}
	return client
}

// TestTLSRecordsInCrumbs lets the ciphertext arrive in pieces of 1 to 97 bytes,
// so that most reads end inside a record.
func TestTLSRecordsInCrumbs(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		r := newRecorder()
		r.messages = make(chan string, 2048)
		g := startGroup(t, opts)
		s := serveWebSockets(t, g, false, func() Handler { return r })
		s.StartTLS()
		crumbs := func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, addr)
			return &crumbling{Conn: nc, rnd: rand.New(rand.NewPCG(3, 4))}, err
		}
		s.Client().Transport.(*http.Transport).DialContext = crumbs
		c := dial(t, s, false)
		for i := range 300 {
			sent := fmt.Sprint(i, " ", long(i*3))
			if err := c.Write(t.Context(), 1, []byte(sent)); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, "message", r.messages); got != sent {
				t.Fatalf("message %d came as %.30q", i, got)
			}
		}
	})
}

type crumbling struct {
	net.Conn
	rnd *rand.Rand
}

func (c *crumbling) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = c.Conn.Write(b[n:min(len(b), n+1+c.rnd.IntN(97))])
		n += m
	}
	return n, err
}

func TestOverflowEndsWith1013AfterTheFirstFrame(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		opts.SendBufferBytes, opts.MaxHeldBytes = 1, 10_000
		g := startGroup(t, opts)
		c, r, client := open(t, g, How{})
		shared := AppendText(nil, []byte(long(200_000)))
		small := AppendText(nil, []byte(long(900)))
		run(t, c.Loop(), func(*Loop) {
			for c.Idle() {
				c.Send(shared)
			}
			for range 11 { // 9,966 bytes
				c.Send(small)
			}
			if c.phase != opened {
				t.Error("closed below the limit")
			}
			c.Send(small)
			if c.phase == opened {
				t.Error("open above the limit")
			}
			if c.held.bytes > 64 {
				t.Errorf("%d bytes are kept", c.held.bytes)
			}
		})
		lines := strings.Split(readAll(client), "\n")
		if got := lines[len(lines)-1]; got != "close 1013" {
			t.Errorf("ends with %.40q", got)
		}
		client.Write([]byte(closeFrame(1013, "")))
		client.Close()
		if end := receive(t, "Closed", r.closed); end.Code != 1013 || end.Cause != ByDelay {
			t.Errorf("closed with %v", end)
		}
		if s := stats(t, g); s.HeldBytes != 0 || s.FullConns != 0 || s.Closes[1013] != 1 {
			t.Errorf("stats %+v", s)
		}
	})
}

// readAll is a transcript up to the first close frame.
func readAll(r io.Reader) string {
	var lines []string
	in := bufio.NewReader(r)
	for {
		first, payload, err := serverFrame(in)
		if err != nil {
			return strings.Join(append(lines, err.Error()), "\n")
		}
		if first == bitFin|opClose {
			return strings.Join(append(lines, fmt.Sprintf("close %d", int(payload[0])<<8|int(payload[1]))), "\n")
		}
		lines = append(lines, string(payload))
	}
}

func TestStalledReadersDoNotTouchTheOthers(t *testing.T) {
	const stalled, live, rounds = 100, 10, 200
	onBothPaths(t, func(t *testing.T, opts Options) {
		opts.Loops = 1
		opts.SendBufferBytes, opts.MaxHeldBytes = 1, 8<<10
		opts.CloseTimeout = 200 * time.Millisecond
		g := startGroup(t, opts)
		var conns []*Conn
		var slow []*recorder
		for range stalled {
			c, r, _ := open(t, g, How{})
			conns, slow = append(conns, c), append(slow, r)
		}
		arrived := make(chan time.Duration, live*rounds)
		start := time.Now()
		for range live {
			c, _, client := open(t, g, How{})
			conns = append(conns, c)
			go stamp(client, start, arrived)
		}
		shared := AppendText(nil, []byte(long(20_000)))
		var worst time.Duration
		for range rounds {
			sent := time.Since(start)
			run(t, g.Loops()[0], func(*Loop) {
				for _, c := range conns {
					c.Send(shared)
				}
			})
			for range live {
				worst = max(worst, receive(t, "frame", arrived)-sent)
			}
			if held := stats(t, g).HeldBytes; held > stalled*(len(shared)+8<<10) {
				t.Fatalf("%d bytes held", held)
			}
		}
		if worst > 3*time.Second { // far above any scheduling, far below what one blocking write costs
			t.Errorf("a live reader waited %v", worst)
		}
		t.Logf("worst delivery %v", worst)
		for _, r := range slow {
			if end := receive(t, "Closed", r.closed); end.Code != 1013 {
				t.Fatalf("closed with %v", end)
			}
		}
	})
}

func stamp(client net.Conn, start time.Time, arrived chan<- time.Duration) {
	in := bufio.NewReader(client)
	for {
		if _, _, err := serverFrame(in); err != nil {
			return
		}
		arrived <- time.Since(start)
	}
}

func TestPingFloodIsBounded(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		g := startGroup(t, tiny(opts))
		c, r, client := open(t, g, How{})
		run(t, c.Loop(), func(*Loop) { c.Send(AppendText(nil, []byte(long(2<<20)))) })
		before := stats(t, g).HeldBytes
		ping := frame(bitFin|opPing, long(125))
		for range 100 {
			client.Write([]byte(strings.Repeat(ping, 100)))
		}
		client.Write([]byte(frame(bitFin|opPing, "last") + text("done")))
		receive(t, "Message", r.messages)
		if after := stats(t, g).HeldBytes; after == 0 || after > before {
			t.Errorf("held bytes went from %d to %d", before, after)
		}
		in := bufio.NewReader(client)
		for {
			first, payload, err := serverFrame(in)
			if err != nil {
				t.Fatal(err)
			}
			if first != bitFin|opPong {
				continue
			}
			if string(payload) != "last" {
				t.Errorf("pong %.10q", payload)
			}
			return
		}
	})
}

func TestSendAllocatesNothing(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		c, _, client := open(t, startGroup(t, opts), How{})
		go io.Copy(io.Discard, client)
		shared := AppendText(nil, []byte("hi"))
		run(t, c.Loop(), func(*Loop) {
			if n := testing.AllocsPerRun(100, func() { c.Send(shared) }); n > 0 {
				t.Errorf("%v allocations", n)
			}
		})
	})
}
