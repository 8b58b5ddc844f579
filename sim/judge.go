package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/roomful/roomful/feature/reactions"
	"github.com/roomful/roomful/room"
)

// settle looks at the end, when all that is owed was told: everybody has the
// room as it is, and when all have gone nobody is said to be there.
func (w *world) settle(readers []*reader) {
	w.mu.Lock()
	for _, r := range readers {
		h := w.rooms[r.room]
		for i := range h.updates[min(r.pos.Seq, uint64(len(h.updates))):] {
			u := &h.updates[r.pos.Seq:][i]
			if sight := w.lastSight(r.name); sight.Sees(u, r.caller.Member) && !w.banned(r.caller.Member) {
				w.broken("%s is left at %s, untold of %d %s", r.name, r.pos, u.Seq, u.Type)
				break
			}
		}
	}
	l := w.life
	w.mu.Unlock()
	w.emptied(l, readers)
}

// lastSight needs mu.
func (w *world) lastSight(name string) room.Sight {
	for _, k := range slices.Backward(w.seen) {
		if k.who == name {
			return k.sight
		}
	}
	return room.Sight{}
}

func (w *world) banned(m room.MemberID) bool {
	return slices.ContainsFunc(w.rooms[party].updates, func(u room.Update) bool {
		return u.Type == "people.banned" && u.About == "member/"+string(m)
	})
}

// emptied closes all connections and waits until presence must have noticed.
func (w *world) emptied(l *life, readers []*reader) {
	w.note("all leave")
	w.left.Store(true)
	for _, r := range readers {
		w.mu.Lock()
		c := r.conn
		w.mu.Unlock()
		if c != nil {
			c.loop.do(func() { c.close("") })
		}
	}
	time.Sleep(34 * time.Second)
	if n := l.node.Online(party); n != 0 {
		w.mu.Lock()
		w.broken("%d ghosts are present", n)
		w.mu.Unlock()
	}
}

// judge holds all that was seen to the whole log.
func (w *world) judge() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range []room.ID{party, talk} {
		w.recount(id)
		w.compare(id)
	}
	for i := range w.seen {
		w.complete(&w.seen[i])
	}
}

// complete: between two positions a reader is told all that its sight sees,
// but for what something later took the place of.
func (w *world) complete(k *look) {
	if k.view != "" || k.more || !k.delivered {
		return
	}
	h := w.rooms[k.id]
	if head := uint64(len(h.updates)); k.to > head {
		w.broken("%s was told of %d, the log ends at %d", k.who, k.to, head)
		return
	}
	for seq := k.from + 1; seq <= k.to; seq++ {
		u := &h.updates[seq-1]
		if k.sight.Sees(u, k.member) && !slices.Contains(k.seqs, seq) && !h.superseded(u) {
			w.broken("%s went from %d to %d without %d %s", k.who, k.from, k.to, seq, u.Type)
		}
	}
}

// compare: at each position the reader's state is the fold of the log as its
// sight sees it.
func (w *world) compare(id room.ID) {
	h := w.rooms[id]
	bySeq := map[uint64][]*look{}
	for i := range w.seen {
		if k := &w.seen[i]; k.id == id && k.delivered && k.state != "" {
			bySeq[k.to] = append(bySeq[k.to], k)
		}
	}
	p := newReplay(id)
	var last lookKey
	var want, text string
	for seq := uint64(0); ; seq++ {
		slices.SortStableFunc(bySeq[seq], func(a, b *look) int {
			return strings.Compare(fmt.Sprint(a.sight, a.member), fmt.Sprint(b.sight, b.member))
		})
		for _, k := range bySeq[seq] {
			key := lookKey{seq, k.sight, k.member}
			if want == "" || key != last {
				last = key
				want, text = p.look(k, h)
			}
			if k.state != want {
				w.broken("%s as %v at %d (from %d by %v) has %s", k.who, k.sight, seq, k.from, k.seqs, differ(k.state, want))
			}
			if k.view != "" && !strings.HasSuffix(k.view, text+"}") {
				w.broken("%s as %v at %d is shown %s", k.who, k.sight, seq, differ(k.view, text))
			}
		}
		if seq == uint64(len(h.updates)) {
			return
		}
		if err := p.apply(h.updates[seq]); err != nil {
			w.broken("replay of %d: %v", seq+1, err)
			return
		}
	}
}

type lookKey struct {
	seq    uint64
	sight  room.Sight
	member room.MemberID
}

// differ shows where two texts part.
func differ(got, want string) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	from := max(0, i-80)
	return fmt.Sprintf("...%.200s..., the log folds to ...%.200s...", got[min(from, len(got)):], want[min(from, len(want)):])
}

// replay is the features' own fold of the log, without node or tail.
type replay struct {
	names []string
	parts []room.Behavior
}

func newReplay(id room.ID) *replay {
	p := &replay{}
	for _, k := range kinds() {
		if k.Name != id.Kind() {
			continue
		}
		for _, f := range k.Features {
			p.names, p.parts = append(p.names, f.Name), append(p.parts, f.New())
		}
	}
	return p
}

func (p *replay) apply(u room.Update) error {
	for i, part := range p.parts {
		if p.names[i] == u.Feature() {
			if err := part.Apply(u); err != nil {
				return err
			}
		}
	}
	for i, part := range p.parts {
		if o, ok := part.(room.Observer); ok && p.names[i] != u.Feature() {
			if err := o.Observe(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// look is the state as a sight sees it, normal, and the text of its view.
func (p *replay) look(k *look, h *history) (normal, text string) {
	sight, member := k.sight, k.member
	shown, own := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for i, part := range p.parts {
		v, ok := part.(room.Viewer)
		if !ok || !sight.Wants(p.names[i]) {
			continue
		}
		shown[p.names[i]] = encode(v.View(sight))
		if m, err := v.Mine(room.Member{ID: member}); m != nil && member != "" {
			own[p.names[i]] = encode(m, err)
		}
	}
	s := newState()
	s.load(shown, own)
	body, _ := json.Marshal(shown)
	return s.normal(k, h), `"view":` + string(body)
}

func encode(v any, err error) json.RawMessage {
	if err != nil {
		panic(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// recount: what was tapped is what was accepted, once for each op.
func (w *world) recount(id room.ID) {
	h := w.rooms[id]
	accepted, shown := uint64(0), uint64(0)
	for _, op := range h.ops {
		var reply reactions.Accepted
		if json.Unmarshal(op.Reply, &reply) == nil {
			accepted += uint64(reply.Accepted)
		}
	}
	var last reactions.Counted
	for i := range h.updates {
		if h.updates[i].Type == "reactions.counted" {
			last = reactions.Counted{}
			_ = json.Unmarshal(h.updates[i].Data, &last)
		}
	}
	for _, n := range last.Counts {
		shown += n
	}
	if shown != accepted {
		w.broken("%s: %d taps were accepted, %s", id, accepted, fmt.Sprint(last.Counts))
	}
}
