package wire

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomful/roomful/room"
)

var update = flag.Bool("update", false, "write golden files instead of checking them")

// golden is a frame as it is on the wire. testdata has lists of them, which the
// SDK's tests read too:
//
//	[{"name":"join","frame":{"id":2,"join":{"room":"event/ab12cd34"}}}]
type golden struct {
	Name  string          `json:"name"`
	Frame json.RawMessage `json:"frame"`
}

// check compares frames with testdata/file, or writes it.
func check(t *testing.T, file string, frames []golden) {
	t.Helper()
	var b strings.Builder
	for i, f := range frames {
		name, _ := json.Marshal(f.Name)
		fmt.Fprintf(&b, "%s{\"name\":%s,\"frame\":%s}", []string{"[\n", ",\n"}[min(i, 1)], name, f.Frame)
	}
	b.WriteString("\n]\n")
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Fatalf("%s is not what the wire is now: look at the change, then go test ./wire -update\n%s", path, diff)
	}
	var read []golden
	if err := json.Unmarshal(want, &read); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func TestClientFrames(t *testing.T) {
	cases := []struct {
		name, text string
		want       Client
	}{
		{"ping", `{}`, Client{}},
		{"hello", `{"id":1,"hello":{"token":"tok","sdk":"js/1.0.0"}}`, Client{ID: 1, Hello: &Hello{Token: "tok", SDK: "js/1.0.0"}}},
		{"hello of somebody with a cookie", `{"id":1,"hello":{}}`, Client{ID: 1, Hello: &Hello{}}},
		{"join", `{"id":2,"join":{"room":"event/ab12cd34"}}`, Client{ID: 2, Join: &Join{Room: "event/ab12cd34"}}},
		{"join again, narrowed", `{"id":2,"join":{"room":"event/ab12cd34","since":"k3:41.g","only":["feed","people"]}}`,
			Client{ID: 2, Join: &Join{Room: "event/ab12cd34", Since: "k3:41.g", Only: []string{"feed", "people"}}}},
		{"send", `{"id":3,"send":{"room":"event/ab12cd34","type":"feed.react","op":"c9f2:17","data":{"post":"p_9","kind":"heart","on":true}}}`,
			Client{ID: 3, Send: &Send{"event/ab12cd34", "feed.react", "c9f2:17", json.RawMessage(`{"post":"p_9","kind":"heart","on":true}`)}}},
		{"send without op and data", `{"id":3,"send":{"room":"event/ab12cd34","type":"event.close"}}`,
			Client{ID: 3, Send: &Send{Room: "event/ab12cd34", Type: "event.close"}}},
		{"query", `{"id":4,"query":{"room":"event/ab12cd34","name":"feed.page","args":{"before":123,"limit":"20","all":true,"after":null}}}`,
			Client{ID: 4, Query: &Query{"event/ab12cd34", "feed.page", map[string]queryArg{"before": "123", "limit": "20", "all": "true", "after": ""}}}},
		{"leave", `{"id":5,"leave":{"room":"event/ab12cd34"}}`, Client{ID: 5, Leave: &Leave{Room: "event/ab12cd34"}}},
		{"a verb of the future", `{"id":6,"subscribe":{"room":"event/ab12cd34"}}`, Client{ID: 6}},
		{"fields of the future", `{"id":5,"leave":{"room":"event/ab12cd34","why":[1]},"trace":"x"}`, Client{ID: 5, Leave: &Leave{Room: "event/ab12cd34"}}},
	}
	var frames []golden
	for _, c := range cases {
		got, err := ParseClient([]byte(c.text))
		if err != nil || len(got) != 1 || !cmp.Equal(got[0], c.want) {
			t.Errorf("%s: %v\n%s", c.name, err, cmp.Diff([]Client{c.want}, got))
		}
		frames = append(frames, golden{c.name, json.RawMessage(c.text)})
	}
	check(t, "client.json", frames)
}

