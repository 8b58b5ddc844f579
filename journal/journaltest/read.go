package journaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

func (s *suite) testLoad(t *testing.T) {
	t.Run("SnapshotAndWhatFollows", func(t *testing.T) {
		w := s.start(t).writer("event/load")
		for _, n := range []int{2, 0, 3, 0, 0, 1, 2} {
			w.append(n)
		}
		for _, c := range []struct {
			seq  uint64
			from int // first record Load returns: the ones without updates at the snapshot's seq are after it
		}{{2, 1}, {5, 3}, {6, 6}, {8, 7}} {
			w.save(c.seq, fmt.Appendf(nil, "state at %d", c.seq))
			want := journal.Loaded{
				Head:     w.head,
				First:    1,
				Snapshot: journal.Snapshot{Seq: c.seq, Data: fmt.Appendf(nil, "state at %d", c.seq)},
			}
			if c.from < len(w.records) {
				want.Records = w.records[c.from:]
			}
			w.same("Load", want, w.load())
			w.reopen()
			w.same("Load after reopening", want, w.load())
		}
		w.checkRead(0)
	})
	t.Run("SnapshotInsideARecord", func(t *testing.T) {
		w := s.start(t).writer("event/inside")
		w.append(2)
		w.append(4)
		w.save(4, []byte("s"))
		want := journal.Loaded{
			Head: w.head, First: 1,
			Snapshot: journal.Snapshot{Seq: 4, Data: []byte("s")},
			Records:  w.records[1:],
		}
		w.same("Load", want, w.load())
	})
}

func (s *suite) testRead(t *testing.T) {
	t.Run("FromAnySeq", func(t *testing.T) {
		w := s.start(t).writer("event/read")
		for _, n := range []int{1, 3, 0, 5, 0, 0, 2, 1, 0} {
			w.append(n)
		}
		for after := range w.head.Seq + 3 {
			w.checkRead(after)
		}
		w.reopen()
		for after := range w.head.Seq + 3 {
			w.checkRead(after)
		}
	})
	t.Run("MayStopEarly", func(t *testing.T) {
		w := s.start(t).writer("event/early")
		for range 5 {
			w.append(4)
		}
		for range w.j.Read(t.Context(), w.id, 2) {
			break
		}
		w.append(1)
		w.check()
	})
	t.Run("UpToTheHeadOfTheCall", func(t *testing.T) {
		w := s.start(t).writer("event/moving")
		w.append(3)
		seen := 0
		for _, err := range w.j.Read(t.Context(), w.id, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if seen++; seen == 1 {
				w.append(2)
			}
		}
		if seen < 3 {
			t.Errorf("Read yielded %d updates, want the 3 at the time of the call or more", seen)
		}
		w.check()
	})
	t.Run("TrimmedComesFirst", func(t *testing.T) {
		w := s.start(t).writer("event/trimmed")
		for range 4 {
			w.append(2)
		}
		w.save(8, []byte("s"))
		w.trim(4)
		for after := range uint64(4) {
			if err := firstError(w.j.Read(t.Context(), w.id, after)); !errors.Is(err, journal.ErrTrimmed) {
				t.Errorf("Read after %d: %v, want ErrTrimmed", after, err)
			}
		}
		for after := uint64(4); after < 10; after++ {
			w.checkRead(after)
		}
	})
}

func (s *suite) testSnapshot(t *testing.T) {
	noise := rand.NewChaCha8([32]byte{7})
	for _, size := range []int{1, 1000, 256 << 10, 256<<10 + 1, 3 << 20} {
		t.Run(fmt.Sprintf("Of%dBytes", size), func(t *testing.T) {
			w := s.start(t).writer("event/snapshot")
			w.append(2)
			w.append(1)
			for seq := uint64(2); seq <= 3; seq++ {
				data := make([]byte, size)
				noise.Read(data) // never fails
				kept := bytes.Clone(data)
				w.save(seq, data)
				clear(data)
				w.checkSnapshot(seq, kept)
				w.reopen()
				w.checkSnapshot(seq, kept)
			}
			w.save(3, []byte("small again"))
			w.reopen()
			w.checkSnapshot(3, []byte("small again"))
		})
	}
	t.Run("NeverOlder", func(t *testing.T) {
		w := s.start(t).writer("event/older")
		w.append(2)
		w.append(2)
		w.save(4, []byte("new"))
		w.save(2, []byte("old"))
		w.checkSnapshot(4, []byte("new"))
		w.save(4, []byte("newer"))
		w.checkSnapshot(4, []byte("newer"))
	})
	t.Run("NotPastTheHead", func(t *testing.T) {
		w := s.start(t).writer("event/past")
		for range 2 {
			for _, bad := range []journal.Snapshot{{Seq: w.head.Seq + 1, Data: []byte("s")}, {Seq: w.head.Seq}} {
				if err := w.j.Save(t.Context(), w.id, bad); err == nil {
					t.Errorf("a snapshot at %d of %d bytes was saved at head %d", bad.Seq, len(bad.Data), w.head.Seq)
				}
			}
			w.append(1)
		}
		w.check()
	})
}

func (w *writer) checkSnapshot(seq uint64, data []byte) {
	w.Helper()
	got := w.load().Snapshot
	if got.Seq != seq || !bytes.Equal(got.Data, data) {
		w.Fatalf("snapshot at %d of %d bytes, want %d of %d", got.Seq, len(got.Data), seq, len(data))
	}
}

