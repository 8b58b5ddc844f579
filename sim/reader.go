package sim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/wire"
)

// reader is one device: it keeps a state and a position, and comes back with
// them on whatever door.
type reader struct {
	w      *world
	name   string
	room   room.ID
	caller room.Caller
	only   []string
	rand   *rand.Rand

	// mu of the world guards these.
	conn  *conn // the newest
	pos   room.Position
	state *state
}

// look is one frame that began, and what its reader had once it was through.
type look struct {
	who       string
	id        room.ID
	member    room.MemberID
	sight     room.Sight
	from, to  uint64
	seqs      []uint64
	view      string // its JSON, "" for updates
	delivered bool
	more      bool
	state     string // "" if it is not to be looked at
}

// readers makes the devices of the cast and of some anonymous ones.
func (w *world) readers(cast []*actor) (all []*reader) {
	add := func(id room.ID, caller room.Caller, only ...string) {
		n := len(all)
		r := &reader{
			w: w, name: fmt.Sprintf("%s@%d", caller.Member, n), room: id, caller: caller, only: only,
			rand: w.random("reader", n), state: newState(),
		}
		all = append(all, r)
		w.all.Go(r.run)
	}
	for i, a := range cast {
		if a.caller.Member == "" {
			continue
		}
		add(party, a.caller)
		switch i % 3 {
		case 0:
			add(party, a.caller, "people", "feed")
		case 1:
			add(party, a.caller, "reactions")
		}
	}
	add(talk, room.Caller{})
	add(talk, room.Caller{})
	return all
}

func (r *reader) run() {
	pause(r.rand, time.Microsecond, time.Second)
	for !r.w.ended() {
		l := r.w.now()
		if r.rand.IntN(4) == 0 {
			r.poll(l)
		} else {
			r.live(l, time.Duration(r.rand.Int64N(int64(4*time.Second))))
		}
		if r.rand.IntN(3) == 0 {
			pause(r.rand, time.Millisecond, 2*time.Second)
		} else {
			pause(r.rand, time.Microsecond, 50*time.Millisecond)
		}
	}
	for !r.w.left.Load() { // once more, to see the end
		l := r.w.now()
		r.live(l, 0)
		if l.dead() {
			return
		}
		pause(r.rand, time.Millisecond, time.Second)
	}
}

// live reads on a connection for as long as given, 0 for as long as the world
// goes on, and reports whether the room let it go for good.
func (r *reader) live(l *life, long time.Duration) (final bool) {
	c := &conn{r: r, life: l, loop: l.loops[r.rand.IntN(2)], rand: rand.New(rand.NewPCG(r.rand.Uint64(), 0)), ended: make(chan room.Code, 1)}
	c.stalls = []float64{0, 0.02, 0.2}[c.rand.IntN(3)]
	r.w.mu.Lock()
	r.conn = c
	r.w.mu.Unlock()
	c.loop.do(func() { c.ask(r.since()) })
	var timer <-chan time.Time
	if long > 0 {
		timer = time.After(long)
	}
	select {
	case code := <-c.ended:
		return code == room.Banned
	case <-l.died:
		return false
	case <-timer:
	}
	closed := make(chan struct{})
	c.loop.do(func() {
		c.close("")
		close(closed)
	})
	select {
	case <-closed:
	case <-l.died:
	}
	return false
}

func (r *reader) since() string {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if r.pos.Epoch == "" {
		return ""
	}
	return r.pos.String()
}

// poll is what transport's GET does, with wait.
func (r *reader) poll(l *life) {
	for range 1 + r.rand.IntN(4) {
		e := r.enter(l)
		if e == nil {
			return
		}
		r.polled(l, e)
		pause(r.rand, time.Microsecond, 300*time.Millisecond)
	}
}

func (r *reader) polled(l *life, e *node.Entry) {
	defer func() { e.Tail.Release() }()
	wake := make(chan struct{}, 1)
	e.Tail.Watch(wake)
	defer e.Tail.Unwatch(wake)
	if !e.Resumed {
		if !e.Outdated() {
			r.w.view(r, e, l).arrive()
		}
		return
	}
	push, told, ok := e.Tail.Read(e.Seq, e.Reader(nil))
	if ok && told == 0 {
		select {
		case <-time.After(time.Duration(r.rand.Int64N(int64(time.Second)))):
		case <-l.died:
		case <-wake:
		}
		pause(r.rand, time.Microsecond, time.Millisecond) // not in the instant of who woke it
		next := r.enter(l)                                // rights may have changed with what happened
		if next == nil {
			return
		}
		e.Tail.Release()
		if e = next; !e.Resumed {
			return
		}
		push, _, ok = e.Tail.Read(e.Seq, e.Reader(nil))
	}
	if ok {
		r.w.push(r, e, l, wire.AppendPush(nil, &push)).arrive()
	}
}