func TestServerFrames(t *testing.T) {
	at := time.UnixMilli(1_790_000_000_000)
	id := room.ID("event/ab12cd34")
	pos := room.Position{Epoch: "k3", Seq: 44, Sight: "g"}
	posted := AppendUpdate(nil, &room.Update{
		Seq: 42, Type: "feed.posted", At: room.ToMillis(at), By: "m_7", Op: "c9f2:16", Data: json.RawMessage(`{"id":"p_9","text":"Cake \"🎂\" </script>"}`),
	})
	counted := AppendUpdate(nil, &room.Update{Seq: 44, Type: "reactions.counted", At: room.ToMillis(at), Data: json.RawMessage(`{"counts":{"heart":4712}}`)})
	presence := []byte(`{"people.presence/m_7":{"state":"idle"},"people.presence/m_3":null}`)
	view := func(h *ViewHead) []byte {
		return AppendViewBody(AppendView(nil, h), []byte(`{"people":{"count":2,"members":[]}}`))
	}
	muted := &room.Error{Code: room.Forbidden, Message: "The host has muted you.", RetryAfter: 90 * time.Second, Err: os.ErrPermission}
	check(t, "server.json", []golden{
		{"ping", []byte("{}")},
		{"hello", AppendHello(nil, 1, "m_7", at, 25*time.Second)},
		{"hello to an anonymous client", AppendHello(nil, 1, "", at, 25*time.Second)},
		{"joined, resumed", AppendJoined(nil, 2, true)},
		{"joined, a view follows", AppendJoined(nil, 2, false)},
		{"reply", AppendReply(nil, 3, 44, json.RawMessage(`{"post":"p_9"}`))},
		{"reply without data", AppendReply(nil, 3, 44, nil)},
		{"result", AppendResult(nil, 4, pos, json.RawMessage(`{"posts":[],"more":false}`))},
		{"left", AppendDone(nil, 5)},
		{"error", AppendError(nil, 3, muted)},
		{"error that answers no frame", AppendError(nil, 0, room.Errorf(room.Invalid, "A message is one JSON frame, or an array of frames."))},
		{"view", view(&ViewHead{Room: id, Pos: pos, Mine: []byte(`{"people":{"id":"m_7"}}`), Signals: presence})},
		{"view of an anonymous reader", view(&ViewHead{Room: id, Pos: room.Position{Epoch: "k3", Seq: 44}, Signals: []byte("{}")})},
		{"updates", AppendPush(nil, &Push{Room: id, Pos: pos, Updates: [][]byte{posted, counted}, Signals: presence})},
		{"updates, more to come", AppendPush(nil, &Push{Room: id, Pos: pos, Updates: [][]byte{posted}, More: true})},
		{"signals only", AppendPush(nil, &Push{Room: id, Pos: pos, Signals: presence})},
		{"bye to a room", AppendBye(nil, id, room.Errorf(room.Banned, "You were removed from this event."))},
		{"bye", AppendBye(nil, "", &room.Error{Code: room.Drain, Message: "The server is restarting. Your place is kept.", RetryAfter: 4200 * time.Millisecond})},
	})
}

func TestEventsCarryTheSameJSON(t *testing.T) {
	pos := room.Position{Epoch: "k3", Seq: 44}
	push := AppendPushEvent(nil, &Push{Room: "event/a", Pos: pos, Updates: [][]byte{[]byte(`{"seq":44}`)}})
	if want := "id: k3:44\nevent: updates\ndata: {\"pos\":\"k3:44\",\"updates\":[{\"seq\":44}]}\n\n"; string(push) != want {
		t.Errorf("updates are\n%s", push)
	}
	view := AppendViewBody(AppendViewEvent(nil, &ViewHead{Pos: pos, Signals: []byte("{}")}), []byte("{}"))
	if want := "id: k3:44\nevent: view\ndata: {\"pos\":\"k3:44\",\"signals\":{},\"view\":{}}"; string(view) != want {
		t.Errorf("a view is\n%s", view)
	}
	bye := AppendByeEvent(nil, &room.Error{Code: room.Drain, RetryAfter: time.Second})
	if want := "retry: 1000\nevent: bye\ndata: {\"code\":\"drain\",\"retryAfterMs\":1000}\n\n"; string(bye) != want {
		t.Errorf("a bye is\n%s", bye)
	}
}

func TestCausesAreNeverSent(t *testing.T) {
	err := &room.Error{Code: room.Internal, Message: "Sorry.", Err: os.ErrPermission}
	for _, frame := range [][]byte{AppendError(nil, 1, err), AppendBye(nil, "", err), AppendByeEvent(nil, err)} {
		if bytes.Contains(frame, []byte("permission")) {
			t.Errorf("%s", frame)
		}
	}
}
