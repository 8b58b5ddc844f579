package fanout

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/wire"
)

// Tail is the live end of one room's log on this node. Publish, Signal and
// the reading methods may be called from any goroutine; cursors belong to
// their loops.
type Tail struct {
	id     room.ID
	limits Limits
	stats  *Stats

	removals atomic.Uint32 // counts publishes that withdrew something or took a right

	mu       sync.Mutex // guards all below; never held over a write or a call out
	epoch    string
	ring     ring
	signals  signals
	covered  uint64 // seq of the newest publish that withdrew something
	rights   rights
	frames   []frame // the newest built, for the other loop and for those catching up
	readers  int
	sights   map[room.Sight]int // readers by sight
	seats    []*seats           // by loop id; nil where nobody sits
	watchers map[chan<- struct{}]struct{}
}

// frame is one built push, shared by all whom it fits.
type frame struct {
	from, to place
	sight    room.Sight
	codec    *Codec
	bytes    []byte // nil: nothing in it for this sight
	told     int
	cut      bool // full: there was more to tell
}

// maxFrames is how many built frames a tail keeps: plain, deflated and SSE
// for a few sights.
const maxFrames = 8

// NewTail makes the tail of a room whose log stands at head.
func NewTail(id room.ID, epoch string, head uint64, limits Limits, stats *Stats) *Tail {
	t := &Tail{id: id, limits: limits, stats: stats, epoch: epoch}
	t.ring.limits = limits
	t.ring.clear(head)
	t.signals.version = 1 // 0 is a reader who was never told any
	return t
}

// Publish adds committed updates, and rights: the members whose rights they
// may have changed, who are told nothing more before they joined again. It
// takes only updates that follow its head, and returns false if there is a
// hole before them: the caller heals it from the journal.
func (t *Tail) Publish(epoch string, updates []room.Update, rights []room.MemberID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.epoch == "" {
		t.epoch, t.frames = epoch, nil
	}
	for len(updates) > 0 && updates[0].Seq <= t.ring.head {
		updates = updates[1:] // told before a reload
	}
	if len(updates) == 0 {
		return true
	}
	if updates[0].Seq != t.ring.head+1 || epoch != t.epoch {
		return false
	}
	if t.readers == 0 && len(t.watchers) == 0 {
		t.frames = nil
		t.ring.clear(updates[len(updates)-1].Seq)
		return true
	}
	t.stats.Conflated.add(t.ring.append(updates))
	t.ring.trim(t.lowest())
	if covers(updates) {
		t.covered = t.ring.head
	}
	t.rights.note(rights, t.ring.head)
	if t.covered == t.ring.head || len(rights) > 0 {
		t.frames = nil
		t.removals.Add(1)
	}
	for _, s := range t.seats {
		if s != nil {
			s.rouse(soonest(updates, len(rights) > 0), rights)
		}
	}
	t.wakeWatchers()
	return true
}

// lowest is the place of the row that stands furthest back.
func (t *Tail) lowest() uint64 {
	lowest := uint64(math.MaxUint64)
	for _, s := range t.seats {
		if s != nil {
			lowest = min(lowest, s.lowest)
		}
	}
	return lowest
}

func covers(updates []room.Update) bool {
	for i := range updates {
		if updates[i].Covers != "" {
			return true
		}
	}
	return false
}

// soonest is the most urgent weight among updates.
func soonest(updates []room.Update, rights bool) room.Weight {
	if rights {
		return room.Critical
	}
	weight := room.Ambient
	for i := range updates {
		switch updates[i].Weight {
		case room.Critical:
			return room.Critical
		case room.Normal:
			weight = room.Normal
		}
	}
	return weight
}

// Signal sets the newest values of signals; nil Data means gone.
func (t *Tail) Signal(changes ...room.Signal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed := false
	for _, c := range changes {
		changed = t.signals.set(c.Key, c.Data) || changed
	}
	if !changed {
		return
	}
	for _, s := range t.seats {
		if s != nil {
			s.rouse(room.Ambient, nil)
		}
	}
}

