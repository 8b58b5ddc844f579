package media

import (
	"context"
	"slices"
	"sync"
)

// budget is memory that decoders share, first come, first served: a large
// picture waits until there is enough, and small ones behind it wait too.
type budget struct {
	mu      sync.Mutex // guards both
	free    int64
	waiting []*waiter
}

type waiter struct {
	bytes int64
	turn  chan struct{} // closed when the bytes are the waiter's
}

// maxWaiting bounds those who wait: at half a second each on two cores that
// is a minute, and nobody's patience is longer.
const maxWaiting = 256

// take waits for bytes, which must be no more than there ever are.
func (b *budget) take(ctx context.Context, bytes int64) error {
	b.mu.Lock()
	if len(b.waiting) == 0 && b.free >= bytes {
		b.free -= bytes
		b.mu.Unlock()
		return nil
	}
	if len(b.waiting) >= maxWaiting {
		b.mu.Unlock()
		return errCrowded
	}
	w := &waiter{bytes: bytes, turn: make(chan struct{})}
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()

	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
		b.leave(w)
		return because(errStopped, ctx.Err())
	}
}

// leave takes w out of the line, or gives back what it was just given.
func (b *budget) leave(w *waiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.waiting, w); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	} else {
		b.free += w.bytes
	}
	b.serve()
}

func (b *budget) give(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += bytes
	b.serve()
}

// serve lets in whoever is first as long as there is enough; mu is held.
func (b *budget) serve() {
	for len(b.waiting) > 0 && b.waiting[0].bytes <= b.free {
		w := b.waiting[0]
		b.waiting = b.waiting[1:]
		b.free -= w.bytes
		close(w.turn)
	}
}
