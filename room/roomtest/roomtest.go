// Package roomtest runs features alone, the way a node runs them: commands
// are routed, identified, guarded and handled, each update is folded at once,
// keyed ones take an earlier one's place within a turn, observers and
// answerers follow. There is no journal, socket or clock.
//
// What holds for every feature is checked on the way and, by Check, at the
// end of the test: deciding and looking change nothing, replay gives the live
// state byte for byte, a restored snapshot is the state, and a view tells
// nothing that its sight's updates did not.
package roomtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roomful/roomful/room"
)

// Room is features and what has happened to them. Not for concurrent use.
type Room struct {
	Granted int // units that commands with a limit in units are granted; 20 at first

	t        testing.TB
	features []room.Feature
	parts    []room.Behavior // of features, in the same order
	now      time.Time
	rand     *rand.Rand
	log      []room.Update
	begun    int  // updates before the turn
	inTurn   bool // several commands share a turn
	turns    int
	alarms   map[string]room.Millis
	signals  map[string]json.RawMessage
	callers  map[room.MemberID]room.Caller
	known    [][]byte // snapshots of the state as it is, nil after a change
	mid      save     // a snapshot from somewhere in the middle
}

type save struct {
	after     int // updates
	snapshots [][]byte
}

// start is when a Room begins: a Saturday evening.
var start = time.UnixMilli(1_790_000_000_000).UTC()

// New begins a room with features. Check runs when the test ends.
func New(t testing.TB, features ...room.Feature) *Room {
	r := &Room{
		Granted: 20, t: t, features: features, parts: fresh(features), now: start,
		rand:    rand.New(rand.NewPCG(1, 2)),
		alarms:  map[string]room.Millis{},
		signals: map[string]json.RawMessage{},
		callers: map[room.MemberID]room.Caller{},
	}
	t.Cleanup(func() {
		if !t.Failed() {
			r.Check()
		}
	})
	return r
}

func fresh(features []room.Feature) []room.Behavior {
	parts := make([]room.Behavior, len(features))
	for i, f := range features {
		parts[i] = f.New()
	}
	return parts
}

// Do gives a command that must be accepted, in a turn of its own, and returns
// the reply. data is a value to encode, or JSON text.
func (r *Room) Do(c room.Caller, typ string, data any) json.RawMessage {
	r.t.Helper()
	reply, err := r.Try(c, typ, data)
	if err != nil {
		r.t.Fatalf("%s %v by %q: %v", typ, data, c.Member, err)
	}
	return reply
}

// ID is Do for a command whose reply has an id under key.
func (r *Room) ID(key string, c room.Caller, typ string, data any) string {
	r.t.Helper()
	var reply map[string]string
	if err := json.Unmarshal(r.Do(c, typ, data), &reply); err != nil || reply[key] == "" {
		r.t.Fatalf("%s: no %s in the reply", typ, key)
	}
	return reply[key]
}

// Refuse gives a command that must be refused with code, and returns why.
func (r *Room) Refuse(code room.Code, c room.Caller, typ string, data any) *room.Error {
	r.t.Helper()
	_, err := r.Try(c, typ, data)
	if room.CodeOf(err) != code {
		r.t.Fatalf("%s %.200v by %q: got %v, want %s", typ, data, c.Member, err, code)
	}
	return sentence(r.t, room.AsError(err))
}

// sentence holds every refusal to being something a person can read.
func sentence(t testing.TB, err *room.Error) *room.Error {
	t.Helper()
	if m := err.Message; m == "" || !strings.HasSuffix(m, ".") || m[0] < 'A' && m[0] > '9' || err.Code == room.Internal {
		t.Fatalf("%s is not a refusal for people: %q (%v)", err.Code, m, err.Err)
	}
	return err
}

// Turn runs commands in one turn: one time, and keyed updates of it take the
// place of earlier ones.
func (r *Room) Turn(commands func()) {
	r.begin()
	r.inTurn = true
	commands()
	r.inTurn = false
}

