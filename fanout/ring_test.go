package fanout

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/roomful/roomful/room"
)

func newRing(updates int) *ring {
	r := &ring{limits: Limits{RingUpdates: updates, RingBytes: 1 << 20}}
	r.clear(0)
	return r
}

func live(r *ring, after uint64) (seqs []uint64) {
	for _, e := range r.after(after) {
		if e.text != nil {
			seqs = append(seqs, e.seq)
		}
	}
	return seqs
}

func TestANewerValueTakesThePlaceOfItsKeyAndAudienceOnly(t *testing.T) {
	r := newRing(100)
	r.append([]room.Update{
		{Seq: 1, Type: "a.b", Key: "k"}, {Seq: 2, Type: "a.b", Key: "k", To: room.ToStaff},
		{Seq: 3, Type: "a.b", Key: "other"}, {Seq: 4, Type: "a.b"},
	})
	if n := r.append([]room.Update{{Seq: 5, Type: "a.b", Key: "k"}}); n != 1 {
		t.Errorf("replaced %d, want 1", n)
	}
	if got := live(r, 0); !slices.Equal(got, []uint64{2, 3, 4, 5}) {
		t.Errorf("left are %v", got)
	}
}

func TestARemovalWithdrawsWhatCameBeforeItOnly(t *testing.T) {
	r := newRing(100)
	r.append([]room.Update{
		{Seq: 1, Type: "a.b", About: "post/1"}, {Seq: 2, Type: "a.b", About: "post/2"},
		{Seq: 3, Type: "a.b", Covers: "post/1"}, {Seq: 4, Type: "a.b", About: "post/1"},
	})
	if got := live(r, 0); !slices.Equal(got, []uint64{2, 3, 4}) {
		t.Errorf("left are %v", got)
	}
}

// A ring is right if it has, after any seq from its floor on, what a plain
// list of all updates would still tell.
func TestRingIsAListWithABound(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r, list := newRing(1+rnd.IntN(40)), []room.Update{}
		for range 60 {
			var turn []room.Update
			for range 1 + rnd.IntN(6) {
				u := room.Update{Seq: uint64(len(list)+1) + uint64(len(turn)), Type: "a.b"}
				switch rnd.IntN(5) {
				case 0:
					u.Key = fmt.Sprint("k", rnd.IntN(4))
				case 1:
					u.Key, u.To = fmt.Sprint("k", rnd.IntN(4)), room.ToStaff
				case 2:
					u.About = fmt.Sprintf("post/%d", rnd.IntN(4))
					if rnd.IntN(2) == 0 {
						u.About += fmt.Sprintf(",comment/%d", rnd.IntN(4))
					}
				case 3:
					if rnd.IntN(3) == 0 {
						u.Covers = fmt.Sprintf([]string{"post/%d", "comment/%d"}[rnd.IntN(2)], rnd.IntN(4))
					}
				}
				turn = append(turn, u)
			}
			r.append(turn)
			list = append(list, turn...)
			keep := uint64(math.MaxUint64)
			if rnd.IntN(3) == 0 {
				keep = uint64(rnd.IntN(len(list) + 1))
			}
			r.trim(keep)
			if rnd.IntN(8) > 0 {
				continue
			}
			checkRing(t, seed, r, list)
		}
	}
}

func checkRing(t *testing.T, seed uint64, r *ring, list []room.Update) {
	t.Helper()
	var all []uint64 // that may still be told
	for i, u := range list {
		gone := slices.ContainsFunc(list[i+1:], func(v room.Update) bool {
			return u.Key != "" && u.Key == v.Key && u.To == v.To || v.Covers != "" && u.IsAbout(v.Covers)
		})
		if !gone {
			all = append(all, u.Seq)
		}
	}
	for seq := r.floor; seq <= r.head; seq++ {
		i, found := slices.BinarySearch(all, seq)
		if found {
			i++
		}
		if got, want := live(r, seq), all[i:]; !slices.Equal(got, want) {
			t.Fatalf("seed %d: after %d of %d the ring has %v, want %v", seed, seq, r.head, got, want)
		}
	}
	dead, bytes := 0, 0
	for _, e := range r.entries {
		bytes += len(e.text)
		if e.text == nil {
			dead++
		}
	}
	if dead != r.dead || bytes != r.bytes || r.head != uint64(len(list)) {
		t.Fatalf("seed %d: counts %d dead and %d bytes, has %d and %d", seed, r.dead, r.bytes, dead, bytes)
	}
}

