package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// turn is one batch being handled: decide, commit, then tell.
type turn struct {
	host *host
	now  time.Time
	rand *rand.Rand
	rec  journal.Record

	keyed   map[conflation]int // index in rec.Updates: a newer value takes the place of an older one
	signals []room.Signal
	answers []answer
}

// conflation names the value that a keyed update sets.
type conflation struct {
	key string
	to  room.Audience
}

// answer is an accepted command and what it will be told after the commit.
type answer struct {
	req *request
	out Outcome
}

// turn handles a batch: commands first, then, on what is durable by then, the
// reads. Nothing leaves the room before it is durable.
func (h *host) turn(batch []request) {
	ctx := context.Background() // a turn is never given up half-way: the engine bounds its waits
	h.node.stats.Turns.Add(1)
	h.act(ctx, batch)
	if !slices.ContainsFunc(batch, func(r request) bool { return r.verb == join || r.verb == query }) {
		return
	}
	if err := h.wake(ctx); err != nil {
		err = h.broken(err)
		for i := range batch {
			if v := batch[i].verb; v == join || v == query {
				batch[i].fail(err)
			}
		}
		return
	}
	h.readAll(ctx, batch)
}

// act decides and commits the batch's commands and alarms. A command that
// panics, or whose updates will not fold, is answered internal; the state is
// loaded anew and the rest decided again.
func (h *host) act(ctx context.Context, batch []request) {
	acting := make([]*request, 0, len(batch))
	for i := range batch {
		if v := batch[i].verb; v == command || v == alarm {
			acting = append(acting, &batch[i])
		}
	}
	for len(acting) > 0 {
		if h.node.full() {
			failAll(acting, errFull)
			return
		}
		if err := h.wake(ctx); err != nil {
			failAll(acting, h.broken(err))
			return
		}
		t := h.begin()
		bad := t.decide(acting)
		if bad == nil {
			t.finish(ctx, acting)
			return
		}
		h.drop()
		acting = slices.DeleteFunc(acting, func(r *request) bool { return r == bad })
	}
}

var errFull = &room.Error{
	Code:       room.Unavailable,
	Message:    "The server's disk is full, so nothing can be saved. Reading still works; try again later.",
	RetryAfter: 5 * time.Second,
}

func (n *Node) full() bool { return n.fuller != nil && n.fuller.Full() }

// broken logs why a room will not wake and returns what people are told.
func (h *host) broken(err error) error {
	h.node.log.Error("room does not wake", "room", h.id, "err", err)
	if errors.Is(err, journal.ErrCorrupt) {
		return &room.Error{Code: room.Internal, Message: "This room's data is damaged, so it was stopped. Nothing was changed; the host of the server has to restore it.", Err: err}
	}
	return &room.Error{Code: room.Unavailable, Message: "This room could not be loaded. Try again.", RetryAfter: time.Second, Err: err}
}

func failAll(reqs []*request, err error) {
	for _, r := range reqs {
		r.fail(err)
	}
}

// begin makes a turn at the room's time.
func (h *host) begin() *turn {
	seed := h.node.opts.Seed
	st := h.state
	t := &turn{
		host: h,
		now:  st.now(h.node.opts.Now()),
		rand: rand.New(rand.NewPCG(seed(), seed())),
	}
	t.rec = journal.Record{Epoch: st.epoch, At: room.ToMillis(t.now), Nonce: seed()}
	return t
}

// decide runs every request against the state, in order. It returns the one
// that broke the state, if one did.
func (t *turn) decide(reqs []*request) (bad *request) {
	for _, req := range reqs {
		if err := t.one(req); err != nil {
			id := t.host.node.complain(t.host.id, req.cmd.Type, err)
			req.fail(&room.Error{Code: room.Internal, Message: "Something went wrong on our side (" + id + ").", Err: err})
			return req
		}
	}
	return nil
}

// complain logs an internal error under an id that the person can quote.
func (n *Node) complain(id room.ID, typ string, err error) string {
	ref := fmt.Sprintf("e-%08x", uint32(n.opts.Seed()))
	n.stats.Panics.Add(1)
	n.log.Error("command broke its room", "room", id, "type", typ, "id", ref, "err", err)
	return ref
}

