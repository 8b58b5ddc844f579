package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience is how long a test waits for what has to come. It is long because
// the machine may be busy; nothing waits for its end.
const patience = 20 * time.Second

// eventually waits until a condition holds that nothing announces.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// person is a member of a party.
type person struct{ id, token string }

// party is an open event.
type party struct {
	h     *house
	room  string // event/ab12cd34
	code  string
	owner person
}

func (h *house) opens(preset string) *party {
	h.t.Helper()
	a := h.must("/v1/events", "", map[string]string{"name": "Ana & Tom", "preset": preset, "host": "Ana"})
	return &party{h, a.field("room"), a.field("code"), person{a.field("member"), a.field("token")}}
}

func (p *party) joins(name string) person {
	p.h.t.Helper()
	a := p.h.must("/v1/events/"+p.code+"/join", "", map[string]string{"name": name})
	return person{a.field("member"), a.field("token")}
}

func (p *party) url() string { return "/v1/rooms/" + p.room }

// try gives a command by POST.
func (p *party) try(who person, typ string, data any) answer {
	p.h.t.Helper()
	a, err := p.h.ask(p.url(), who.token, command{typ, "", data})
	if err != nil {
		p.h.t.Fatal(err)
	}
	return a
}

// do gives a command that has to be accepted.
func (p *party) do(who person, typ string, data any) reply {
	p.h.t.Helper()
	a := p.try(who, typ, data)
	if a.status != http.StatusOK {
		p.h.t.Fatalf("%s by %s: %v", typ, who.id, a)
	}
	return replyOf(p.h.t, a.body)
}

// reply is what an accepted command is told.
type reply struct {
	Seq   uint64
	Reply map[string]any
}

func replyOf(t testing.TB, body []byte) (r reply) {
	t.Helper()
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return r
}

func (r reply) text(field string) string { s, _ := r.Reply[field].(string); return s }

// object is JSON that is looked into.
type object = map[string]any

// told is a frame as any door tells it.
type told struct {
	ID      uint64     `json:"id"`
	OK      object     `json:"ok"`
	Error   *gripe     `json:"error"`
	Bye     *gripe     `json:"bye"`
	Room    string     `json:"room"`
	Pos     string     `json:"pos"`
	View    object     `json:"view"`
	Mine    object     `json:"mine"`
	Signals object     `json:"signals"`
	Updates []happened `json:"updates"`
	More    bool       `json:"more"`

	raw string
}

type gripe struct {
	Code         string `json:"code"`
	Message      string `json:"message"`
	RetryAfterMs int64  `json:"retryAfterMs"`
}

type happened struct {
	Seq  uint64 `json:"seq"`
	Type string `json:"type"`
	By   string `json:"by"`
	Op   string `json:"op"`
	Data object `json:"data"`
}

func (f *told) read(text []byte) error {
	f.raw = string(text)
	return json.Unmarshal(text, f)
}

// seqOf reads the seq out of a position, which only a test may do.
func seqOf(pos string) (seq uint64) {
	_, rest, _ := strings.Cut(pos, ":")
	fmt.Sscanf(rest, "%d", &seq)
	return seq
}

// live is a WebSocket of /v1/live.
type live struct {
	t    testing.TB
	conn *websocket.Conn
	last uint64

	mu     sync.Mutex // guards the fields below
	frames []told
	err    error
	news   chan struct{}
}

// dials opens a WebSocket as who, "" for nobody.
func (h *house) dials(token string) *live {
	h.t.Helper()
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return h.dialsWith(header)
}

func (h *house) dialsWith(header http.Header) *live {
	h.t.Helper()
	return dial(h.t, strings.Replace(h.url("/v1/live"), "http", "ws", 1), header, nil)
}

func dial(t testing.TB, url string, header http.Header, trust *tls.Config) *live {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		Subprotocols: []string{"roomful.v1.json"}, HTTPHeader: header,
		HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: trust}},
	})
	if err != nil {
		t.Fatalf("dial %s: %v", url, err)
	}
	conn.SetReadLimit(4 << 20)
	l := &live{t: t, conn: conn, news: make(chan struct{}, 1)}
	t.Cleanup(l.close)
	go l.listen()
	return l
}

func (l *live) close() { l.conn.CloseNow() }