func (r *reader) enter(l *life) *node.Entry {
	got := make(chan node.Outcome, 1)
	l.node.Join(r.room, node.Join{Caller: r.caller, Since: r.since(), Only: r.only}, receiver(func(o node.Outcome) { got <- o }), 0)
	select {
	case out := <-got:
		if l.dead() { // either may be heard first
			return nil
		}
		pause(r.rand, time.Microsecond, time.Millisecond)
		return out.Entry
	case <-l.died:
		return nil
	}
}

// sampled is how many frames go by for one whose state is held to the log:
// what it is and what it should be are most of a run's cost.
const sampled = 3

// conn is a live connection: a fanout.Sink, on its loop. It does what
// session's Session and joined do.
type conn struct {
	r      *reader
	life   *life
	loop   *loop
	rand   *rand.Rand
	stalls float64 // how often a frame does not go through at once
	cursor *fanout.Cursor
	entry  *node.Entry
	held   []*frame // begun, and not through
	ended  chan room.Code
	gone   bool
}

// ask joins, in an instant of its own: the room's turn runs beside whoever
// asked, and what both post to a loop must have an order.
func (c *conn) ask(since string) {
	if c.gone {
		return
	}
	join := node.Join{Caller: c.r.caller, Since: since, Only: c.r.only}
	to := receiver(func(out node.Outcome) { c.loop.do(func() { c.answer(out) }) })
	time.AfterFunc(time.Duration(1+c.rand.IntN(5000)), func() { c.life.node.Join(c.r.room, join, to, 0) })
}

func (c *conn) answer(out node.Outcome) {
	switch {
	case out.Err != nil:
		c.r.w.note("%s refused: %s", c.r.name, out.Err.Code)
		c.close(out.Err.Code)
	case c.gone:
		out.Entry.Tail.Release()
	case out.Entry.Outdated():
		out.Entry.Tail.Release()
		c.ask("")
	default:
		c.let(out.Entry)
	}
}

func (c *conn) let(e *node.Entry) {
	n := c.life.node
	if c.cursor != nil && !c.cursor.Waits() {
		c.r.w.note("%s let in twice", c.r.name)
	}
	if !e.Resumed {
		c.put(c.r.w.view(c.r, e, c.life))
	}
	again := c.cursor != nil
	c.entry = e
	if again {
		e.Tail.Release() // the cursor has its own
	} else {
		n.Arrive(c.r.room, e.Member)
		c.cursor = e.Tail.Seat(c.loop, c, e.Member.ID)
	}
	c.cursor.Restart(e.Reader(codec), e.Epoch, e.Seq, e.Sig)
}

var codec = &fanout.Codec{Name: "sim", Push: wire.AppendPush}

func (c *conn) Idle() bool { return len(c.held) == 0 && !c.gone }

func (c *conn) Send(b []byte) bool {
	if c.gone || c.life.dead() {
		return false
	}
	return c.put(c.r.w.push(c.r, c.entry, c.life, b))
}

// put sends a frame, or a part of it for now.
func (c *conn) put(f *frame) bool {
	if c.Idle() && (c.rand.Float64() >= c.stalls || !c.r.w.faulty()) {
		f.arrive()
		return true
	}
	if c.held = append(c.held, f); len(c.held) == 1 {
		c.loop.After(time.Duration(c.rand.Int64N(int64(250*time.Millisecond)<<c.rand.IntN(4))), task(c.writable))
	}
	return false
}

func (c *conn) writable() {
	if c.gone {
		return
	}
	for _, f := range c.held {
		f.arrive()
	}
	c.held = nil
	if c.cursor != nil {
		c.cursor.Resume()
	}
}

func (c *conn) Rejoin(*fanout.Cursor) { c.ask("") }

// close cuts the connection: what is held never arrives.
func (c *conn) close(code room.Code) {
	if c.gone {
		return
	}
	c.gone = true
	if c.cursor != nil {
		c.cursor.Close()
		c.life.node.Depart(c.r.room, c.entry.Member.ID)
	}
	c.ended <- code
}

// frame is bytes under way to a reader.
type frame struct {
	r    *reader
	look *look
	pos  room.Position
	view *view
	push *push
}

