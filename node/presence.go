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
	away    int           // members without a connection, on their way out
	single  bool          // rows are told one by one
	untold  []room.Signal // in the order that they came true
	telling bool          // somebody tells them
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
	who := c.members[m.ID]
	switch {
	case who == nil:
		who = &present{state: online, hidden: m.Hidden}
		c.members[m.ID] = who
		c.arrived(prefix, m.ID, who)
	case who.conns == 0:
		c.away--
	}
	who.conns++
	p.mu.Unlock()
	p.tell(n, id)
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

// tell brings what is untold of a room to its readers. Whoever finds nobody
// at it does it for all, so that a newer count never comes before an older.
func (p *presence) tell(n *Node, id room.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.rooms[id]
	if c == nil || c.telling {
		return
	}
	for c.telling = true; len(c.untold) > 0; {
		told := c.untold
		c.untold = nil
		p.mu.Unlock()
		n.signal(id, told)
		p.mu.Lock()
	}
	c.telling = false
}

// sweep tells who has been away for long enough.
func (p *presence) sweep(n *Node, now time.Time) {
	var changed []room.ID
	p.mu.Lock()
	for id, c := range p.rooms {
		if c.away > 0 && c.sweep(n.presencePrefix(id), now.Add(-n.opts.Away)) {
			changed = append(changed, id)
		}
		if len(c.members) == 0 && len(c.untold) == 0 && !c.telling {
			delete(p.rooms, id)
		}
	}
	p.mu.Unlock()
	for _, id := range changed {
		p.tell(n, id)
	}
}

func (c *company) sweep(prefix string, before time.Time) (changed bool) {
	for id, who := range c.members {
		if who.conns > 0 || who.left.After(before) {
			continue
		}
		delete(c.members, id)
		c.away--
		c.untold = append(c.untold, room.Signal{Key: prefix + string(id)})
		changed = true
	}
	if changed {
		c.counted(prefix)
	}
	return changed
}

func (c *company) arrived(prefix string, id room.MemberID, who *present) {
	if c.single {
		c.untold = append(c.untold, who.signal(prefix, id))
	}
	c.counted(prefix)
}

// counted tells the new count. The first above maxRows takes the single rows
// away, and they come back below half of it.
func (c *company) counted(prefix string) {
	c.untold = append(c.untold, c.count(prefix))
	switch {
	case c.single && len(c.members) > maxRows:
		c.single = false
		for id := range c.members {
			c.untold = append(c.untold, room.Signal{Key: prefix + string(id)})
		}
	case !c.single && len(c.members) < maxRows/2:
		c.single = true
		for id, who := range c.members {
			c.untold = append(c.untold, who.signal(prefix, id))
		}
	}
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
		if id, own := strings.CutPrefix(s.Key, prefix); prefix != "" && own {
			p.note(h.id, room.MemberID(id), s)
		} else {
			told = append(told, s)
		}
	}
	if tail != nil && len(told) > 0 {
		tail.Signal(told...)
	}
	p.tell(h.node, h.id)
}

// note keeps a member's state. nil hides the member.
func (p *presence) note(id room.ID, member room.MemberID, s room.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.rooms[id]
	if c == nil || c.members[member] == nil {
		return
	}
	who := c.members[member]
	who.hidden = s.Data == nil
	if s.Data != nil {
		who.state = s.Data
	}
	if c.single {
		c.untold = append(c.untold, s)
	}
}

// introduce tells a new tail of everybody who is here.
func (p *presence) introduce(n *Node, id room.ID) {
	p.mu.Lock()
	if c, prefix := p.rooms[id], n.presencePrefix(id); c != nil && prefix != "" {
		c.untold = append(c.untold, c.count(prefix))
		for member, who := range c.members {
			if c.single {
				c.untold = append(c.untold, who.signal(prefix, member))
			}
		}
	}
	p.mu.Unlock()
	p.tell(n, id)
}
