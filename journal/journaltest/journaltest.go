// Package journaltest is what every engine behind journal.Journal must pass:
// the contract's sentences, each as a test. It starts goroutines only inside
// a test and waits for them there.
package journaltest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// Open opens the engine's journal in dir, an empty folder at first. Opening
// the same dir again after Close must find what was stored, unless the engine
// is Volatile. A failure ends the test.
type Open func(t testing.TB, dir string) journal.Journal

// Trait says how an engine differs from what a journal usually is.
type Trait int

// Volatile engines forget everything with Close; tests that reopen are
// skipped.
const Volatile Trait = 1

// Run checks the engine that open opens.
func Run(t *testing.T, open Open, traits ...Trait) {
	s := &suite{open: open, volatile: slices.Contains(traits, Volatile)}
	t.Run("Append", s.testAppend)
	t.Run("Fence", s.testFence)
	t.Run("Settle", s.testSettle)
	t.Run("Load", s.testLoad)
	t.Run("Read", s.testRead)
	t.Run("Snapshot", s.testSnapshot)
	t.Run("Trim", s.testTrim)
	t.Run("Due", s.testDue)
	t.Run("Rooms", s.testRooms)
	t.Run("Crowd", s.testCrowd)
	t.Run("Cancel", s.testCancel)
	t.Run("Close", s.testClose)
}

type suite struct {
	open     Open
	volatile bool
}

// bench is one open journal and the writers of its rooms.
type bench struct {
	testing.TB
	suite *suite
	dir   string
	j     journal.Journal
}

func (s *suite) start(t testing.TB) *bench {
	b := &bench{TB: t, suite: s, dir: t.TempDir()}
	b.j = s.open(t, b.dir)
	t.Cleanup(func() {
		if err := b.j.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return b
}

// reopen closes the journal and opens it again; a volatile one stays open, so
// that a test still holds what does not need the disk.
func (b *bench) reopen() {
	b.Helper()
	if b.suite.volatile {
		return
	}
	if err := b.j.Close(); err != nil {
		b.Fatalf("Close: %v", err)
	}
	b.j = b.suite.open(b.TB, b.dir)
}

// writer is an owner of one room: it appends after the head it knows and
// remembers what it appended.
type writer struct {
	*bench
	id      room.ID
	head    journal.Head
	records []journal.Record
	updates []room.Update
}

func (b *bench) writer(id room.ID) *writer { return &writer{bench: b, id: id} }

// next makes the record that follows w's head: n updates, one op, an alarm.
func (w *writer) next(n int) journal.Record {
	token := w.head.Token + 1
	at := room.Millis(1_700_000_000_000 + int64(token))
	rec := journal.Record{
		Epoch: w.epoch(),
		At:    at,
		Due:   w.head.Due,
		Nonce: token<<32 | uint64(len(w.id)),
	}
	for i := range n {
		rec.Updates = append(rec.Updates, makeUpdate(w.id, w.head.Seq+1+uint64(i), at))
	}
	rec.Ops = []journal.Op{{
		Member: "m_1",
		Op:     room.Op{Client: "c1", N: token},
		Sum:    token * 31,
		Seq:    w.head.Seq + uint64(n),
		Reply:  fmt.Appendf(nil, `{"n":%d}`, token),
	}}
	return rec
}

func (w *writer) epoch() string {
	if w.head.Epoch != "" {
		return w.head.Epoch
	}
	return "k3f9"
}

func makeUpdate(id room.ID, seq uint64, at room.Millis) room.Update {
	u := room.Update{
		Seq:  seq,
		Type: "feed.posted",
		At:   at,
		By:   "m_1",
		Op:   fmt.Sprintf("c1:%d", seq),
		Data: json.RawMessage(fmt.Sprintf(`{"room":%q,"seq":%d}`, id, seq)),
	}
	switch seq % 3 {
	case 1:
		u.To, u.About, u.Weight = room.ToStaff, fmt.Sprintf("post/p%d", seq), room.Critical
	case 2:
		u.Key, u.Covers, u.At = "feed.total", "post/p1", at-5
	}
	return u
}

// append stores n updates as one record.
func (w *writer) append(n int) {
	w.Helper()
	w.store(w.next(n))
}

func (w *writer) store(rec journal.Record) {
	w.Helper()
	head, err := w.j.Append(w.Context(), w.id, w.head, rec)
	if err != nil {
		w.Fatalf("Append to %s after %d: %v", w.id, w.head.Seq, err)
	}
	w.took(rec, head)
}

// took notes that rec was stored and gave head.
func (w *writer) took(rec journal.Record, head journal.Head) {
	w.Helper()
	want := w.head.After(&rec)
	want.Token = head.Token
	if head != want {
		w.Fatalf("head after a record of %d updates is %+v, want %+v", len(rec.Updates), head, want)
	}
	w.head = head
	w.records = append(w.records, rec)
	w.updates = append(w.updates, rec.Updates...)
}

// check compares what Load and Read return with what w wrote, with nothing
// trimmed and no snapshot.
func (w *writer) check() {
	w.Helper()
	want := journal.Loaded{Head: w.head, First: 1, Records: w.records}
	w.same("Load", want, w.load())
	w.checkRead(0)
}

func (w *writer) checkRead(after uint64) {
	w.Helper()
	var want []room.Update
	if after < uint64(len(w.updates)) {
		want = w.updates[after:]
	}
	w.same(fmt.Sprintf("Read after %d", after), want, w.read(after))
}

func (w *writer) load() journal.Loaded {
	w.Helper()
	loaded, err := w.j.Load(w.Context(), w.id)
	if err != nil {
		w.Fatalf("Load %s: %v", w.id, err)
	}
	return loaded
}

func (w *writer) read(after uint64) []room.Update {
	w.Helper()
	return all(w.TB, w.j.Read(w.Context(), w.id, after))
}

func (w *writer) save(seq uint64, data []byte) {
	w.Helper()
	if err := w.j.Save(w.Context(), w.id, journal.Snapshot{Seq: seq, Data: data}); err != nil {
		w.Fatalf("Save %s at %d: %v", w.id, seq, err)
	}
}

func (w *writer) trim(upTo uint64) {
	w.Helper()
	if err := w.j.Trim(w.Context(), w.id, upTo); err != nil {
		w.Fatalf("Trim %s up to %d: %v", w.id, upTo, err)
	}
}

func (b *bench) same(what string, want, got any) {
	b.Helper()
	if reflect.DeepEqual(want, got) {
		return // a Diff of a whole log takes seconds
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.Fatalf("%s differs (-want +got):\n%.4000s", what, diff)
	}
}

// all collects a sequence that must not fail.
func all[T any](t testing.TB, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var got []T
	for v, err := range seq {
		if err != nil {
			t.Fatalf("after %d: %v", len(got), err)
		}
		got = append(got, v)
	}
	return got
}

// firstError returns the error that seq begins with, nil if it begins with a
// value or is empty.
func firstError[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		return err
	}
	return nil
}

func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}