// view is the JSON of a view frame, push that of updates.
type view struct {
	Pos  string                     `json:"pos"`
	View map[string]json.RawMessage `json:"view"`
	Mine map[string]json.RawMessage `json:"mine"`
}

type push struct {
	Room    room.ID                    `json:"room"`
	Pos     string                     `json:"pos"`
	Updates []json.RawMessage          `json:"updates"`
	Signals map[string]json.RawMessage `json:"signals"`
	More    bool                       `json:"more"`
}

// view begins a frame with an entry's view.
func (w *world) view(r *reader, e *node.Entry, l *life) *frame {
	text := append(wire.AppendViewRest(nil, &wire.ViewHead{Pos: e.Position(), Mine: e.Mine, Signals: e.Signals}), e.View...)
	v := &view{}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := json.Unmarshal(text, v); err != nil {
		w.broken("view %s: %v", text, err)
	}
	f := &frame{r: r, view: v, look: &look{view: string(text)}}
	f.pos, _ = room.ParsePosition(v.Pos)
	w.begun(f, e, l)
	if h := w.rooms[r.room]; h.lastCover > e.Head {
		w.broken("%s is shown a view of %d after the removal of %d was acknowledged", r.name, e.Head, h.lastCover)
	}
	return f
}

// push begins a frame of updates.
func (w *world) push(r *reader, e *node.Entry, l *life, text []byte) *frame {
	p := &push{}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := json.Unmarshal(text, p); err != nil || p.Room != r.room {
		w.broken("frame %s: %v", text, err)
	}
	f := &frame{r: r, push: p, look: &look{more: p.More, from: r.pos.Seq}}
	f.pos, _ = room.ParsePosition(p.Pos)
	h := w.rooms[r.room]
	for _, text := range p.Updates {
		u := w.known(h, text)
		if u == nil {
			continue
		}
		f.look.seqs = append(f.look.seqs, u.Seq)
		if !e.Sight.Sees(u, e.Member.ID) {
			w.broken("%s as %v is told %d %s, which is for %q", r.name, e.Sight, u.Seq, u.Type, u.To)
		}
		if h.gone(u) {
			w.broken("%s is told %d %s after its removal was acknowledged", r.name, u.Seq, u.Type)
		}
		if u.Seq > f.pos.Seq {
			w.broken("%s is told %d in a frame to %d", r.name, u.Seq, f.pos.Seq)
		}
	}
	if !slices.IsSorted(f.look.seqs) {
		w.broken("%s is told %v", r.name, f.look.seqs)
	}
	w.begun(f, e, l)
	return f
}

// begun holds every frame that begins to what was acknowledged. Needs mu.
func (w *world) begun(f *frame, e *node.Entry, l *life) {
	r, h := f.r, w.rooms[f.r.room]
	k := f.look
	k.who, k.id, k.member, k.sight, k.to = r.name, r.room, e.Member.ID, e.Sight, f.pos.Seq
	if l.dead() {
		return
	}
	if f.pos.Sight != e.Sight.Code() || h.epoch != "" && f.pos.Epoch != h.epoch || f.pos.Seq > uint64(len(h.updates)) {
		w.broken("%s as %v is sent to %s, the log ends at %d", r.name, e.Sight, f.pos, len(h.updates))
	}
	if at := h.rights[e.Member.ID]; at > e.Head {
		w.broken("%s begins a frame with the sight of %d, its rights changed at %d", r.name, e.Head, at)
	}
}

// arrive is the frame being through: its reader applies it whole.
func (f *frame) arrive() {
	r := f.r
	w := r.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noted("%s %s %v", r.name, f.pos, f.look.seqs)
	k := f.look
	k.delivered = true
	switch {
	case f.view != nil:
		r.state = newState()
		r.state.load(f.view.View, f.view.Mine)
	case f.pos.Epoch != r.pos.Epoch || f.pos.Sight != r.pos.Sight || f.pos.Seq < r.pos.Seq:
		w.broken("%s is brought from %s to %s without a view", r.name, r.pos, f.pos)
	default:
		k.from = r.pos.Seq
		for _, text := range f.push.Updates {
			var u room.Update
			if json.Unmarshal(text, &u) != nil || u.Seq <= r.pos.Seq {
				w.broken("%s at %s is told %s", r.name, r.pos, text)
			}
			r.state.fold(u)
		}
	}
	r.pos = f.pos
	if !k.more && len(w.seen)%sampled == 0 {
		k.state = r.state.normal(k, w.rooms[r.room])
	}
	w.seen = append(w.seen, *k)
}
