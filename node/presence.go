package node

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/room"
)

// presence is who is here: made from connections, told as signals, kept
// without waking the room. A member is online while one connection of theirs
// is, and for Options.Away after the last one went.
type presence struct {
	mu    sync.Mutex // guards the fields below
	rooms map[room.ID]*company
}

// company is the members present in one room.
type company struct {
	members map[room.MemberID]*present
	away    int  // members without a connection, on their way out
	single  bool // rows are told one by one
}

type present struct {
	conns  int
	left   time.Time // when the last connection went
	state  json.RawMessage
	hidden bool
}

// maxRows is up to how many present members each has a signal of their own;
// above it only the count is told: domain A-5.
const maxRows = 200

var online = json.RawMessage(`{"state":"online"}`)

// Arrive notes a connection of a member in a room.
func (n *Node) Arrive(id room.ID, m room.Member) {
	prefix := n.presencePrefix(id)
	if prefix == "" || m.ID == "" {
		return
	}
	p := &n.presence
	p.mu.Lock()
	c := p.rooms[id]
	if c == nil {
		c = &company{members: make(map[room.MemberID]*present), single: true}
		p.rooms[id] = c
	}
	var told []room.Signal
	who := c.members[m.ID]
	switch {
	case who == nil:
		who = &present{state: online, hidden: m.Hidden}
		c.members[m.ID] = who
		told = c.tell(prefix, m.ID, who)
	case who.conns == 0:
		c.away--
	}
	who.conns++
	p.mu.Unlock()
	n.signal(id, told)
}

// Depart undoes an Arrive. The member is told offline a while later, unless
// they come back.
func (n *Node) Depart(id room.ID, member room.MemberID) {
	p := &n.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.rooms[id]
	if c == nil || c.members[member] == nil {
		return
	}
	who := c.members[member]
	if who.conns--; who.conns == 0 {
		who.left = n.opts.Now()
		c.away++
	}
}

// Online is how many members are present in a room.
func (n *Node) Online(id room.ID) int {
	n.presence.mu.Lock()
	defer n.presence.mu.Unlock()
	if c := n.presence.rooms[id]; c != nil {
		return len(c.members)
	}
	return 0
}

func (n *Node) presencePrefix(id room.ID) string {
	if k := n.kinds[id.Kind()]; k != nil && k.Presence != "" {
		return k.Presence + "/"
	}
	return ""
}

// signal tells the room's readers, if there are any.
func (n *Node) signal(id room.ID, told []room.Signal) {
	if len(told) == 0 {
		return
	}
	n.mu.Lock()
	h := n.hosts[id]
	n.mu.Unlock()
	if h == nil {
		return
	}
	if tail := h.reading(); tail != nil {
		tail.Signal(told...)
	}
}

// sweep tells who has been away for long enough.
func (p *presence) sweep(n *Node, now time.Time) {
	type change struct {
		id   room.ID
		told []room.Signal
	}
	var changes []change
	p.mu.Lock()
	for id, c := range p.rooms {
		if c.away == 0 {
			continue
		}
		if told := c.sweep(n.presencePrefix(id), now.Add(-n.opts.Away)); told != nil {
			changes = append(changes, change{id, told})
		}
		if len(c.members) == 0 {
			delete(p.rooms, id)
		}
	}
	p.mu.Unlock()
	for _, ch := range changes {
		n.signal(ch.id, ch.told)
	}
}

func (c *company) sweep(prefix string, before time.Time) (told []room.Signal) {
	for id, who := range c.members {
		if who.conns > 0 || who.left.After(before) {
			continue
		}
		delete(c.members, id)
		c.away--
		told = append(told, room.Signal{Key: prefix + string(id)})
	}
	if told != nil {
		told = append(told, c.count(prefix))
	}
	return told
}

// tell returns the signals of one member's change. The first above maxRows
// takes the single rows away, and they come back below half of it.
func (c *company) tell(prefix string, id room.MemberID, who *present) []room.Signal {
	told := []room.Signal{c.count(prefix)}
	if c.single && len(c.members) > maxRows {
		c.single = false
		for other := range c.members {
			told = append(told, room.Signal{Key: prefix + string(other)})
		}
	}
	if !c.single && len(c.members) < maxRows/2 {
		c.single = true
		for other, o := range c.members {
			told = append(told, o.signal(prefix, other))
		}
	}
	if c.single {
		told = append(told, who.signal(prefix, id))
	}
	return told
}

func (who *present) signal(prefix string, id room.MemberID) room.Signal {
	s := room.Signal{Key: prefix + string(id)}
	if !who.hidden {
		s.Data = who.state
	}
	return s
}

// count is the signal of how many are here: "people.online" beside
// "people.presence/m_7".
func (c *company) count(prefix string) room.Signal {
	key := room.FeatureOf(prefix) + ".online"
	return room.Signal{Key: key, Data: json.RawMessage(`{"count":` + strconv.Itoa(len(c.members)) + `}`)}
}

// signal tells signals that a turn made. Those of presence belong to the
// member's connections: without one they are dropped, and they die with the
// last.
func (p *presence) signal(h *host, tail *fanout.Tail, made []room.Signal) {
	prefix := h.node.presencePrefix(h.id)
	told := made[:0]
	for _, s := range made {
		id, own := strings.CutPrefix(s.Key, prefix)
		if prefix == "" || !own || p.note(h.id, room.MemberID(id), s.Data) {
			told = append(told, s)
		}
	}
	if tail != nil && len(told) > 0 {
		tail.Signal(told...)
	}
}

// note keeps a member's state and reports whether it is told. nil hides the
// member.
func (p *presence) note(id room.ID, member room.MemberID, state json.RawMessage) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.rooms[id]
	if c == nil || c.members[member] == nil {
		return false
	}
	who := c.members[member]
	who.hidden = state == nil
	if state != nil {
		who.state = state
	}
	return c.single
}

// all returns the signals of everybody who is here, for a new tail.
func (p *presence) all(id room.ID, prefix string) (told []room.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.rooms[id]
	if c == nil || prefix == "" {
		return nil
	}
	if c.single {
		for member, who := range c.members {
			told = append(told, who.signal(prefix, member))
		}
	}
	return append(told, c.count(prefix))
}
