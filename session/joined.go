package session

import (
	"github.com/roomful/roomful/netloop"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/wire"
)

// ask joins the room, or joins it again.
func (j *joined) ask(tag uint64) {
	join := node.Join{Caller: j.s.who.Caller(j.id), Since: j.since, Only: j.only}
	j.since = "" // joining again later is not from there
	j.s.reg.opts.Node.Join(j.id, join, j, tag)
}

// Receive implements node.Receiver.
func (j *joined) Receive(tag uint64, out node.Outcome) {
	j.s.writer().deliver(delivery{to: j.s, of: j, tag: tag, out: out})
}

// answer lets the reader in, on the loop: ok, then the updates after its
// position or a view.
func (j *joined) answer(tag uint64, out *node.Outcome) {
	s := j.s
	switch {
	case out.Err != nil:
		j.refused(tag, out.Err)
		return
	case s.gone || j.left:
		out.Entry.Tail.Release()
		return
	case out.Entry.Outdated():
		out.Entry.Tail.Release()
		j.ask(tag)
		return
	}
	e := out.Entry
	if tag != 0 && s.codec != events {
		s.write(wire.AppendJoined(nil, tag, e.Resumed))
	}
	s.flush()
	if !e.Resumed {
		j.show(e)
	}
	j.sit(e)
}

// show sends the view: a head of the reader's own, a body shared by all.
func (j *joined) show(e *node.Entry) {
	s := j.s
	h := &wire.ViewHead{Room: j.id, Pos: e.Position(), Mine: e.Mine, Signals: e.Signals}
	if s.codec == events {
		s.conn.Send(wire.AppendViewEvent(nil, h))
		s.conn.Send(e.View)
		s.conn.Send(endOfEvent)
		return
	}
	head := wire.AppendView(nil, h)
	frame := netloop.AppendTextHead(make([]byte, 0, len(head)+10), len(head)+len(e.View))
	s.conn.Send(append(frame, head...))
	s.conn.Send(e.View)
}

var endOfEvent = []byte("\n\n")

// sit puts the cursor where the reader now is.
func (j *joined) sit(e *node.Entry) {
	s, n := j.s, j.s.reg.opts.Node
	r := e.Reader(s.codec)
	if j.cursor != nil && j.member == e.Member.ID && j.cursor.Waits() {
		j.member = e.Member.ID
		e.Tail.Release() // the cursor has its own reservation
		j.cursor.Restart(r, e.Epoch, e.Seq, e.Sig)
		return
	}
	if j.cursor != nil {
		j.cursor.Close()
		n.Depart(j.id, j.member)
	}
	j.member = e.Member.ID
	n.Arrive(j.id, e.Member)
	j.cursor = e.Tail.Seat(s.writer().loop, s, e.Member.ID)
	j.cursor.Restart(r, e.Epoch, e.Seq, e.Sig)
}

// refused ends the reading: at the first join with an error, later with a bye
// to the room.
func (j *joined) refused(tag uint64, err *room.Error) {
	s := j.s
	if s.gone {
		return
	}
	again := j.cursor != nil
	j.end()
	s.forget(j)
	switch {
	case s.codec == events:
		s.bye(err)
	case tag != 0:
		s.refuse(tag, s.reg.Veil(s.who, err))
	case again:
		s.write(wire.AppendBye(nil, j.id, err))
	}
}

// end stops reading. It may be called twice.
func (j *joined) end() {
	j.left = true
	if j.cursor != nil {
		j.cursor.Close()
		j.s.reg.opts.Node.Depart(j.id, j.member)
		j.cursor = nil
	}
}

func (s *Session) forget(gone *joined) {
	for i, j := range s.rooms {
		if j == gone {
			s.rooms = append(s.rooms[:i], s.rooms[i+1:]...)
			return
		}
	}
}