func TestTrimKeepsWhatRowsNeed(t *testing.T) {
	r := newRing(10)
	for seq := uint64(1); seq <= 60; seq++ {
		r.append([]room.Update{{Seq: seq, Type: "a.b"}})
		r.trim(20)
	}
	if r.floor != 20 {
		t.Errorf("a row stands at 20, the ring begins at %d", r.floor)
	}
	for seq := uint64(61); seq <= 200; seq++ {
		r.append([]room.Update{{Seq: seq, Type: "a.b"}})
		r.trim(20)
	}
	if n := len(r.entries); n > 8*10+10 || n < 8*10-10 {
		t.Errorf("a row that never moves keeps %d updates, want 8 times the limit", n)
	}
	r.trim(math.MaxUint64)
	if n := len(r.entries); n > 11 {
		t.Errorf("without rows %d updates are left, want about 10", n)
	}
}

func TestTrimForgetsTheKeysOfWhatItDrops(t *testing.T) {
	r := newRing(10)
	for seq := uint64(1); seq <= 1000; seq++ {
		r.append([]room.Update{{Seq: seq, Type: "a.b", Key: fmt.Sprint(seq)}})
		r.trim(math.MaxUint64)
	}
	if len(r.keyed) > 12 {
		t.Errorf("%d keys are remembered for %d updates", len(r.keyed), len(r.entries))
	}
}

func TestABusyCounterCostsOnePlace(t *testing.T) {
	r := newRing(10)
	r.append([]room.Update{{Seq: 1, Type: "a.b"}})
	for seq := uint64(2); seq <= 5000; seq++ {
		r.append([]room.Update{{Seq: seq, Type: "a.b", Key: "n"}})
		r.trim(math.MaxUint64)
	}
	if got := live(r, r.floor); !slices.Equal(got, []uint64{1, 5000}) || r.floor != 0 {
		t.Errorf("after %d: %v, want 1 and 5000 from the beginning", r.floor, got)
	}
	if len(r.entries) > 200 {
		t.Errorf("%d entries are kept for two updates", len(r.entries))
	}
}

func TestRefillReachesFurtherBack(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		r.tail.Reserve()
		old := r.updates(0, "key=n", "about=post/1", "", "key=m")
		r.tail.Reset("k3", 4)
		r.pub("key=n", "") // 5, 6
		r.tail.Refill(1, old[1:])
		if !r.tail.Reaches(1) || r.tail.Reaches(0) {
			t.Fatalf("the tail does not reach back to 1")
		}
		p, n, ok := r.tail.Read(1, Reader{})
		if !ok || n != 5 || p.Pos.Seq != 6 {
			t.Errorf("read from 1: %d updates to %v, %v; want 5 to 6", n, p.Pos, ok)
		}
		r.tail.Refill(0, old[:1])
		if p, n, ok := r.tail.Read(0, Reader{}); !ok || n != 5 {
			t.Errorf("read from 0: %s, %v; want 5 updates, for 5 took the place of 1", p.Updates, ok)
		}
		r.pub("key=m") // takes the place of 4
		if _, n, _ := r.tail.Read(0, Reader{}); n != 5 {
			t.Errorf("read from 0 after a newer m: %d updates, want 5", n)
		}
	})
}

func TestRefillWithMoreThanTheRingHoldsChangesNothing(t *testing.T) {
	bubble(t, Limits{RingUpdates: 4}, func(r *rig) {
		r.tail.Reserve()
		old := r.updates(0, make([]string, 20)...)
		for i := range old {
			old[i].Type = "feed.posted"
		}
		r.tail.Reset("k3", 20)
		r.tail.Refill(0, old)
		if r.tail.Reaches(19) || !r.tail.Reaches(20) {
			t.Errorf("the ring took part of what it has no room for")
		}
	})
}