func (r *Room) begin() {
	if r.inTurn {
		return
	}
	if r.turns++; r.turns&(r.turns-1) == 0 { // at 1, 2, 4, 8...: one will be in the middle
		r.mid = save{len(r.log), r.snapshots()}
	}
	r.begun = len(r.log)
	r.now = r.now.Add(time.Second)
}

// Try gives a command and returns its reply, or why it was refused.
func (r *Room) Try(c room.Caller, typ string, data any) (json.RawMessage, error) {
	r.t.Helper()
	r.begin()
	feature := room.FeatureOf(typ)
	var tx *room.Tx
	var err error
	r.pure(typ, func() { tx, err = r.decide(c, typ, encode(r.t, data)) })
	if err != nil {
		return nil, err
	}
	return tx.Effects().Reply, r.commit(feature, tx)
}

// decide is all that comes before a command's effects.
func (r *Room) decide(c room.Caller, typ string, data json.RawMessage) (*room.Tx, error) {
	by, err := r.Identify(c)
	if err != nil {
		return nil, err
	}
	cmd := room.Command{Type: typ, By: by, Data: data, Granted: r.Granted}
	for _, part := range r.parts {
		if g, ok := part.(room.Guard); ok {
			if err := g.Guard(r.now, cmd); err != nil {
				return nil, err
			}
		}
	}
	part := r.part(room.FeatureOf(typ))
	if part == nil {
		return nil, room.Errorf(room.Invalid, "There is no feature for %.40q.", typ)
	}
	tx := r.tx(by.ID)
	return tx, part.Handle(tx, cmd)
}

func (r *Room) tx(by room.MemberID) *room.Tx { return room.NewTx(r.now, r.rand, by, "") }

// Identify says who c is, as the room's Identifier or else the caller does.
func (r *Room) Identify(c room.Caller) (room.Member, error) {
	who := room.Member{ID: c.Member, Name: c.Name, Role: c.Role}
	var err error
	for _, part := range r.parts {
		if i, ok := part.(room.Identifier); ok {
			who, err = i.Identify(c)
		}
	}
	if err == nil && who.ID != "" {
		r.callers[who.ID] = c
	}
	return who, err
}

func (r *Room) part(feature string) room.Behavior {
	i := slices.IndexFunc(r.features, func(f room.Feature) bool { return f.Name == feature })
	if i < 0 {
		return nil
	}
	return r.parts[i]
}

// pure runs what must not change any state.
func (r *Room) pure(what string, look func()) {
	r.t.Helper()
	if r.known == nil {
		r.known = r.snapshots()
	}
	look()
	for i, after := range r.snapshots() {
		if !bytes.Equal(r.known[i], after) {
			r.t.Fatalf("%s changed the state of %s:\n%s\n%s", what, r.features[i].Name, r.known[i], after)
		}
	}
}

// commit folds what feature did and what the others answer.
func (r *Room) commit(feature string, tx *room.Tx) error {
	r.t.Helper()
	effects := tx.Effects()
	if effects.Err != nil {
		return room.AsError(effects.Err)
	}
	updates := effects.Updates
	for i := range updates {
		r.record(feature, &updates[i])
	}
	for _, u := range updates {
		for i, part := range r.parts {
			if a, ok := part.(room.Answerer); ok && r.features[i].Name != feature {
				r.answer(r.features[i].Name, a, u)
			}
		}
	}
	for _, s := range effects.Signals {
		r.signals[s.Key] = s.Data
		if s.Data == nil {
			delete(r.signals, s.Key)
		}
	}
	r.setAlarms(effects.Alarms)
	return nil
}

func (r *Room) answer(feature string, a room.Answerer, u room.Update) {
	r.t.Helper()
	tx := room.NewTx(r.now, r.rand, u.By, u.Op)
	r.pure("answering "+u.Type, func() {
		if err := a.Answer(tx, u); err != nil {
			r.t.Fatalf("%s answers %s: %v", feature, u.Type, err)
		}
	})
	for _, u := range tx.Effects().Updates {
		r.record(feature, &u)
	}
	r.setAlarms(tx.Effects().Alarms)
}

