package fanout

import (
	"math"
	"slices"
	"time"

	"github.com/roomful/roomful/room"
)

// seats are one room's cursors on one loop. It is that loop's task: a run
// flushes what is due, a chunk at a time, and puts itself back while there is
// more, so that a room of 10,000 does not hold up the small ones behind it.
type seats struct {
	tail *Tail
	loop Loop

	// The tail's mu guards these.
	queued  bool            // posted or running
	due     time.Time       // when to flush, zero for nothing pending
	flushed time.Time       // when the last flush began
	lowest  uint64          // the row that stands furthest back: the ring keeps what follows
	revoked []room.MemberID // whose rights changed
	lost    bool            // everybody joins again

	// Owned by the loop.
	groups     []*group
	stragglers []*Cursor // idle readers away from their group's place
	byMember   map[room.MemberID]*Cursor
	walking    bool
	alarm      time.Time // when an After comes, zero for none under way
}

// group is the readers of one sight and codec who stand at one place.
type group struct {
	sight   room.Sight
	codec   *Codec
	at      place
	epoch   string    // of the log that at is in
	cursors []*Cursor // those who stand there
	members int       // and all who belong here
	owed    bool      // the last frame was cut: what they have is not the state at their place

	// While a frame is being sent:
	walking  bool
	frame    frame
	next     int    // cursors before it have been sent the frame
	removals uint32 // the tail's when the frame was built
}

// chunk is how many readers one run serves: about 1 ms of sends.
const chunk = 256

// rouse notes that something of weight w waits, and posts the task if it has
// to run sooner than planned. Called with the tail's mu held.
func (s *seats) rouse(w room.Weight, rights []room.MemberID) {
	s.revoked = append(s.revoked, rights...)
	due := s.flushed.Add(gap(w, s.tail.readers))
	if due.IsZero() {
		due = due.Add(1) // never flushed, and at once: zero would mean nothing pending
	}
	if !s.due.IsZero() && !due.Before(s.due) {
		return
	}
	s.due = due
	if !s.queued {
		s.queued = true
		s.loop.Post(s)
	}
}

// Run is the task: it begins a flush that is due, or goes on with one.
func (s *seats) Run() {
	if !s.walking && !s.begin() {
		return
	}
	budget := chunk
	for _, g := range s.groups {
		if budget = s.walk(g, budget); budget <= 0 {
			s.loop.Post(s)
			return
		}
	}
	s.walking = false
	s.settle()
	s.end()
}

// wakeup runs the seats when a paced flush is due.
type wakeup struct{ s *seats }

func (w wakeup) Run() {
	w.s.alarm = time.Time{}
	if !w.s.walking {
		w.s.Run()
	}
}

// begin takes what is pending if it is due, and builds a frame for each
// group. It returns false if there is nothing to do now.
func (s *seats) begin() bool {
	t, now := s.tail, time.Now()
	t.mu.Lock()
	if wait := s.due.Sub(now); s.due.IsZero() || wait > 0 {
		s.queued = false
		pending, due := !s.due.IsZero(), s.due
		t.mu.Unlock()
		if pending && (s.alarm.IsZero() || due.Before(s.alarm)) {
			s.alarm = due
			s.loop.After(wait, wakeup{s})
		}
		return false
	}
	revoked, lost := s.revoked, s.lost
	s.revoked, s.lost = nil, false
	s.due, s.flushed, s.queued = time.Time{}, now, true
	t.mu.Unlock()

	s.revoke(revoked, lost)
	s.walking = true
	for _, g := range s.groups {
		s.start(g)
	}
	return true
}

// start builds the group's frame to the head. Readers to whom something in it
// is addressed by name leave the row and are told by themselves: a named
// update costs its names, not the room.
func (s *seats) start(g *group) {
	t := s.tail
	t.mu.Lock()
	top := t.top()
	if len(g.cursors) == 0 {
		g.at, g.epoch = top, t.epoch
	}
	if g.at == top && g.epoch == t.epoch {
		t.mu.Unlock()
		return
	}
	if g.epoch != t.epoch || g.at.seq < t.ring.floor || g.at.sig < t.signals.floor {
		t.mu.Unlock()
		s.lose(g)
		return
	}
	named := s.named(g)
	g.next, g.removals, g.walking = 0, t.removals.Load(), true
	g.frame = t.build(g.at, top, Reader{Sight: g.sight, Codec: g.codec})
	t.mu.Unlock()
	for _, c := range named {
		if c.state == seated {
			s.leave(c, g.at)
			s.straggle(c)
		}
	}
	if g.frame.bytes == nil {
		g.finish()
	}
}

// named returns the cursors of the group to whom a pending update is
// addressed by name. Called with the tail's mu held.
func (s *seats) named(g *group) (named []*Cursor) {
	for _, e := range s.tail.ring.after(g.at.seq) {
		if e.text == nil || !g.sight.Wants(e.feature) {
			continue
		}
		members, _ := e.to.Named()
		for _, m := range members {
			for c := s.byMember[m]; c != nil; c = c.sibling {
				if c.group == g {
					named = append(named, c)
				}
			}
		}
	}
	return named
}

