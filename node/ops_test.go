package node_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/roomful/roomful/room"
)

func TestTheSameOpHasOneEffectAndOneReply(t *testing.T) {
	bubble(t, func(r *rig) {
		first := r.do("ana", "c:1", say("a"))
		for name, between := range map[string]func(){
			"at once":         func() {},
			"after others":    func() { r.do("bob", "c:1", say("b")) },
			"after a sleep":   func() { time.Sleep(time.Hour); r.node.Retire(time.Minute) },
			"after a restart": r.start,
		} {
			between()
			again := r.do("ana", "c:1", say("a"))
			if again.Err != nil || again.Seq != first.Seq || string(again.Reply) != string(first.Reply) {
				t.Errorf("%s: %+v, want %+v", name, again, first)
			}
		}
		r.wantCode("another payload", r.do("ana", "c:1", say("other")), room.Conflict)
		r.wantTexts("a b")
	})
}

func TestTheSameOpTwiceInATurn(t *testing.T) {
	bubble(t, func(r *rig) {
		r.together(func() {
			r.ask("ana", "c:1", say("a"))
			r.ask("ana", "c:1", say("a"))
		})
		r.wantTexts("first a")
	})
}

func TestRefusedOpsAreNotRemembered(t *testing.T) {
	bubble(t, func(r *rig) {
		r.wantCode("refused", r.do("ana", "c:1", act{Refuse: "forbidden"}), room.Forbidden)
		r.wantCode("the same op", r.do("ana", "c:1", say("a")), "")
	})
}

func TestAnOpWithoutEffectIsRememberedToo(t *testing.T) {
	bubble(t, func(r *rig) {
		r.do("ana", "c:1", act{Reply: "first"})
		r.start()
		if out := r.do("ana", "c:1", act{Reply: "first"}); string(out.Reply) != `"first"` {
			t.Errorf("%+v", out)
		}
		r.wantCode("another payload", r.do("ana", "c:1", say("x")), room.Conflict)
	})
}

func TestOldOpsAreStale(t *testing.T) {
	bubble(t, func(r *rig) {
		r.do("ana", "c:5", say("5"))
		r.wantCode("one that never came", r.do("ana", "c:4", say("4")), room.Stale)
		for n := 6; n < 38; n++ {
			r.do("ana", opN(n), say("x"))
		}
		r.wantCode("the 33rd newest", r.do("ana", "c:5", say("5")), room.Stale)
		r.wantCode("the 32nd newest", r.do("ana", "c:6", say("x")), "")
		r.wantCode("another outbox", r.do("ana", "d:1", say("y")), "")
		r.wantCode("another member", r.do("bob", "c:1", say("z")), "")
	})
}

func TestAMemberHasSixteenOutboxes(t *testing.T) {
	bubble(t, func(r *rig) {
		for i := range 17 {
			time.Sleep(time.Second)
			r.do("ana", fmt.Sprintf("c%d:1", i), say("x"))
		}
		for name, again := range map[string]func(){"": func() {}, " after a restart": r.start} {
			again()
			out := r.do("ana", "c1:1", say("other"))
			r.wantCode("the second oldest"+name, out, room.Conflict)
		}
		r.wantCode("the oldest", r.do("ana", "c0:1", say("again")), "")
	})
}

func TestDedupIsInTheSnapshot(t *testing.T) {
	bubble(t, func(r *rig) {
		r.do("bob", "c:7", say("early"))
		big := strings.Repeat("x", 9000)
		for i := range 60 { // outgrows the log: a snapshot is saved
			r.do("ana", opN(i+1), act{Say: []line{{Text: big}}, Reply: fmt.Sprint(i)})
		}
		l, _ := r.disk.Load(t.Context(), hall)
		if l.Snapshot.Seq == 0 || len(l.Records) > 0 && l.Records[0].Updates[0].Seq == 1 {
			t.Fatal("no snapshot was saved")
		}
		r.start()
		out := r.do("bob", "c:7", say("early"))
		if out.Err != nil || out.Seq != 1 || string(out.Reply) != `"said early"` {
			t.Errorf("from before the snapshot: %+v", out)
		}
		r.wantCode("stale from before it", r.do("bob", "c:6", say("x")), room.Stale)
	})
}
