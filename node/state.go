package node

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// state is an awake room: its features, and what the node itself remembers
// of the log. Owned by the room's drain.
type state struct {
	head     journal.Head
	epoch    string      // the head's, or what the first record will name the history
	lastAt   room.Millis // of the newest record: time never goes back
	parts    []part
	identify room.Identifier // nil if the kind has none
	rights   string          // the feature that identifies; its updates about members change rights

	ops     ops
	alarms  map[string]room.Millis
	covered map[string]uint64     // subject: seq of the update that withdrew everything before it about it
	shown   map[room.Class]uint64 // seq of the last update that the class is told, of those for many

	first     uint64 // oldest update the journal still has
	saved     uint64 // seq of the snapshot
	logBytes  int    // of updates since the snapshot
	snapBytes int
	views     map[room.Sight]view
}

// part is one feature's behavior in the room.
type part struct {
	name string
	room.Behavior
}

// view is a view as readers of one sight share it.
type view struct {
	seq  uint64
	body []byte // wire.AppendViewBody's
}

// newState is a room before its first update.
func newState(kind *room.Kind) *state {
	st := &state{
		alarms:  make(map[string]room.Millis),
		covered: make(map[string]uint64),
		shown:   make(map[room.Class]uint64),
		views:   make(map[room.Sight]view),
	}
	for _, f := range kind.Features {
		b := f.New()
		st.parts = append(st.parts, part{f.Name, b})
		if i, ok := b.(room.Identifier); ok {
			st.identify, st.rights = i, f.Name
		}
	}
	return st
}

// part returns the behavior that owns typ, nil if there is none.
func (st *state) part(typ string) room.Behavior {
	name := room.FeatureOf(typ)
	for i := range st.parts {
		if st.parts[i].name == name {
			return st.parts[i].Behavior
		}
	}
	return nil
}

// apply folds u into every feature that it concerns.
func (st *state) apply(u room.Update) error {
	owner := st.part(u.Type)
	if owner == nil {
		return fmt.Errorf("update %d is %s: no such feature", u.Seq, u.Type)
	}
	if err := owner.Apply(u); err != nil {
		return fmt.Errorf("apply update %d, %s: %w", u.Seq, u.Type, err)
	}
	for i := range st.parts {
		o, ok := st.parts[i].Behavior.(room.Observer)
		if !ok || st.parts[i].Behavior == owner {
			continue
		}
		if err := o.Observe(u); err != nil {
			return fmt.Errorf("%s observes update %d, %s: %w", st.parts[i].name, u.Seq, u.Type, err)
		}
	}
	if u.Covers != "" {
		st.covered[u.Covers] = u.Seq
	}
	for _, class := range classes {
		if u.To.Includes(class, "") {
			st.shown[class] = max(st.shown[class], u.Seq) // a keyed one may take an earlier place
		}
	}
	return nil
}

var classes = [...]room.Class{room.Public, room.Joined, room.Staff}

// withdrawn reports whether a later update covers u: no reader is told it.
func (st *state) withdrawn(u *room.Update) bool { return withdrawn(st.covered, u) }

func withdrawn(covered map[string]uint64, u *room.Update) bool {
	for subject := range u.Subjects() {
		if covered[subject] > u.Seq {
			return true
		}
	}
	return false
}

// replay folds a record that is in the journal.
func (st *state) replay(rec *journal.Record) error {
	if err := rec.Follows(st.head); err != nil {
		return err
	}
	for _, u := range rec.Updates {
		if err := st.apply(u); err != nil {
			return err
		}
		st.logBytes += len(u.Data) + 64
	}
	for i := range rec.Ops {
		st.ops.remember(&rec.Ops[i], rec.At)
	}
	st.setAlarms(rec.Alarms)
	st.lastAt = max(st.lastAt, rec.At)
	st.head = st.head.After(rec)
	return nil
}

func (st *state) setAlarms(alarms []room.Alarm) {
	for _, a := range alarms {
		if a.At == 0 {
			delete(st.alarms, a.Name)
		} else {
			st.alarms[a.Name] = a.At
		}
	}
}

// due is the earliest alarm, 0 for none.
func (st *state) due() room.Millis {
	due := room.Millis(0)
	for _, at := range st.alarms {
		if due == 0 || at < due {
			due = at
		}
	}
	return due
}