// one runs one request. An error means that the state can not be trusted any
// more; refusals are answers.
func (t *turn) one(req *request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if req.verb == alarm {
		return t.alarms()
	}
	t.host.node.stats.Commands.Add(1)
	st := t.host.state
	by, err := st.member(t.host.kind, req.cmd.Caller)
	if err != nil {
		t.refuse(req, err)
		return nil
	}
	op, sum := req.cmd.Op, uint64(0)
	if op.N > 0 {
		sum = sumOf(req.cmd.Type, req.cmd.Data)
		known, err := st.ops.find(by.ID, op, sum)
		if err != nil {
			t.refuse(req, err)
			return nil
		}
		if known != nil {
			t.answers = append(t.answers, answer{req, Outcome{Seq: known.Seq, Reply: known.Reply}})
			return nil
		}
	}
	cmd := room.Command{Type: req.cmd.Type, Op: op, By: by, Data: req.cmd.Data, Granted: req.cmd.Granted}
	tx := room.NewTx(t.now, t.rand, by.ID, op.String())
	if err := st.handle(tx, cmd); err != nil {
		t.refuse(req, err)
		return nil
	}
	from := len(t.rec.Updates)
	if err := t.fold(tx); err != nil {
		return err
	}
	seq := t.seenBy(by, from)
	reply := tx.Effects().Reply
	if op.N > 0 {
		done := journal.Op{Member: by.ID, Op: op, Sum: sum, Seq: seq, Reply: reply}
		t.rec.Ops = append(t.rec.Ops, done)
		st.ops.remember(&done, t.rec.At)
	}
	t.answers = append(t.answers, answer{req, Outcome{Seq: seq, Reply: reply}})
	return nil
}

// seenBy is the seq that m will be told of what was recorded since from, at the
// latest: a reply that named a later one would be waited for in vain.
func (t *turn) seenBy(m room.Member, from int) uint64 {
	sight := room.SightOf(m, nil)
	for i := len(t.rec.Updates) - 1; i >= from; i-- {
		if u := &t.rec.Updates[i]; sight.Sees(u, m.ID) {
			return u.Seq
		}
	}
	return t.host.state.shown[sight.Class]
}

func (t *turn) refuse(req *request, err error) {
	t.host.node.stats.Refused.Add(1)
	t.answers = append(t.answers, answer{req, Outcome{Err: room.AsError(err)}})
}

// handle asks the guards, then the feature.
func (st *state) handle(tx *room.Tx, cmd room.Command) error {
	owner := st.part(cmd.Type)
	if owner == nil {
		return room.Errorf(room.Invalid, "There is no command %.40q here.", cmd.Type)
	}
	for i := range st.parts {
		if g, ok := st.parts[i].Behavior.(room.Guard); ok {
			if err := g.Guard(tx.Now(), cmd); err != nil {
				return err
			}
		}
	}
	if err := owner.Handle(tx, cmd); err != nil {
		return err
	}
	return tx.Effects().Err
}

// alarms wakes the features whose alarms are due. The record clears them.
func (t *turn) alarms() error {
	st := t.host.state
	at := room.ToMillis(t.now)
	var due []string
	for name, when := range st.alarms {
		if when <= at {
			due = append(due, name)
		}
	}
	slices.Sort(due)
	for _, name := range due {
		t.rec.Alarms = append(t.rec.Alarms, room.Alarm{Name: name})
		delete(st.alarms, name)
		feature, _, _ := strings.Cut(name, "/")
		a, ok := st.part(feature).(room.Alarmer)
		if !ok {
			continue // the kind lost the feature
		}
		tx := room.NewTx(t.now, t.rand, "", "")
		if err := a.Alarm(tx, name); err != nil {
			return fmt.Errorf("alarm %s: %w", name, err)
		}
		if err := t.fold(tx); err != nil {
			return err
		}
	}
	return nil
}

// fold adds tx's effects to the turn and folds its updates into the state,
// then what other features answer.
func (t *turn) fold(tx *room.Tx) error {
	if err := t.add(tx); err != nil {
		return err
	}
	for _, u := range tx.Effects().Updates {
		if err := t.answerTo(u); err != nil {
			return err
		}
	}
	return nil
}

// add is fold without the answers.
func (t *turn) add(tx *room.Tx) error {
	effects := tx.Effects()
	if effects.Err != nil {
		return effects.Err
	}
	for _, u := range effects.Updates {
		if err := t.record(u); err != nil {
			return err
		}
	}
	t.signals = append(t.signals, effects.Signals...)
	t.rec.Alarms = append(t.rec.Alarms, effects.Alarms...)
	t.host.state.setAlarms(effects.Alarms)
	return nil
}

