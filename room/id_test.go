package room_test

import (
	"strings"
	"testing"

	"github.com/roomful/roomful/room"
)

func TestIDsHaveNarrowAlphabets(t *testing.T) {
	for _, id := range []string{"event/ab12cd34", "talk/Evan-You_2026", "a/b", "k2-x/" + strings.Repeat("n", 64)} {
		if got, err := room.ParseID(id); err != nil || string(got) != id {
			t.Errorf("%s: %v", id, err)
		}
	}
	for _, id := range []string{
		"", "/", "event", "event/", "/x", "Event/x", "2event/x", "-e/x", "event/a/b", "event/a.b", "event/a b", "event/\u00e4",
		"event/@", "event/[", "event/`", "event/{", "ev_ent/x", "event/" + strings.Repeat("n", 65), strings.Repeat("k", 33) + "/x",
		"event/..", "event/\x00",
	} {
		if _, err := room.ParseID(id); room.CodeOf(err) != room.Invalid {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestPositionsReadWhatTheyWrote(t *testing.T) {
	for _, p := range []room.Position{{Epoch: "k3", Seq: 41}, {Epoch: "k3", Seq: 1<<64 - 1, Sight: "s-5f2a91c3"}} {
		if got, err := room.ParsePosition(p.String()); err != nil || got != p {
			t.Errorf("%v came back as %v, %v", p, got, err)
		}
	}
	for _, s := range []string{"", ":", ":0", "k3", "k3:", "k3:x", "k3:-1", "k3:18446744073709551616", strings.Repeat("k", 90) + ":1"} {
		if _, err := room.ParsePosition(s); room.CodeOf(err) != room.Invalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestOpsAreExactInJavaScript(t *testing.T) {
	for _, s := range []string{"c9f2:1", "c:9007199254740991", ""} {
		if op, err := room.ParseOp(s); err != nil || op.String() != s {
			t.Errorf("%q: %v, %v", s, op, err)
		}
	}
	for _, s := range []string{"c", "c:", ":1", "c:0", "c:-1", "c:1.5", "c:9007199254740992", "c c:1", "c:1:2"} {
		if _, err := room.ParseOp(s); room.CodeOf(err) != room.Invalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}