// record gives u its seq, its own or that of the keyed one it replaces, and
// folds it.
func (r *Room) record(feature string, u *room.Update) {
	r.t.Helper()
	if u.Feature() != feature {
		r.t.Fatalf("%s recorded %s", feature, u.Type)
	}
	if !json.Valid(u.Data) {
		r.t.Fatalf("%s has data that is not JSON: %s", u.Type, u.Data)
	}
	place := slices.IndexFunc(r.log[r.begun:], func(old room.Update) bool {
		return u.Key != "" && old.Key == u.Key && old.To == u.To && old.Type == u.Type
	})
	if place >= 0 {
		u.Seq = r.log[r.begun+place].Seq
		r.log[r.begun+place] = *u
	} else {
		u.Seq = uint64(len(r.log) + 1)
		r.log = append(r.log, *u)
	}
	r.fold(r.parts, *u)
	r.known = nil
}

// fold applies u to parts as every node does, live and on replay.
func (r *Room) fold(parts []room.Behavior, u room.Update) {
	r.t.Helper()
	for i, part := range parts {
		var err error
		if r.features[i].Name == u.Feature() {
			err = part.Apply(u)
		}
		if err != nil {
			r.t.Fatalf("%s applies %s %s: %v", r.features[i].Name, u.Type, u.Data, err)
		}
	}
	for i, part := range parts {
		if o, ok := part.(room.Observer); ok && r.features[i].Name != u.Feature() {
			if err := o.Observe(u); err != nil {
				r.t.Fatalf("%s observes %s: %v", r.features[i].Name, u.Type, err)
			}
		}
	}
}

func (r *Room) setAlarms(alarms []room.Alarm) {
	for _, a := range alarms {
		if r.part(alarmFeature(a.Name)) == nil {
			r.t.Fatalf("an alarm is named feature/name, not %q", a.Name)
		}
		r.alarms[a.Name] = a.At
		if a.At == 0 {
			delete(r.alarms, a.Name)
		}
	}
}

func alarmFeature(name string) string { feature, _, _ := strings.Cut(name, "/"); return feature }

// Advance lets time pass and fires the alarms that come due, earliest first.
func (r *Room) Advance(d time.Duration) {
	r.t.Helper()
	until := r.now.Add(d)
	for {
		name, at := r.nextAlarm()
		if name == "" || at.Time().After(until) {
			break
		}
		if at.Time().After(r.now) {
			r.now = at.Time()
		}
		r.begun = len(r.log)
		r.ring(name)
	}
	r.now = until
}

func (r *Room) nextAlarm() (name string, at room.Millis) {
	for n, a := range r.alarms {
		if name == "" || a < at || a == at && n < name {
			name, at = n, a
		}
	}
	return name, at
}

// ring fires one alarm: its record clears it, unless it was set again.
func (r *Room) ring(name string) {
	r.t.Helper()
	delete(r.alarms, name)
	feature := alarmFeature(name)
	tx := r.tx("")
	r.pure("alarm "+name, func() {
		if err := r.part(feature).(room.Alarmer).Alarm(tx, name); err != nil {
			r.t.Fatalf("alarm %s: %v", name, err)
		}
	})
	if err := r.commit(feature, tx); err != nil {
		r.t.Fatalf("alarm %s: %v", name, err)
	}
}

// Fatalf ends the test.
func (r *Room) Fatalf(format string, args ...any) {
	r.t.Helper()
	r.t.Fatalf(format, args...)
}

// Now is the time of the next turn, to the second.
func (r *Room) Now() time.Time { return r.now }

// Signal is the newest value under key, nil for none.
func (r *Room) Signal(key string) json.RawMessage { return r.signals[key] }

// Log is what has happened, as the journal would have it.
func (r *Room) Log() []room.Update { return slices.Clone(r.log) }

