package pebble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	lsm "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// trimFlushDelay is how long after a Trim its bytes may still be in the
// memory's part of the store; after it they go with the next compaction.
const trimFlushDelay = time.Minute

// Journal is a journal.Journal in one folder.
type Journal struct {
	opts   Options
	fs     vfs.FS
	lock   io.Closer
	db     *lsm.DB
	heads  *heads
	files  snapshotFiles
	space  *space
	calls  gate
	writes committer
	stats  stats

	opened   atomic.Bool   // Open is about to return it
	dead     chan struct{} // closed once a write failed
	deadOnce sync.Once
	cause    atomic.Pointer[error] // set before dead is closed
}

var _ journal.Journal = (*Journal)(nil)

// Open opens the journal in dir, which is made if it does not exist. One
// process at a time: journal.ErrLocked.
func Open(dir string, opts Options) (*Journal, error) {
	return openIn(vfs.Default, dir, opts)
}

func openIn(fs vfs.FS, dir string, opts Options) (_ *Journal, err error) {
	j := &Journal{
		opts: opts.withDefaults(),
		fs:   fs,
		dead: make(chan struct{}),
	}
	if err := makeDir(fs, dir); err != nil {
		return nil, fmt.Errorf("make %s: %w", dir, err)
	}
	if j.lock, err = lockDir(fs, dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.release())
		}
	}()
	if err := checkFormat(fs, dir); err != nil {
		return nil, err
	}
	j.files = snapshotFiles{fs: fs, dir: filepath.Join(dir, snapshotDir)}
	if err := makeDir(fs, j.files.dir); err != nil {
		return nil, fmt.Errorf("make %s: %w", j.files.dir, err)
	}
	if err := j.openStore(filepath.Join(dir, storeDir)); err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, err)
	}
	j.heads = newHeads(j.opts.CachedHeads, j.readHead)
	j.space = newSpace(fs, dir, j.opts.FreeFloorBytes, j.opts.Logger)
	j.writes.commit = j.commit
	if err := j.sweepFiles(); err != nil {
		return nil, err
	}
	j.opened.Store(true)
	return j, nil
}

// openStore opens Pebble on a goroutine of its own: if a write fails, Pebble
// does not come back.
func (j *Journal) openStore(path string) error {
	type result struct {
		db  *lsm.DB
		err error
	}
	opened := make(chan result, 1)
	go func() {
		db, err := lsm.Open(path, j.storeOptions(j.fs))
		opened <- result{db, err}
	}()
	select {
	case r := <-opened:
		j.db = r.db
		return r.err
	case <-j.dead:
		return j.failure()
	}
}

// The parts of a journal's folder, beside the lock and the format.
const (
	storeDir    = "store"
	snapshotDir = "snapshots"
)

// Append implements journal.Journal.
func (j *Journal) Append(ctx context.Context, id room.ID, head journal.Head, rec journal.Record) (journal.Head, error) {
	next, err := j.append(ctx, id, head, &rec)
	if err != nil {
		return journal.Head{}, fmt.Errorf("append %d updates to %s after %d: %w", len(rec.Updates), id, head.Seq, err)
	}
	return next, nil
}

func (j *Journal) append(ctx context.Context, id room.ID, head journal.Head, rec *journal.Record) (journal.Head, error) {
	l, err := j.begin(ctx, id, head, rec)
	if err != nil {
		return journal.Head{}, err
	}
	defer j.calls.leave()
	return j.appendLeased(ctx, l, head, rec)
}

// Settle implements journal.Journal.
func (j *Journal) Settle(ctx context.Context, id room.ID, head journal.Head, rec journal.Record) (journal.Head, error) {
	next, err := j.settle(ctx, id, head, &rec)
	if err != nil {
		return journal.Head{}, fmt.Errorf("settle %d updates in %s after %d: %w", len(rec.Updates), id, head.Seq, err)
	}
	return next, nil
}

func (j *Journal) settle(ctx context.Context, id room.ID, head journal.Head, rec *journal.Record) (journal.Head, error) {
	l, err := j.begin(ctx, id, head, rec)
	if err != nil {
		return journal.Head{}, err
	}
	defer j.calls.leave()
	if l.head.Token != head.Token+1 {
		return j.appendLeased(ctx, l, head, rec)
	}
	defer j.heads.release(l, l.head)
	last, err := j.lastRecord(id)
	if err != nil {
		return journal.Head{}, err
	}
	if last.rec.Nonce != rec.Nonce {
		return journal.Head{}, fencedBy(l.head)
	}
	return l.head, nil
}

