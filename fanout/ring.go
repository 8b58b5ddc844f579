package fanout

import (
	"slices"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/wire"
)

// entry is one update in the ring, encoded.
type entry struct {
	seq     uint64
	text    []byte // wire.AppendUpdate's; nil once withdrawn or replaced
	to      room.Audience
	feature string
	key     string
	about   string // subjects, commas between
	past    span   // of what it replaced or withdrew
	covers  bool   // it withdrew something
}

// span is some updates' seqs, from the first to the last; the zero span is
// none. A reader who is brought to a place between them and the entry that
// took them out is not told the room's state there.
type span struct{ first, last uint64 }

func (s span) with(o span) span {
	switch {
	case o.last == 0:
		return s
	case s.last == 0:
		return o
	}
	return span{min(s.first, o.first), max(s.last, o.last)}
}

// ring holds the newest updates of a room that still have something to tell:
// replaced and withdrawn ones leave it, so a busy counter costs one place and
// the ring reaches back as far as its limits allow.
type ring struct {
	limits  Limits
	floor   uint64 // every update after it that has something to tell is here
	head    uint64 // of the last update
	entries []entry
	dead    int // entries without text
	bytes   int // of text
	keyed   map[conflation]uint64
}

// conflation names the value that a keyed update sets: the same key for
// another audience is another value.
type conflation struct {
	key string
	to  room.Audience
}

// clear empties the ring: it begins after head.
func (r *ring) clear(head uint64) {
	*r = ring{limits: r.limits, floor: head, head: head}
}

// append adds updates that follow the head, and returns how many places newer
// ones took.
func (r *ring) append(updates []room.Update) (replaced int) {
	size := 0
	for i := range updates {
		size += len(updates[i].Data) + 128 // enough for the usual envelope
	}
	slab := make([]byte, 0, size) // one allocation for a turn's updates
	for i := range updates {
		u := &updates[i]
		var past span
		if u.Covers != "" {
			past = r.withdraw(u.Covers)
		}
		if u.Key != "" {
			old := r.replace(conflation{u.Key, u.To}, u.Seq)
			if past = past.with(old); old.last > 0 {
				replaced++
			}
		}
		start := len(slab)
		slab = wire.AppendUpdate(slab, u)
		text := slab[start:len(slab):len(slab)]
		r.entries = append(r.entries, entry{
			seq: u.Seq, text: text, to: u.To, feature: u.Feature(), key: u.Key, about: u.About,
			past: past, covers: u.Covers != "",
		})
		r.bytes += len(text)
		r.head = u.Seq
	}
	return replaced
}

// replace forgets the older update of the same conflation.
func (r *ring) replace(c conflation, seq uint64) span {
	if r.keyed == nil {
		r.keyed = make(map[conflation]uint64)
	}
	old, ok := r.keyed[c]
	r.keyed[c] = seq
	if i, found := r.find(old); ok && found {
		return r.drop(i)
	}
	return span{}
}

// withdraw forgets every update about subject.
func (r *ring) withdraw(subject string) (past span) {
	for i := range r.entries {
		if u := (room.Update{About: r.entries[i].about}); u.IsAbout(subject) {
			past = past.with(r.drop(i))
		}
	}
	return past
}

// drop forgets one entry, and returns the span of all that is gone with it.
func (r *ring) drop(i int) span {
	e := &r.entries[i]
	if e.text == nil {
		return span{}
	}
	r.bytes -= len(e.text)
	e.text = nil
	r.dead++
	return span{e.seq, e.seq}.with(e.past)
}

// find returns the index of the entry with seq, or where it would be.
func (r *ring) find(seq uint64) (int, bool) {
	return slices.BinarySearchFunc(r.entries, seq, func(e entry, seq uint64) int {
		switch {
		case e.seq < seq:
			return -1
		case e.seq > seq:
			return 1
		}
		return 0
	})
}

// trim brings the ring back under its limits. What follows keep, where a row
// of readers stands, is kept up to eight times the limits: readers who are
// being written to are not behind. It works in strides, so that the cost per
// update stays constant.
func (r *ring) trim(keep uint64) {
	if r.dead > 64 && r.dead > len(r.entries)/2 {
		r.entries = slices.DeleteFunc(r.entries, func(e entry) bool { return e.text == nil })
		r.dead = 0
	}
	live := len(r.entries) - r.dead
	over := func(times int) bool {
		return live > r.limits.RingUpdates*times || r.bytes > r.limits.RingBytes*times
	}
	if live <= r.limits.RingUpdates*9/8 && r.bytes <= r.limits.RingBytes*9/8 {
		return
	}
	cut := 0
	for ; cut < len(r.entries)-1 && over(1) && (r.entries[cut].seq <= keep || over(8)); cut++ {
		if e := &r.entries[cut]; e.text != nil {
			r.forget(e)
			live--
		} else {
			r.dead--
		}
	}
	if cut > 0 {
		r.floor = r.entries[cut-1].seq
		r.entries = slices.Clone(r.entries[cut:]) // the old array holds the texts
	}
}

// forget takes a live entry out of the sums before it is cut off.
func (r *ring) forget(e *entry) {
	r.bytes -= len(e.text)
	if c := (conflation{e.key, e.to}); e.key != "" && r.keyed[c] == e.seq {
		delete(r.keyed, c)
	}
}

// after returns the entries after seq, dead ones among them.
func (r *ring) after(seq uint64) []entry {
	i, found := r.find(seq)
	if found {
		i++
	}
	return r.entries[i:]
}
