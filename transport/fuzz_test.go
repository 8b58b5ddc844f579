package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/roomful/roomful/backend/memory"
	"github.com/roomful/roomful/feature/channel"
	"github.com/roomful/roomful/feature/event"
	"github.com/roomful/roomful/feature/feed"
	"github.com/roomful/roomful/feature/people"
	"github.com/roomful/roomful/feature/reactions"
	"github.com/roomful/roomful/netloop"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session"
	"github.com/roomful/roomful/session/token"
	"github.com/roomful/roomful/transport"
)

const fuzzKey = "key"

// newDoors makes doors over rooms in memory: an open event, a talk, a channel.
func newDoors(t testing.TB) *transport.Doors {
	t.Helper()
	kinds := []room.Kind{
		{Name: "event", Features: []room.Feature{event.New(), people.New(), feed.New(), reactions.New(reactions.Options{})}, Made: true, Presence: "people.presence"},
		{Name: "talk", Features: []room.Feature{reactions.New(reactions.Options{Anyone: true})}, Public: true},
		{Name: "channel", Features: []room.Feature{channel.New()}, Public: true},
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	rooms, err := node.New(node.Options{Kinds: kinds, Journal: memory.New(), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := netloop.New(netloop.Options{Loops: 1, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	registry := session.NewRegistry(session.Options{Node: rooms, Sockets: sockets, Keys: token.NewAPIKeys([]string{fuzzKey}), Logger: quiet}, kinds)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		registry.Drain(0)
		sockets.Close(ctx)
		rooms.Close(ctx)
	})
	await := node.NewAwait()
	rooms.Do("event/open0000", node.Command{Caller: room.Caller{Role: room.Service}, Type: "event.open", Data: []byte(`{"name":"x","preset":"wedding"}`)}, await, 0)
	if _, err := await.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	return transport.New(transport.Options{Registry: registry, Sockets: sockets, MaxWait: time.Millisecond, AllowedOrigins: []string{"https://blog.example"}, Logger: quiet})
}

// FuzzDoors: whatever is asked, a door answers below 500, every refusal is a
// problem with a code and a sentence, and the answer to a read has a position.
func FuzzDoors(f *testing.F) {
	for _, seed := range []struct{ method, target, headers, body string }{
		{"GET", "/v1/rooms/talk/evan", "", ""},
		{"GET", "/v1/rooms/talk/evan?since=k3:41.g&wait=25s&only=reactions", "If-None-Match: W/\"k3:41\", *", ""},
		{"GET", "/v1/rooms/event/open0000", "Authorization: Bearer key", ""},
		{"GET", "/v1/rooms/event/open0000", "Authorization: Bearer rfm.event/open0000.m_1.secret", ""},
		{"GET", "/v1/rooms/event/open0000?query=feed.page&before=-1&limit=1e9", "Authorization: Bearer key", ""},
		{"GET", "/v1/rooms/event/open0000?query=feed.review&state=odd", "Authorization: bearer  key", ""},
		{"GET", "/v1/rooms/channel/x?query=history&after=18446744073709551615", "Origin: https://blog.example\nCookie: roomful_m_x=rfm.channel/x.m.s", ""},
		{"HEAD", "/v1/rooms/talk/evan?wait=1ms&since=%00", "Accept: text/event-stream", ""},
		{"POST", "/v1/rooms/talk/evan", "Content-Type: application/json", `{"type":"reactions.tap","op":"a:1","data":{"kind":"heart","n":3}}`},
		{"POST", "/v1/rooms/event/open0000", "Content-Type: application/json\nAuthorization: Bearer key", `{"type":"people.join","data":{"member":"m_1","name":"x","role":"owner","proof":"00"}}`},
		{"POST", "/v1/rooms/event/open0000", "Content-Type: application/json\nAuthorization: Bearer key", `{"type":"feed.upload","data":{"member":"","photo":"ph_","width":-1}}`},
		{"POST", "/v1/rooms/channel/x", "Content-Type: application/json\nAuthorization: Bearer key", `{"type":"channel.publish","op":"a:9007199254740991","data":null}`},
		{"POST", "/v1/rooms/channel/x", "Content-Type: application/json", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["},
		{"POST", "/v1/rooms/channel/x", "Content-Type: text/plain", "\xff\xfe"},
		{"OPTIONS", "/v1/rooms/../../etc/passwd", "Origin: null", ""},
		{"BREW", "/v1/rooms/event/open0000", "", ""},
		{"GET", "/v1/live", "Upgrade: websocket\nConnection: Upgrade", ""},
		{"GET", "/v1/live", "Sec-WebSocket-Key: x\nSec-WebSocket-Version: 99", ""},
		{"GET", "/v1/rooms/%2e%2e/%2f", "", ""},
	} {
		f.Add(seed.method, seed.target, seed.headers, seed.body)
	}
	doors := newDoors(f)
	f.Fuzz(func(t *testing.T, method, target, headers, body string) {
		at, err := url.ParseRequestURI(target)
		if err != nil || method == "" || strings.ContainsAny(method, " \r\n") {
			t.Skip("net/http refuses it")
		}
		if strings.Contains(headers, "event-stream") && method == http.MethodGet {
			t.Skip("a stream has no end")
		}
		r := &http.Request{Method: method, URL: at, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), ProtoMajor: 1, ProtoMinor: 1, Host: "party.example", RemoteAddr: "192.0.2.1:1"}
		for line := range strings.Lines(headers) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			r.Header.Add(name, strings.TrimSpace(value))
		}
		w := httptest.NewRecorder()
		doors.ServeHTTP(w, r.WithContext(t.Context()))
		check(t, r, w)
	})
}

func check(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	kind := w.Header().Get("Content-Type")
	switch {
	case r.URL.Path == "/v1/live" && !strings.HasPrefix(kind, "application/problem"):
		return // the handshake's own answer
	case w.Code >= 500:
		t.Fatalf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
	case w.Code >= 400:
		var p struct {
			Status        int
			Code, Message string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || kind != "application/problem+json" || p.Status != w.Code || p.Code == "" || p.Message == "" {
			t.Fatalf("%s %s: %d %s %s", r.Method, r.URL, w.Code, kind, w.Body)
		}
	case r.Method == http.MethodGet && w.Header().Get("Roomful-Position") == "":
		t.Fatalf("%s %s: %d without a position", r.Method, r.URL, w.Code)
	case w.Code == http.StatusOK && r.Method != http.MethodHead && !json.Valid(w.Body.Bytes()):
		t.Fatalf("%s %s: %q is no JSON", r.Method, r.URL, w.Body)
	}
	if bytes.Contains(w.Body.Bytes(), []byte("goroutine ")) {
		t.Fatalf("%s %s: shows a stack", r.Method, r.URL)
	}
}

// TestMethodsOfARoom: what is not a room's method is told which are.
func TestMethodsOfARoom(t *testing.T) {
	w := httptest.NewRecorder()
	newDoors(t).ServeHTTP(w, httptest.NewRequest("PUT", "/v1/rooms/talk/x", nil))
	if w.Code != http.StatusMethodNotAllowed || !strings.Contains(w.Header().Get("Allow"), "POST") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
