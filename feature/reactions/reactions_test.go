package reactions_test

import (
	"fmt"
	"testing"

	"github.com/roomful/roomful/feature/event"
	"github.com/roomful/roomful/feature/reactions"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

var guest = room.Caller{Member: "m_guest", Role: room.Guest}

type thing = map[string]any

func TestGolden(t *testing.T) {
	r := roomtest.New(t, reactions.New(reactions.Options{Anyone: true}))
	first := r.Follow("taps in a talk, for anyone", "reactions", room.Caller{})
	r.Do(room.Caller{}, "reactions.tap", thing{"kind": "heart", "n": 3})
	r.Turn(func() {
		r.Do(room.Caller{}, "reactions.tap", thing{"kind": "heart", "n": 10})
		r.Do(guest, "reactions.tap", thing{"kind": "clap", "n": 2})
	})
	first.Done()
	later := r.Follow("taps that were counted before, for a guest", "reactions", guest)
	r.Do(guest, "reactions.tap", thing{"kind": "clap", "n": 5})
	staff := r.Follow("taps, for staff", "reactions", roomtest.Server())
	r.Do(guest, "reactions.tap", thing{"kind": "mind", "n": 1})
	roomtest.Golden(t, first, later.Done(), staff.Done())
}

func TestOneTurnOfTapsIsOneUpdate(t *testing.T) {
	r := roomtest.New(t, reactions.New(reactions.Options{Anyone: true}))
	r.Turn(func() {
		for range 1000 {
			r.Do(guest, "reactions.tap", thing{"kind": "heart", "n": 1})
		}
	})
	if n := len(r.Log()); n != 1 {
		t.Errorf("%d updates, want 1", n)
	}
	if got, want := string(r.Log()[0].Data), `{"counts":{"heart":1000}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTooManyTapsAreAbsorbed(t *testing.T) {
	r := roomtest.New(t, reactions.New(reactions.Options{Anyone: true}))
	for _, c := range []struct{ n, granted, want int }{
		{3, 20, 3}, {10, 7, 7}, {10, 0, 0}, {1_000_000_000, 20, 10}, {1 << 53, 20, 10},
	} {
		r.Granted = c.granted
		got := string(r.Do(guest, "reactions.tap", thing{"kind": "heart", "n": c.n}))
		if want := fmt.Sprintf(`{"accepted":%d}`, c.want); got != want {
			t.Errorf("n %d granted %d: got %s, want %s", c.n, c.granted, got, want)
		}
	}
	if n := len(r.Log()); n != 4 {
		t.Errorf("%d updates, want none for nothing accepted", n)
	}
}

func TestBadTapsAreRefused(t *testing.T) {
	r := roomtest.New(t, reactions.New(reactions.Options{Anyone: true}))
	for _, data := range []any{
		thing{"kind": "heart", "n": -5}, thing{"kind": "heart", "n": 0}, thing{"kind": "heart"},
		thing{"kind": "nope", "n": 1}, thing{"kind": "", "n": 1}, thing{"kind": "HEART", "n": 1},
		`{"kind":"heart","n":1.5}`, `{"kind":"heart","n":1e99}`, `{"kind":"heart","n":"3"}`, `{"kind":["heart"],"n":1}`,
		`{"kind":"heart","n":9223372036854775808}`, `[]`, `null`, nil, `{`,
	} {
		r.Refuse(room.Invalid, guest, "reactions.tap", data)
	}
}

func TestInAnEventOnlyMembersTap(t *testing.T) {
	r := roomtest.New(t, event.New(), reactions.New(reactions.Options{})).Opened("wedding")
	r.Do(guest, "reactions.tap", thing{"kind": "heart", "n": 1})
	r.Refuse(room.Forbidden, room.Caller{}, "reactions.tap", thing{"kind": "heart", "n": 1})
	r.Refuse(room.Forbidden, room.Caller{Member: "m_s", Role: room.Spectator}, "reactions.tap", thing{"kind": "heart", "n": 1})
}

func TestKindsAreThePresets(t *testing.T) {
	r := roomtest.New(t, event.New(), reactions.New(reactions.Options{})).Opened("wedding")
	r.Do(guest, "reactions.tap", thing{"kind": "tear", "n": 1})
	r.Refuse(room.Invalid, guest, "reactions.tap", thing{"kind": "mind", "n": 1})
}
