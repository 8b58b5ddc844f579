package sim

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
)

// actor is a member with one outbox, or somebody anonymous in the talk.
type actor struct {
	w      *world
	caller room.Caller
	client string
	rand   *rand.Rand
	n      uint64
	sent   []*command // the newest, for sending again
}

// command is one op of an outbox until it is answered, and after.
type command struct {
	room    room.ID
	typ     string
	data    json.RawMessage
	op      room.Op
	granted int
	first   *node.Outcome // what it was answered
}

// call is one try of a command: its receiver.
type call struct {
	a    *actor
	life *life
	cmd  *command
	out  node.Outcome
	done chan struct{}
}

// Receive implements node.Receiver: on the drain, so that what is told before
// it is durable is caught in the act.
func (c *call) Receive(_ uint64, out node.Outcome) {
	w := c.a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.life.dead() {
		return // nobody hears it
	}
	c.out = out
	if out.Err == nil {
		c.acked(&out)
	} else {
		w.noted("%s %s %s: %s", c.a.caller.Member, c.cmd.op, c.cmd.typ, out.Err.Code)
		switch out.Err.Code {
		case room.Unavailable, room.Drain, room.Busy, room.Banned:
		default:
			if c.cmd.first != nil {
				w.broken("%s of %q was acknowledged, then answered %s", c.cmd.op, c.a.caller.Member, out.Err.Code)
			}
			if c.cmd.op.N > 0 && out.Err.Code == room.Stale || out.Err.Code == room.Conflict && strings.HasPrefix(out.Err.Message, "Op ") {
				w.broken("%s of %q in order was answered %v", c.cmd.op, c.a.caller.Member, out.Err)
			}
		}
	}
	close(c.done)
}

// acked holds an acknowledgement to the log. Needs mu.
func (c *call) acked(out *node.Outcome) {
	w, h := c.a.w, c.a.w.rooms[c.cmd.room]
	w.noted("%s %s %s: %d %s", c.a.caller.Member, c.cmd.op, c.cmd.typ, out.Seq, out.Reply)
	key := opKey{c.a.caller.Member, c.cmd.op}
	if key.op.N == 0 {
		return
	}
	op, stored := h.ops[key]
	switch {
	case !stored:
		w.broken("%s of %q was acknowledged and is not in the log", key.op, key.member)
	case op.Seq != out.Seq || string(op.Reply) != string(out.Reply):
		w.broken("%s of %q was answered %d %s, the log says %d %s", key.op, key.member, out.Seq, out.Reply, op.Seq, op.Reply)
	case c.cmd.first != nil && (c.cmd.first.Seq != out.Seq || string(c.cmd.first.Reply) != string(out.Reply)):
		w.broken("%s of %q was answered %s, then %s", key.op, key.member, c.cmd.first.Reply, out.Reply)
	}
	c.cmd.first = out
	h.acked(key)
	var reply struct{ Post, Comment string }
	if json.Unmarshal(out.Reply, &reply) == nil {
		if reply.Post != "" {
			w.posts = append(w.posts, reply.Post)
		}
		if reply.Comment != "" {
			w.notes = append(w.notes, reply.Comment)
		}
	}
}

// try sends a command once and reports whether an answer came.
func (a *actor) try(cmd *command) (node.Outcome, bool) {
	l := a.w.now()
	c := &call{a: a, life: l, cmd: cmd, done: make(chan struct{})}
	l.node.Do(cmd.room, node.Command{Caller: a.caller, Type: cmd.typ, Op: cmd.op, Data: cmd.data, Granted: cmd.granted}, c, 0)
	select {
	case <-c.done:
		return c.out, true
	case <-l.died:
		return node.Outcome{}, false
	}
}

