package node

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"runtime/debug"

	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/wire"
)

// readAll answers the batch's joins and queries on the durable state.
func (h *host) readAll(ctx context.Context, batch []request) {
	for i := range batch {
		req := &batch[i]
		if req.verb != join && req.verb != query {
			continue
		}
		if err := h.readOne(ctx, req); err != nil {
			req.fail(err)
		}
	}
}

// readOne answers one join or query. A panic is contained: reads change
// nothing.
func (h *host) readOne(ctx context.Context, req *request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			id := h.node.complain(h.id, req.query.Name, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			err = room.Errorf(room.Internal, "Something went wrong on our side (%s).", id)
		}
	}()
	m, err := h.let(req.cmd.Caller)
	if err != nil {
		return err
	}
	if req.verb == join {
		entry, err := h.enter(ctx, m, req.join)
		if err == nil {
			req.to.Receive(req.tag, Outcome{Entry: entry})
		}
		return err
	}
	if req.query.Name == "history" {
		return h.history(ctx, m, *req)
	}
	return h.query(m, req)
}

// let says who the caller is and whether they may read here.
func (h *host) let(c room.Caller) (room.Member, error) {
	st := h.state
	m, err := st.member(h.kind, c)
	if err != nil {
		return m, err
	}
	if !h.kind.Public && m.Role == "" {
		return m, room.Errorf(room.Unauthenticated, "Join first, or sign in.")
	}
	for i := range st.parts {
		if j, ok := st.parts[i].Behavior.(room.Joiner); ok {
			if err := j.Join(m); err != nil {
				return m, err
			}
		}
	}
	return m, nil
}

// enter lets a reader in: from its position if that still fits, else with a
// view.
func (h *host) enter(ctx context.Context, m room.Member, j Join) (*Entry, error) {
	only, err := h.known(j.Only)
	if err != nil {
		return nil, err
	}
	tail := h.open()
	sight := tail.Grant(room.SightOf(m, only))
	st := h.state
	e := &Entry{Tail: tail, Member: m, Sight: sight, Epoch: st.epoch, Head: st.head.Seq, Seq: st.head.Seq}
	tail.Reserve()
	if h.resumes(ctx, e, j.Since) {
		h.node.stats.Resumed.Add(1)
		return e, nil
	}
	e.View, err = st.view(sight)
	if err == nil {
		e.Mine, err = st.mine(m, sight)
	}
	if err != nil {
		tail.Release()
		return nil, err
	}
	e.Signals, e.Sig = tail.Signals(sight)
	h.node.stats.Viewed.Add(1)
	return e, nil
}

// known keeps of only what the kind has.
func (h *host) known(only []string) (known []string, err error) {
	for _, f := range only {
		if h.kind.Handles(f) {
			known = append(known, f)
		}
	}
	if len(only) > 0 && len(known) == 0 {
		return nil, room.Errorf(room.Invalid, "A room of kind %s has none of the features in only.", h.kind.Name)
	}
	return known, nil
}

// resumes reports whether the reader goes on from its position, and sets e to
// it: one of this epoch and sight, not beyond the log, and not too far back.
func (h *host) resumes(ctx context.Context, e *Entry, since string) bool {
	p, err := room.ParsePosition(since)
	if err != nil || p.Epoch != e.Epoch || p.Sight != e.Sight.Code() || p.Seq > e.Seq {
		return false
	}
	if !e.Tail.Reaches(p.Seq) {
		if !h.refill(ctx, e.Tail, p.Seq) || !e.Tail.Reaches(p.Seq) {
			return false
		}
	}
	e.Seq, e.Resumed = p.Seq, true
	return true
}

// refill brings older updates back from the journal.
func (h *host) refill(ctx context.Context, tail *fanout.Tail, after uint64) bool {
	if after+1 < h.state.first || h.state.head.Seq-after > maxRefill {
		return false
	}
	updates, err := h.read(ctx, after, maxRefill)
	if err != nil {
		h.node.log.Warn("tail not refilled", "room", h.id, "seq", after, "err", err)
		return false
	}
	kept := updates[:0]
	for i := range updates {
		if !h.state.withdrawn(&updates[i]) {
			kept = append(kept, updates[i])
		}
	}
	tail.Refill(after, kept)
	return true
}