// answerTo records what other features answer to u. Answers are not answered.
func (t *turn) answerTo(u room.Update) error {
	st := t.host.state
	for i := range st.parts {
		a, ok := st.parts[i].Behavior.(room.Answerer)
		if !ok || st.parts[i].name == u.Feature() {
			continue
		}
		tx := room.NewTx(t.now, t.rand, u.By, u.Op)
		if err := a.Answer(tx, u); err != nil {
			return fmt.Errorf("%s answers %s: %w", st.parts[i].name, u.Type, err)
		}
		if err := t.add(tx); err != nil {
			return err
		}
	}
	return nil
}

// record gives u its seq and folds it. A keyed update takes the place of an
// older one of the same turn, but not of one that was withdrawn meanwhile: it
// would be withdrawn too.
func (t *turn) record(u room.Update) error {
	st := t.host.state
	if u.Covers != "" {
		maps.DeleteFunc(t.keyed, func(_ conflation, i int) bool { return t.rec.Updates[i].IsAbout(u.Covers) })
	}
	c := conflation{u.Key, u.To}
	if i, ok := t.keyed[c]; ok && u.Key != "" {
		u.Seq = t.rec.Updates[i].Seq
		t.rec.Updates[i] = u
		return st.apply(u)
	}
	u.Seq = st.head.Seq + uint64(len(t.rec.Updates)) + 1
	t.rec.Updates = append(t.rec.Updates, u)
	if u.Key != "" {
		if t.keyed == nil {
			t.keyed = make(map[conflation]int)
		}
		t.keyed[c] = len(t.rec.Updates) - 1
	}
	return st.apply(u)
}

// finish commits the turn and tells. If the commit fails, the state is ahead
// of the journal and is forgotten.
func (t *turn) finish(ctx context.Context, reqs []*request) {
	h := t.host
	st := h.state
	if len(t.rec.Updates)+len(t.rec.Ops)+len(t.rec.Alarms) > 0 {
		t.rec.Due = st.due()
		head, err := h.commit(ctx, t.rec)
		if err != nil {
			h.node.stats.Failed.Add(1)
			h.node.log.Warn("commit failed", "room", h.id, "seq", st.head.Seq, "err", err)
			h.drop()
			failAll(reqs, notSaved(err))
			return
		}
		st.head, st.lastAt = head, t.rec.At
		for i := range t.rec.Updates {
			st.logBytes += len(t.rec.Updates[i].Data) + 64
		}
		h.node.stats.Updates.Add(uint64(len(t.rec.Updates)))
	}
	h.tell(ctx, t)
	for i := range t.answers {
		a := &t.answers[i]
		a.req.to.Receive(a.req.tag, a.out)
	}
	if st.outgrown() {
		h.save(ctx)
	}
}

func notSaved(err error) error {
	if errors.Is(err, journal.ErrFull) {
		return errFull
	}
	return &room.Error{Code: room.Unavailable, Message: "Not saved yet. Try again with the same op.", RetryAfter: time.Second, Err: err}
}

// commit appends the record, and finds out if the outcome is unknown.
func (h *host) commit(ctx context.Context, rec journal.Record) (journal.Head, error) {
	head, err := h.node.opts.Journal.Append(ctx, h.id, h.state.head, rec)
	for tries := 0; errors.Is(err, journal.ErrUnknown) && tries < maxSettle; tries++ {
		head, err = h.node.opts.Journal.Settle(ctx, h.id, h.state.head, rec)
	}
	return head, err
}

// maxSettle is how often an unknown outcome is asked for before the room is
// loaded anew, which asks the journal itself.
const maxSettle = 8

// tell publishes what the turn made durable.
func (h *host) tell(ctx context.Context, t *turn) {
	tail := h.reading()
	if tail != nil && len(t.rec.Updates) > 0 &&
		!tail.Publish(t.rec.Epoch, t.rec.Updates, h.state.rightsOf(t.rec.Updates)) {
		h.heal(ctx) // logs nothing, fails never: at worst every reader joins again
	}
	if len(t.signals) > 0 {
		h.node.presence.signal(h, tail, t.signals)
	}
}

// memberOf reads "member/m_7".
func memberOf(about string) (room.MemberID, bool) {
	id, ok := strings.CutPrefix(about, "member/")
	return room.MemberID(id), ok && id != ""
}
