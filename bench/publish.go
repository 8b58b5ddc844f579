package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roomful/roomful/bench/bare"
	"github.com/roomful/roomful/bench/load"
)

// wire is a WebSocket of a backend: it sends commands and counts the answers.
type wire struct {
	conn    net.Conn
	acked   atomic.Uint64
	refused atomic.Pointer[string]
	hear    atomic.Pointer[ears]
	out     []byte
	next    uint64

	sent [1024]atomic.Int64 // when, by id
	mu   sync.Mutex         // guards took
	took load.Hist
}

// dial opens a WebSocket with a bearer token, "" for none.
func (h *house) dial(token string) (*wire, error) {
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		return nil, err
	}
	head := "GET /v1/live HTTP/1.1\r\nHost: " + h.addr + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(conn, 64<<10)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\r\n" {
			break
		}
	}
	w := &wire{conn: conn, took: load.Hist{}}
	go w.read(r) // ends with the connection
	return w, nil
}

// ears are told of answers, on the reader.
type ears struct {
	answered func(id uint64, ok bool)
	drained  func() // after all that came at once
}

func (w *wire) listen(answered func(id uint64, ok bool), drained func()) {
	w.hear.Store(&ears{answered, drained})
}

func (w *wire) read(r *bufio.Reader) {
	for {
		var head [10]byte
		if _, err := io.ReadFull(r, head[:2]); err != nil {
			return
		}
		size := int(head[1])
		switch size {
		case 126:
			io.ReadFull(r, head[:2])
			size = int(binary.BigEndian.Uint16(head[:2]))
		case 127:
			io.ReadFull(r, head[:8])
			size = int(binary.BigEndian.Uint64(head[:8]))
		}
		payload := make([]byte, size)
		if _, err := io.ReadFull(r, payload); err != nil {
			return
		}
		if !bytes.HasPrefix(payload, []byte(`{"id":`)) {
			continue
		}
		id, ok := answerID(payload), !bytes.Contains(payload[:min(size, 40)], []byte(`"error":`))
		if ok {
			w.acked.Add(1)
			w.note(id)
		} else {
			text := string(payload)
			w.refused.CompareAndSwap(nil, &text)
		}
		if e := w.hear.Load(); e != nil {
			e.answered(id, ok)
			if r.Buffered() == 0 {
				e.drained()
			}
		}
	}
}

// answerID reads {"id":7,...
func answerID(frame []byte) (id uint64) {
	for _, c := range frame[6:] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	return id
}

// note times an answer.
func (w *wire) note(id uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took.Add(time.Duration(now() - w.sent[id%uint64(len(w.sent))].Load()))
}

// times returns how long answers took since the last call.
func (w *wire) times() load.Hist {
	w.mu.Lock()
	defer w.mu.Unlock()
	took := w.took
	w.took = load.Hist{}
	return took
}

// send queues a command; flush writes what is queued.
func (w *wire) send(room, typ, data string) { w.command(room, typ, "", data) }

// command is send with an op.
func (w *wire) command(room, typ, op, data string) {
	w.next++
	w.sent[w.next%uint64(len(w.sent))].Store(now())
	w.out = append(w.out, load.MaskedText(fmt.Appendf(nil, `{"id":%d,"send":{"room":"%s","type":"%s","op":"%s","data":%s}}`, w.next, room, typ, op, data))...)
}

func (w *wire) flush() error {
	_, err := w.conn.Write(w.out)
	w.out = w.out[:0]
	return err
}

// settle waits until everything is answered, and fails if anything was
// refused.
func (w *wire) settle() error {
	for began := time.Now(); w.acked.Load() < w.next; time.Sleep(time.Millisecond) {
		if r := w.refused.Load(); r != nil {
			return fmt.Errorf("refused: %s", *r)
		}
		if time.Since(began) > 20*time.Second {
			return fmt.Errorf("%d of %d commands answered", w.acked.Load(), w.next)
		}
	}
	return nil
}

// publisher publishes messages, one to each room after the other.
type publisher interface {
	publish(n int) error        // n more messages
	settle() (load.Hist, error) // until they are acknowledged; how long that took
}

// messages publishes to channels of a server.
type messages struct {
	wires []*wire
	room  string // "channel/b%d"
	rooms int
	size  int // bytes of JSON
	timed bool
	next  int
}

func (h *house) messages(room string, rooms, size int) (*messages, error) {
	m := &messages{room: room, rooms: rooms, size: size}
	for range min(rooms, 4) {
		w, err := h.dial(apiKey)
		if err != nil {
			return nil, err
		}
		m.wires = append(m.wires, w)
	}
	return m, nil
}

func (m *messages) publish(n int) error {
	for range n {
		r := m.next % m.rooms
		w := m.wires[r%len(m.wires)]
		w.send(m.name(r), "channel.publish", payload(m.size, m.timed))
		m.next++
	}
	for _, w := range m.wires {
		if err := w.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (m *messages) name(i int) string {
	if strings.Contains(m.room, "%d") {
		return fmt.Sprintf(m.room, i)
	}
	return m.room
}

// begin gives every room a first message.
func (m *messages) begin() error {
	for range m.rooms {
		if err := m.publish(1); err != nil {
			return err
		}
	}
	_, err := m.settle()
	return err
}

func (m *messages) settle() (load.Hist, error) {
	took := load.Hist{}
	for _, w := range m.wires {
		if err := w.settle(); err != nil {
			return nil, err
		}
		took.Merge(w.times())
	}
	return took, nil
}

// filler is text that does not compress better than words do.
var filler = func() string {
	b, x := make([]byte, 4096), uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = "etaoinshrdlucmfwypvbgkqjxz      "[x>>27]
	}
	return string(b)
}()

// payload is a JSON object of size bytes.
func payload(size int, timed bool) string {
	head := `{"pad":"`
	if timed {
		head = fmt.Sprintf(`{"t":%d,"pad":"`, now())
	}
	if !timed && size <= len(ready) {
		return ready[:size-2] + `"}`
	}
	return head + filler[:max(0, size-len(head)-2)] + `"}`
}

var ready = `{"pad":"` + filler

// frames feeds a bare broadcaster.
type frames struct {
	to    net.Conn
	rooms int
	size  int // bytes of a frame
	timed bool
	next  int
	out   []byte
}

func (f *frames) publish(n int) error {
	for range n {
		extra := ""
		if f.timed {
			extra = fmt.Sprintf(`"t":%d,`, now())
		}
		frame := bare.Frame(uint64(f.next/f.rooms)+1, f.size, extra)
		f.out = bare.Append(f.out, uint32(f.next%f.rooms), frame)
		f.next++
	}
	_, err := f.to.Write(f.out)
	f.out = f.out[:0]
	return err
}

func (f *frames) settle() (load.Hist, error) { return nil, nil }
