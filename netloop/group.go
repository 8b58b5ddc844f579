package netloop

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Group is a set of loops that share connections out among themselves.
type Group struct {
	opts   Options
	start  time.Time // the zero of all the loops' clocks
	loops  []*Loop
	closed atomic.Bool

	goroutines sync.WaitGroup // loops, and the portable path's readers, waiters and writers
}

// New starts the loops. They run until Close.
func New(opts Options) (*Group, error) {
	g := &Group{opts: opts.withDefaults(), start: time.Now()}
	for id := range g.opts.Loops {
		l, err := newLoop(g, id)
		if err != nil {
			g.Close(context.Background())
			return nil, err
		}
		g.loops = append(g.loops, l)
		g.goroutines.Go(l.run)
	}
	return g, nil
}

// Loops are the loops in the order of their IDs. The slice is not to be changed.
func (g *Group) Loops() []*Loop { return g.loops }

// Close closes what is left with 1012, waits for the peers' answers as long as
// Options.CloseTimeout and ctx allow, and ends all goroutines. Every Handler has
// been told when it returns. The error is ctx's if connections had to be cut.
func (g *Group) Close(ctx context.Context) error {
	g.closed.Store(true)
	for _, l := range g.loops {
		l.Post(closeAll{})
	}
	done := make(chan struct{})
	go func() {
		g.goroutines.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, l := range g.loops {
		l.Post(cutAll{})
	}
	<-done
	return ctx.Err()
}

// closeAll and cutAll are the two steps of closing one loop.
type (
	closeAll struct{}
	cutAll   struct{}
)

func (closeAll) Run(l *Loop) {
	l.closing = true
	for _, c := range l.conns() {
		c.Close(codeRestart, "server is restarting")
	}
}

func (cutAll) Run(l *Loop) {
	for _, c := range l.conns() {
		c.lose(ErrClosed)
	}
}