// wake loads the room if it is asleep.
func (h *host) wake(ctx context.Context) error {
	if h.state != nil {
		return nil
	}
	loaded, err := h.node.opts.Journal.Load(ctx, h.id)
	if err != nil {
		return fmt.Errorf("load %s: %w", h.id, err)
	}
	st := newState(h.kind)
	if loaded.Snapshot.Data != nil {
		if err := st.restore(loaded.Snapshot); err != nil {
			return fmt.Errorf("restore %s at %d: %w", h.id, loaded.Snapshot.Seq, err)
		}
	}
	for i := range loaded.Records {
		if err := st.replay(&loaded.Records[i]); err != nil {
			return fmt.Errorf("replay %s: %w", h.id, err)
		}
	}
	if st.head.Seq != loaded.Head.Seq {
		return fmt.Errorf("replay %s: %w: ends at %d, its head is %d", h.id, journal.ErrCorrupt, st.head.Seq, loaded.Head.Seq)
	}
	st.head, st.first = loaded.Head, max(1, loaded.First) // 0 before the first record
	st.epoch = h.epoch(st.head)
	h.state = st
	h.node.stats.Awake.Add(1)
	h.node.stats.Wakes.Add(1)
	return h.heal(ctx)
}

// epoch names the room's history. A room that was never written gets the name
// that its first record will have, so that its readers have a position too.
func (h *host) epoch(head journal.Head) string {
	if head.Epoch != "" {
		return head.Epoch
	}
	if tail := h.reading(); tail != nil {
		return tail.Head().Epoch
	}
	return newEpoch(h.node.opts.Seed())
}

// heal tells the tail what is in the log and it does not have yet: after a
// commit that was stored though it seemed to fail.
func (h *host) heal(ctx context.Context) error {
	tail := h.reading()
	if tail == nil {
		return nil
	}
	at, head, epoch := tail.Head(), h.state.head, h.state.epoch
	if at.Seq == head.Seq && at.Epoch == epoch {
		return nil
	}
	if at.Epoch != epoch || at.Seq > head.Seq {
		tail.Reset(epoch, head.Seq)
		return nil
	}
	missed, err := h.read(ctx, at.Seq, maxRefill)
	if err != nil || len(missed) == 0 || !tail.Publish(epoch, missed, h.state.rightsOf(missed)) || tail.Head().Seq != head.Seq {
		tail.Reset(epoch, head.Seq)
	}
	return nil
}

// maxRefill is how far behind a reader is brought up to date with updates
// rather than with a view: domain G-6.
const maxRefill = 500

// read returns up to limit updates of the log after seq; nil if there are
// more.
func (h *host) read(ctx context.Context, after uint64, limit int) ([]room.Update, error) {
	var updates []room.Update
	for u, err := range h.node.opts.Journal.Read(ctx, h.id, after) {
		if err != nil {
			return nil, err
		}
		if len(updates) == limit {
			return nil, nil
		}
		updates = append(updates, u)
	}
	return updates, nil
}

// saved is a snapshot's form: {"v":1,"epoch":"k3","at":1790000000000,
// "features":{"feed":{...}},"ops":[...],"alarms":{"people/unmute":17900...},"covered":{"post/p9":44}}.
type saved struct {
	V        int                        `json:"v"`
	Epoch    string                     `json:"epoch"`
	At       room.Millis                `json:"at"`
	Features map[string]json.RawMessage `json:"features"`
	Ops      []savedClient              `json:"ops"`
	Alarms   map[string]room.Millis     `json:"alarms"`
	Covered  map[string]uint64          `json:"covered"`
	Shown    map[room.Class]uint64      `json:"shown"`
}

const savedVersion = 1

// snapshot encodes the state at its head.
func (st *state) snapshot() (journal.Snapshot, error) {
	s := saved{
		V: savedVersion, Epoch: st.head.Epoch, At: st.lastAt,
		Features: make(map[string]json.RawMessage),
		Ops:      st.ops.save(), Alarms: st.alarms, Covered: st.covered, Shown: st.shown,
	}
	for _, p := range st.parts {
		data, err := p.Snapshot()
		if err != nil {
			return journal.Snapshot{}, fmt.Errorf("snapshot of %s: %w", p.name, err)
		}
		s.Features[p.name] = data
	}
	data, err := json.Marshal(&s)
	return journal.Snapshot{Seq: st.head.Seq, Data: data}, err
}

