package fanout

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/roomful/roomful/room"
)

func TestEveryoneIsToldInOrderWhatTheirSightSees(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		anyone, ana, mod := r.join("", public), r.join("m_ana", guest), r.join("m_mod", staff)
		only := r.join("m_bob", room.Sight{Class: room.Joined, Only: "people"})
		r.pub("", "@staff", "@m_ana", "type=people.joined")
		r.loop.settle()
		r.pub("@m_ana,m_mod", "@staff", "")
		r.loop.settle()
		anyone.want(1, 4, 7)
		ana.want(1, 3, 4, 5, 7)
		mod.want(1, 2, 4, 5, 6, 7)
		only.want(4)
		if ana.pos() != "k3:7.g" || mod.pos() != "k3:7.s" || anyone.pos() != "k3:7" {
			t.Errorf("positions are %s, %s and %s", anyone.pos(), ana.pos(), mod.pos())
		}
	})
}

func TestPublishTakesOnlyWhatFollows(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		c := r.join("", public)
		r.pub("", "")
		if r.tail.Publish("k3", r.updates(3, ""), nil) || r.tail.Publish("k4", r.updates(2, ""), nil) {
			t.Error("a publish behind a hole, or of another epoch, was taken")
		}
		if !r.tail.Publish("k3", r.updates(0, "", "", ""), nil) { // 1 and 2 were told before
			t.Error("a publish that reaches back was refused")
		}
		r.loop.settle()
		c.want(1, 2, 3)
	})
}

func TestReadersOfOneSightShareOneFrame(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		for i := range 300 {
			r.join(room.MemberID(fmt.Sprint("m_", i)), guest)
		}
		r.loop.settle()
		before := r.stat.Frames.Load()
		r.pub("", "")
		r.loop.settle()
		if n := r.stat.Frames.Load() - before; n != 1 {
			t.Errorf("%d frames were built for one row", n)
		}
		if n := r.stat.Told.Load(); n != 600 {
			t.Errorf("told %d, want 600", n)
		}
	})
}

func TestANamedUpdateCostsItsNames(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		var row []*client
		for i := range 300 {
			row = append(row, r.join(room.MemberID(fmt.Sprint("m_", i)), guest))
		}
		twice := r.join("m_7", guest)
		r.loop.settle()
		before := r.stat.Frames.Load()
		r.pub("", "@m_7,m_9", "")
		r.loop.settle()
		row[7].want(1, 2, 3)
		row[9].want(1, 2, 3)
		twice.want(1, 2, 3)
		row[8].want(1, 3)
		if n := r.stat.Frames.Load() - before; n != 4 {
			t.Errorf("%d frames were built, want one for the row and one for each named", n)
		}
		before = r.stat.Frames.Load()
		r.pub("")
		r.loop.settle()
		if n := r.stat.Frames.Load() - before; n != 1 {
			t.Errorf("%d frames were built afterwards: the named are not back in the row", n)
		}
		r.pub("@m_7")
		r.loop.settle()
		row[7].want(1, 2, 3, 4, 5)
		row[8].want(1, 3, 4)
	})
}

func TestOnlySetsAreBounded(t *testing.T) {
	bubble(t, Limits{Sights: 3}, func(r *rig) {
		a := r.join("", room.Sight{Only: "a"})
		r.join("", room.Sight{Only: "b"})
		r.join("", public)
		if s := r.tail.Grant(room.Sight{Only: "c"}); s.Only != "" {
			t.Errorf("a fourth sight is granted as %v, want the whole", s)
		}
		if s := r.tail.Grant(room.Sight{Only: "b"}); s.Only != "b" {
			t.Errorf("a sight that others have is granted as %v", s)
		}
		a.cursor.Close()
		if s := r.tail.Grant(room.Sight{Only: "c"}); s.Only != "c" {
			t.Errorf("after one left the third is granted as %v", s)
		}
	})
}

func TestAFullFrameIsCutAndGoesOn(t *testing.T) {
	bubble(t, Limits{FrameBytes: 1000}, func(r *rig) {
		row, ana := r.join("", public), r.join("m_ana", guest)
		slow := r.resume("", public, 0)
		slow.full = true
		r.pub("size=400", "size=400", "@m_ana size=400", "size=400", "size=400")
		r.loop.settle()
		row.want(1, 2, 4, 5)
		ana.want(1, 2, 3, 4, 5)
		if f := row.frames; len(f) < 2 || !f[0].More || f[len(f)-1].More {
			t.Errorf("%d frames, the first with more %v, want several and true", len(f), f[0].More)
		}
		big := r.join("", room.Sight{Only: "feed"})
		r.pub("size=5000", "size=5000")
		r.loop.settle()
		big.want(6, 7)
	})
}