// Reset starts over at head: the log has another epoch, or a hole that cannot
// be healed. Every reader joins again.
func (t *Tail) Reset(epoch string, head uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.epoch, t.frames = epoch, nil
	t.ring.clear(head)
	t.removals.Add(1)
	for _, s := range t.seats {
		if s != nil {
			s.lost = true
			s.rouse(room.Critical, nil)
		}
	}
	t.wakeWatchers()
}

// Refill puts older updates before the ring's floor, so that readers from
// further back can be told: updates reach the floor or beyond and hold only
// what may still be told. It does nothing if the ring has no room for them.
func (t *Tail) Refill(after uint64, updates []room.Update) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(updates) > 0 && updates[len(updates)-1].Seq > t.ring.floor {
		updates = updates[:len(updates)-1] // the ring has it
	}
	older := ring{limits: t.limits}
	older.clear(after)
	older.append(updates)
	older.trim(math.MaxUint64)
	older.head = max(older.head, after)
	if older.floor != after || t.ring.floor < after {
		return
	}
	for i := range older.entries {
		e := &older.entries[i]
		newer, ok := t.ring.keyed[conflation{e.key, e.to}]
		if e.text == nil || e.key == "" || !ok {
			continue
		}
		gone := older.drop(i)
		if j, found := t.ring.find(newer); found {
			t.ring.entries[j].past = t.ring.entries[j].past.with(gone)
		}
	}
	for c, seq := range t.ring.keyed {
		if older.keyed == nil {
			older.keyed = make(map[conflation]uint64)
		}
		older.keyed[c] = seq
	}
	for i := range t.ring.entries {
		if e := &t.ring.entries[i]; e.covers { // what it withdrew was left out
			e.past = e.past.with(span{after + 1, t.ring.floor})
		}
	}
	older.entries = append(older.entries, t.ring.entries...)
	older.bytes += t.ring.bytes
	older.dead += t.ring.dead
	older.head = t.ring.head
	t.ring = older
}

// Grant returns sight as it can be served: narrowed, or whole once the room
// has too many distinct narrowed sights. `only` is a wish.
func (t *Tail) Grant(sight room.Sight) room.Sight {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.sights[sight]; known || sight.Only == "" || len(t.sights) < t.limits.Sights {
		return sight
	}
	sight.Only = ""
	return sight
}

// Head returns where the tail stands.
func (t *Tail) Head() room.Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	return room.Position{Epoch: t.epoch, Seq: t.ring.head}
}

// Reaches reports whether the ring can tell a reader everything after seq.
func (t *Tail) Reaches(seq uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return seq >= t.ring.floor && seq <= t.ring.head
}

// Signals returns the whole table as sight sees it, encoded, and its version:
// a view begins there.
func (t *Tail) Signals(sight room.Sight) ([]byte, uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.signals.encode(0, sight), t.signals.version
}

// Empty reports whether nobody reads or watches.
func (t *Tail) Empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.readers == 0 && len(t.watchers) == 0
}

// Outdated reports whether what member was answered at the log's seq may not
// be told any more: something was withdrawn since, or a right of theirs taken.
func (t *Tail) Outdated(seq uint64, member room.MemberID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.covered > seq || t.rights.changed(member, seq)
}

// Readers is how many cursors read.
func (t *Tail) Readers() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.readers
}

// Rest gives back the memory of a quiet room: readers at the head need no
// ring. It does nothing while somebody is behind.
func (t *Tail) Rest() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.seats {
		if s != nil && (s.queued || !s.due.IsZero()) {
			return
		}
	}
	t.frames = nil
	t.ring.clear(t.ring.head)
}

// Watch has wake sent to, without blocking, whenever something is published,
// until Unwatch. For readers who wait on a goroutine of their own.
func (t *Tail) Watch(wake chan<- struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.watchers == nil {
		t.watchers = make(map[chan<- struct{}]struct{})
	}
	t.watchers[wake] = struct{}{}
}

// Unwatch ends a Watch.
func (t *Tail) Unwatch(wake chan<- struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.watchers, wake)
}

func (t *Tail) wakeWatchers() {
	for wake := range t.watchers {
		select {
		case wake <- struct{}{}:
		default: // it is awake
		}
	}
}

