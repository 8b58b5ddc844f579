package netloop

import "time"

const (
	wheelSlots  = 256 // at the default tick: 48 s, more than any default timeout
	coarsest    = 250 * time.Millisecond
	finest      = time.Millisecond
	tickPortion = 16 // a timeout is late by up to a sixteenth of the shortest
)

// wheel keeps every connection of a loop in the slot of the tick at which it has
// to be looked at next. Activity does not move a connection: it only notes the
// tick, and the look finds that nothing is due. So a message costs no timer
// work, and an idle connection costs two pointers.
type wheel struct {
	slots [wheelSlots]*Conn // doubly linked through Conn.next and Conn.prev
	now   uint32            // the tick it is; wraps after decades at the default tick
	done  uint32            // the last tick whose slot was walked
	tick  time.Duration
}

func tickFor(shortest time.Duration) time.Duration {
	return min(max(shortest/tickPortion, finest), coarsest)
}

// put schedules c, which is in no slot, for tick at. What is out of reach comes
// up early and is put again.
func (w *wheel) put(c *Conn, at uint32) {
	ahead := min(max(int32(at-w.done), 1), wheelSlots-1)
	c.due = w.done + uint32(ahead)
	slot := &w.slots[c.due%wheelSlots]
	c.prev, c.next = nil, *slot
	if c.next != nil {
		c.next.prev = c
	}
	*slot = c
}

func (w *wheel) remove(c *Conn) {
	if c.next != nil {
		c.next.prev = c.prev
	}
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		w.slots[c.due%wheelSlots] = c.next
	}
	c.prev, c.next = nil, nil
}

// sooner moves c forward if tick at is before the one it waits for.
func (w *wheel) sooner(c *Conn, at uint32) {
	if int32(at-c.due) >= 0 {
		return
	}
	w.remove(c)
	w.put(c, at)
}

// set tells the wheel the time.
func (w *wheel) set(now time.Duration) { w.now = uint32(now / w.tick) }

// advance looks at everything due, with look returning the next tick of
// interest. After a long pause no slot is walked twice. look may call sooner, for
// any connection.
func (w *wheel) advance(look func(c *Conn) uint32) {
	if w.now-w.done > wheelSlots {
		w.done = w.now - wheelSlots
	}
	for w.done != w.now {
		w.done++
		slot := &w.slots[w.done%wheelSlots]
		for c := *slot; c != nil; c = *slot {
			w.remove(c)
			w.put(c, w.done+wheelSlots)
			w.sooner(c, look(c))
		}
	}
}

// due is when the next tick with something in its slot comes, or negative.
func (w *wheel) due() time.Duration {
	for i := uint32(1); i <= wheelSlots; i++ {
		if w.slots[(w.done+i)%wheelSlots] != nil {
			return time.Duration(w.done+i) * w.tick
		}
	}
	return -1
}