func TestEachWeightHasItsPace(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		c := r.join("", public)
		for i := range 5_999 {
			r.join(room.MemberID(fmt.Sprint(i)), guest)
		}
		r.loop.settle()
		time.Sleep(time.Minute)
		arrives := func(weight string) time.Duration {
			start, n := time.Now(), len(c.frames)
			r.pub(weight)
			r.loop.settle()
			if len(c.frames) != n+1 {
				t.Fatalf("%q was not told", weight)
			}
			return c.frames[n].at.Sub(start)
		}
		for _, weight := range []string{"!", "", "~"} {
			time.Sleep(time.Minute)
			if d := arrives(weight); d != 0 {
				t.Errorf("in a quiet room %q waits %v", weight, d)
			}
		}
		for _, p := range []struct {
			weight string
			gap    time.Duration
		}{{"!", 0}, {"", 30 * time.Millisecond}, {"~", 300 * time.Millisecond}} {
			if d := arrives(p.weight); d != p.gap {
				t.Errorf("right after a flush %q waits %v, want %v", p.weight, d, p.gap)
			}
		}
	})
}

func TestASoonerUpdateTakesAllThatWaits(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		c := r.join("", public)
		r.pub("")
		r.loop.settle()
		r.pub("~", "~")
		r.loop.run()
		c.want(1)
		r.pub("!")
		r.loop.run()
		c.want(1, 2, 3, 4)
		r.loop.settle()
		c.want(1, 2, 3, 4)
	})
}

func TestRestForgetsWhatAllWereTold(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		c := r.join("", public)
		r.pub("", "")
		r.tail.Rest()
		if !r.tail.Reaches(0) {
			t.Error("the ring rested with something untold")
		}
		r.loop.settle()
		r.tail.Rest()
		if r.tail.Reaches(1) || !r.tail.Reaches(2) {
			t.Error("the ring was kept")
		}
		r.pub("")
		r.loop.settle()
		c.want(1, 2, 3)
		if c.rejoins > 0 {
			t.Error("a reader at the head had to join again")
		}
	})
}

func TestResetHasEverybodyJoinAgain(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		row, slow := r.join("", public), r.join("", public)
		r.pub("")
		r.loop.settle()
		slow.accepts = 0
		r.pub("")
		r.loop.settle()
		r.tail.Reset("k4", 7)
		r.loop.settle()
		if row.rejoins != 1 || slow.rejoins != 0 {
			t.Errorf("rejoins %d and, in the middle of a frame, %d", row.rejoins, slow.rejoins)
		}
		slow.writable(-1)
		if slow.rejoins != 1 {
			t.Error("the slow one goes on from a place in another log")
		}
		row.cursor.Restart(row.reader, "k4", 7, 1)
		if !r.tail.Publish("k4", r.updates(7, ""), nil) {
			t.Error("the new epoch is refused")
		}
		r.loop.settle()
		row.want(1, 2, 8)
	})
}

func TestReadIsWhatACursorIsTold(t *testing.T) {
	bubble(t, Limits{FrameBytes: 600}, func(r *rig) {
		r.tail.Reserve()
		r.pub("size=300", "@staff", "@m_ana", "size=300", "")
		p, n, ok := r.tail.Read(0, Reader{Member: "m_ana", Sight: guest})
		if !ok || !p.More || p.Pos.Seq >= 5 || p.Pos.Sight != "g" {
			t.Errorf("a full read: %v, %d updates, more %v", p.Pos, n, p.More)
		}
		p, n, _ = r.tail.Read(p.Pos.Seq, Reader{Member: "m_ana", Sight: guest})
		if n == 0 || p.More || p.Pos.Seq != 5 {
			t.Errorf("the rest: %v, %d updates, more %v", p.Pos, n, p.More)
		}
		if _, _, ok := r.tail.Read(6, Reader{}); ok {
			t.Error("a read from beyond the head is answered")
		}
	})
}

func TestWatchersAreWokenWithoutWaiting(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		wake := make(chan struct{}, 1)
		r.tail.Watch(wake)
		if r.tail.Empty() {
			t.Error("a tail that is watched counts as empty")
		}
		r.pub("")
		r.pub("")
		<-wake
		if _, n, ok := r.tail.Read(0, Reader{}); !ok || n != 2 {
			t.Errorf("a watcher reads %d, %v", n, ok)
		}
		r.tail.Unwatch(wake)
		r.pub("")
		if len(wake) > 0 || !r.tail.Empty() {
			t.Error("it is woken after Unwatch")
		}
	})
}

func TestWithoutReadersNothingIsKept(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		c := r.join("", public)
		r.pub("", "")
		r.loop.settle()
		c.cursor.Close()
		r.pub("")
		if r.tail.Reaches(2) || r.tail.Head().Seq != 3 || r.tail.Readers() != 0 {
			t.Error("the ring fills for nobody")
		}
		r.tail.Reserve() // one is about to come
		r.pub("")
		if !r.tail.Reaches(3) {
			t.Error("a reservation does not keep the ring filling")
		}
		r.tail.Release()
		if !r.tail.Empty() {
			t.Error("a released reservation still counts")
		}
	})
}

func TestTwoLoopsShareTheTail(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		one, first := r.join("", public), r.loop
		second := &stepLoop{id: 1}
		r.loop = second
		two := r.join("", public)
		r.pub("")
		first.settle()
		r.pub("", "~")
		second.settle()
		first.settle()
		one.want(1, 2, 3)
		two.want(1, 2, 3)
		if !slices.Equal(one.seqs(), two.seqs()) {
			t.Error("the loops tell different things")
		}
	})
}