func (l *live) listen() {
	for {
		_, text, err := l.conn.Read(context.Background())
		var f told
		if err == nil {
			err = f.read(text)
		}
		l.mu.Lock()
		if err == nil {
			l.frames = append(l.frames, f)
		} else {
			l.err = err
		}
		l.mu.Unlock()
		select {
		case l.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// say sends text as it is.
func (l *live) say(text string) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := l.conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		l.t.Fatalf("say %.100s: %v", text, err)
	}
}

// take waits for the first frame that fits and takes it out, or returns how
// the connection ended.
func (l *live) take(fits func(*told) bool) (told, error) {
	deadline := time.After(patience)
	for {
		l.mu.Lock()
		for i := range l.frames {
			if f := l.frames[i]; fits(&f) {
				l.frames = append(l.frames[:i], l.frames[i+1:]...)
				l.mu.Unlock()
				return f, nil
			}
		}
		err := l.err
		l.mu.Unlock()
		if err != nil {
			return told{}, err
		}
		select {
		case <-l.news:
		case <-deadline:
			return told{}, fmt.Errorf("nothing of the kind came in %v", patience)
		}
	}
}

// must is take for what has to come.
func (l *live) must(what string, fits func(*told) bool) told {
	l.t.Helper()
	f, err := l.take(fits)
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.t.Fatalf("%s: %v\nuntaken: %v", what, err, l.frames)
	}
	return f
}

// untaken tells what came and was not taken.
func (l *live) untaken() []told {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]told(nil), l.frames...)
}

// ask sends one verb and waits for its answer.
func (l *live) ask(verb string, args any) told {
	l.t.Helper()
	l.last++
	id := l.last
	text, err := json.Marshal(object{"id": id, verb: args})
	if err != nil {
		l.t.Fatal(err)
	}
	l.say(string(text))
	return l.must(string(text), func(f *told) bool { return f.ID == id })
}

// join joins a room, which has to let it in, and returns its first frame.
func (l *live) join(room, since string) told {
	l.t.Helper()
	if a := l.ask("join", object{"room": room, "since": since}); a.OK == nil {
		l.t.Fatalf("join %s: %s", room, a.raw)
	}
	return l.push(room)
}

// push waits for the next frame that moves the reader of a room.
func (l *live) push(room string) told {
	l.t.Helper()
	return l.must("a frame of "+room, func(f *told) bool { return f.Room == room && f.Pos != "" })
}

// bye waits for a bye: to a room, or "" for the connection.
func (l *live) bye(room string) gripe {
	l.t.Helper()
	f := l.must("a bye to "+room, func(f *told) bool { return f.Bye != nil && f.Room == room })
	return *f.Bye
}

// closed waits for the end and returns its code, -1 for none.
func (l *live) closed() int {
	l.t.Helper()
	_, err := l.take(func(*told) bool { return false })
	return int(websocket.CloseStatus(err))
}

// stream is an event stream.
type stream struct {
	t     testing.TB
	res   *http.Response
	lines *bufio.Scanner
	retry string
	end   context.CancelFunc
}

// listens opens an event stream; the status may be anything.
func listens(t testing.TB, client *http.Client, url string, header http.Header) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	req.Header.Set("Accept", "text/event-stream")
	res, err := client.Do(req)
	if err != nil {
		t.Fatalf("listen to %s: %v", url, err)
	}
	s := &stream{t: t, res: res, lines: bufio.NewScanner(res.Body), end: cancel}
	s.lines.Buffer(nil, 4<<20)
	return s
}

func (h *house) listens(path, token, since string) *stream {
	h.t.Helper()
	return listens(h.t, http.DefaultClient, h.url(path), headerOf(token, since))
}

func headerOf(token, since string) http.Header {
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	if since != "" {
		header.Set("Last-Event-ID", since)
	}
	return header
}

// next reads one event and the name it has.
func (s *stream) next() (name string, f told, err error) {
	watch := time.AfterFunc(patience, s.end)
	defer watch.Stop()
	id := ""
	for s.lines.Scan() {
		field, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch field {
		case "id":
			id = value
		case "event":
			name = value
		case "retry":
			s.retry = value
		case "data":
			if name == "bye" {
				f.Bye = &gripe{}
				err = json.Unmarshal([]byte(value), f.Bye)
			} else if err = f.read([]byte(value)); err == nil && f.Pos != id {
				err = fmt.Errorf("event of id %s has position %s", id, f.Pos)
			}
		case "":
			if name != "" {
				return name, f, err
			}
		}
	}
	if err = s.lines.Err(); err == nil {
		err = io.EOF
	}
	return "", f, err
}

// must is next for what has to come.
func (s *stream) must() (string, told) {
	s.t.Helper()
	name, f, err := s.next()
	if err != nil {
		s.t.Fatalf("event stream: %v", err)
	}
	return name, f
}

// gauge reads one value of /metrics, "" where it is not there.
func (h *house) gauge(name string) (value string) {
	h.t.Helper()
	a, err := h.ask("/metrics", "", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	for line := range strings.Lines(string(a.body)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			return rest
		}
	}
	return ""
}
