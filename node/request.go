package node

import (
	"context"
	"encoding/json"

	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/room"
)

// Receiver is told what became of a request. It is called once per request,
// from the room's drain or from the caller's own goroutine, and must not
// block. tag is the asker's own.
type Receiver interface {
	Receive(tag uint64, o Outcome)
}

// Outcome is what became of a request. Err alone is set, or what the verb
// answers with.
type Outcome struct {
	Err *room.Error

	// Of a command:
	Seq   uint64          // of the last update of it that the caller is told
	Reply json.RawMessage // nil for none

	// Of a query:
	Pos    room.Position
	Result json.RawMessage

	// Of a join:
	Entry *Entry
}

// Entry lets a reader in. The tail is reserved for it: Seat a cursor there,
// or Release it.
type Entry struct {
	Tail    *fanout.Tail
	Member  room.Member
	Sight   room.Sight
	Epoch   string
	Head    uint64 // of the log when the room was asked
	Seq     uint64 // where the reader goes on
	Sig     uint32 // version of Signals; 0 after a resume: tell them all
	Resumed bool   // goes on from its own position; else View and Mine replace what it has
	View    []byte // wire.AppendViewBody's, shared by all readers of the sight
	Mine    []byte // JSON, nil for none
	Signals []byte // JSON, nil for none
}

// Reader is what a cursor for the entry is for.
func (e *Entry) Reader(codec *fanout.Codec) fanout.Reader {
	return fanout.Reader{Member: e.Member.ID, Sight: e.Sight, Codec: codec, Asked: e.Head}
}

// Outdated reports whether the view may not be shown any more: something was
// withdrawn, or the member's rights changed, since the room was asked.
func (e *Entry) Outdated() bool { return !e.Resumed && e.Tail.Outdated(e.Head, e.Member.ID) }

// Position is where the reader is once it has been told the entry.
func (e *Entry) Position() room.Position {
	return room.Position{Epoch: e.Epoch, Seq: e.Seq, Sight: e.Sight.Code()}
}

// Command is a command before the room has said who gives it.
type Command struct {
	Caller  room.Caller
	Type    string
	Op      room.Op
	Data    json.RawMessage // not changed by the caller afterwards
	Granted int             // see room.Command
}

// Do gives cmd to the room. The outcome comes once it is durable.
func (n *Node) Do(id room.ID, cmd Command, to Receiver, tag uint64) {
	n.post(id, request{verb: command, cmd: cmd, to: to, tag: tag})
}

// Join asks to read a room.
type Join struct {
	Caller room.Caller
	Since  string   // a position, "" for none; one that does not fit is answered with a view
	Only   []string // wanted features, nil for all
}

// Join lets a reader in, from its position or with a view.
func (n *Node) Join(id room.ID, j Join, to Receiver, tag uint64) {
	n.post(id, request{verb: join, cmd: Command{Caller: j.Caller}, join: j, to: to, tag: tag})
}

// Query is a paged read: of a feature, or "history".
type Query struct {
	Caller room.Caller
	Name   string
	Args   room.Args
}

// Query reads.
func (n *Node) Query(id room.ID, q Query, to Receiver, tag uint64) {
	n.post(id, request{verb: query, cmd: Command{Caller: q.Caller}, query: q, to: to, tag: tag})
}

// verb is what a request asks.
type verb uint8

const (
	command verb = iota
	join
	query
	alarm
)

// request is one input to a room and where its outcome goes.
type request struct {
	verb  verb
	cmd   Command
	join  Join
	query Query
	to    Receiver
	tag   uint64
}

func (r *request) fail(err error) { r.to.Receive(r.tag, Outcome{Err: room.AsError(err)}) }

// nobody receives outcomes that nobody waits for: of alarms.
type nobody struct{}

func (nobody) Receive(uint64, Outcome) {}

// Await is a Receiver for callers that wait.
type Await chan Outcome

// NewAwait makes one for a single request.
func NewAwait() Await { return make(Await, 1) }

// Receive implements Receiver.
func (a Await) Receive(_ uint64, o Outcome) { a <- o }

// Wait returns the outcome, or Unavailable if ctx ends first: the request may
// still be done. An entry that comes too late is released.
func (a Await) Wait(ctx context.Context) (Outcome, error) {
	select {
	case o := <-a:
		if o.Err != nil {
			return o, o.Err
		}
		return o, nil
	case <-ctx.Done():
		go a.discard() // ends with the turn that answers
		return Outcome{}, &room.Error{Code: room.Unavailable, Message: "The server took too long. Try again with the same op.", Err: ctx.Err()}
	}
}

func (a Await) discard() {
	if o := <-a; o.Entry != nil {
		o.Entry.Tail.Release()
	}
}