// begin checks what needs no disk, and waits until the room is ours; the
// caller then leaves the gate.
func (j *Journal) begin(ctx context.Context, id room.ID, head journal.Head, rec *journal.Record) (*lease, error) {
	if !validID(id) {
		return nil, fmt.Errorf("not a room's id: %q", id)
	}
	if head.Token == 0 { // a room begins: its name must fit in file names too
		if _, err := room.ParseID(string(id)); err != nil {
			return nil, err
		}
	}
	if err := rec.Follows(head); err != nil {
		return nil, err
	}
	return j.lease(ctx, id)
}

// appendLeased stores rec if it follows, and gives the lease back.
func (j *Journal) appendLeased(ctx context.Context, l *lease, head journal.Head, rec *journal.Record) (journal.Head, error) {
	if !l.head.Same(head) {
		defer j.heads.release(l, l.head)
		return journal.Head{}, fencedBy(l.head)
	}
	w := newWrite(l, j.db)
	w.putRecord(rec)
	if err := j.await(ctx, w); err != nil {
		return journal.Head{}, err
	}
	return w.next, nil
}

// await commits w and waits until it is durable. The committer gives the
// lease back.
func (j *Journal) await(ctx context.Context, w *write) error {
	j.calls.again()
	j.writes.add(w)
	select {
	case <-w.done:
		return w.err
	case <-j.dead:
		return fmt.Errorf("%w: %w", journal.ErrUnknown, j.failure())
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", journal.ErrUnknown, ctx.Err())
	}
}

func fencedBy(head journal.Head) error {
	return fmt.Errorf("its head is %d: %w", head.Seq, journal.ErrFenced)
}

// enter begins a call; leave must end it.
func (j *Journal) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !j.calls.enter() {
		return journal.ErrClosed
	}
	if err := j.failure(); err != nil {
		j.calls.leave()
		return err
	}
	return nil
}

// Full reports whether Append and Save are refused for want of disk space. A
// node asks before it decides. It is cheap.
func (j *Journal) Full() bool { return j.space.isFull(time.Now()) }

// Close implements journal.Journal. It waits for calls in flight; a Read that
// is being ranged over is one. After a failed write it leaves the store as it
// is and returns what failed.
func (j *Journal) Close() error {
	if !j.calls.close() {
		return nil
	}
	select {
	case <-j.calls.idle:
	case <-j.dead:
	}
	if err := j.failure(); err != nil {
		return err
	}
	j.writes.wait()
	j.flush()
	return j.release()
}

// flush spares the next Open the replay of the store's log. It gives up on a
// disk that is too full or too slow: the log has it all.
func (j *Journal) flush() {
	if j.space.isFull(time.Now()) {
		return
	}
	flushed, err := j.db.AsyncFlush()
	if err != nil {
		return
	}
	timeout := time.NewTimer(maxClosingFlush)
	defer timeout.Stop()
	select {
	case <-flushed:
	case <-timeout.C:
	}
}

// maxClosingFlush is more than flushing all memtables takes, and well within
// what a server may take to stop.
const maxClosingFlush = 3 * time.Second

// release gives back what openIn took.
func (j *Journal) release() error {
	var err error
	if j.db != nil {
		err = j.db.Close()
	}
	return errors.Join(err, j.lock.Close())
}

// fail ends the journal: a write failed and what is on the disk is unknown.
func (j *Journal) fail(cause error) {
	j.deadOnce.Do(func() {
		cause = fmt.Errorf("the journal failed and is closed until the next start: %w", cause)
		j.cause.Store(&cause)
		close(j.dead)
		j.opts.Logger.Error("journal failed", "err", cause)
		if j.opts.Fatal != nil && j.opened.Load() {
			j.opts.Fatal(cause)
		}
	})
}

// failure is what ended the journal, nil if it lives.
func (j *Journal) failure() error {
	if cause := j.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

// orCause prefers what ended the journal to an error that came of it.
func (j *Journal) orCause(err error) error {
	if cause := j.failure(); cause != nil {
		return cause
	}
	return err
}
