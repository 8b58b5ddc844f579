package journaltest

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

func (s *suite) testAppend(t *testing.T) {
	t.Run("NothingWrittenIsZero", func(t *testing.T) {
		w := s.start(t).writer("event/none")
		w.same("Load", journal.Loaded{}, w.load())
		w.checkRead(0)
		w.checkRead(7)
	})
	t.Run("OrderAndContents", func(t *testing.T) {
		b := s.start(t)
		one, two := b.writer("event/one"), b.writer("event/one-more")
		for n := range 12 {
			one.append(n % 4)
			two.append(1 + n%3)
			one.check()
		}
		one.reopen()
		one.check()
		two.check()
		one.append(2)
		one.check()
	})
	t.Run("RecordsWithoutUpdates", func(t *testing.T) {
		w := s.start(t).writer("event/quiet")
		w.append(0)
		w.append(0)
		w.check()
		w.append(3)
		for range 5 {
			w.append(0)
		}
		w.append(1)
		w.reopen()
		w.check()
	})
	t.Run("OnlyWhatFollows", func(t *testing.T) {
		w := s.start(t).writer("event/strict")
		w.append(2)
		for name, spoil := range map[string]func(*journal.Record){
			"gap":     func(r *journal.Record) { r.Updates[0].Seq++ },
			"repeat":  func(r *journal.Record) { r.Updates[1].Seq-- },
			"epoch":   func(r *journal.Record) { r.Epoch = "other" },
			"noEpoch": func(r *journal.Record) { r.Epoch = "" },
		} {
			rec := w.next(2)
			spoil(&rec)
			if _, err := w.j.Append(t.Context(), w.id, w.head, rec); err == nil {
				t.Errorf("a record with a wrong %s was stored", name)
			}
		}
		w.check()
	})
	t.Run("LargeRecords", func(t *testing.T) {
		w := s.start(t).writer("event/large")
		for range 3 {
			rec := w.next(2)
			rec.Updates[1].Data = bytes.Repeat([]byte("x"), 2<<20)
			w.store(rec)
			w.append(1)
		}
		w.reopen()
		w.check()
	})
	t.Run("BigRoom", func(t *testing.T) {
		w := s.start(t).writer("event/big")
		for range 200 {
			w.append(100)
		}
		w.reopen()
		w.check()
		w.checkRead(19_990)
	})
	t.Run("CallerMayReuse", func(t *testing.T) {
		w := s.start(t).writer("event/reuse")
		rec, kept := w.next(1), w.next(1)
		w.store(rec)
		rec.Updates[0].Data[2] = '!'
		w.records[0], w.updates[0] = kept, kept.Updates[0]
		w.load().Records[0].Updates[0].Data[2] = '!'
		w.check()
	})
}

func (s *suite) testFence(t *testing.T) {
	t.Run("OnlyTheHead", func(t *testing.T) {
		w := s.start(t).writer("event/fence")
		w.append(2)
		old := w.head
		w.append(0)
		w.append(1)
		for name, head := range map[string]journal.Head{
			"zero":      {},
			"stale":     old,
			"ahead":     {Epoch: w.head.Epoch, Seq: w.head.Seq + 1, Token: w.head.Token},
			"token":     {Epoch: w.head.Epoch, Seq: w.head.Seq, Token: w.head.Token + 1},
			"epoch":     {Epoch: "other", Seq: w.head.Seq, Token: w.head.Token},
			"oldUpdate": {Epoch: w.head.Epoch, Seq: old.Seq, Token: w.head.Token},
		} {
			stranger := &writer{bench: w.bench, id: w.id, head: head}
			if _, err := w.j.Append(t.Context(), w.id, head, stranger.next(1)); !errors.Is(err, journal.ErrFenced) {
				t.Errorf("%s head: %v, want ErrFenced", name, err)
			}
		}
		w.check()
		w.append(1)
		w.check()
	})
	t.Run("RoomThatIsNot", func(t *testing.T) {
		w := s.start(t).writer("event/never")
		w.head = journal.Head{Epoch: "k3f9", Seq: 4, Token: 2}
		if _, err := w.j.Append(t.Context(), w.id, w.head, w.next(1)); !errors.Is(err, journal.ErrFenced) {
			t.Errorf("got %v, want ErrFenced", err)
		}
		w.same("Load", journal.Loaded{}, w.load())
	})
	t.Run("SurvivesReopen", func(t *testing.T) {
		w := s.start(t).writer("event/reopened")
		w.append(1)
		stale := &writer{bench: w.bench, id: w.id, head: w.head}
		w.append(0)
		w.reopen()
		if _, err := w.j.Append(t.Context(), w.id, stale.head, stale.next(1)); !errors.Is(err, journal.ErrFenced) {
			t.Errorf("got %v, want ErrFenced", err)
		}
		w.append(1)
		w.check()
	})
	t.Run("OwnersRace", func(t *testing.T) {
		b := s.start(t)
		w := b.writer("event/raced")
		for range 50 {
			w.race(4)
		}
		w.check()
	})
}

