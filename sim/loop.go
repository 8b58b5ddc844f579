package sim

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/roomful/roomful/fanout"
)

// loop is a fanout.Loop: one task at a time, each an instant of its own.
type loop struct {
	id   int
	life *life
	rand *rand.Rand // the goroutine's
	slow int        // a task waits up to so many nanoseconds

	mu    sync.Mutex // guards tasks
	tasks []fanout.Task
	wake  chan struct{}
}

func newLoop(id int, l *life, r *rand.Rand) *loop {
	lp := &loop{id: id, life: l, rand: r, slow: 2_000 << r.IntN(12), wake: make(chan struct{}, 1)}
	l.w.all.Go(lp.run)
	return lp
}

func (l *loop) ID() int { return l.id }

func (l *loop) Post(t fanout.Task) {
	l.mu.Lock()
	l.tasks = append(l.tasks, t)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *loop) After(d time.Duration, t fanout.Task) {
	d += time.Duration(1 + l.rand.IntN(1000))
	time.AfterFunc(d, func() { l.Post(t) })
}

// do is Post for a function.
func (l *loop) do(f func()) { l.Post(task(f)) }

type task func()

func (f task) Run() { f() }

func (l *loop) run() {
	for {
		select {
		case <-l.life.died:
			return
		case <-l.wake:
		}
		for t := l.take(); t != nil; t = l.take() {
			time.Sleep(time.Duration(1 + l.rand.IntN(l.slow)))
			if l.life.dead() {
				return
			}
			t.Run()
		}
	}
}

func (l *loop) take() fanout.Task {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tasks) == 0 {
		return nil
	}
	t := l.tasks[0]
	l.tasks = l.tasks[1:]
	return t
}
