package fanout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/roomful/roomful/room"
)

func TestAFullSocketReadsOnFromItsPlace(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		row, slow := r.join("", public), r.join("", public)
		slow.accepts = 0
		r.pub("", "key=n") // slow is in the middle of this frame
		r.loop.settle()
		r.pub("key=n")
		r.loop.settle()
		for range maxFrames { // whose frames are not kept any more
			r.pub("key=n")
			r.loop.settle()
		}
		r.pub("key=n", "@m_1", "")
		r.loop.settle()
		row.want(append(each(1, 12), 14)...)
		slow.want(1, 2)
		slow.writable(-1)
		slow.want(1, 2, 12, 14)
		r.pub("")
		r.loop.settle()
		slow.want(1, 2, 12, 14, 15)
		if n := r.stat.Demoted.Load(); n != 1 {
			t.Errorf("demoted %d times", n)
		}
	})
}

func TestBehindTheRingOneJoinsAgain(t *testing.T) {
	bubble(t, Limits{RingUpdates: 8}, func(r *rig) {
		row, slow := r.join("", public), r.join("", public)
		slow.accepts = 0
		for range 40 {
			r.pub("")
			r.loop.settle()
		}
		row.want(each(1, 40)...)
		slow.want(1)
		slow.writable(-1)
		if slow.rejoins != 1 || !slow.cursor.Waits() {
			t.Fatalf("joined again %d times", slow.rejoins)
		}
		_, sig := r.tail.Signals(public)
		slow.cursor.Restart(slow.reader, "k3", 40, sig)
		r.pub("")
		r.loop.settle()
		slow.want(1, 41)
	})
}

func TestARowOfThousandsIsWalkedInChunks(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		var row []*client
		for range 3 * chunk {
			row = append(row, r.join("", public))
		}
		r.pub("")
		r.loop.step()
		sent := 0
		for _, c := range row {
			sent += len(c.seqs())
		}
		if sent != chunk || len(r.loop.tasks) != 1 {
			t.Errorf("one run served %d and left %d tasks, want %d and 1", sent, len(r.loop.tasks), chunk)
		}
		r.loop.settle()
		for _, c := range row {
			c.want(1)
		}
	})
}

// A walk meets everything that a loop may do between its runs, and still
// tells each reader each update once.
func TestAWalkSurvivesWhatHappensMeanwhile(t *testing.T) {
	for seed := range uint64(16) {
		bubble(t, Limits{RingUpdates: 64}, func(r *rig) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			var all []*client
			from := map[*client]uint64{}
			sights := []room.Sight{public, guest, staff}
			enter := func() {
				c := r.enter(room.MemberID(fmt.Sprint("m_", rnd.IntN(40))), sights[rnd.IntN(3)])
				c.accepts = rnd.IntN(6) - 1
				c.onRejoin = func() { // a view
					from[c], c.frames = r.tail.Head().Seq, nil
					c.reader.Asked = from[c]
					_, sig := r.tail.Signals(c.reader.Sight)
					c.cursor.Restart(c.reader, "k3", from[c], sig)
				}
				c.onRejoin()
				all = append(all, c)
			}
			for range 500 {
				enter()
			}
			var log []room.Update
			for range 400 {
				c := all[rnd.IntN(len(all))]
				switch rnd.IntN(7) {
				case 0:
					log = append(log, r.pub([]string{"", "@staff", "@m_3,m_4", "~", "!"}[rnd.IntN(5)])...)
				case 1:
					enter()
				case 2:
					c.cursor.Close()
				case 3:
					if c.full {
						c.writable(rnd.IntN(6) - 1)
					}
				case 4:
					if rnd.IntN(20) == 0 {
						u := r.updates(r.tail.Head().Seq, "about=member/m_5 type=people.changed")
						r.tail.Publish("k3", u, []room.MemberID{"m_5"})
						log = append(log, u...)
					}
				default:
					r.loop.step()
				}
				if rnd.IntN(8) == 0 {
					r.checkRows(seed)
				}
			}
			for range 20 {
				r.loop.settle()
				for _, c := range all {
					if c.full {
						c.writable(-1)
					}
				}
			}
			readers := 0
			for _, c := range all {
				var want []uint64
				for _, u := range log {
					if u.Seq > from[c] && c.reader.Sight.Sees(&u, c.reader.Member) {
						want = append(want, u.Seq)
					}
				}
				got := c.seqs()
				if c.cursor.state == gone {
					want = want[:min(len(got), len(want))]
				} else {
					readers++
				}
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d: %s %v in state %d from %d was told %v, want %v",
						seed, c.reader.Member, c.reader.Sight, c.cursor.state, from[c], got, want)
				}
			}
			if r.tail.Readers() != readers {
				t.Fatalf("seed %d: %d readers are counted, there are %d", seed, r.tail.Readers(), readers)
			}
		})
	}
}

// checkRows holds every row to what it says of its cursors.
func (r *rig) checkRows(seed uint64) {
	r.t.Helper()
	for _, s := range r.tail.seats {
		for _, g := range s.groups {
			for i, c := range g.cursors {
				if c.index != i || c.state != seated || c.group != g {
					r.t.Fatalf("seed %d: place %d of a row of %d has a cursor in state %d with index %d", seed, i, len(g.cursors), c.state, c.index)
				}
			}
		}
		for _, c := range s.stragglers {
			if c.state != straggling {
				r.t.Fatalf("seed %d: a straggler is in state %d", seed, c.state)
			}
		}
	}
}

