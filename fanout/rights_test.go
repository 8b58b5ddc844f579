package fanout

import (
	"fmt"
	"testing"

	"github.com/roomful/roomful/room"
)

// The room was asked before a right was taken, the answer arrives after the
// loop has heard of it.
func TestAnAnswerOlderThanTheRightsIsAskedForAgain(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		late, other := r.enter("m_1", staff), r.enter("m_2", staff)
		u := r.updates(0, "about=member/m_1 type=people.changed", "@staff")
		r.tail.Publish("k3", u, []room.MemberID{"m_1"})
		r.loop.settle()
		late.cursor.Restart(late.reader, "k3", 0, 1)
		other.cursor.Restart(other.reader, "k3", 0, 1)
		r.loop.settle()
		late.want()
		other.want(1, 2)
		if late.rejoins != 1 {
			t.Fatalf("joined again %d times", late.rejoins)
		}
		if _, _, ok := r.tail.Read(0, late.reader); ok {
			t.Error("a poll with the old sight is answered")
		}
		late.reader.Asked = 2
		late.cursor.Restart(late.reader, "k3", 2, 1)
		r.pub("@staff")
		r.loop.settle()
		late.want(3)
	})
}

func TestAViewOlderThanARemovalIsOutdated(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		r.tail.Reserve()
		r.pub("about=post/1", "")
		if r.tail.Outdated(1, "m_1") {
			t.Error("outdated by nothing")
		}
		r.pub("covers=post/1")
		if !r.tail.Outdated(2, "m_1") || r.tail.Outdated(3, "m_1") {
			t.Error("a view from before the removal may be shown, or one after it not")
		}
	})
}

func TestRightsAreForgottenInFavourOfAskingAgain(t *testing.T) {
	var r rights
	for i := range uint64(maxRights) {
		r.note([]room.MemberID{room.MemberID(fmt.Sprint("m_", i))}, i+1)
	}
	if r.changed("m_x", 1) || !r.changed("m_3", 3) || r.changed("m_3", 4) || r.changed("", 0) {
		t.Error("known changes are mixed up")
	}
	r.note([]room.MemberID{"m_x"}, 9000)
	if len(r.seqs) > maxRights || !r.changed("m_3", 4) || !r.changed("m_x", 8999) || r.changed("m_x", 9000) || r.changed("m_3", 8999) {
		t.Error("what is forgotten counts as unchanged, or what is known as changed")
	}
}

// State at a position without more is the fold of the whole log there, so one
// who comes from behind is not left where a value is missing.
func TestNobodyIsLeftWithoutWhatWasReplacedSince(t *testing.T) {
	for name, later := range map[string]string{"a newer value": "~ key=n", "a removal": "covers=post/1"} {
		bubble(t, Limits{}, func(r *rig) {
			r.join("", public)
			slow := r.join("", public)
			slow.accepts = 0
			r.pub("")
			r.loop.settle()
			r.pub("key=n about=post/1", "")
			r.loop.settle() // the row stands at 3
			r.tail.frames = nil
			r.pub(later) // its flush is still to come
			slow.writable(-1)
			slow.want(1, 3, 4)
			if f := slow.frames[1]; f.Pos != "k3:4" || f.More {
				t.Errorf("%s: told up to %s, more %v", name, f.Pos, f.More)
			}
			resumed := r.resume("", public, 2)
			resumed.want(3, 4)
			r.pub("")
			r.loop.settle()
			slow.want(1, 3, 4, 5)
			resumed.want(3, 4, 5)
		})
	}
}