// walk sends the group's frame to as many readers as the budget allows, and
// returns what is left of it.
func (s *seats) walk(g *group, budget int) int {
	for g.walking && budget > 0 {
		if g.next == len(g.cursors) {
			g.finish()
			if s.cut(g) {
				s.start(g)
			}
			continue
		}
		budget = s.send(g, budget)
	}
	return budget
}

// send is walk's inner loop.
func (s *seats) send(g *group, budget int) int {
	bytes, sent := g.frame.bytes, 0
	for ; g.next < len(g.cursors) && budget > 0; budget-- {
		if s.tail.removals.Load() != g.removals {
			s.scatter(g) // the frame may carry what was withdrawn since
			break
		}
		c := g.cursors[g.next]
		if !c.sink.Idle() {
			s.demote(c, g.at)
			continue
		}
		sent++
		if !c.sink.Send(bytes) {
			s.demote(c, g.frame.to)
			continue
		}
		g.next++
	}
	s.tail.stats.Told.add(sent * g.frame.told)
	return budget
}

// finish ends a walk: all of the row stand where the frame brought them.
func (g *group) finish() {
	g.at, g.owed, g.walking = g.frame.to, g.frame.cut, false
	g.frame, g.next = frame{}, 0
}

// cut reports whether the group's last frame was full and stopped short of
// what is already due.
func (s *seats) cut(g *group) bool {
	s.tail.mu.Lock()
	defer s.tail.mu.Unlock()
	return g.at.seq < s.tail.ring.head && s.due.IsZero()
}

// scatter ends a walk early: readers who were not sent the frame go on from
// the old place by themselves.
func (s *seats) scatter(g *group) {
	for len(g.cursors) > g.next {
		c := g.cursors[len(g.cursors)-1]
		s.leave(c, g.at)
		s.straggle(c)
	}
}

// lose has the whole row join again: the ring no longer reaches back to it.
func (s *seats) lose(g *group) {
	for len(g.cursors) > 0 {
		g.cursors[len(g.cursors)-1].rejoin()
	}
}

// settle brings stragglers to their groups.
func (s *seats) settle() {
	row := s.stragglers
	s.stragglers = nil
	for _, c := range row {
		if c.state == straggling {
			c.advance()
		}
	}
}

// end closes a flush, and begins another if something came meanwhile.
func (s *seats) end() {
	s.tail.mu.Lock()
	s.queued = !s.due.IsZero()
	again := s.queued
	s.lowest = math.MaxUint64
	for _, g := range s.groups {
		if len(g.cursors) > 0 {
			s.lowest = min(s.lowest, g.at.seq)
		}
	}
	s.tail.mu.Unlock()
	s.tidy()
	if again {
		s.loop.Post(s)
	}
}

func (s *seats) straggle(c *Cursor) {
	c.state = straggling
	s.stragglers = append(s.stragglers, c)
}

// demote takes a reader whose socket is full out of its group, at a place.
func (s *seats) demote(c *Cursor, at place) {
	s.leave(c, at)
	c.state = blocked
	s.tail.stats.Demoted.add(1)
}

// leave takes c out of its group's row, which stays parted into those who
// were sent the frame and those who were not.
func (s *seats) leave(c *Cursor, at place) {
	g := c.group
	if c.index < g.next {
		at = g.frame.to
	}
	c.at, c.epoch, c.owed = at, g.epoch, g.owed
	if g.walking && at == g.frame.to {
		c.owed = g.frame.cut
	}
	i, last := c.index, len(g.cursors)-1
	if i < g.next {
		g.next--
		g.move(g.next, i)
		i = g.next
	}
	if i != last { // else it has moved to c's place already
		g.move(last, i)
	}
	g.cursors[last] = nil
	g.cursors = g.cursors[:last]
}

func (g *group) move(from, to int) {
	g.cursors[to] = g.cursors[from]
	g.cursors[to].index = to
}

// revoke has the readers among members, or all, join again. They leave at
// once, so that their old sight begins no further frame.
func (s *seats) revoke(members []room.MemberID, all bool) {
	var again []*Cursor
	if all {
		for _, g := range s.groups {
			again = append(again, g.cursors...)
		}
		again = append(again, s.stragglers...)
	}
	for _, m := range members {
		for c := s.byMember[m]; c != nil; c = c.sibling {
			again = append(again, c)
		}
	}
	for _, c := range again {
		switch c.state {
		case seated, straggling:
			c.rejoin()
		case blocked:
			c.revoked = true
		}
	}
}

// groupOf returns the group of a sight and codec, made at place if it is new
// or empty. Called with the tail's mu held.
func (s *seats) groupOf(r Reader, at place) *group {
	for _, g := range s.groups {
		if g.sight == r.Sight && g.codec == r.Codec {
			if len(g.cursors) == 0 && !g.walking {
				g.at, g.epoch = at, s.tail.epoch
			}
			return g
		}
	}
	g := &group{sight: r.Sight, codec: r.Codec, at: at, epoch: s.tail.epoch}
	s.groups = append(s.groups, g)
	return g
}

// tidy drops groups that nobody belongs to.
func (s *seats) tidy() {
	if !s.walking {
		s.groups = slices.DeleteFunc(s.groups, func(g *group) bool { return g.members == 0 })
	}
}