// restore sets the state to a snapshot.
func (st *state) restore(snap journal.Snapshot) error {
	var s saved
	if err := json.Unmarshal(snap.Data, &s); err != nil {
		return err
	}
	if s.V != savedVersion {
		return fmt.Errorf("snapshot version %d, this program knows %d", s.V, savedVersion)
	}
	for _, p := range st.parts {
		data, ok := s.Features[p.name]
		if !ok {
			continue // a feature that the kind did not have then
		}
		if err := p.Restore(data); err != nil {
			return fmt.Errorf("feature %s: %w", p.name, err)
		}
	}
	st.ops.restore(s.Ops)
	maps.Copy(st.alarms, s.Alarms)
	maps.Copy(st.covered, s.Covered)
	maps.Copy(st.shown, s.Shown)
	st.head = journal.Head{Epoch: s.Epoch, Seq: snap.Seq, Due: st.due()}
	st.lastAt, st.saved, st.snapBytes = s.At, snap.Seq, len(snap.Data)
	return nil
}

// minLog is how much log a room replays at most before a snapshot is worth
// its write: about a millisecond of a wake. minRest is that of a room that
// goes to sleep, which will be woken once at least.
const (
	minLog  = 64 << 10
	minRest = 16 << 10
)

// outgrown reports whether the log since the snapshot outgrew it. A large
// state is written again for four times as much log: encoding it holds the
// room up, and was a fifth of a hot room's time when it was once.
func (st *state) outgrown() bool { return st.logBytes > max(minLog, 4*st.snapBytes) }

// save stores a snapshot. A failure is logged: the log still has everything.
func (h *host) save(ctx context.Context) {
	st := h.state
	if st.head.Seq == st.saved {
		return
	}
	snap, err := st.snapshot()
	if err == nil {
		err = h.node.opts.Journal.Save(ctx, h.id, snap)
	}
	if err != nil {
		h.node.log.Warn("snapshot not saved", "room", h.id, "seq", st.head.Seq, "err", err)
		return
	}
	st.saved, st.snapBytes, st.logBytes = snap.Seq, len(snap.Data), 0
	if keep := h.kind.History; keep > 0 && snap.Seq > keep {
		h.trim(ctx, snap.Seq-keep)
	}
}

// trim drops log that the kind does not keep.
func (h *host) trim(ctx context.Context, upTo uint64) {
	if err := h.node.opts.Journal.Trim(ctx, h.id, upTo); err != nil {
		h.node.log.Warn("log not trimmed", "room", h.id, "seq", upTo, "err", err)
		return
	}
	h.state.first = max(h.state.first, upTo+1)
}

// newEpoch names a room's history.
func newEpoch(random uint64) string { return strconv.FormatUint(random>>34, 36) }

// ErrNoRoom answers who asks for a room that was never made. It is told apart
// from what a room itself says is not found, for codes may be guessed.
var ErrNoRoom = room.Errorf(room.NotFound, "There is nothing here. Check the link or the code.")

// member says who a caller is in the room, and refuses who is not let in.
func (st *state) member(kind *room.Kind, c room.Caller) (room.Member, error) {
	if kind.Made && st.head.Seq == 0 && c.Role != room.Service {
		return room.Member{}, ErrNoRoom
	}
	if st.identify != nil && (st.head.Seq > 0 || c.Role != room.Service) {
		return st.identify.Identify(c)
	}
	return room.Member{ID: c.Member, Name: c.Name, Role: c.Role}, nil
}

// rightsOf lists the members whose rights updates may have changed: those
// that an update of the identifying feature is About.
func (st *state) rightsOf(updates []room.Update) (members []room.MemberID) {
	for i := range updates {
		u := &updates[i]
		if u.Feature() != st.rights {
			continue
		}
		for subject := range u.Subjects() {
			if id, ok := memberOf(subject); ok && !slices.Contains(members, id) {
				members = append(members, id)
			}
		}
	}
	return members
}

func (st *state) now(clock time.Time) time.Time {
	if last := st.lastAt.Time(); clock.Before(last) {
		return last
	}
	return clock
}
