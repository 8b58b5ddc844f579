package roomtest

import (
	"bytes"
	"regexp"

	"github.com/roomful/roomful/room"
)

// Check holds the room to what is true of every feature. It runs by itself
// when a test ends.
func (r *Room) Check() {
	r.t.Helper()
	r.checkReplay()
	r.checkRestore(save{len(r.log), r.snapshots()})
	if r.mid.snapshots != nil {
		r.checkRestore(r.mid)
	}
	for _, class := range []room.Class{room.Public, room.Joined, room.Staff} {
		r.checkTold(class)
	}
}

// checkReplay: replay = live.
func (r *Room) checkReplay() {
	r.t.Helper()
	parts := fresh(r.features)
	for _, u := range r.log {
		r.fold(parts, u)
	}
	r.same("replay", parts)
}

// checkRestore: a snapshot and the updates after it are the state.
func (r *Room) checkRestore(s save) {
	r.t.Helper()
	parts := fresh(r.features)
	for i, part := range parts {
		if err := part.Restore(s.snapshots[i]); err != nil {
			r.t.Fatalf("restore %s: %v", r.features[i].Name, err)
		}
	}
	for _, u := range r.log[s.after:] {
		r.fold(parts, u)
	}
	r.same("restore", parts)
}

func (r *Room) same(how string, parts []room.Behavior) {
	r.t.Helper()
	live := r.snapshots()
	for i, other := range snapshotsOf(r.t, parts) {
		name := r.features[i].Name
		if !bytes.Equal(live[i], other) {
			r.t.Fatalf("%s of %s differs from live:\n%s\n%s", how, name, live[i], other)
		}
		for _, class := range []room.Class{room.Public, room.Joined, room.Staff} {
			s := room.Sight{Class: class}
			if a, b := r.viewOf(r.parts, name, s), r.viewOf(parts, name, s); !bytes.Equal(a, b) {
				r.t.Fatalf("view of %s after %s differs from live:\n%s\n%s", name, how, a, b)
			}
		}
	}
}

// Ids as Tx.ID makes them.
var idPattern = regexp.MustCompile(`"[a-z]{1,3}_[0-9a-hjkmnp-tv-z]{10}"`)

// checkTold: a class's view has no id that its updates, as they are now, do
// not have. So whoever followed from the beginning knows all a view shows,
// and what was withdrawn is in no view.
func (r *Room) checkTold(class room.Class) {
	r.t.Helper()
	s := room.Sight{Class: class}
	told := map[string]bool{}
	for _, u := range r.uncovered(0) {
		if s.Sees(&u, "") {
			for _, id := range idPattern.FindAll(u.Data, -1) {
				told[string(id)] = true
			}
		}
	}
	for _, f := range r.features {
		for _, id := range idPattern.FindAll(r.viewOf(r.parts, f.Name, s), -1) {
			if !told[string(id)] {
				r.t.Fatalf("the view of %s for class %q has %s, which its updates do not tell", f.Name, class, id)
			}
		}
	}
}

// MustNotTell fails if what c sees, the views, its own, and the updates from
// the beginning, has text in it.
func (r *Room) MustNotTell(c room.Caller, text string) {
	r.t.Helper()
	for _, f := range r.features {
		if bytes.Contains(r.View(c, f.Name), []byte(text)) || bytes.Contains(r.Mine(c, f.Name), []byte(text)) {
			r.t.Fatalf("the view of %s tells %q of %s", f.Name, c.Member, text)
		}
	}
	for _, u := range r.Seen(c, 0) {
		if bytes.Contains(u.Data, []byte(text)) && u.Covers == "" {
			r.t.Fatalf("%s (seq %d) tells %q of %s", u.Type, u.Seq, c.Member, text)
		}
	}
}
