package session

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/netloop"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session/limit"
	"github.com/roomful/roomful/wire"
)

// Session is one live connection. It is the connection's netloop.Handler and
// the fanout.Sink of its cursors.
type Session struct {
	reg   *Registry
	conn  *netloop.Conn
	who   *Identity
	id    uint64
	codec *fanout.Codec
	rooms []*joined
	out   []byte // answers of the delivery under way, then nil
	first *first // what an event stream opens with, then nil
	gone  bool

	frames limit.Bucket // what it may send

	asking  bool          // hello's token is being checked
	waiting []wire.Client // frames that came meanwhile, at most maxWaiting
}

// maxWaiting is what may follow a hello before it is answered: the joins and
// the outbox of a page.
const maxWaiting = 128

// first is the room that a stream of events has been let into already.
type first struct {
	room  room.ID
	join  node.Join
	entry *node.Entry
}

// joined is one room that a session reads or is about to.
type joined struct {
	s      *Session
	id     room.ID
	since  string
	only   []string
	member room.MemberID
	cursor *fanout.Cursor // nil until the first answer
	left   bool           // leave came while an answer was on its way
}

// maxRooms bounds the rooms of one connection: an app shows a handful.
const maxRooms = 64

// frameRate bounds what one connection may send: an outbox's burst, and then
// more than any finger.
var frameRate = limit.Rate{Burst: 400, PerSecond: 100}

// NewWebSocket makes the session of a WebSocket of who.
func (r *Registry) NewWebSocket(who *Identity, deflate bool) *Session {
	s := &Session{reg: r, who: who, id: r.nextID.Add(1), codec: plain}
	if deflate {
		s.codec = deflated
	}
	return s
}

// NewEvents makes the session of an event stream of one room, which has let
// it in.
func (r *Registry) NewEvents(who *Identity, id room.ID, j node.Join, entry *node.Entry) *Session {
	return &Session{reg: r, who: who, id: r.nextID.Add(1), codec: events, first: &first{id, j, entry}}
}

// Abandon undoes New for a session whose socket was lost before it was
// opened.
func (s *Session) Abandon() {
	if s.first != nil {
		s.first.entry.Tail.Release()
	}
	s.reg.Dismiss(s.who.Address)
}

func (s *Session) writer() *writer { return s.reg.writers[s.conn.Loop().ID()] }

// key names the connection where its member is nobody in particular.
func (s *Session) key() string { return "c" + strconv.FormatUint(s.id, 36) }

// Opened implements netloop.Handler.
func (s *Session) Opened(c *netloop.Conn) {
	s.conn = c
	s.writer().sessions[s] = struct{}{}
	if f := s.first; f != nil {
		s.first = nil
		j := &joined{s: s, id: f.room, only: f.join.Only}
		s.rooms = append(s.rooms, j)
		j.answer(0, &node.Outcome{Entry: f.entry})
	}
	s.watchExpiry()
}

// Closed implements netloop.Handler.
func (s *Session) Closed(*netloop.Conn, error) {
	s.gone = true
	delete(s.writer().sessions, s)
	for _, j := range s.rooms {
		j.end()
	}
	s.rooms = nil
	s.reg.Dismiss(s.who.Address)
}

// Writable implements netloop.Handler.
func (s *Session) Writable(*netloop.Conn) {
	for _, j := range s.rooms {
		if j.cursor != nil {
			j.cursor.Resume()
		}
	}
}

// Send and Idle implement fanout.Sink.
func (s *Session) Send(b []byte) bool { return s.conn.Send(b) }

// Idle reports whether nothing is held back.
func (s *Session) Idle() bool { return s.conn.Idle() }

// Rejoin implements fanout.Sink.
func (s *Session) Rejoin(c *fanout.Cursor) {
	for _, j := range s.rooms {
		if j.cursor == c {
			j.since = ""
			j.ask(0)
			return
		}
	}
}

// Message implements netloop.Handler.
func (s *Session) Message(_ *netloop.Conn, text []byte) {
	frames, err := wire.ParseClient(bytes.Clone(text))
	if err != nil {
		if s.pays(0) {
			s.refuse(0, err)
		}
		s.flush()
		return
	}
	for i := range frames {
		if s.pays(frames[i].ID) {
			s.frame(&frames[i])
		}
	}
	s.flush()
}

// pays takes what a frame costs, or refuses it.
func (s *Session) pays(id uint64) bool {
	s.reg.Stats.Frames.Add(1)
	if s.who.Service != nil {
		return true
	}
	granted, wait := s.frames.Allow(time.Now(), 1, frameRate)
	if granted == 0 {
		s.reg.Stats.Limited.Add(1)
		s.refuse(id, &room.Error{Code: room.RateLimited, Message: "Too many frames at once.", RetryAfter: wait})
	}
	return granted > 0
}

func (s *Session) frame(f *wire.Client) {
	switch {
	case s.asking && len(s.waiting) >= maxWaiting:
		s.refuse(f.ID, &room.Error{Code: room.Busy, Message: "Your token is still being checked.", RetryAfter: time.Second})
	case s.asking:
		s.waiting = append(s.waiting, *f)
	case f.Send != nil:
		s.reg.Do(s.who, s.key(), Command(*f.Send), s, f.ID)
	case f.Join != nil:
		s.join(f.ID, f.Join)
	case f.Query != nil:
		s.query(f.ID, f.Query)
	case f.Leave != nil:
		s.leave(f.ID, f.Leave)
	case f.Hello != nil:
		s.hello(f.ID, f.Hello)
	case f.ID == 0:
		s.write([]byte("{}"))
	default:
		s.refuse(f.ID, room.Errorf(room.Invalid, "A frame has one of hello, join, send, query, leave."))
	}
}