// view returns the encoded view of a sight, made once for all who ask before
// the next update.
func (st *state) view(sight room.Sight) ([]byte, error) {
	if v, ok := st.views[sight]; ok && v.seq == st.head.Seq {
		return v.body, nil
	}
	shown := make(map[string]any, len(st.parts))
	for _, p := range st.parts {
		viewer, ok := p.Behavior.(room.Viewer)
		if !ok || !sight.Wants(p.name) {
			continue
		}
		v, err := viewer.View(sight)
		if err != nil {
			return nil, fmt.Errorf("view of %s: %w", p.name, err)
		}
		shown[p.name] = v
	}
	encoded, err := json.Marshal(shown)
	if err != nil {
		return nil, fmt.Errorf("encode view: %w", err)
	}
	body := wire.AppendViewBody(nil, encoded)
	if len(st.views) >= maxViews {
		clear(st.views)
	}
	st.views[sight] = view{st.head.Seq, body}
	return body, nil
}

const maxViews = 32 // sights whose view is kept; a tail grants fewer

// mine returns what is the member's own, encoded, nil for nothing.
func (st *state) mine(m room.Member, sight room.Sight) ([]byte, error) {
	if m.ID == "" {
		return nil, nil
	}
	own := make(map[string]any)
	for _, p := range st.parts {
		viewer, ok := p.Behavior.(room.Viewer)
		if !ok || !sight.Wants(p.name) {
			continue
		}
		v, err := viewer.Mine(m)
		if err != nil {
			return nil, fmt.Errorf("what is %s's in %s: %w", m.ID, p.name, err)
		}
		if v != nil {
			own[p.name] = v
		}
	}
	if len(own) == 0 {
		return nil, nil
	}
	return json.Marshal(own)
}

// query answers a feature's paged read.
func (h *host) query(m room.Member, req *request) error {
	q, ok := h.state.part(req.query.Name).(room.Querier)
	if !ok {
		return room.Errorf(room.Invalid, "There is no query %.40q here.", req.query.Name)
	}
	result, err := q.Query(m, req.query.Name, req.query.Args)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("encode %s: %w", req.query.Name, err)
	}
	req.to.Receive(req.tag, Outcome{Pos: h.position(m), Result: encoded})
	return nil
}

// position is where a reader of m's sight comes to by being told what there is.
func (h *host) position(m room.Member) room.Position {
	sight := room.SightOf(m, nil)
	return room.Position{Epoch: h.state.epoch, Seq: h.state.shown[sight.Class], Sight: sight.Code()}
}

// maxHistory is how many updates one page of history has.
const maxHistory = 10_000

// history answers with a page of the log as the member may see it. The log is
// read outside the turn, up to the turn's head.
func (h *host) history(ctx context.Context, m room.Member, req request) error {
	after, err := req.query.Args.Uint("after", 0)
	if err != nil {
		return err
	}
	limit, err := req.query.Args.Limit(100, maxHistory)
	if err != nil {
		return err
	}
	if after > math.MaxInt64 {
		return room.Errorf(room.Invalid, "after is a seq of the room's log.")
	}
	page := historyPage{
		ctx: ctx, journal: h.node.opts.Journal, id: h.id,
		first: h.state.first, after: max(after, h.state.first-1), head: h.state.head.Seq, limit: limit,
		sight: room.SightOf(m, nil), member: m.ID, covered: maps.Clone(h.state.covered),
	}
	pos := h.position(m)
	h.node.drains.Go(func() {
		result, err := page.encode()
		if err != nil {
			req.fail(&room.Error{Code: room.Unavailable, Message: "The history could not be read. Try again.", Err: err})
			return
		}
		req.to.Receive(req.tag, Outcome{Pos: pos, Result: result})
	})
	return nil
}

// historyPage is one read of the log.
type historyPage struct {
	ctx     context.Context
	journal journal.Journal
	id      room.ID
	first   uint64
	after   uint64
	head    uint64
	limit   int
	sight   room.Sight
	member  room.MemberID
	covered map[string]uint64
}

// encode writes {"first":1,"updates":[...],"more":true}.
func (p *historyPage) encode() ([]byte, error) {
	out := fmt.Appendf(nil, `{"first":%d,"updates":[`, p.first)
	n, more := 0, false
	if p.after < p.head {
		for u, err := range p.journal.Read(p.ctx, p.id, p.after) {
			if err != nil {
				return nil, err
			}
			if u.Seq > p.head {
				break
			}
			if withdrawn(p.covered, &u) || !p.sight.Sees(&u, p.member) {
				continue
			}
			if n == p.limit {
				more = true
				break
			}
			if n > 0 {
				out = append(out, ',')
			}
			out = wire.AppendUpdate(out, &u)
			n++
		}
	}
	return fmt.Appendf(out, `],"more":%t}`, more), nil
}
