package session

import (
	"sync"
	"time"

	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/netloop"
	"github.com/roomful/roomful/node"
)

// loop makes a netloop.Loop a fanout.Loop: the one knows no rooms, the other
// no sockets.
type loop struct{ *netloop.Loop }

// task makes a fanout.Task a netloop.Task.
type task struct{ fanout.Task }

func (t task) Run(*netloop.Loop) { t.Task.Run() }

// writer brings what rooms answer to the sessions of one loop.
type writer struct {
	loop     loop
	sessions map[*Session]struct{} // the loop's alone

	mu     sync.Mutex // guards the fields below
	inbox  []delivery
	queued bool

	spare []delivery // the loop's: the inbox's other half
}

// delivery is one outcome on its way to a session's loop.
type delivery struct {
	to  *Session
	of  *joined // nil for a command or query
	tag uint64
	out node.Outcome
	who *Identity // of a hello: who it is
}

// deliver may be called from anywhere.
func (w *writer) deliver(d delivery) {
	w.mu.Lock()
	w.inbox = append(w.inbox, d)
	post := !w.queued
	w.queued = true
	w.mu.Unlock()
	if post {
		w.loop.Post(w)
	}
}

// Run implements fanout.Task: it answers everything that has come, and writes
// each session's answers at once.
func (w *writer) Run() {
	w.mu.Lock()
	inbox := w.inbox
	w.inbox, w.queued = w.spare[:0], false
	w.mu.Unlock()
	for i := range inbox {
		inbox[i].to.answer(&inbox[i])
	}
	for i := range inbox {
		inbox[i].to.flush()
	}
	clear(inbox)
	w.spare = inbox
	if cap(inbox) > 4096 { // a storm does not keep its memory
		w.spare = nil
	}
}

// Post and After implement fanout.Loop.

func (l loop) Post(t fanout.Task) { l.Loop.Post(task{t}) }

func (l loop) After(d time.Duration, t fanout.Task) { l.Loop.After(d, task{t}) }
