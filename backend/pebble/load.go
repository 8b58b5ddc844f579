package pebble

import (
	"context"
	"errors"
	"fmt"
	"iter"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// Load implements journal.Journal.
func (j *Journal) Load(ctx context.Context, id room.ID) (journal.Loaded, error) {
	if err := j.enter(ctx); err != nil {
		return journal.Loaded{}, err
	}
	defer j.calls.leave()
	loaded, err := j.load(ctx, id)
	for look := 1; errors.Is(err, errMoved) && look < maxLooks; look++ {
		loaded, err = j.load(ctx, id)
	}
	if err != nil {
		return journal.Loaded{}, fmt.Errorf("load %s: %w", id, err)
	}
	return loaded, nil
}

// errMoved says that the room was written, saved and trimmed between two
// looks at it: look again. A room that seems to do so maxLooks times has lost
// something.
var errMoved = fmt.Errorf("%w: its parts do not belong together", journal.ErrCorrupt)

const maxLooks = 10

func (j *Journal) load(ctx context.Context, id room.ID) (loaded journal.Loaded, err error) {
	v, err := j.view(ctx, id)
	if err != nil || v == nil {
		return loaded, err
	}
	defer v.close(&err)
	loaded.Head = v.head
	entry, err := v.first(&loaded.First)
	if err != nil {
		return loaded, err
	}
	if entry.seq > v.head.Seq {
		return loaded, errMoved
	}
	if loaded.Snapshot, err = j.files.open(entry); err != nil {
		return loaded, err
	}
	for s, err := range v.records(entry.seq, entry.seq+1) {
		if err != nil {
			return loaded, err
		}
		if entry.before(&s.rec) {
			loaded.Records = append(loaded.Records, s.rec)
		}
	}
	return loaded, v.complete()
}

// Read implements journal.Journal.
func (j *Journal) Read(ctx context.Context, id room.ID, after uint64) iter.Seq2[room.Update, error] {
	return func(yield func(room.Update, error) bool) {
		if err := j.enter(ctx); err != nil {
			yield(room.Update{}, err)
			return
		}
		defer j.calls.leave()
		r := reading{j: j, id: id, after: after, yield: yield}
		err := r.read(ctx)
		for look := 1; errors.Is(err, errMoved) && look < maxLooks; look++ {
			err = r.read(ctx)
		}
		if err != nil && !r.stopped {
			yield(room.Update{}, fmt.Errorf("read %s after %d: %w", id, after, err))
		}
	}
}

// reading is one Read.
type reading struct {
	j       *Journal
	id      room.ID
	after   uint64
	yield   func(room.Update, error) bool
	stopped bool // yield returned false
}

// read yields everything, or nothing if it returns errMoved.
func (r *reading) read(ctx context.Context) (err error) {
	v, err := r.j.view(ctx, r.id)
	if err != nil || v == nil {
		return err
	}
	defer v.close(&err)
	if r.after >= v.head.Seq {
		return nil
	}
	for s, err := range v.records(r.after+1, r.after+1) {
		if err != nil {
			return v.trimmedOr(r.after, err)
		}
		if err := r.pass(ctx, &s.rec); err != nil || r.stopped {
			return err
		}
	}
	return v.complete()
}

func (r *reading) pass(ctx context.Context, rec *journal.Record) error {
	for _, u := range rec.Updates {
		if u.Seq > r.after && !r.yield(u, nil) {
			r.stopped = true
			return nil
		}
	}
	return ctx.Err()
}

// view is one room's log as it was at one moment, up to the head that was
// durable then.
type view struct {
	id   room.ID
	head journal.Head
	iter *lsm.Iterator
	prev journal.Head // after the last record that was read; Token 0 before the first
}

// view is nil for a room that was never written.
func (j *Journal) view(ctx context.Context, id room.ID) (*view, error) {
	if !validID(id) {
		return nil, nil
	}
	// The head first: the keys are then at least as new, and what is newer is
	// left out.
	head, err := j.heads.durable(ctx, j.dead, id)
	if err != nil {
		return nil, j.orCause(err)
	}
	if head.Token == 0 {
		return nil, nil
	}
	lower, upper := logBounds(id)
	it, err := j.db.NewIter(&lsm.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, corrupt(err)
	}
	return &view{id: id, head: head, iter: it}, nil
}

func (v *view) close(err *error) {
	if e := v.iter.Close(); e != nil && *err == nil {
		*err = corrupt(e)
	}
}

// first reads what the log begins with: the snapshot's entry, its zero if
// there is none, and the seq of the oldest update.
func (v *view) first(seq *uint64) (snapshotEntry, error) {
	var entry snapshotEntry
	valid := v.iter.First()
	if key := v.iter.Key(); valid && key[len(key)-1] == snapshotTag && len(key) == len(v.id)+3 {
		var err error
		if entry, err = parseSnapshotEntry(v.iter.Value()); err != nil {
			return entry, err
		}
		valid = v.iter.Next()
	}
	if !valid {
		return entry, v.missing()
	}
	s, err := parseStored(v.iter)
	if err != nil {
		return entry, err
	}
	*seq = s.first()
	if *seq > entry.seq+1 {
		return entry, v.hole(entry.seq, *seq)
	}
	return entry, nil
}

// trimmedOr is ErrTrimmed if the log starts after the update that follows
// after, else err.
func (v *view) trimmedOr(after uint64, err error) error {
	if v.prev.Token != 0 {
		return err // not at the first record
	}
	var first uint64
	if _, err := v.first(&first); err != nil {
		return err
	}
	if first > after+1 {
		return fmt.Errorf("its log starts at %d: %w", first, journal.ErrTrimmed)
	}
	return err
}

// records yields the records that end at or after from, up to the head, each
// checked to follow the one before; the first holds update next or one before
// it.
func (v *view) records(from, next uint64) iter.Seq2[storedRecord, error] {
	return func(yield func(storedRecord, error) bool) {
		for valid := v.iter.SeekGE(recordKey(v.id, from, 0)); valid; valid = v.iter.Next() {
			if _, token, _ := recordPlace(v.iter.Key()); token > v.head.Token {
				return
			}
			s, err := parseStored(v.iter)
			if err == nil && v.prev.Token == 0 && s.first() > next {
				err = v.hole(next-1, s.first())
			}
			if err == nil {
				err = v.follow(&s)
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// follow moves prev past s.
func (v *view) follow(s *storedRecord) error {
	if v.prev.Token == 0 {
		v.prev = journal.Head{Epoch: s.rec.Epoch, Seq: s.first() - 1, Token: s.token - 1}
	}
	if s.token != v.prev.Token+1 {
		return fmt.Errorf("%w: record %d follows record %d after update %d", journal.ErrCorrupt, s.token, v.prev.Token, v.prev.Seq)
	}
	if err := s.rec.Follows(v.prev); err != nil {
		return err
	}
	next := v.prev.After(&s.rec)
	if next.Seq != s.last {
		return fmt.Errorf("%w: record under update %d ends at %d", journal.ErrCorrupt, s.last, next.Seq)
	}
	next.Token = s.token
	v.prev = next
	return nil
}

// complete checks that the records that were read reached the head.
func (v *view) complete() error {
	if err := v.iter.Error(); err != nil {
		return corrupt(err)
	}
	if v.prev.Token == 0 {
		return errMoved
	}
	if !v.prev.Same(v.head) {
		return v.hole(v.prev.Seq, v.head.Seq+1)
	}
	return nil
}

func (v *view) missing() error {
	if err := v.iter.Error(); err != nil {
		return corrupt(err)
	}
	return fmt.Errorf("%w: no record up to head %d", journal.ErrCorrupt, v.head.Seq)
}

func (v *view) hole(before, after uint64) error {
	return fmt.Errorf("%w: nothing between update %d and %d", journal.ErrCorrupt, before, after)
}

// storedRecord is a record and its place, as its key has it.
type storedRecord struct {
	last, token uint64
	rec         journal.Record
}

// first is the seq of s's first update, or of the one that follows if it has
// none.
func (s *storedRecord) first() uint64 { return s.last + 1 - uint64(len(s.rec.Updates)) }

func parseStored(it *lsm.Iterator) (s storedRecord, err error) {
	var ok bool
	if s.last, s.token, ok = recordPlace(it.Key()); !ok {
		return s, fmt.Errorf("%w: strange key %q", journal.ErrCorrupt, it.Key())
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return s, corrupt(err)
	}
	if s.rec, err = journal.ParseRecord(value); err != nil {
		return s, fmt.Errorf("record %d that ends at update %d: %w", s.token, s.last, err)
	}
	return s, nil
}

// lastRecord reads the room's newest record; zero if it has none.
func (j *Journal) lastRecord(id room.ID) (s storedRecord, err error) {
	lower, upper := logBounds(id)
	it, err := j.db.NewIter(&lsm.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return s, corrupt(err)
	}
	defer func() {
		if e := it.Close(); e != nil && err == nil {
			err = corrupt(e)
		}
	}()
	if !it.Last() {
		return s, nil
	}
	return parseStored(it)
}

// readHead reads a room's head from the disk.
func (j *Journal) readHead(id room.ID) (journal.Head, error) {
	s, err := j.lastRecord(id)
	if err != nil {
		return journal.Head{}, err
	}
	return journal.Head{Epoch: s.rec.Epoch, Seq: s.last, Token: s.token, Due: s.rec.Due}, nil
}

// corrupt gives an error of the store the journal's name if that is what it
// means.
func corrupt(err error) error {
	if lsm.IsCorruptionError(err) {
		return fmt.Errorf("%w: %w", journal.ErrCorrupt, err)
	}
	return err
}
