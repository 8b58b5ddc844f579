package room

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Tx is one input being handled and its effects so far. It is valid only
// during the call it was passed to. Not for concurrent use.
type Tx struct {
	now     time.Time
	rand    *rand.Rand
	by      MemberID
	op      string
	effects Effects
}

// Effects is what one input did. The node commits Updates and Alarms, then
// sends Reply, then tells Signals.
type Effects struct {
	Updates []Update // without Seq: the node gives it
	Signals []Signal
	Alarms  []Alarm
	Reply   json.RawMessage
	Err     error // first value that would not encode
}

// Alarm is a durable timer of one feature; the zero At clears it.
type Alarm struct {
	Name string // "feature/name"
	At   Millis
}

// NewTx is for the node and for tests: one input of member by under op, at
// the turn's time, with the turn's randomness.
func NewTx(now time.Time, r *rand.Rand, by MemberID, op string) *Tx {
	return &Tx{now: now, rand: r, by: by, op: op}
}

// Effects returns what was recorded so far.
func (tx *Tx) Effects() Effects { return tx.effects }

// Now is the turn's time: the same at every call of a turn, never before the
// room's last update.
func (tx *Tx) Now() time.Time { return tx.now }

// Rand is for Handle and Alarm only: what it yields goes into the update, for
// Apply runs again on replay.
func (tx *Tx) Rand() *rand.Rand { return tx.rand }

// ID returns a fresh random id: prefix and 10 characters, 50 bits: two of a
// million ids in one room meet with a chance of 4 in 10,000, and the node
// refuses nothing for it, so features check ids they give out.
func (tx *Tx) ID(prefix string) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's base 32: no i, l, o, u
	b := []byte(prefix)
	for r, i := tx.rand.Uint64(), 0; i < 10; i++ {
		b = append(b, alphabet[r&31])
		r >>= 5
	}
	return string(b)
}

// Mark says more about an update that is being recorded.
type Mark func(*Update)

// To fixes who may see it; everyone without.
func To(a Audience) Mark { return func(u *Update) { u.To = a } }

// Keyed lets a newer update with the same key and audience take its place.
// Only for an update that sets one value whole, which no other fold reads.
func Keyed(key string) Mark { return func(u *Update) { u.Key = key } }

// Weighs sets how soon it is flushed.
func Weighs(w Weight) Mark { return func(u *Update) { u.Weight = w } }

// About names the subjects it tells of, so that it can be covered: a comment
// goes with itself and with its post. What tells of a removal is about
// nothing, or a later removal would withdraw it.
func About(subjects ...string) Mark {
	return func(u *Update) { u.About = strings.Join(subjects, ",") }
}

// Covers withdraws every earlier update about subject, from every path.
func Covers(subject string) Mark { return func(u *Update) { u.Covers = subject } }

// Unsigned leaves out by and op: the author is secret, or there are many.
func Unsigned() Mark { return func(u *Update) { u.By, u.Op = "", "" } }

// Record adds a durable update. data is encoded as a JSON object now; one
// that will not encode refuses the whole input.
func (tx *Tx) Record(typ string, data any, marks ...Mark) {
	u := Update{Type: typ, At: ToMillis(tx.now), By: tx.by, Op: tx.op, Data: tx.encode(typ, data)}
	for _, mark := range marks {
		mark(&u)
	}
	tx.effects.Updates = append(tx.effects.Updates, u)
}

// Signal sets the newest value under key, told after the commit and not kept;
// nil data clears it.
func (tx *Tx) Signal(key string, data any) {
	s := Signal{Key: key}
	if data != nil {
		s.Data = tx.encode(key, data)
	}
	tx.effects.Signals = append(tx.effects.Signals, s)
}

// Reply answers the caller after the commit. Keep it small: it is remembered
// for repetitions of the same op.
func (tx *Tx) Reply(data any) { tx.effects.Reply = tx.encode("reply", data) }

// Alarm asks to be woken at a time, replacing an alarm of the same name; the
// zero time clears it. name is "feature/name".
func (tx *Tx) Alarm(name string, at time.Time) {
	a := Alarm{Name: name}
	if !at.IsZero() {
		a.At = ToMillis(at)
	}
	tx.effects.Alarms = append(tx.effects.Alarms, a)
}

func (tx *Tx) encode(what string, data any) json.RawMessage {
	b, err := marshal(data)
	if err != nil && tx.effects.Err == nil {
		tx.effects.Err = fmt.Errorf("encode %s: %w", what, err)
	}
	return b
}

// marshal is json.Marshal, with a short way for what is JSON already.
func marshal(data any) ([]byte, error) {
	raw, ok := data.(json.RawMessage)
	if !ok || len(raw) == 0 {
		return json.Marshal(data)
	}
	out := bytes.NewBuffer(make([]byte, 0, len(raw)))
	err := json.Compact(out, raw) // one line: events of a stream end at a blank one
	return out.Bytes(), err
}