// race lets owners append after the same head at once and checks that exactly
// one of them wins.
func (w *writer) race(owners int) {
	w.Helper()
	type outcome struct {
		rec  journal.Record
		head journal.Head
		err  error
	}
	outcomes := make([]outcome, owners)
	var wait sync.WaitGroup
	for i := range outcomes {
		o := &outcomes[i]
		o.rec = w.next(i) // the zeroth has no update: it races too
		o.rec.Nonce += uint64(i) << 16
		wait.Go(func() { o.head, o.err = w.j.Append(w.Context(), w.id, w.head, o.rec) })
	}
	wait.Wait()
	before, won := w.head, 0
	for _, o := range outcomes {
		switch {
		case o.err == nil:
			won++
			w.took(o.rec, o.head)
		case !errors.Is(o.err, journal.ErrFenced):
			w.Fatalf("the loser got %v, want ErrFenced", o.err)
		}
	}
	if won != 1 {
		w.Fatalf("%d owners won after %+v, want 1", won, before)
	}
}

func (s *suite) testSettle(t *testing.T) {
	t.Run("FindsWhatWasStored", func(t *testing.T) {
		w := s.start(t).writer("event/settled")
		for _, n := range []int{2, 0, 1} {
			before, rec := w.head, w.next(n)
			w.store(rec)
			for range 3 {
				w.settle(before, rec, w.head)
			}
			w.reopen()
			w.settle(before, rec, w.head)
		}
		w.check()
	})
	t.Run("StoresWhatWasNot", func(t *testing.T) {
		w := s.start(t).writer("event/unstored")
		for _, n := range []int{1, 0, 3} {
			before, rec := w.head, w.next(n)
			head, err := w.j.Settle(t.Context(), w.id, before, rec)
			if err != nil {
				t.Fatal(err)
			}
			w.took(rec, head)
			w.settle(before, rec, head)
		}
		w.check()
	})
	t.Run("FencedByAnother", func(t *testing.T) {
		w := s.start(t).writer("event/lost")
		w.append(1)
		before, ours := w.head, w.next(1)
		ours.Nonce++
		w.append(1)
		if _, err := w.j.Settle(t.Context(), w.id, before, ours); !errors.Is(err, journal.ErrFenced) {
			t.Errorf("got %v, want ErrFenced", err)
		}
		w.check()
	})
}

func (w *writer) settle(before journal.Head, rec journal.Record, want journal.Head) {
	w.Helper()
	got, err := w.j.Settle(w.Context(), w.id, before, rec)
	if err != nil {
		w.Fatalf("Settle: %v", err)
	}
	w.same("settled head", want, got)
}

func (s *suite) testCrowd(t *testing.T) {
	b := s.start(t)
	const rooms = 5000
	writers := make([]*writer, rooms)
	var wait sync.WaitGroup
	for i := range writers {
		w := b.writer(roomID(i))
		writers[i] = w
		wait.Go(func() { w.appendMany(3) })
	}
	wait.Wait()
	if t.Failed() {
		t.FailNow()
	}
	b.reopen()
	for _, w := range writers {
		w.check()
	}
	if got := len(all(t, b.j.Rooms(t.Context(), ""))); got != rooms {
		t.Errorf("%d rooms exist, want %d", got, rooms)
	}
}

// appendMany may run outside the test's goroutine: it never calls Fatal.
func (w *writer) appendMany(times int) {
	for n := range times {
		rec := w.next(n % 3)
		head, err := w.j.Append(w.Context(), w.id, w.head, rec)
		if err != nil {
			w.Errorf("Append to %s: %v", w.id, err)
			return
		}
		w.head = head
		w.records = append(w.records, rec)
		w.updates = append(w.updates, rec.Updates...)
	}
}

func roomID(i int) room.ID {
	const digits = "0123456789"
	return room.ID("event/r" + string([]byte{
		digits[i/1000%10], digits[i/100%10], digits[i/10%10], digits[i%10],
	}))
}
