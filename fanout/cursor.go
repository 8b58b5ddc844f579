package fanout

import (
	"math"
	"slices"

	"github.com/roomful/roomful/room"
)

// Cursor is one reader's place in a room. All methods belong on the loop that
// owns its connection.
type Cursor struct {
	seats   *seats
	group   *group
	sink    Sink
	member  room.MemberID
	sibling *Cursor // the next cursor of the same member here
	at      place   // unless seated: then the group's
	epoch   string  // of the log that at is in
	revoked bool    // joins again when its socket has room
	owed    bool    // what it has may not be the room's state at its place
	index   int     // in the group's row while seated
	state   state
}

// state is where a cursor stands.
//
//	            told all              socket full
//	straggling ----------> seated ------------------> blocked
//	    ^ ^                  |                           |
//	    | +---- Resume ------|---------------------------+
//	 Restart                 | rights changed, fell behind the ring, log reset
//	    |                    v
//	    +---------------- waiting ---- Close ----> gone
type state uint8

const (
	straggling state = iota // away from the group's place, and idle
	seated                  // in the group's row
	blocked                 // its socket is full
	waiting                 // for its owner to join again
	gone
)

// Reserve keeps the ring filling for a reader who is about to be seated; it
// is undone by Cursor.Close, or by Release when nobody comes.
func (t *Tail) Reserve() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.readers++
}

// Release undoes a Reserve that no cursor followed.
func (t *Tail) Release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.readers--
}

// Seat makes the cursor of a reader for whom Reserve was called. It waits for
// Restart, which tells it where the reader is.
func (t *Tail) Seat(loop Loop, sink Sink, member room.MemberID) *Cursor {
	t.mu.Lock()
	for len(t.seats) <= loop.ID() {
		t.seats = append(t.seats, nil)
	}
	s := t.seats[loop.ID()]
	if s == nil {
		s = &seats{tail: t, loop: loop, lowest: math.MaxUint64}
		t.seats[loop.ID()] = s
	}
	t.mu.Unlock()
	c := &Cursor{seats: s, sink: sink, member: member, state: waiting}
	if member != "" {
		c.introduce()
	}
	return c
}

// Restart goes on from a place, and with a sight: after a view at seq with the
// signals of version sig, or at the seq the reader was told up to with sig 0,
// which tells it all signals first. It is told what it missed at once.
func (c *Cursor) Restart(r Reader, epoch string, seq uint64, sig uint32) {
	if c.state != waiting {
		return
	}
	s := c.seats
	c.ungroup()
	s.tail.mu.Lock()
	c.group = s.groupOf(r, s.tail.top())
	s.lowest = min(s.lowest, c.group.at.seq)
	s.tail.count(r.Sight, 1)
	late := s.tail.rights.changed(c.member, r.Asked)
	s.tail.mu.Unlock()
	c.group.members++
	c.at, c.epoch, c.revoked = place{seq, sig}, epoch, false
	c.owed = sig == 0 // it may have been cut off where more was to come
	c.state = straggling
	if late { // since the room was asked
		c.rejoin()
		return
	}
	c.advance()
}

// Resume goes on after the socket was full.
func (c *Cursor) Resume() {
	if c.state == blocked {
		c.state = straggling
		c.advance()
	}
}

// Close ends the cursor. It may be called in any state, once or more.
func (c *Cursor) Close() {
	if c.state == gone {
		return
	}
	c.stand()
	c.state = gone
	c.ungroup()
	c.forget()
	t := c.seats.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	t.readers--
	if t.readers == 0 && len(t.watchers) == 0 {
		t.frames = nil
		t.ring.clear(t.ring.head)
	}
}

// advance tells the reader all up to its group's place, and seats it there. One
// whom that would leave without a value that was replaced since is brought to
// the head. A reader who is ahead of the group waits for it to come.
func (c *Cursor) advance() {
	s := c.seats
	for c.sink.Idle() {
		if c.group.walking {
			s.stragglers = append(s.stragglers, c)
			return
		}
		f, ok := c.next()
		switch {
		case !ok:
			c.rejoin()
			return
		case c.at == c.group.at:
			c.sit()
			return
		case f.to == c.at:
			s.stragglers = append(s.stragglers, c)
			return
		}
		c.at, c.owed = f.to, f.cut
		if f.bytes == nil {
			continue
		}
		s.tail.stats.Told.add(f.told)
		if !c.sink.Send(f.bytes) {
			break
		}
	}
	c.state = blocked
}

