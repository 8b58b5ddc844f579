package node

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/room"
)

// host runs one room. Requests wait in inbox; a goroutine drains it, started
// by the request that finds the inbox idle, and ends when it is empty. The
// state may be gone (asleep) while readers keep the tail.
type host struct {
	id   room.ID
	kind *room.Kind
	node *Node
	used atomic.Int64 // when the last turn ended, nanoseconds since 1970

	state *state // owned by the drain, or who claimed its place; nil when asleep

	mu       sync.Mutex // guards the fields below; never held across a call out
	inbox    []request
	draining bool
	retired  bool
	closing  bool         // the node is: nothing new is begun
	tail     *fanout.Tail // nil until somebody reads
}

const (
	// maxInbox bounds a room's waiting requests: 20,000 returning phones and
	// their commands, some 10 MB. More are refused as busy.
	maxInbox = 32768
	// maxBatch bounds a turn, and so how long its first command waits: about
	// 20 ms of work at 50,000 commands a second.
	maxBatch = 1024
)

var errRetired = errors.New("node: room retired")

// close has every later post refused. Once it returns, no post starts a drain.
func (h *host) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closing = true
}

// post queues req, waking the room if it is idle.
func (h *host) post(req request) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closing:
		return errClosing
	case h.retired:
		return errRetired
	case len(h.inbox) >= maxInbox:
		return &room.Error{Code: room.Busy, Message: "Too many people are acting here at once. Try again in a second.", RetryAfter: 1e9}
	}
	h.inbox = append(h.inbox, req)
	if !h.draining {
		h.draining = true
		h.node.drains.Go(h.drain)
	}
	return nil
}

// drain runs turns until the inbox is empty.
func (h *host) drain() {
	growStack()
	for batch := h.take(); len(batch) > 0; batch = h.take() {
		h.turn(batch)
		h.used.Store(h.node.opts.Now().UnixNano())
	}
}

// take removes the next batch, or ends the drain if there is none.
func (h *host) take() []request {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := min(len(h.inbox), maxBatch)
	batch := h.inbox[:n:n]
	h.inbox = h.inbox[n:]
	if n == 0 {
		h.inbox = nil // give the array back
	}
	h.draining = n > 0
	return batch
}

// rest puts an idle room to sleep. Without readers it leaves the table: a
// request that came too late finds errRetired and looks the room up again.
func (h *host) rest() {
	if !h.claim() {
		return
	}
	if h.state != nil {
		if h.state.logBytes > minRest {
			h.save(context.Background())
		}
		h.drop()
		h.node.stats.Retired.Add(1)
	}
	tail := h.reading()
	empty := tail == nil || tail.Empty()
	if !empty {
		tail.Rest()
	}
	if h.release(empty) {
		h.node.forget(h)
	}
}

// claim takes the place of the drain if there is none.
func (h *host) claim() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining || h.retired {
		return false
	}
	h.draining = true
	return true
}

// release undoes claim, retiring the host if it is empty and nothing came
// meanwhile, and reports whether it did.
func (h *host) release(empty bool) (retired bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.inbox) > 0 {
		h.node.drains.Go(h.drain)
		return false
	}
	h.draining, h.retired = false, empty
	return empty
}

// drop forgets the state.
func (h *host) drop() {
	if h.state != nil {
		h.state = nil
		h.node.stats.Awake.Add(-1)
	}
}

// reading returns the tail, nil while nobody reads.
func (h *host) reading() *fanout.Tail {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tail
}

// open returns the tail, made at the state's head if there is none. Called by
// the drain only.
func (h *host) open() *fanout.Tail {
	if tail := h.reading(); tail != nil {
		return tail
	}
	n := h.node
	tail := fanout.NewTail(h.id, h.state.epoch, h.state.head.Seq, n.opts.Tails, &n.stats.Tails)
	h.mu.Lock()
	h.tail = tail
	h.mu.Unlock()
	n.presence.introduce(n, h.id) // once the tail is where others tell it too
	return tail
}

// growStack makes the goroutine's stack as large as a turn needs, while there
// is nothing on it to copy. Growing in the middle of a feature's JSON took 19%
// of a turn's time, this way it is 5%.
//
//go:noinline
func growStack() {
	var space [6 << 10]byte
	touch(&space)
}

//go:noinline
func touch(*[6 << 10]byte) {}