// hello says or renews who is there.
func (s *Session) hello(id uint64, h *wire.Hello) {
	if h.Token == "" {
		s.greet(id)
		return
	}
	if s.reg.Draining() { // nobody would wait for the check
		s.refuse(id, s.reg.Farewell())
		return
	}
	s.asking = true
	who := &Identity{Address: s.who.Address}
	s.reg.work.Go(func() { // ends within helloTimeout; Registry.Drain waits for it
		ctx, cancel := context.WithTimeout(context.Background(), helloTimeout)
		defer cancel()
		err := s.reg.Authenticate(ctx, h.Token, who)
		s.writer().deliver(delivery{to: s, tag: id, out: node.Outcome{Err: room.AsError(err)}, who: who})
	})
}

// helloTimeout bounds how long fetching keys may take.
const helloTimeout = 5 * time.Second

// known goes on with what came after hello. Rooms that are read already are
// joined again, for the rights may be others.
func (s *Session) known(d *delivery) {
	s.asking = false
	if d.out.Err != nil {
		s.refuse(d.tag, d.out.Err)
	} else {
		s.who = d.who
		s.watchExpiry()
		for _, j := range s.rooms {
			j.ask(0)
		}
		s.greet(d.tag)
	}
	waiting := s.waiting
	s.waiting = nil
	for i := range waiting {
		s.frame(&waiting[i])
	}
}

func (s *Session) greet(id uint64) {
	s.write(wire.AppendHello(nil, id, s.who.Member(), time.Now(), s.reg.opts.PingEvery))
}

func (s *Session) join(id uint64, f *wire.Join) {
	rid, err := room.ParseID(f.Room)
	if err != nil {
		s.refuse(id, err)
		return
	}
	s.read(id, rid, node.Join{Since: f.Since, Only: f.Only})
}

// read joins a room; joining one that is read already starts anew.
func (s *Session) read(tag uint64, id room.ID, join node.Join) {
	if err := s.reg.mayJoin(s.who.Address); err != nil {
		s.refuse(tag, err)
		return
	}
	j := s.find(id)
	if j == nil {
		if len(s.rooms) >= maxRooms {
			s.refuse(tag, room.Errorf(room.TooLarge, "One connection reads at most %d rooms.", maxRooms))
			return
		}
		j = &joined{s: s, id: id}
		s.rooms = append(s.rooms, j)
	}
	j.since, j.only = join.Since, join.Only
	j.ask(tag)
}

func (s *Session) find(id room.ID) *joined {
	for _, j := range s.rooms {
		if j.id == id {
			return j
		}
	}
	return nil
}

func (s *Session) query(id uint64, f *wire.Query) {
	rid, err := room.ParseID(f.Room)
	if err != nil {
		s.refuse(id, err)
		return
	}
	s.reg.opts.Node.Query(rid, node.Query{Caller: s.who.Caller(rid), Name: f.Name, Args: f.RoomArgs()}, s, id)
}

func (s *Session) leave(id uint64, f *wire.Leave) {
	i := slices.IndexFunc(s.rooms, func(j *joined) bool { return string(j.id) == f.Room })
	if i >= 0 {
		s.rooms[i].end()
		s.rooms = slices.Delete(s.rooms, i, i+1)
	}
	s.write(wire.AppendDone(nil, id))
}

// Receive implements node.Receiver: for commands and queries.
func (s *Session) Receive(tag uint64, out node.Outcome) {
	s.writer().deliver(delivery{to: s, tag: tag, out: out})
}

// answer turns an outcome into frames, on the loop.
func (s *Session) answer(d *delivery) {
	switch {
	case d.of != nil:
		d.of.answer(d.tag, &d.out)
	case s.gone:
	case d.who != nil:
		s.known(d)
	case d.out.Err != nil:
		s.refuse(d.tag, s.reg.Veil(s.who, d.out.Err))
	case d.out.Result != nil:
		s.write(wire.AppendResult(nil, d.tag, d.out.Pos, d.out.Result))
	default:
		s.write(wire.AppendReply(nil, d.tag, d.out.Seq, d.out.Reply))
	}
}

func (s *Session) refuse(id uint64, err error) {
	if s.codec != events {
		s.write(wire.AppendError(nil, id, room.AsError(err)))
	}
}

// write adds a frame to the answers of this delivery.
func (s *Session) write(payload []byte) { s.out = netloop.AppendText(s.out, payload) }

// flush writes the answers.
func (s *Session) flush() {
	if out := s.out; out != nil {
		s.out = nil
		s.conn.Send(out)
	}
}

// bye says why the connection ends, and ends it.
func (s *Session) bye(err *room.Error) {
	s.flush()
	if s.codec == events {
		s.conn.Send(wire.AppendByeEvent(nil, err))
	} else {
		s.conn.Send(netloop.AppendText(nil, wire.AppendBye(nil, "", err)))
	}
	s.conn.Close(wire.CloseCode(err.Code), string(err.Code))
}

// watchExpiry ends the session when its token does.
func (s *Session) watchExpiry() {
	if at := s.who.Expires(); !at.IsZero() {
		s.writer().loop.After(time.Until(at), expiry{s, s.who})
	}
}

// expiry is the task that ends a session whose token was not renewed.
type expiry struct {
	s   *Session
	who *Identity
}

// Run implements fanout.Task.
func (e expiry) Run() {
	if !e.s.gone && e.s.who == e.who {
		e.s.bye(Expired())
	}
}