// deliver sends a command until it is decided.
func (a *actor) deliver(cmd *command) node.Outcome {
	for range 2000 {
		out, answered := a.try(cmd)
		if answered && (out.Err == nil || out.Err.Code != room.Unavailable && out.Err.Code != room.Drain && out.Err.Code != room.Busy) {
			if answered && a.rand.IntN(20) == 0 { // the answer was lost on the way
				pause(a.rand, time.Millisecond, 2*time.Second)
				a.try(cmd)
			}
			return out
		}
		pause(a.rand, time.Millisecond, 400*time.Millisecond)
	}
	a.w.note("gave up")
	return node.Outcome{Err: room.Errorf(room.Unavailable, "Never.")}
}

// do makes a command of the outbox and delivers it.
func (a *actor) do(id room.ID, typ string, data any) node.Outcome {
	a.n++
	text, _ := json.Marshal(data)
	cmd := &command{room: id, typ: typ, data: text, op: room.Op{Client: a.client, N: a.n}, granted: 20}
	out := a.deliver(cmd)
	if out.Err == nil {
		a.sent = append(a.sent, cmd)
		a.sent = a.sent[max(0, len(a.sent)-20):]
	}
	return out
}

// again sends something old once more: a late copy.
func (a *actor) again() {
	if len(a.sent) > 0 {
		a.try(a.sent[a.rand.IntN(len(a.sent))])
	}
}

type data = map[string]any

// open makes the event and everybody in it.
func (w *world) open() []*actor {
	srv := &actor{w: w, caller: room.Caller{Role: room.Service}, client: "srv", rand: w.random("srv", 0)}
	presets := []string{"wedding", "conference-talk"}
	srv.do(party, "event.open", data{"name": "Sim", "preset": presets[srv.rand.IntN(2)]})
	roles := []room.Role{room.Owner, room.CoHost, room.Moderator, room.Guest, room.Guest, room.Guest, room.Guest}
	var cast []*actor
	for i, role := range roles {
		id := room.MemberID(fmt.Sprint("m_", i))
		proof := room.Proof{byte(i), 1}
		srv.do(party, "people.join", data{
			"member": id, "name": fmt.Sprint("Guest number ", i), "role": role, "proof": hex.EncodeToString(proof[:]),
		})
		cast = append(cast, &actor{
			w: w, caller: room.Caller{Member: id, Proof: proof}, client: fmt.Sprint("c", i), rand: w.random("actor", i),
		})
	}
	return append(cast, &actor{w: w, client: "anon", rand: w.random("anon", 0)})
}

func (a *actor) run() {
	slow := 20 * time.Millisecond << a.rand.IntN(6)
	for !a.w.ended() {
		pause(a.rand, time.Millisecond, slow)
		switch {
		case a.caller.Member == "":
			a.do(talk, "reactions.tap", data{"kind": "heart", "n": 1 + a.rand.IntN(5)})
		case a.rand.IntN(12) == 0:
			a.again()
		case a.rand.IntN(15) == 0:
			a.history()
		default:
			a.act()
		}
	}
}