func (s *suite) testTrim(t *testing.T) {
	t.Run("NeverPastTheSnapshot", func(t *testing.T) {
		w := s.start(t).writer("event/trim")
		for range 5 {
			w.append(2)
		}
		w.trim(10)
		w.check()
		w.save(6, []byte("s"))
		w.trim(10)
		w.checkFirst(7)
		w.reopen()
		w.checkFirst(7)
		w.same("records", w.records[3:], w.load().Records)
	})
	t.Run("WholeRecordsOnly", func(t *testing.T) {
		w := s.start(t).writer("event/whole")
		w.append(2)
		w.append(3)
		w.append(1)
		w.save(6, []byte("s"))
		w.trim(4)
		w.checkFirst(3)
		w.trim(5)
		w.checkFirst(6)
	})
	t.Run("NeverTheLastRecord", func(t *testing.T) {
		w := s.start(t).writer("event/last")
		w.append(2)
		w.append(3)
		w.save(5, []byte("s"))
		w.trim(5)
		w.checkFirst(3)
		w.reopen()
		w.same("head", w.head, w.load().Head)
		w.append(1)
		w.checkFirst(3)
	})
	t.Run("LastRecordWithoutUpdates", func(t *testing.T) {
		w := s.start(t).writer("event/empty")
		w.append(2)
		w.append(0)
		w.save(2, []byte("s"))
		w.trim(2)
		w.reopen()
		loaded := w.load()
		w.same("Load", journal.Loaded{
			Head: w.head, First: 3,
			Snapshot: journal.Snapshot{Seq: 2, Data: []byte("s")},
			Records:  w.records[1:],
		}, loaded)
		w.checkRead(2)
		if err := firstError(w.j.Read(t.Context(), w.id, 1)); !errors.Is(err, journal.ErrTrimmed) {
			t.Errorf("got %v, want ErrTrimmed", err)
		}
		w.append(2)
		w.checkRead(2)
	})
	t.Run("AgainAndEmpty", func(t *testing.T) {
		w := s.start(t).writer("event/again")
		w.trim(9)
		for range 20 {
			w.append(1)
			w.append(0)
			w.save(w.head.Seq, []byte("s"))
			w.trim(w.head.Seq)
			w.trim(w.head.Seq)
		}
		w.reopen()
		w.same("head", w.head, w.load().Head)
		w.append(1)
	})
}

// checkFirst checks that the log now starts at the update first.
func (w *writer) checkFirst(first uint64) {
	w.Helper()
	if got := w.load().First; got != first {
		w.Fatalf("first update of the log is %d, want %d", got, first)
	}
	w.checkRead(first - 1)
	if first < 2 {
		return
	}
	if err := firstError(w.j.Read(w.Context(), w.id, first-2)); !errors.Is(err, journal.ErrTrimmed) {
		w.Fatalf("Read after %d: %v, want ErrTrimmed", first-2, err)
	}
}

func (s *suite) testCancel(t *testing.T) {
	w := s.start(t).writer("event/cancel")
	w.append(1)
	ctx := canceled(t.Context())
	before, rec := w.head, w.next(1)
	head, err := w.j.Append(ctx, w.id, before, rec)
	switch {
	case err == nil:
		w.took(rec, head)
	case errors.Is(err, journal.ErrUnknown):
		if head, err = w.j.Settle(t.Context(), w.id, before, rec); err != nil {
			t.Fatal(err)
		}
		w.took(rec, head)
	case !errors.Is(err, context.Canceled):
		t.Errorf("Append: %v, want context.Canceled or ErrUnknown", err)
	}
	if _, err := w.j.Load(ctx, w.id); !errors.Is(err, context.Canceled) {
		t.Errorf("Load: %v, want context.Canceled", err)
	}
	for name, err := range map[string]error{
		"Read":  firstError(w.j.Read(ctx, w.id, 0)),
		"Due":   firstError(w.j.Due(ctx, 1)),
		"Rooms": firstError(w.j.Rooms(ctx, "")),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	w.check()
	w.cancelWhileAppending()
}

// cancelWhileAppending cancels appends at any moment of theirs, settles those
// that end unknown and checks that each record is there once.
func (w *writer) cancelWhileAppending() {
	w.Helper()
	for range 200 {
		ctx, cancel := context.WithCancel(w.Context())
		go cancel()
		before, rec := w.head, w.next(1)
		head, err := w.j.Append(ctx, w.id, before, rec)
		if err != nil {
			head, err = w.j.Settle(w.Context(), w.id, before, rec)
		}
		if err != nil {
			w.Fatalf("Settle: %v", err)
		}
		w.took(rec, head)
		cancel()
	}
	w.check()
}

func (s *suite) testClose(t *testing.T) {
	b := s.start(t)
	j := s.open(t, t.TempDir())
	w := &writer{bench: &bench{TB: b.TB, suite: s, j: j}, id: "event/closed"}
	stored := make(chan []journal.Record)
	begun := make(chan struct{})
	go func() {
		for {
			rec := w.next(1)
			head, err := j.Append(t.Context(), w.id, w.head, rec)
			if err != nil {
				break
			}
			w.head = head
			w.records = append(w.records, rec)
			if len(w.records) == 10 {
				close(begun)
			}
		}
		stored <- w.records
	}()
	<-begun
	if err := j.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if got := <-stored; len(got) < 10 {
		t.Errorf("%d records before Close, want 10 or more", len(got))
	}
	if _, err := j.Append(t.Context(), w.id, w.head, w.next(1)); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Append after Close: %v, want ErrClosed", err)
	}
	if _, err := j.Load(t.Context(), w.id); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Load after Close: %v, want ErrClosed", err)
	}
	if err := firstError(j.Read(t.Context(), room.ID("event/closed"), 0)); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Read after Close: %v, want ErrClosed", err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}
