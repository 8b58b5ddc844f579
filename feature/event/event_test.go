package event_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/roomful/roomful/feature/event"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

var (
	host  = room.Caller{Member: "m_host", Role: room.Owner}
	mod   = room.Caller{Member: "m_mod", Role: room.Moderator}
	guest = room.Caller{Member: "m_guest", Role: room.Guest}
)

type thing = map[string]any

func TestGolden(t *testing.T) {
	r := roomtest.New(t, event.New()).Opened("wedding")
	cases := []*roomtest.Case{
		r.Follow("changed, locked, closed, for a guest", "event", guest),
		r.Follow("changed, locked, closed, for staff", "event", host),
	}
	r.Do(host, "event.set", thing{"name": "Ana & Tom, forever"})
	r.Do(host, "event.set", thing{"features": thing{"reactions": false}, "moderation": "pre"})
	r.Do(host, "event.lock", thing{"on": true})
	unlocked := r.Follow("locked and not", "event", guest)
	r.Do(host, "event.lock", thing{"on": false})
	unlocked.Done()
	r.Do(host, "event.close", nil)
	for _, c := range cases {
		c.Done()
	}
	roomtest.Golden(t, append(cases, unlocked)...)
}

func TestOnlyTheServerOpens(t *testing.T) {
	r := roomtest.New(t, event.New())
	r.Refuse(room.NotFound, host, "event.set", thing{"name": "X"})
	r.Refuse(room.Forbidden, host, "event.open", thing{"name": "X"})
	r.Refuse(room.Invalid, roomtest.Server(), "event.open", thing{"name": "X", "preset": "rave"})
	r.Refuse(room.Invalid, roomtest.Server(), "event.open", thing{"name": " \u202E\u0000"})
	r.Do(roomtest.Server(), "event.open", thing{"name": "X"})
	r.Refuse(room.Conflict, roomtest.Server(), "event.open", thing{"name": "X"})
}

func TestOnlyHostsChangeTheEvent(t *testing.T) {
	r := roomtest.New(t, event.New()).Opened("wedding")
	for _, c := range []room.Caller{mod, guest, {Role: room.Display}, {Role: room.Spectator}, {}} {
		r.Refuse(room.Forbidden, c, "event.set", thing{"name": "X"})
		r.Refuse(room.Forbidden, c, "event.lock", thing{"on": true})
		r.Refuse(room.Forbidden, c, "event.close", nil)
	}
}

func TestWhatChangesNothingIsNotTold(t *testing.T) {
	r := roomtest.New(t, event.New()).Opened("wedding")
	r.Do(host, "event.set", thing{"name": "Ana & Tom", "moderation": "post", "features": thing{"feed": true}})
	r.Do(host, "event.set", nil)
	r.Do(host, "event.lock", thing{"on": false})
	if n := len(r.Log()); n != 1 {
		t.Errorf("%d updates, want only event.opened", n)
	}
}

func TestBadSettingsAreRefused(t *testing.T) {
	r := roomtest.New(t, event.New()).Opened("wedding")
	for _, data := range []any{
		thing{"name": ""}, thing{"name": strings.Repeat("x", 81)}, thing{"name": strings.Repeat("👨‍👩‍👧‍👦", 80)}, thing{"name": 7},
		thing{"moderation": "none"}, thing{"moderation": ""}, thing{"moderation": true},
		thing{"features": thing{"casino": true}}, thing{"features": thing{"feed": "yes"}}, thing{"features": []int{1}},
		`[]`, `"x"`, `{"name":`, strings.Repeat("[", 9000),
	} {
		r.Refuse(room.Invalid, host, "event.set", data)
	}
	r.Refuse(room.Invalid, host, "event.explode", nil)
}

// echo stands for the other features of an event.
type echo struct{ state string }

func (e *echo) Handle(tx *room.Tx, _ room.Command) error { tx.Reply("ok"); return nil }
func (e *echo) Apply(room.Update) error                  { return nil }
func (e *echo) Snapshot() ([]byte, error)                { return nil, nil }
func (e *echo) Restore([]byte) error                     { return nil }

func withOthers(t *testing.T) *roomtest.Room {
	other := func(name string) room.Feature {
		return room.Feature{Name: name, New: func() room.Behavior { return &echo{} }}
	}
	return roomtest.New(t, event.New(), other("feed"), other("reactions"), other("people")).Opened("wedding")
}

func TestWhileLockedOnlyStaffActs(t *testing.T) {
	r := withOthers(t)
	r.Do(host, "event.lock", thing{"on": true})
	r.Refuse(room.Forbidden, guest, "feed.post", nil)
	r.Refuse(room.Forbidden, guest, "feed.delete", nil)
	r.Refuse(room.Forbidden, guest, "people.rename", nil)
	r.Do(guest, "people.presence", nil)
	r.Do(mod, "feed.post", nil)
	r.Do(host, "event.lock", thing{"on": false})
	r.Do(guest, "feed.post", nil)
}

func TestAfterTheEndThingsAreOnlyTakenAway(t *testing.T) {
	r := withOthers(t)
	r.Do(host, "event.close", nil)
	for _, c := range []room.Caller{guest, mod, host, roomtest.Server()} {
		for _, typ := range []string{"feed.post", "feed.comment", "feed.restore", "reactions.tap", "people.rename", "people.join", "feed.upload", "event.close", "event.set"} {
			r.Refuse(room.Gone, c, typ, nil)
		}
	}
	r.Do(guest, "feed.delete", nil)
	r.Do(mod, "feed.hide", nil)
	r.Do(guest, "people.presence", nil)
	r.Do(roomtest.Server(), "people.join", thing{"device": true})
}

func TestWhatIsOffIsRefused(t *testing.T) {
	r := withOthers(t)
	r.Do(host, "event.set", thing{"features": thing{"feed": false, "people": false}})
	r.Refuse(room.Forbidden, guest, "feed.post", nil)
	r.Do(guest, "feed.delete", nil)
	r.Do(guest, "people.rename", nil)
	r.Do(guest, "reactions.tap", nil)
	r.Do(mod, "feed.hide", nil)
}

func TestPresetsAreComplete(t *testing.T) {
	var names []string
	for _, p := range event.Presets() {
		names = append(names, p.Name)
		if p.Title == "" || len(p.Kinds) == 0 || len(p.Features) != 3 || p.Moderation != event.Post && p.Moderation != event.Pre {
			t.Errorf("preset %+v is not complete", p)
		}
	}
	if want := []string{"house-party", "wedding", "conference-talk", "drop-sale", "quiz-night"}; !slices.Equal(names, want) {
		t.Errorf("presets are %v", names)
	}
}
