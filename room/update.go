package room

import (
	"encoding/json"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Millis is a time: milliseconds since 1970, as the wire writes it.
type Millis int64

// ToMillis cuts t to the millisecond.
func ToMillis(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time is m in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Weight says how soon an update is flushed to readers. It delays, it never
// reorders.
type Weight uint8

// The weights. Normal is the zero Weight.
const (
	Normal   Weight = iota // at once when the room is quiet, coalesced when it is busy
	Critical               // at once: removed, banned, closed
	Ambient                // counts: at a pace that grows with the audience
)

// Update is something that happened: durable, ordered, for ever. Fields are
// added to its Data, a new meaning is a new Type.
type Update struct {
	Seq    uint64          // place in the room's order, contiguous from 1
	Type   string          // "feed.posted": the feature's name, a dot, past tense
	At     Millis          // the turn's time
	By     MemberID        // "" when nobody or nobody's business
	Op     string          // "client:n" of the command behind it, "" as for By
	Data   json.RawMessage // an object
	To     Audience        // who may see it
	Key    string          // conflation: a newer one with this Key and To takes its place
	Weight Weight
	About  string // the subjects it tells of, commas between: "post/p9,comment/c3"
	Covers string // the one subject it withdraws: every earlier update about it
}

// Subjects yields what u is About, nothing for an update about no subject.
// One withdrawn subject is enough to withdraw u.
func (u *Update) Subjects() iter.Seq[string] {
	if u.About == "" {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(u.About, ",")
}

// IsAbout reports whether a cover of subject withdraws u.
func (u *Update) IsAbout(subject string) bool {
	for s := range u.Subjects() {
		if s == subject {
			return true
		}
	}
	return false
}

// Feature is the part of the type before the dot: whose update it is.
func (u *Update) Feature() string { return FeatureOf(u.Type) }

// FeatureOf is the feature that a command or update type belongs to.
func FeatureOf(typ string) string { feature, _, _ := strings.Cut(typ, "."); return feature }

// Signal is the newest value of something that need not last: presence,
// typing. It is never in the log. A nil Data means gone.
type Signal struct {
	Key  string // "people.presence/m_7": feature, dot, name, slash, whose
	Data json.RawMessage
}

// Op names a command for exactly-once effect: the outbox it comes from and
// its number there. The zero Op is none.
type Op struct {
	Client string
	N      uint64 // rises; 1 is the first
}

// maxOp keeps numbers exact in JavaScript.
const maxOp = 1<<53 - 1

// ParseOp reads "client:n". "" is the zero Op.
func ParseOp(s string) (Op, error) {
	if s == "" {
		return Op{}, nil
	}
	client, digits, ok := strings.Cut(s, ":")
	n, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || n == 0 || n > maxOp || !validName(client) {
		return Op{}, Errorf(Invalid, "An op is client:n, with n from 1 to 2^53-1 and rising.")
	}
	return Op{Client: client, N: n}, nil
}

func (o Op) String() string {
	if o == (Op{}) {
		return ""
	}
	return o.Client + ":" + strconv.FormatUint(o.N, 10)
}

// Command is what somebody asks of a room.
type Command struct {
	Type    string // "feed.post": the feature's name, a dot, imperative
	Op      Op
	By      Member          // resolved by the room at this turn
	Data    json.RawMessage // an object, nil for none; at most the kind's limit
	Granted int             // units that the limits allow of this command, see Limit; 0 when it has none
}