// act does one thing of what members do; much of it is refused to most.
func (a *actor) act() {
	r := a.rand
	post, note := a.pick(&a.w.posts), a.pick(&a.w.notes)
	member := fmt.Sprint("m_", r.IntN(7))
	target := data{"post": post}
	if r.IntN(2) == 0 {
		target = data{"comment": note}
	}
	switch r.IntN(30) {
	case 0, 1, 2, 3:
		if a.w.mayPost() {
			a.do(party, "feed.post", data{"text": fmt.Sprintf("post of %s %d", a.client, a.n)})
		}
	case 4, 5, 6:
		a.do(party, "feed.comment", data{"post": post, "text": fmt.Sprintf("comment of %s %d", a.client, a.n)})
	case 7, 8, 9, 10, 11:
		a.do(party, "feed.react", data{"post": post, "kind": []string{"heart", "joy", "wow"}[r.IntN(3)], "on": r.IntN(3) > 0})
	case 12:
		a.do(party, "feed.edit", data{"post": post, "text": fmt.Sprintf("edit of %s %d", a.client, a.n)})
	case 13:
		if r.IntN(3) == 0 {
			a.do(party, "feed.delete", target)
		}
	case 14, 15:
		a.do(party, "feed.hide", target)
	case 16, 17:
		a.do(party, "feed.restore", target)
	case 18, 19:
		a.do(party, []string{"feed.approve", "feed.reject"}[r.IntN(2)], data{"post": post})
	case 20:
		a.do(party, "feed.pin", data{"post": post, "on": r.IntN(2) == 0})
	case 21:
		a.do(party, "event.set", data{"moderation": []string{"pre", "post"}[r.IntN(2)]})
	case 22:
		a.do(party, "event.lock", data{"on": r.IntN(4) == 0})
	case 23:
		a.do(party, "people.role", data{"member": member, "role": []string{"moderator", "guest", "guest", "display"}[r.IntN(4)]})
	case 24:
		a.do(party, "people.mute", data{"member": member, "minutes": r.IntN(3)})
	case 25:
		if r.IntN(12) == 0 {
			a.do(party, "people.ban", data{"member": member, "removeContent": r.IntN(2) == 0})
		}
	case 26:
		a.do(party, "people.rename", data{"name": fmt.Sprintf("Guest %s %d", a.client, a.n)})
	case 27:
		a.do(party, "people.presence", data{"state": []string{"online", "idle"}[r.IntN(2)]})
	default:
		a.do(party, "reactions.tap", data{"kind": []string{"heart", "clap"}[r.IntN(2)], "n": 1 + r.IntN(9)})
	}
}

func (a *actor) pick(list *[]string) string {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if len(*list) == 0 {
		return "p_none"
	}
	return (*list)[a.rand.IntN(len(*list))]
}

// mayPost keeps the feed to what one view shows whole.
func (w *world) mayPost() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made++
	return w.made <= 18
}

// history reads a page of the log and holds it to what its reader may see.
func (a *actor) history() {
	w, l := a.w, a.w.now()
	after := a.rand.IntN(60)
	w.mu.Lock()
	removed := w.rooms[party].lastCover
	w.mu.Unlock()
	done := make(chan node.Outcome, 1)
	l.node.Query(party, node.Query{Caller: a.caller, Name: "history", Args: room.Args{
		"after": fmt.Sprint(after), "limit": "50",
	}}, receiver(func(out node.Outcome) { done <- out }), 0)
	var out node.Outcome
	select {
	case out = <-done:
	case <-l.died:
	}
	if out.Err != nil || out.Result == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.page(a.caller.Member, uint64(after), removed, &out)
}

type receiver func(node.Outcome)

func (f receiver) Receive(_ uint64, out node.Outcome) { f(out) }

// page needs mu.
func (w *world) page(member room.MemberID, after, removed uint64, out *node.Outcome) {
	var page struct{ Updates []json.RawMessage }
	if err := json.Unmarshal(out.Result, &page); err != nil {
		w.broken("history: %v", err)
	}
	h, class := w.rooms[party], room.Class(out.Pos.Sight)
	for _, text := range page.Updates {
		u := w.known(h, text)
		if u == nil {
			continue
		}
		if u.Seq <= after {
			w.broken("history after %d has %d, after %d", after, u.Seq, after)
		}
		after = u.Seq
		if !u.To.Includes(class, member) {
			w.broken("history tells %s (%s) %d, which is for %q", member, class, u.Seq, u.To)
		}
		for s := range u.Subjects() {
			if at := h.withdrawn[s]; at > u.Seq && at <= removed {
				w.broken("history tells %d, which %d withdrew", u.Seq, at)
			}
		}
	}
}

// known is the update of the log that text is, nil and broken if it is none.
// Needs mu.
func (w *world) known(h *history, text []byte) *room.Update {
	var u struct{ Seq uint64 }
	if err := json.Unmarshal(text, &u); err != nil || u.Seq == 0 || u.Seq > uint64(len(h.updates)) {
		w.broken("%s is told and not in the log of %d", text, len(h.updates))
		return nil
	}
	if h.texts[u.Seq-1] != string(text) {
		w.broken("told as %d: %s, the log has %s", u.Seq, text, h.texts[u.Seq-1])
		return nil
	}
	return &h.updates[u.Seq-1]
}
