package netloop

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Task is something to run on a loop. It must not block.
type Task interface{ Run(l *Loop) }

// Loop is one goroutine and the connections it owns.
type Loop struct {
	id    int
	group *Group
	load  atomic.Int64 // connections, adopted ones on their way included

	inbox inbox
	shown published

	// What follows is the loop goroutine's alone.

	poller  poller
	now     time.Duration // on the group's clock, as of this pass
	wheel   wheel
	ticks   ticks
	alarms  alarms
	tasks   []Task  // the inbox's other half: being run, or empty
	dead    []*Conn // to be buried at the end of this pass
	plain   []byte  // what TLS connections decrypt into
	open    int
	closing bool // Group.Close has begun
	ended   bool

	rules   rules
	parsers spareParsers
	helds   spareHelds
	count   Stats
}

// poller is where a loop sleeps and what it wakes up for.
type poller interface {
	// wait returns when there is something to serve, when something was posted,
	// or at until on the group's clock, if that is not negative.
	wait(l *Loop, until time.Duration) error
	// serve handles what wait found.
	serve(l *Loop)
	// wake ends a wait. It may be called from anywhere.
	wake()
	close()
}

// inbox is what other goroutines post. It has no limit of its own: posters have.
type inbox struct {
	mu     sync.Mutex // guards tasks and ended
	tasks  []Task
	ended  bool
	asleep atomic.Bool // the loop parks or is about to: whoever flips it back wakes it
}

// fallAsleep is the loop's last question before it parks. False means that
// something was posted.
func (in *inbox) fallAsleep() bool {
	in.asleep.Store(true)
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.tasks) > 0 {
		in.asleep.Store(false)
	}
	return len(in.tasks) == 0
}

func newLoop(g *Group, id int) (*Loop, error) {
	tick := tickFor(g.opts.shortest())
	l := &Loop{
		id:    id,
		group: g,
		wheel: wheel{tick: tick},
		ticks: g.opts.ticks(tick),
		rules: rules{maxMessageBytes: g.opts.MaxMessageBytes},
	}
	var err error
	l.poller, err = newPoller(g.opts.Portable)
	return l, err
}

// ID is the loop's place in Group.Loops.
func (l *Loop) ID() int { return l.id }

// Post has t run on the loop soon, after what the same goroutine posted before.
// It may be called from anywhere and never blocks. After Group.Close has ended
// the loop, t is dropped.
func (l *Loop) Post(t Task) { l.post(t) }

func (l *Loop) post(t Task) bool {
	in := &l.inbox
	in.mu.Lock()
	if in.ended {
		in.mu.Unlock()
		return false
	}
	in.tasks = append(in.tasks, t)
	in.mu.Unlock()
	if in.asleep.Load() && in.asleep.CompareAndSwap(true, false) {
		l.poller.wake()
	}
	return true
}

// After has t run on the loop when d has passed. It is called on the loop. An
// alarm cannot be taken back: the task has to see for itself whether it is still
// wanted.
func (l *Loop) After(d time.Duration, t Task) {
	l.alarms.push(time.Since(l.group.start)+d, t)
}

func (l *Loop) run() {
	defer l.poller.close()
	for !l.ended {
		if err := l.poller.wait(l, l.due()); err != nil {
			l.fail(err)
		}
		l.now = time.Since(l.group.start)
		l.wheel.set(l.now)
		l.poller.serve(l)
		l.runTasks()
		l.runAlarms()
		l.wheel.advance((*Conn).look) // after serve: what has just arrived is a sign of life
		l.buryDead()
		l.shown.set(l.count)
		l.endIfEmpty()
		// With a loop per core that always has more to send, what the loops
		// send would come late: rooms and the journal need a core too.
		runtime.Gosched()
	}
}

// fail gives the loop up: without a poller no connection can go on.
func (l *Loop) fail(err error) {
	l.group.opts.Logger.Error("netloop: poll failed", "loop", l.id, "err", err)
	cutAll{}.Run(l)
	l.closing = true
}

// due is when the next alarm or busy tick comes, or negative.
func (l *Loop) due() time.Duration {
	tick, alarm := l.wheel.due(), l.alarms.due()
	if tick < 0 || alarm >= 0 && alarm < tick {
		return alarm
	}
	return tick
}

func (l *Loop) runTasks() {
	in := &l.inbox
	in.mu.Lock()
	l.tasks, in.tasks = in.tasks, l.tasks
	in.mu.Unlock()
	for _, t := range l.tasks {
		t.Run(l)
	}
	clear(l.tasks)
	l.tasks = l.tasks[:0]
	if cap(l.tasks) > maxSpareTasks {
		l.tasks = nil
	}
}

const maxSpareTasks = 1024 // a burst of posts does not keep its memory

func (l *Loop) runAlarms() {
	for {
		t, ok := l.alarms.pop(l.now)
		if !ok {
			return
		}
		t.Run(l)
	}
}

func (l *Loop) buryDead() {
	for i := 0; i < len(l.dead); i++ { // a Closed may doom others
		l.dead[i].bury()
	}
	clear(l.dead)
	l.dead = l.dead[:0]
}

// endIfEmpty ends a closing loop once nothing is left of it.
func (l *Loop) endIfEmpty() {
	if !l.closing || l.open > 0 {
		return
	}
	l.inbox.mu.Lock()
	defer l.inbox.mu.Unlock()
	l.ended = len(l.inbox.tasks) == 0
	l.inbox.ended = l.ended
}

// conns are all open connections: each is in some slot of the wheel.
func (l *Loop) conns() []*Conn {
	all := make([]*Conn, 0, l.open)
	for _, c := range l.wheel.slots {
		for ; c != nil; c = c.next {
			all = append(all, c)
		}
	}
	return all
}
