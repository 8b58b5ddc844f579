package pebble

import (
	"fmt"
	"sync"
	"time"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/roomful/roomful/journal"
)

// write is one room's change on its way to the disk.
type write struct {
	lease *lease
	next  journal.Head // the head after it
	batch *lsm.Batch
	done  chan struct{} // closed when it is durable or refused
	err   error         // set before done is closed
}

func newWrite(l *lease, db *lsm.DB) *write {
	return &write{lease: l, next: l.head, batch: db.NewBatch(), done: make(chan struct{})}
}

// recordBuffers are reused encodings; Pebble copies what it is given.
var recordBuffers = sync.Pool{New: func() any { return new([]byte) }}

// maxPooledBytes keeps one giant record from staying in memory.
const maxPooledBytes = 64 << 10

// putRecord adds what changes with rec: the record, the room's due time, and
// at the first record the room itself.
func (w *write) putRecord(rec *journal.Record) {
	id, prev := w.lease.id, w.lease.head
	w.next = prev.After(rec)
	w.next.Token = prev.Token + 1
	buf := recordBuffers.Get().(*[]byte)
	*buf = journal.AppendRecord((*buf)[:0], rec)
	w.set(recordKey(id, w.next.Seq, w.next.Token), *buf)
	if cap(*buf) <= maxPooledBytes {
		recordBuffers.Put(buf)
	}
	if prev.Token == 0 {
		w.set(roomKey(id), nil)
	}
	if prev.Due == w.next.Due {
		return
	}
	if prev.Due != 0 {
		w.delete(dueKey(prev.Due, id))
	}
	if w.next.Due != 0 {
		w.set(dueKey(w.next.Due, id), nil)
	}
}

// Changing a batch that is not committed yet only fails after its Close.
func (w *write) set(key, value []byte) { _ = w.batch.Set(key, value, nil) }
func (w *write) delete(key []byte)     { _ = w.batch.Delete(key, nil) }

// finish gives the room free at its durable head and tells the writer.
func (j *Journal) finish(w *write, durable journal.Head, err error) {
	j.heads.release(w.lease, durable)
	w.err = err
	_ = w.batch.Close() // only reports a second Close
	close(w.done)
	j.calls.leave()
}

// committer takes all writes that wait and commits them as one: while one
// sync runs the next group gathers. Its goroutine exists while writes wait.
type committer struct {
	commit func([]*write)
	run    sync.WaitGroup // of the goroutine; Close waits for it

	mu      sync.Mutex // guards all below
	queue   []*write   // at most one per room
	spare   []*write   // the queue's other array
	running bool
}

func (c *committer) add(w *write) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, w)
	if !c.running {
		c.running = true
		c.run.Go(c.drain)
	}
}

func (c *committer) drain() {
	for group := c.take(); group != nil; group = c.take() {
		for len(group) > 0 {
			n := fitting(group)
			c.commit(group[:n])
			group = group[n:]
		}
	}
}

// take empties the queue; nil, and the goroutine's end, if it was empty.
func (c *committer) take() []*write {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.spare)
	if len(c.queue) == 0 {
		c.running = false
		return nil
	}
	group := c.queue
	c.queue, c.spare = c.spare[:0], group
	return group
}

func (c *committer) wait() { c.run.Wait() }

// maxGroupBytes bounds one sync: about 10 ms on a slow disk, and far under
// what Pebble treats as a batch of its own kind (half a memtable).
const maxGroupBytes = 4 << 20

// fitting is how many of the first writes make one group, at least one.
func fitting(group []*write) int {
	size := 0
	for n, w := range group {
		if size += w.batch.Len(); size > maxGroupBytes && n > 0 {
			return n
		}
	}
	return len(group)
}

// commit makes a group durable and finishes its writes. If the store fails it
// finishes nothing: who waits sees that the journal is dead.
func (j *Journal) commit(group []*write) {
	now := time.Now()
	accepted := group[:0]
	for _, w := range group {
		if j.space.take(now, w.batch.Len()) {
			accepted = append(accepted, w)
			continue
		}
		j.finish(w, w.lease.head, journal.ErrFull)
	}
	if len(accepted) == 0 {
		return
	}
	size, err := j.apply(accepted)
	if err != nil {
		j.fail(err)
		return
	}
	j.stats.committed(len(accepted), size, time.Since(now))
	for _, w := range accepted {
		j.finish(w, w.next, nil)
	}
}

func (j *Journal) apply(group []*write) (size int, err error) {
	defer func() {
		if p := recover(); p != nil { // Pebble panics when its log cannot be written
			err = fmt.Errorf("commit: %v", p)
		}
	}()
	batch := group[0].batch
	if len(group) > 1 {
		batch = j.db.NewBatchWithSize(totalLen(group))
		defer batch.Close()
		for _, w := range group {
			if err := batch.Apply(w.batch, nil); err != nil {
				return 0, fmt.Errorf("gather: %w", err)
			}
		}
	}
	size = batch.Len()
	if err := j.db.Apply(batch, lsm.Sync); err != nil {
		return 0, fmt.Errorf("commit: %w", err)
	}
	return size, nil
}

func totalLen(group []*write) int {
	size := 0
	for _, w := range group {
		size += w.batch.Len()
	}
	return size
}
