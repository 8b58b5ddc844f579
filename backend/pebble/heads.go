package pebble

import (
	"context"
	"sync"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// heads says which record the next one of a room must follow, and lets one
// writer at a time do it. Only the rooms used lately are in memory. A room
// that is being written is leased and never forgotten, so a head read from
// the disk is always a durable one.
type heads struct {
	read  func(room.ID) (journal.Head, error)
	limit int

	mu     sync.Mutex // guards all below
	leased map[room.ID]*lease
	// Two generations instead of a list of uses: what is asked for moves to
	// young; when young is full it becomes old, and old is forgotten.
	young, old   map[room.ID]journal.Head
	hits, misses uint64
}

// lease is the right to write to one room, and its durable head. Only its
// holder uses it, but for what heads.mu guards.
type lease struct {
	id    room.ID
	head  journal.Head  // guarded until known; then it does not change
	known bool          // guarded by heads.mu
	freed chan struct{} // guarded by heads.mu; made by the first who waits
}

func newHeads(limit int, read func(room.ID) (journal.Head, error)) *heads {
	return &heads{
		read:   read,
		limit:  limit,
		leased: make(map[room.ID]*lease),
		young:  make(map[room.ID]journal.Head),
	}
}

// acquire waits until nobody else writes to the room.
func (h *heads) acquire(ctx context.Context, dead <-chan struct{}, id room.ID) (*lease, error) {
	l, busy := h.claim(id)
	for busy != nil {
		select {
		case <-busy:
		case <-dead:
			return nil, journal.ErrUnknown
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		l, busy = h.claim(id)
	}
	if l.known {
		return l, nil
	}
	head, err := h.read(id)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.free(l)
		return nil, err
	}
	l.head, l.known = head, true
	return l, nil
}

// claim leases the room, or returns what is closed when it is free again.
func (h *heads) claim(id room.ID) (*lease, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.leased[id]; l != nil {
		if l.freed == nil {
			l.freed = make(chan struct{})
		}
		return nil, l.freed
	}
	l := &lease{id: id}
	l.head, l.known = h.cached(id)
	h.leased[id] = l
	return l, nil
}

// release ends a lease and remembers the room's durable head.
func (h *heads) release(l *lease, head journal.Head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remember(l.id, head)
	h.free(l)
}

// durable is the room's head as the disk has it for certain. It does not wait
// for a write in flight.
func (h *heads) durable(ctx context.Context, dead <-chan struct{}, id room.ID) (journal.Head, error) {
	if head, ok := h.peek(id); ok {
		return head, nil
	}
	l, err := h.acquire(ctx, dead, id)
	if err != nil {
		return journal.Head{}, err
	}
	h.release(l, l.head)
	return l.head, nil
}

func (h *heads) peek(id room.ID) (journal.Head, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.leased[id]; l != nil {
		return l.head, l.known
	}
	return h.cached(id)
}

// cached needs mu.
func (h *heads) cached(id room.ID) (journal.Head, bool) {
	head, ok := h.young[id]
	if !ok {
		if head, ok = h.old[id]; ok {
			h.remember(id, head)
		}
	}
	if ok {
		h.hits++
	} else {
		h.misses++
	}
	return head, ok
}

// remember needs mu. Rooms that do not exist are not worth a place.
func (h *heads) remember(id room.ID, head journal.Head) {
	if head.Token == 0 {
		return
	}
	if _, ok := h.young[id]; !ok && len(h.young) >= h.limit/2 {
		h.old = h.young
		h.young = make(map[room.ID]journal.Head)
	}
	h.young[id] = head
}

// free needs mu.
func (h *heads) free(l *lease) {
	delete(h.leased, l.id)
	if l.freed != nil {
		close(l.freed)
	}
}

func (h *heads) counts() (hits, misses uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hits, h.misses
}
