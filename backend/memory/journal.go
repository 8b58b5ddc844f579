// Package memory is a journal that lives and dies with its process: for
// tests, simulation and trying things out. It keeps records in their binary
// form, so whatever passes here passes the codec too. It starts no goroutine,
// and its one lock is never held over a wait, so it runs inside a
// testing/synctest bubble.
package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// Journal is a journal.Journal in memory. Every call returns at once.
type Journal struct {
	mu     sync.Mutex // guards all below
	rooms  map[room.ID]*history
	closed bool
}

// history is one room: what is on disk elsewhere.
type history struct {
	head     journal.Head
	records  []stored // never empty
	snapshot journal.Snapshot
}

// stored is a record in its binary form. Seqs are here too, so that most
// questions need no parsing.
type stored struct {
	last  uint64 // seq of its last update; where it stands if it has none
	count int    // of updates
	nonce uint64
	bytes []byte
}

var _ journal.Journal = (*Journal)(nil)

// New returns an empty journal.
func New() *Journal { return &Journal{rooms: make(map[room.ID]*history)} }

// Append implements journal.Journal.
func (j *Journal) Append(ctx context.Context, id room.ID, head journal.Head, rec journal.Record) (journal.Head, error) {
	if err := rec.Follows(head); err != nil {
		return journal.Head{}, fmt.Errorf("append to %s: %w", id, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.usable(ctx); err != nil {
		return journal.Head{}, err
	}
	return j.append(id, head, &rec)
}

// Settle implements journal.Journal.
func (j *Journal) Settle(ctx context.Context, id room.ID, head journal.Head, rec journal.Record) (journal.Head, error) {
	if err := rec.Follows(head); err != nil {
		return journal.Head{}, fmt.Errorf("settle in %s: %w", id, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.usable(ctx); err != nil {
		return journal.Head{}, err
	}
	if h := j.rooms[id]; h != nil && h.head.Token == head.Token+1 && h.records[len(h.records)-1].nonce == rec.Nonce {
		return h.head, nil
	}
	return j.append(id, head, &rec)
}

// append needs mu.
func (j *Journal) append(id room.ID, head journal.Head, rec *journal.Record) (journal.Head, error) {
	h := j.rooms[id]
	if h == nil {
		h = &history{}
	}
	if !h.head.Same(head) {
		return journal.Head{}, fmt.Errorf("append to %s after %d, its head is %d: %w", id, head.Seq, h.head.Seq, journal.ErrFenced)
	}
	token := h.head.Token + 1
	h.head = h.head.After(rec)
	h.head.Token = token
	h.records = append(h.records, stored{
		last:  h.head.Seq,
		count: len(rec.Updates),
		nonce: rec.Nonce,
		bytes: journal.AppendRecord(nil, rec),
	})
	j.rooms[id] = h
	return h.head, nil
}

// Load implements journal.Journal.
func (j *Journal) Load(ctx context.Context, id room.ID) (journal.Loaded, error) {
	h, err := j.view(ctx, id)
	if err != nil || len(h.records) == 0 {
		return journal.Loaded{}, err
	}
	loaded := journal.Loaded{Head: h.head, First: h.records[0].first(), Snapshot: h.snapshot}
	loaded.Snapshot.Data = bytes.Clone(h.snapshot.Data)
	for _, s := range h.records {
		if !s.after(h.snapshot) {
			continue
		}
		rec, err := journal.ParseRecord(s.bytes)
		if err != nil {
			return journal.Loaded{}, fmt.Errorf("load %s: %w", id, err)
		}
		loaded.Records = append(loaded.Records, rec)
	}
	return loaded, nil
}

// Read implements journal.Journal.
func (j *Journal) Read(ctx context.Context, id room.ID, after uint64) iter.Seq2[room.Update, error] {
	return func(yield func(room.Update, error) bool) {
		h, err := j.view(ctx, id)
		if err != nil {
			yield(room.Update{}, err)
			return
		}
		if after >= h.head.Seq {
			return
		}
		if first := h.records[0].first(); after+1 < first {
			yield(room.Update{}, fmt.Errorf("read %s after %d, its log starts at %d: %w", id, after, first, journal.ErrTrimmed))
			return
		}
		for _, s := range h.records {
			if s.last > after && !s.yield(ctx, after, yield) {
				return
			}
		}
	}
}

// yield passes on the updates after a seq; false ends the reading.
func (s *stored) yield(ctx context.Context, after uint64, yield func(room.Update, error) bool) bool {
	rec, err := journal.ParseRecord(s.bytes)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		yield(room.Update{}, err)
		return false
	}
	for _, u := range rec.Updates {
		if u.Seq > after && !yield(u, nil) {
			return false
		}
	}
	return true
}

// view is the room as it is now; what it refers to is never changed.
func (j *Journal) view(ctx context.Context, id room.ID) (history, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.usable(ctx); err != nil {
		return history{}, err
	}
	if h := j.rooms[id]; h != nil {
		return *h, nil
	}
	return history{}, nil
}

// Save implements journal.Journal.
func (j *Journal) Save(ctx context.Context, id room.ID, s journal.Snapshot) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.usable(ctx); err != nil {
		return err
	}
	h := j.rooms[id]
	if h == nil || s.Seq > h.head.Seq || len(s.Data) == 0 {
		return fmt.Errorf("save %s at %d: not a snapshot of its log", id, s.Seq)
	}
	if s.Seq >= h.snapshot.Seq {
		h.snapshot = journal.Snapshot{Seq: s.Seq, Data: bytes.Clone(s.Data)}
	}
	return nil
}

// Trim implements journal.Journal.
func (j *Journal) Trim(ctx context.Context, id room.ID, upTo uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.usable(ctx); err != nil {
		return err
	}
	h := j.rooms[id]
	if h == nil {
		return nil
	}
	drop := 0
	for drop < len(h.records)-1 && h.records[drop].last <= upTo && !h.records[drop].after(h.snapshot) {
		drop++
	}
	h.records = slices.Clone(h.records[drop:])
	return nil
}

// Due implements journal.Journal.
func (j *Journal) Due(ctx context.Context, t room.Millis) iter.Seq2[room.ID, error] {
	return func(yield func(room.ID, error) bool) {
		due, err := j.heads(ctx)
		maps.DeleteFunc(due, func(_ room.ID, h journal.Head) bool { return h.Due == 0 || h.Due > t })
		earliest := func(a, b room.ID) int { return cmp.Or(cmp.Compare(due[a].Due, due[b].Due), cmp.Compare(a, b)) }
		yieldAll(slices.SortedFunc(maps.Keys(due), earliest), err, yield)
	}
}

// Rooms implements journal.Journal.
func (j *Journal) Rooms(ctx context.Context, after room.ID) iter.Seq2[room.ID, error] {
	return func(yield func(room.ID, error) bool) {
		heads, err := j.heads(ctx)
		maps.DeleteFunc(heads, func(id room.ID, _ journal.Head) bool { return id <= after })
		yieldAll(slices.Sorted(maps.Keys(heads)), err, yield)
	}
}

func (j *Journal) heads(ctx context.Context) (map[room.ID]journal.Head, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.usable(ctx); err != nil {
		return nil, err
	}
	heads := make(map[room.ID]journal.Head, len(j.rooms))
	for id, h := range j.rooms {
		heads[id] = h.head
	}
	return heads, nil
}

func yieldAll(ids []room.ID, err error, yield func(room.ID, error) bool) {
	if err != nil {
		yield("", err)
		return
	}
	for _, id := range ids {
		if !yield(id, nil) {
			return
		}
	}
}

// Close makes every later call fail with journal.ErrClosed.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	return nil
}

// usable needs mu.
func (j *Journal) usable(ctx context.Context) error {
	if j.closed {
		return journal.ErrClosed
	}
	return ctx.Err()
}

// first is the seq of s's first update, or of the one that follows if it has
// none.
func (s *stored) first() uint64 { return s.last + 1 - uint64(s.count) }

// after reports whether a room restored from snapshot needs s. A record
// without updates at the snapshot's seq may be newer than it.
func (s *stored) after(snapshot journal.Snapshot) bool {
	if snapshot.Data == nil {
		return true
	}
	return s.last > snapshot.Seq || s.count == 0 && s.last == snapshot.Seq
}
