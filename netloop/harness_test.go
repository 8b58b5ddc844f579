package netloop

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what has to happen at once.
const patience = 10 * time.Second

// onBothPaths runs a test over epoll and over the portable path.
func onBothPaths(t *testing.T, test func(t *testing.T, opts Options)) {
	t.Helper()
	if haveEpoll {
		t.Run("epoll", func(t *testing.T) { test(t, Options{Loops: 2}) })
	}
	t.Run("portable", func(t *testing.T) { test(t, Options{Loops: 2, Portable: true}) })
}

// startGroup makes a group that is closed, and has to close cleanly, at the end.
func startGroup(t testing.TB, opts Options) *Group {
	t.Helper()
	g, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := g.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return g
}

// recorder is a Handler that passes everything on to the test.
type recorder struct {
	opened   chan *Conn
	messages chan string
	writable chan struct{}
	closed   chan *CloseError

	onMessage func(c *Conn, text []byte) // instead of messages
}

func newRecorder() *recorder {
	return &recorder{
		opened:   make(chan *Conn, 1),
		messages: make(chan string, 1024),
		writable: make(chan struct{}, 1024),
		closed:   make(chan *CloseError, 2),
	}
}

// newEcho is a recorder that sends every message back.
func newEcho() *recorder {
	r := newRecorder()
	r.onMessage = func(c *Conn, text []byte) {
		if c.Deflate() {
			c.Send(AppendTextDeflate(nil, text))
		} else {
			c.Send(AppendText(nil, text))
		}
	}
	return r
}

func (r *recorder) Opened(c *Conn) { r.opened <- c }

func (r *recorder) Message(c *Conn, text []byte) {
	if r.onMessage != nil {
		r.onMessage(c, text)
		return
	}
	r.messages <- string(text)
}

func (r *recorder) Writable(*Conn) { r.writable <- struct{}{} }

func (r *recorder) Closed(_ *Conn, err error) { r.closed <- err.(*CloseError) }

// receive waits for one value.
func receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// run has f run on l and waits for it.
func run(t testing.TB, l *Loop, f func(l *Loop)) {
	t.Helper()
	done := make(chan struct{})
	l.Post(taskFunc(func(l *Loop) { f(l); close(done) }))
	receive(t, "run of a posted task", done)
}

// stats are g's as of now: loops publish at the end of a pass.
func stats(t testing.TB, g *Group) Stats {
	t.Helper()
	for _, l := range g.Loops() {
		run(t, l, func(*Loop) {})
		run(t, l, func(*Loop) {}) // in a later pass, so the first one is published
	}
	return g.Stats()
}

type taskFunc func(l *Loop)

func (f taskFunc) Run(l *Loop) { f(l) }

// socketPair is a TCP connection over the loopback.
func socketPair(t testing.TB) (server, client net.Conn) {
	t.Helper()
	server, client, err := pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	client.SetDeadline(time.Now().Add(2 * patience))
	return server, client
}

func pair() (server, client net.Conn, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		return nil, nil, err
	}
	if server, err = ln.Accept(); err != nil {
		client.Close()
	}
	return server, client, err
}

// adopt gives g one end of a new connection and returns the other.
func adopt(t testing.TB, g *Group, how How, h Handler) (client net.Conn) {
	t.Helper()
	server, client := socketPair(t)
	if err := g.Adopt(server, nil, how, h); err != nil {
		t.Fatal(err)
	}
	return client
}

// open is adopt with a recorder that has seen Opened.
func open(t testing.TB, g *Group, how How) (*Conn, *recorder, net.Conn) {
	t.Helper()
	r := newRecorder()
	client := adopt(t, g, how, r)
	return receive(t, "Opened", r.opened), r, client
}

// frame is a client's frame, masked.
func frame(first byte, payload string) string {
	b := appendHead(nil, first, len(payload))
	b[1] |= bitMask
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	b = append(b, key[:]...)
	at := len(b)
	b = append(b, payload...)
	unmask(b[at:], key, 0)
	return string(b)
}

func text(payload string) string { return frame(bitFin|opText, payload) }

func closeFrame(code uint16, reason string) string {
	return frame(bitFin|opClose, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// serverFrame reads one unmasked frame.
func serverFrame(r io.Reader) (first byte, payload []byte, err error) {
	var head [10]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1])
	switch size {
	case 126:
		_, err = io.ReadFull(r, head[2:4])
		size = uint64(binary.BigEndian.Uint16(head[2:]))
	case 127:
		_, err = io.ReadFull(r, head[2:10])
		size = binary.BigEndian.Uint64(head[2:])
	}
	if err != nil {
		return 0, nil, err
	}
	if size > 16<<20 {
		return 0, nil, errors.New("not a frame")
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(r, payload)
	return head[0], payload, err
}

// transcript is what a server sent until the end of its stream: "text hi",
// "pong x", "close 1000 bye", "eof", one a line.
func transcript(r io.Reader) string {
	var lines []string
	var d rules
	for {
		first, payload, err := serverFrame(r)
		switch {
		case err == io.EOF:
			return strings.Join(append(lines, "eof"), "\n")
		case err != nil:
			return strings.Join(append(lines, err.Error()), "\n")
		}
		switch first {
		case bitFin | opText:
			lines = append(lines, "text "+string(payload))
		case bitFin | bitRSV1 | opText:
			payload, v := d.inflater.inflate(payload, 1<<20)
			if v != nil {
				payload = []byte(v.reason)
			}
			lines = append(lines, "packed "+string(payload))
		case bitFin | opPing:
			lines = append(lines, "ping "+string(payload))
		case bitFin | opPong:
			lines = append(lines, "pong "+string(payload))
		case bitFin | opClose:
			if len(payload) == 0 {
				lines = append(lines, "close")
				break
			}
			lines = append(lines, fmt.Sprintf("close %d", binary.BigEndian.Uint16(payload)))
		default:
			lines = append(lines, fmt.Sprintf("%#x?", first))
		}
	}
}

// serveWebSockets is an HTTP server that hands every connection to g.
func serveWebSockets(t testing.TB, g *Group, deflate bool, handler func() Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(upgrade(t, g, deflate, handler))
	s.Listener = Listen(s.Listener)
	t.Cleanup(s.Close)
	return s
}

func upgrade(t testing.TB, g *Group, deflate bool, handler func() Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		nc, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		head := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
		if deflate {
			head += "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
		}
		if _, err := io.WriteString(nc, head+"\r\n"); err != nil {
			t.Error(err)
		}
		early, _ := rw.Reader.Peek(rw.Reader.Buffered())
		if err := g.Adopt(nc, early, How{Protocol: WebSocket, Deflate: deflate}, handler()); err != nil {
			t.Error(err)
		}
	}
}