// Read returns what a reader at seq is told up to the head as one push, for
// doors without a cursor; ok is false if the ring does not reach back that
// far, or the reader's rights changed. Told is the number of updates in it.
func (t *Tail) Read(seq uint64, r Reader) (p wire.Push, told int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq < t.ring.floor || seq > t.ring.head || t.rights.changed(r.Member, r.Asked) {
		return p, 0, false
	}
	texts, at, more := t.collect(place{seq: seq}, t.ring.head, r.Sight, r.Member)
	return wire.Push{
		Room:    t.id,
		Pos:     room.Position{Epoch: t.epoch, Seq: at, Sight: r.Sight.Code()},
		Updates: texts,
		Signals: t.signals.encode(0, r.Sight),
		More:    more,
	}, len(texts), true
}

// collect gathers the updates after p that sight and member see, up to upTo
// or a full frame. A member of "" gathers what the whole sight shares.
func (t *Tail) collect(p place, upTo uint64, sight room.Sight, member room.MemberID) (texts [][]byte, at uint64, more bool) {
	size := 0
	for i, entries := 0, t.ring.after(p.seq); i < len(entries); i++ {
		e := &entries[i]
		if e.seq > upTo {
			break
		}
		if e.text == nil || !sight.Wants(e.feature) || !e.to.Includes(sight.Class, member) {
			continue
		}
		if size > 0 && size+len(e.text) > t.limits.FrameBytes {
			return texts, at, true
		}
		texts = append(texts, e.text)
		size += len(e.text)
		at = e.seq
	}
	return texts, upTo, false
}

// owes reports whether something in the span was replaced or withdrawn by an
// update after it that the reader is still to be told.
func (t *Tail) owes(after, upTo uint64, sight room.Sight, member room.MemberID) bool {
	for _, e := range t.ring.after(upTo) {
		if e.text != nil && e.past.first <= upTo && e.past.last > after &&
			sight.Wants(e.feature) && e.to.Includes(sight.Class, member) {
			return true
		}
	}
	return false
}

// build returns the frame that brings a reader from one place to another, or
// part of the way. Shared frames (member "") are built once and kept. A shorter
// one that another loop was early enough to build does not serve: it would cost
// every reader a second write.
func (t *Tail) build(from, upTo place, r Reader) frame {
	shared := r.Member == ""
	if shared {
		for _, f := range t.frames {
			fits := f.to == upTo || f.cut && !upTo.behind(f.to)
			if fits && f.from == from && f.sight == r.Sight && f.codec == r.Codec {
				return f
			}
		}
	}
	texts, at, more := t.collect(from, upTo.seq, r.Sight, r.Member)
	f := frame{from: from, to: place{at, upTo.sig}, sight: r.Sight, codec: r.Codec, told: len(texts), cut: at < upTo.seq}
	signals := t.signals.encode(from.sig, r.Sight)
	if len(texts) == 0 && signals == nil {
		return f
	}
	f.bytes = r.Codec.Push(nil, &wire.Push{
		Room:    t.id,
		Pos:     room.Position{Epoch: t.epoch, Seq: at, Sight: r.Sight.Code()},
		Updates: texts,
		Signals: signals,
		More:    more,
	})
	t.stats.Frames.add(1)
	if shared {
		if len(t.frames) >= maxFrames {
			t.frames = append(t.frames[:0], t.frames[1:]...)
		}
		t.frames = append(t.frames, f)
	}
	return f
}

// top is the place of a reader who was told everything. Called with mu held.
func (t *Tail) top() place { return place{t.ring.head, t.signals.version} }

// gaps of the three weights between flushes, by audience: domain section 0.3
// and G-12.
func gap(w room.Weight, readers int) time.Duration {
	switch w {
	case room.Critical:
		return 0
	case room.Normal:
		// 200,000 readers a second keeps a loop busy half its time at 5 us a
		// delivery on two cores; a room of ten waits for nothing.
		return min(time.Duration(readers)*time.Second/200_000, 100*time.Millisecond)
	}
	return min(max(250*time.Millisecond, time.Duration(readers)*time.Second/20_000), 5*time.Second)
}