func TestRemovalInMidWalkIsNotDelivered(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		var row []*client
		for range 2 * chunk {
			row = append(row, r.join("", public))
		}
		stuck := row[1]
		stuck.accepts = 0
		r.pub("about=post/1", "")
		r.loop.step() // one chunk is told
		r.pub("covers=post/1 !")
		r.loop.settle()
		early, late := 0, 0
		for _, c := range row {
			switch got := c.seqs(); {
			case slices.Equal(got, []uint64{1, 2, 3}):
				early++
			case slices.Equal(got, []uint64{2, 3}):
				late++
			case c != stuck:
				t.Fatalf("told %v", got)
			}
		}
		if early != chunk-1 || late != chunk {
			t.Errorf("%d were told before the removal and %d after it, want %d and %d", early, late, chunk-1, chunk)
		}
		stuck.writable(-1)
		stuck.want(1, 2, 3)
	})
}

func TestRemovalReachesThoseWhoAreBehind(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		slow := r.join("", public)
		slow.accepts = 0
		r.pub("")
		r.loop.settle()
		r.pub("about=post/1", "about=post/1,comment/2")
		r.loop.settle()
		r.pub("covers=post/1")
		slow.writable(-1)
		slow.want(1, 4) // at once, for without 2 and 3 it is nowhere
		r.loop.settle()
		slow.want(1, 4)
	})
}

func TestOldSightBeginsNoFurtherFrame(t *testing.T) {
	demotion := func(r *rig) {
		u := r.updates(r.tail.Head().Seq, "type=people.changed about=member/m_1", "@staff")
		r.tail.Publish("k3", u, []room.MemberID{"m_1"})
	}
	bubble(t, Limits{}, func(r *rig) { // seated
		mod, other := r.join("m_1", staff), r.join("m_2", staff)
		demotion(r)
		r.loop.settle()
		mod.want()
		other.want(1, 2)
		if mod.rejoins != 1 {
			t.Errorf("joined again %d times", mod.rejoins)
		}
	})
	bubble(t, Limits{}, func(r *rig) { // in the row, not served yet by a walk under way
		for range chunk {
			r.join("", staff)
		}
		mod := r.join("m_1", staff)
		r.pub("@staff")
		r.loop.step()
		demotion(r)
		r.loop.settle()
		mod.want()
		if mod.rejoins != 1 {
			t.Errorf("joined again %d times", mod.rejoins)
		}
	})
	bubble(t, Limits{}, func(r *rig) { // in the middle of a frame
		mod := r.join("m_1", staff)
		mod.accepts = 0
		r.pub("@staff")
		r.loop.settle()
		demotion(r)
		mod.writable(-1) // before the seats hear of it
		mod.want(1)
		r.loop.settle()
		mod.want(1)
		if mod.rejoins != 1 {
			t.Errorf("joined again %d times", mod.rejoins)
		}
	})
	bubble(t, Limits{}, func(r *rig) { // stuck until long after
		mod := r.join("m_1", staff)
		mod.accepts = 0
		r.pub("@staff")
		r.loop.settle()
		demotion(r)
		r.loop.settle()
		r.pub("@staff")
		r.loop.settle()
		mod.writable(-1)
		mod.want(1)
		if mod.rejoins != 1 {
			t.Errorf("joined again %d times", mod.rejoins)
		}
	})
}

func TestCloseMayComeTwiceAndInAnyState(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		seated, blocked, waiting := r.join("m_1", guest), r.join("m_1", guest), r.enter("m_1", guest)
		blocked.accepts = 0
		r.pub("")
		r.loop.settle()
		for range 2 {
			seated.cursor.Close()
			blocked.cursor.Close()
			waiting.cursor.Close()
		}
		blocked.cursor.Resume()
		waiting.cursor.Restart(waiting.reader, "k3", 0, 0)
		r.pub("@m_1")
		r.loop.settle()
		if !r.tail.Empty() {
			t.Errorf("%d readers are left", r.tail.Readers())
		}
		seated.want(1)
		waiting.want()
	})
}

func TestResumedReadersAreToldAllSignalsFirst(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		r.tail.Reserve()
		r.tail.Signal(room.Signal{Key: "people.presence/m_1", Data: []byte(`{"state":"online"}`)})
		r.pub("", "")
		c := r.resume("", public, 0)
		r.loop.settle()
		c.want(1, 2)
		if string(c.frames[0].Signals["people.presence/m_1"]) != `{"state":"online"}` {
			t.Errorf("the first frame has %v", c.frames[0])
		}
		atHead := r.resume("", public, 2)
		r.loop.settle()
		if len(atHead.frames) != 1 || len(atHead.frames[0].Signals) != 1 || atHead.pos() != "k3:2" {
			t.Errorf("one who missed nothing is told %v, want the signals", atHead.frames)
		}
		empty := r.resume("", room.Sight{Only: "feed"}, 2)
		r.loop.settle()
		if len(empty.frames) != 1 || empty.frames[0].Signals == nil {
			t.Errorf("one for whom there are none is told %v, want an empty table", empty.frames)
		}
	})
}