// Query asks a feature and returns the result as JSON, or why not.
func (r *Room) Query(c room.Caller, name string, args room.Args) (json.RawMessage, error) {
	r.t.Helper()
	m, err := r.Identify(c)
	if err != nil {
		return nil, err
	}
	q, ok := r.part(room.FeatureOf(name)).(room.Querier)
	if !ok {
		return nil, room.Errorf(room.NotFound, "There is no query %.40q.", name)
	}
	var result any
	r.pure("query "+name, func() { result, err = q.Query(m, name, args) })
	if err != nil {
		return nil, sentence(r.t, room.AsError(err))
	}
	return encode(r.t, result), nil
}

// View is what feature shows to c's sight.
func (r *Room) View(c room.Caller, feature string) json.RawMessage {
	r.t.Helper()
	m, err := r.Identify(c)
	if err != nil {
		r.t.Fatalf("view of %q: %v", c.Member, err)
	}
	return r.viewOf(r.parts, feature, room.SightOf(m, nil))
}

func (r *Room) viewOf(parts []room.Behavior, feature string, s room.Sight) json.RawMessage {
	r.t.Helper()
	for i, f := range r.features {
		if v, ok := parts[i].(room.Viewer); ok && f.Name == feature {
			var view any
			var err error
			r.pure("view of "+feature, func() { view, err = v.View(s) })
			if err != nil {
				r.t.Fatalf("view of %s: %v", feature, err)
			}
			return encode(r.t, view)
		}
	}
	return nil
}

// Mine is what feature has that is c's own, null for nothing.
func (r *Room) Mine(c room.Caller, feature string) json.RawMessage {
	r.t.Helper()
	m, err := r.Identify(c)
	if err != nil {
		r.t.Fatalf("mine of %q: %v", c.Member, err)
	}
	v, ok := r.part(feature).(room.Viewer)
	if !ok {
		return nil
	}
	var mine any
	r.pure("mine of "+feature, func() { mine, err = v.Mine(m) })
	if err != nil {
		r.t.Fatalf("mine of %s: %v", feature, err)
	}
	return encode(r.t, mine)
}

// Seen are the updates after seq that c is shown, as a reader who comes back
// gets them: without the withdrawn ones.
func (r *Room) Seen(c room.Caller, after uint64) []room.Update {
	r.t.Helper()
	m, err := r.Identify(c)
	if err != nil {
		r.t.Fatalf("updates of %q: %v", c.Member, err)
	}
	s := room.SightOf(m, nil)
	return slices.DeleteFunc(r.uncovered(after), func(u room.Update) bool { return !s.Sees(&u, m.ID) })
}

func (r *Room) uncovered(after uint64) []room.Update {
	covered := map[string]uint64{}
	for _, u := range r.log {
		if u.Covers != "" {
			covered[u.Covers] = u.Seq
		}
	}
	var out []room.Update
	for _, u := range r.log {
		gone := false
		for subject := range u.Subjects() {
			gone = gone || u.Seq < covered[subject]
		}
		if u.Seq > after && !gone {
			out = append(out, u)
		}
	}
	return out
}

func (r *Room) snapshots() [][]byte { return snapshotsOf(r.t, r.parts) }

func snapshotsOf(t testing.TB, parts []room.Behavior) [][]byte {
	t.Helper()
	out := make([][]byte, len(parts))
	for i, part := range parts {
		b, err := part.Snapshot()
		if err != nil {
			t.Fatalf("snapshot: %v", err)
		}
		out[i] = b
	}
	return out
}

func encode(t testing.TB, data any) json.RawMessage {
	t.Helper()
	switch d := data.(type) {
	case nil:
		return nil
	case string:
		return json.RawMessage(d)
	case json.RawMessage:
		return d
	}
	b, err := json.Marshal(data)
	if err != nil {
		t.Fatal(fmt.Errorf("encode %v: %w", data, err))
	}
	return b
}
