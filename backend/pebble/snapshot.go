package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"
	"time"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// maxInlineBytes is the largest snapshot kept in the store. Compactions write
// values again and again; larger ones are files.
const maxInlineBytes = 256 << 10

// snapshotEntry is what the store has under a room's snapshot key. Its zero
// is no snapshot.
//
// As bytes: 1, seq as uvarint, the data; or 2, seq, the data's CRC-32C in 4
// bytes, the file's name. Then a CRC-32C of all before it.
type snapshotEntry struct {
	seq  uint64
	data []byte // of a small one
	file string // of a large one, in the folder of snapshots
	sum  uint32 // of the file's contents
}

const (
	inlineEntry = 1
	fileEntry   = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// bytes is s as the store has it.
func (s *snapshotEntry) bytes() []byte {
	b := make([]byte, 0, 1+binary.MaxVarintLen64+4+len(s.file)+len(s.data)+4)
	if s.file == "" {
		b = binary.AppendUvarint(append(b, inlineEntry), s.seq)
		b = append(b, s.data...)
	} else {
		b = binary.AppendUvarint(append(b, fileEntry), s.seq)
		b = binary.BigEndian.AppendUint32(b, s.sum)
		b = append(b, s.file...)
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseSnapshotEntry refers to b only until it returns.
func parseSnapshotEntry(b []byte) (snapshotEntry, error) {
	bad := fmt.Errorf("%w: the entry of a snapshot", journal.ErrCorrupt)
	if len(b) < 1+1+4 {
		return snapshotEntry{}, bad
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	seq, n := binary.Uvarint(body[1:])
	if crc32.Checksum(body, castagnoli) != sum || n <= 0 {
		return snapshotEntry{}, bad
	}
	rest := body[1+n:]
	switch {
	case body[0] == inlineEntry:
		return snapshotEntry{seq: seq, data: slices.Clone(rest)}, nil
	case body[0] == fileEntry && len(rest) > 4:
		return snapshotEntry{seq: seq, sum: binary.BigEndian.Uint32(rest), file: string(rest[4:])}, nil
	}
	return snapshotEntry{}, bad
}

func (s *snapshotEntry) none() bool { return s.data == nil && s.file == "" }

// before reports whether a room restored from s needs rec, which ends at or
// after it. A record without updates may be newer than s even if it stands at
// the same seq.
func (s *snapshotEntry) before(rec *journal.Record) bool {
	n := len(rec.Updates)
	return n == 0 || rec.Updates[n-1].Seq > s.seq
}

// Save implements journal.Journal. A ctx that ends meanwhile does not stop it.
func (j *Journal) Save(ctx context.Context, id room.ID, s journal.Snapshot) error {
	if err := j.save(ctx, id, s); err != nil {
		return fmt.Errorf("save %s at %d, %d bytes: %w", id, s.Seq, len(s.Data), err)
	}
	return nil
}

func (j *Journal) save(ctx context.Context, id room.ID, s journal.Snapshot) error {
	l, err := j.lease(ctx, id)
	if err != nil {
		return err
	}
	defer j.calls.leave()
	old, err := j.replaceable(l, s)
	if err != nil || old.seq > s.Seq {
		j.heads.release(l, l.head)
		return err
	}
	entry, err := j.store(id, s)
	if err != nil {
		j.heads.release(l, l.head)
		return err
	}
	w := newWrite(l, j.db)
	w.set(snapshotKey(id), entry.bytes())
	if err := j.await(context.WithoutCancel(ctx), w); err != nil {
		return err // if it was refused, the next start sweeps the file
	}
	return j.files.remove(old.file)
}

// lease begins a call that writes to the room, and waits until nobody else
// does. The caller leaves the gate.
func (j *Journal) lease(ctx context.Context, id room.ID) (*lease, error) {
	if err := j.enter(ctx); err != nil {
		return nil, err
	}
	l, err := j.heads.acquire(ctx, j.dead, id)
	if err != nil {
		j.calls.leave()
		return nil, j.orCause(err)
	}
	return l, nil
}

// replaceable checks that s can be a snapshot of the leased room and returns
// the one it has.
func (j *Journal) replaceable(l *lease, s journal.Snapshot) (snapshotEntry, error) {
	if len(s.Data) == 0 {
		return snapshotEntry{}, errors.New("a snapshot has data")
	}
	if l.head.Token == 0 || s.Seq > l.head.Seq {
		return snapshotEntry{}, fmt.Errorf("the log ends at %d", l.head.Seq)
	}
	return j.snapshotOf(l.id)
}

// store puts a large snapshot into its file.
func (j *Journal) store(id room.ID, s journal.Snapshot) (snapshotEntry, error) {
	if len(s.Data) <= maxInlineBytes {
		return snapshotEntry{seq: s.Seq, data: s.Data}, nil
	}
	if !j.space.take(time.Now(), len(s.Data)) {
		return snapshotEntry{}, journal.ErrFull
	}
	name := j.files.newName(id, s.Seq)
	entry := snapshotEntry{seq: s.Seq, file: name, sum: crc32.Checksum(s.Data, castagnoli)}
	return entry, j.files.write(name, s.Data)
}

// snapshotOf reads the entry of the room's snapshot, zero if there is none.
func (j *Journal) snapshotOf(id room.ID) (snapshotEntry, error) {
	value, closer, err := j.db.Get(snapshotKey(id))
	if errors.Is(err, lsm.ErrNotFound) {
		return snapshotEntry{}, nil
	}
	if err != nil {
		return snapshotEntry{}, corrupt(err)
	}
	defer closer.Close() // never fails for a value in memory
	return parseSnapshotEntry(value)
}

// Trim implements journal.Journal. It does not sync: what a power cut brings
// back is dropped by the next Trim.
func (j *Journal) Trim(ctx context.Context, id room.ID, upTo uint64) error {
	l, err := j.lease(ctx, id)
	if err == nil {
		defer j.calls.leave()
		defer j.heads.release(l, l.head)
		err = j.trim(l, upTo)
	}
	if err != nil {
		return fmt.Errorf("trim %s up to %d: %w", id, upTo, err)
	}
	return nil
}

func (j *Journal) trim(l *lease, upTo uint64) error {
	entry, err := j.snapshotOf(l.id)
	if err != nil || entry.none() {
		return err
	}
	from := recordKey(l.id, 0, 0)
	to, err := j.firstKept(l, entry.seq, min(upTo, entry.seq))
	if err != nil || to == nil {
		return err
	}
	if err := j.db.DeleteRange(from, to, lsm.NoSync); err != nil {
		return corrupt(err)
	}
	return nil
}

// firstKept is the key of the oldest record that a trim up to a seq leaves;
// nil if that is the oldest there is.
func (j *Journal) firstKept(l *lease, snapshot, upTo uint64) (key []byte, err error) {
	lower, upper := recordKey(l.id, 0, 0), recordKey(l.id, l.head.Seq, l.head.Token+1)
	it, err := j.db.NewIter(&lsm.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, corrupt(err)
	}
	defer func() {
		if e := it.Close(); e != nil && err == nil {
			err = corrupt(e)
		}
	}()
	if !it.First() {
		return nil, it.Error()
	}
	oldest := slices.Clone(it.Key())
	if upTo < snapshot {
		it.SeekGE(recordKey(l.id, upTo+1, 0))
	} else if it.SeekGE(recordKey(l.id, upTo, 0)) {
		// Records without updates at the snapshot's seq may be newer than it.
		s, err := parseStored(it)
		if err != nil {
			return nil, err
		}
		if s.last == upTo && len(s.rec.Updates) > 0 {
			it.Next()
		}
	}
	if !it.Valid() && !it.Last() {
		return nil, it.Error()
	}
	if key = slices.Clone(it.Key()); slices.Equal(key, oldest) {
		return nil, nil
	}
	return key, nil
}

// open returns the snapshot that entry stands for.
func (f *snapshotFiles) open(entry snapshotEntry) (journal.Snapshot, error) {
	s := journal.Snapshot{Seq: entry.seq, Data: entry.data}
	if entry.file == "" {
		return s, nil
	}
	var err error
	s.Data, err = f.read(entry.file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, errMoved
	}
	if err == nil && crc32.Checksum(s.Data, castagnoli) != entry.sum {
		err = fmt.Errorf("%w: checksum of the snapshot in %s differs", journal.ErrCorrupt, entry.file)
	}
	return s, err
}