// next builds the frame towards the group's place; it is the zero frame to
// where c stands if there is nothing to tell. ok is false if c has to join
// again.
func (c *Cursor) next() (f frame, ok bool) {
	t, g := c.seats.tail, c.group
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.revoked || c.epoch != t.epoch || c.at.seq < t.ring.floor || c.at.seq > t.ring.head ||
		(c.at.sig > 0 && c.at.sig < t.signals.floor) || slices.Contains(c.seats.revoked, c.member) {
		return f, false
	}
	upTo := place{max(c.at.seq, g.at.seq), max(c.at.sig, g.at.sig)}
	if c.owed || t.owes(c.at.seq, upTo.seq, g.sight, c.member) {
		upTo = t.top() // the group will come there
	}
	if upTo == c.at {
		return frame{to: c.at}, true
	}
	r := Reader{Sight: g.sight, Codec: g.codec}
	if t.names(c.at.seq, upTo.seq, c.member) {
		r.Member = c.member
	}
	return t.build(c.at, upTo, r), true
}

// names reports whether an update in the span is for member by name. Called
// with mu held.
func (t *Tail) names(after, upTo uint64, member room.MemberID) bool {
	if member == "" {
		return false
	}
	for _, e := range t.ring.after(after) {
		if e.seq > upTo {
			break
		}
		if _, named := e.to.Named(); named && e.to.Includes(room.Public, member) {
			return true
		}
	}
	return false
}

// count keeps the number of readers by sight. Called with mu held.
func (t *Tail) count(sight room.Sight, n int) {
	if t.sights == nil {
		t.sights = make(map[room.Sight]int)
	}
	if t.sights[sight] += n; t.sights[sight] <= 0 {
		delete(t.sights, sight)
	}
}

// sit puts c, who stands at the group's place, in its row.
func (c *Cursor) sit() {
	g := c.group
	c.index, c.state = len(g.cursors), seated
	g.cursors = append(g.cursors, c)
}

// stand takes c out of whatever row it is in.
func (c *Cursor) stand() {
	switch c.state {
	case seated:
		c.seats.leave(c, c.group.at)
	case straggling:
		s := c.seats
		s.stragglers = slices.DeleteFunc(s.stragglers, func(o *Cursor) bool { return o == c })
	}
}

// rejoin hands c back to its owner, who joins the room again.
func (c *Cursor) rejoin() {
	c.stand()
	c.state = waiting
	c.seats.tail.stats.Lost.add(1)
	c.sink.Rejoin(c)
}

func (c *Cursor) ungroup() {
	g := c.group
	if g == nil {
		return
	}
	c.group = nil
	g.members--
	t := c.seats.tail
	t.mu.Lock()
	t.count(g.sight, -1)
	t.mu.Unlock()
	c.seats.tidy()
}

// introduce lists c under its member, for updates that name them.
func (c *Cursor) introduce() {
	s := c.seats
	if s.byMember == nil {
		s.byMember = make(map[room.MemberID]*Cursor)
	}
	c.sibling = s.byMember[c.member]
	s.byMember[c.member] = c
}

// forget undoes introduce.
func (c *Cursor) forget() {
	s := c.seats
	if c.member == "" {
		return
	}
	if s.byMember[c.member] == c {
		if c.sibling == nil {
			delete(s.byMember, c.member)
		} else {
			s.byMember[c.member] = c.sibling
		}
		return
	}
	for o := s.byMember[c.member]; o != nil; o = o.sibling {
		if o.sibling == c {
			o.sibling = c.sibling
			return
		}
	}
}

// Waits reports whether the cursor waits for Restart.
func (c *Cursor) Waits() bool { return c.state == waiting }
