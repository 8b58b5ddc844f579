package room

import (
	"encoding/json"
	"time"
)

// Behavior is one feature's rules and state in one room. The node calls it
// from one goroutine at a time. It is a pure function of its inputs: no
// goroutine, I/O, clock or randomness but what its turn gives it, so it can
// be replayed, simulated, fuzzed, put to sleep and moved without knowing.
type Behavior interface {
	// Handle decides what cmd does. It reads state and records on tx; it
	// never changes state. An error refuses cmd and discards what tx holds.
	Handle(tx *Tx, cmd Command) error

	// Apply folds u into state, live and on replay alike; the only place
	// where state changes. It sees each update of its feature in order. It
	// takes ids it does not know calmly: a keyed update may have taken the
	// place of what introduced them. An error, or a panic, live keeps u from
	// being committed; on replay it stops the room.
	Apply(u Update) error

	// Snapshot returns the whole state; Restore sets it on a new Behavior.
	Snapshot() ([]byte, error)
	Restore(snapshot []byte) error
}

// A Behavior may also implement any of these. All only read; Alarm and Answer
// record too, and Observe folds.
type (
	// Identifier says who a caller is in this room, and refuses those who
	// are not let in (Unauthenticated, Banned). A kind has at most one;
	// without it a caller is who their token says.
	Identifier interface {
		Identify(c Caller) (Member, error)
	}

	// Joiner may refuse a member who wants to read the room.
	Joiner interface{ Join(m Member) error }

	// Guard may refuse any command of the room, also other features', before
	// its feature sees it: a closed event, a muted member.
	Guard interface {
		Guard(now time.Time, cmd Command) error
	}

	// Alarmer is woken at the times it set with Tx.Alarm, also after sleep
	// and restart, at least once.
	Alarmer interface {
		Alarm(tx *Tx, name string) error
	}

	// Observer folds updates of the room's other features, live and on
	// replay, each after its own feature's Apply. The same rules as for
	// Apply; what is keyed there must not be read here.
	Observer interface{ Observe(u Update) error }

	// Answerer records, in the same turn, what follows from another feature's
	// update: a ban takes the member's posts down. Asked once for each
	// update of a command or alarm, live only, when all of them are folded;
	// what it records is folded next and carries the same by and op. Answers
	// are observed, not answered.
	Answerer interface {
		Answer(tx *Tx, u Update) error
	}

	// Viewer shows state. View is what every reader of class s sees and
	// never depends on one member; Mine is the little that is one member's
	// own, nil for nothing. Both are encoded as JSON, and the view of all
	// features together should stay under 64 KiB: older things by Query.
	Viewer interface {
		View(s Sight) (any, error)
		Mine(m Member) (any, error)
	}

	// Querier answers paged reads: "feed.page" with {"before":"123"}.
	Querier interface {
		Query(m Member, name string, args Args) (any, error)
	}
)

// Feature makes Behaviors. It owns every command and update type that begins
// with Name and a dot.
type Feature struct {
	Name   string
	New    func() Behavior
	Limits []Limit
}

// Limit bounds how often one member may give one command; one address may
// give PerAddress times as many (a hall behind one router).
type Limit struct {
	Command   string  // "reactions.tap"
	Burst     float64 // units at once
	PerSecond float64 // units refilled
	// Units names the number in the command's data that it costs, "" for 1.
	// A command that counts units is never refused: it is Granted what there
	// is, and the feature takes no more.
	Units      string
	PerAddress float64 // 0 means DefaultPerAddress
}

// DefaultPerAddress is how many members' limits one address has: domain rule
// R-3, a venue behind one NAT.
const DefaultPerAddress = 50

// Kind is a template of rooms: a set of features and who may do what before
// any feature is asked.
type Kind struct {
	Name     string
	Features []Feature

	// Made says a room exists only once something was recorded by a service
	// (an event is opened); reading or commanding one that was not is
	// NotFound. Otherwise any name is an empty room.
	Made bool

	// Public lets anonymous callers read.
	Public bool

	// Presence is the signal that tells who is here, "people.presence"; ""
	// for none.
	Presence string

	// History is how many updates the log keeps at least behind a snapshot;
	// 0 keeps all.
	History uint64

	MaxCommandBytes int // of Data; 0 means DefaultCommandBytes
}

// DefaultCommandBytes bounds a command's data: a long caption or a document's
// paragraph, never a picture.
const DefaultCommandBytes = 16 << 10

// Handles reports whether k has the feature.
func (k *Kind) Handles(feature string) bool {
	for i := range k.Features {
		if k.Features[i].Name == feature {
			return true
		}
	}
	return false
}

// Decode reads a command's data into v, refusing what is not an object of
// v's shape. Unknown fields are ignored, so old servers take new clients.
func Decode(cmd Command, v any) error {
	if len(cmd.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(cmd.Data, v); err != nil {
		return &Error{Code: Invalid, Message: "The data of " + cmd.Type + " does not have the right shape.", Err: err}
	}
	return nil
}
