package netloop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

func TestCloseWaitsForThePeer(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		opts.CloseTimeout = time.Hour
		c, r, client := open(t, startGroup(t, opts), How{})
		run(t, c.Loop(), func(*Loop) {
			c.Close(4403, "banned")
			c.Close(1000, "too late to say")
			if c.Send(AppendText(nil, []byte("x"))) || c.Idle() {
				t.Error("a closing connection takes frames")
			}
		})
		if got := readAll(client); got != "close 4403" {
			t.Errorf("client got %q", got)
		}
		client.Write([]byte(text("not heard any more") + closeFrame(4403, "")))
		if rest, err := io.ReadAll(client); len(rest) > 0 || err != nil {
			t.Errorf("then %q, %v", rest, err)
		}
		client.Close()
		end := receive(t, "Closed", r.closed)
		if want := (CloseError{Cause: ByUs, Code: 4403, Reason: "banned"}); *end != want {
			t.Errorf("closed with %v", end)
		}
		if len(r.messages) > 0 {
			t.Error("a message was delivered after Close")
		}
		run(t, c.Loop(), func(*Loop) {
			if c.Send(AppendText(nil, []byte("x"))) || c.Idle() {
				t.Error("a closed connection takes frames")
			}
			c.Close(1000, "")
		})
		if len(r.closed) > 0 {
			t.Error("Closed twice")
		}
	})
}

// TestCloseInsideMessage: what follows in the same chunk is not delivered.
func TestCloseInsideMessage(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		r := newRecorder()
		r.onMessage = func(c *Conn, text []byte) {
			r.messages <- string(text)
			c.Close(1000, "")
		}
		client := adopt(t, startGroup(t, opts), How{}, r)
		client.Write([]byte(text("one") + text("two") + bye))
		if got := transcript(client); got != goodbye {
			t.Errorf("client got %q", got)
		}
		client.Close()
		receive(t, "Closed", r.closed)
		if len(r.messages) != 1 {
			t.Errorf("%d messages delivered", len(r.messages))
		}
	})
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		opts.CloseTimeout = 50 * time.Millisecond
		for _, how := range []How{{Protocol: WebSocket}, {Protocol: SSE}} {
			c, r, _ := open(t, startGroup(t, opts), how)
			run(t, c.Loop(), func(*Loop) { c.Close(1000, "bye") })
			if end := receive(t, "Closed", r.closed); end.Cause != ByUs || end.Code != 1000 {
				t.Errorf("closed with %v", end)
			}
		}
	})
}

func TestCloseComesBehindWhatIsHeld(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		for _, how := range []How{{Protocol: WebSocket}, {Protocol: SSE}} {
			c, r, client := open(t, startGroup(t, tiny(opts)), how)
			want := []byte(nil)
			run(t, c.Loop(), func(*Loop) {
				for range 20 {
					f := AppendText(nil, []byte(long(30_000)))
					want = append(want, f...)
					c.Send(f)
				}
				c.Close(4410, "gone")
			})
			if how.Protocol == WebSocket {
				want = appendClose(want, 4410, "gone")
			}
			got := make([]byte, len(want))
			if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("got other bytes, %v", err)
			}
			client.Close()
			if end := receive(t, "Closed", r.closed); end.Code != 4410 {
				t.Errorf("closed with %v", end)
			}
		}
	})
}

func TestSSEStreamEnds(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		c, r, client := open(t, startGroup(t, opts), How{Protocol: SSE})
		client.Write([]byte("what a client sends here is thrown away"))
		run(t, c.Loop(), func(*Loop) {
			if !c.Send([]byte("data: 1\n\n")) {
				t.Error("held")
			}
			c.Close(1012, "")
		})
		if got, err := io.ReadAll(client); string(got) != "data: 1\n\n" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		client.Close()
		if end := receive(t, "Closed", r.closed); end.Cause != ByUs || end.Code != 1012 {
			t.Errorf("closed with %v", end)
		}
	})
}

func TestLossIsTold(t *testing.T) {
	losses := map[string]func(client *net.TCPConn){
		"end of stream": func(client *net.TCPConn) { client.Close() },
		"half closed":   func(client *net.TCPConn) { client.CloseWrite() },
		"reset":         func(client *net.TCPConn) { client.SetLinger(0); client.Close() },
	}
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			onBothPaths(t, func(t *testing.T, opts Options) {
				for _, how := range []How{{Protocol: WebSocket}, {Protocol: SSE}} {
					g := startGroup(t, opts)
					_, r, client := open(t, g, how)
					lose(client.(*net.TCPConn))
					if end := receive(t, "Closed", r.closed); end.Cause != ByLoss || end.Code != 1006 {
						t.Errorf("closed with %v", end)
					}
				}
			})
		})
	}
}

// TestSendToAResetConnection: the first send may still succeed, none may do
// harm, and Closed does not come from inside Send.
func TestSendToAResetConnection(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		c, r, client := open(t, startGroup(t, opts), How{})
		client.(*net.TCPConn).SetLinger(0)
		run(t, c.Loop(), func(*Loop) {
			client.Close()
			for c.Send(AppendText(nil, []byte(long(1000)))) {
			}
			if len(r.closed) > 0 {
				t.Error("Closed was called inside Send")
			}
		})
		if end := receive(t, "Closed", r.closed); end.Cause != ByLoss {
			t.Errorf("closed with %v", end)
		}
	})
}

func TestGroupCloseTellsEverybody(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		g := startGroup(t, opts)
		_, r, client := open(t, g, How{})
		_, stalled, _ := open(t, g, How{})
		go func() {
			if got := readAll(client); got != "close 1012" {
				t.Errorf("client got %q", got)
			}
			client.Write([]byte(closeFrame(1012, "")))
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if err := g.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err) // one client never answers
		}
		for _, r := range []*recorder{r, stalled} {
			select {
			case end := <-r.closed:
				if end.Cause != ByUs || end.Code != 1012 {
					t.Errorf("closed with %v", end)
				}
			default:
				t.Error("Close returned before Closed was called")
			}
		}
		server, late := socketPair(t)
		if err := g.Adopt(server, nil, How{}, newRecorder()); err != ErrClosed {
			t.Errorf("Adopt: %v", err)
		}
		if _, err := late.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("refused connection: %v", err)
		}
		if err := g.Close(t.Context()); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}
