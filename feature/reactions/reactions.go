// Package reactions counts taps: the hearts that float up during a talk.
// Every tap counts, there is no taking back, and only totals are kept.
package reactions

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/roomful/roomful/room"
)

// Options is what a kind of room decides about its reactions.
type Options struct {
	Kinds  []string // what can be tapped; nil means DefaultKinds. An event's preset wins
	Anyone bool     // anonymous visitors and spectators tap too, as in a talk
}

// DefaultKinds are the kinds of a talk.
func DefaultKinds() []string { return []string{"heart", "clap", "joy", "party", "mind"} }

// Domain rule R-3: a person tapping as fast as they can gets 20 in and then 4
// a second; more is absorbed.
const (
	burst     = 20
	perSecond = 4
	maxTaps   = 10 // one command's; a client sends what it gathered in 500 ms
)

// New makes the feature.
func New(o Options) room.Feature {
	if o.Kinds == nil {
		o.Kinds = DefaultKinds()
	}
	return room.Feature{
		Name:   "reactions",
		New:    func() room.Behavior { return &reactions{anyone: o.Anyone, kinds: o.Kinds, counts: map[string]uint64{}} },
		Limits: []room.Limit{{Command: "reactions.tap", Burst: burst, PerSecond: perSecond, Units: "n"}},
	}
}

// Tap is the data of reactions.tap: {"kind":"heart","n":3}.
type Tap struct {
	Kind string `json:"kind"`
	N    int64  `json:"n"`
}

// Accepted is its reply: {"accepted":3}.
type Accepted struct {
	Accepted int64 `json:"accepted"`
}

// Counted is the data of reactions.counted: {"counts":{"heart":4712,"clap":12}}.
// Counts has every kind ever tapped.
type Counted struct {
	Counts map[string]uint64 `json:"counts"`
}

// View is what everyone sees: {"counts":{"heart":4712},"kinds":["heart","clap"]}.
type View struct {
	Counts map[string]uint64 `json:"counts"`
	Kinds  []string          `json:"kinds"`
}

type reactions struct {
	anyone bool
	kinds  []string
	counts map[string]uint64
}

func (r *reactions) Handle(tx *room.Tx, cmd room.Command) error {
	if cmd.Type != "reactions.tap" {
		return room.Errorf(room.Invalid, "Reactions have no command %.40q.", cmd.Type)
	}
	var in Tap
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if !r.anyone && !cmd.By.Role.Acts() {
		return room.Errorf(room.Forbidden, "Join the event as a guest to react.")
	}
	if !slices.Contains(r.kinds, in.Kind) {
		return room.Errorf(room.Invalid, "There is no reaction %.40q here.", in.Kind)
	}
	if in.N < 1 {
		return room.Errorf(room.Invalid, "Send how many taps: n from 1 to %d.", maxTaps)
	}
	accepted := max(0, min(in.N, maxTaps, int64(cmd.Granted)))
	if accepted > 0 {
		counts := maps.Clone(r.counts)
		counts[in.Kind] += uint64(accepted)
		tx.Record("reactions.counted", Counted{counts},
			room.Keyed("counts"), room.Unsigned(), room.Weighs(room.Ambient))
	}
	tx.Reply(Accepted{accepted})
	return nil
}

func (r *reactions) Apply(u room.Update) error {
	if u.Type != "reactions.counted" {
		return nil
	}
	var in Counted
	if err := json.Unmarshal(u.Data, &in); err != nil {
		return err
	}
	r.counts = in.Counts
	if r.counts == nil {
		r.counts = map[string]uint64{}
	}
	return nil
}

// Observe learns the kinds of the event's preset.
func (r *reactions) Observe(u room.Update) error {
	if u.Type != "event.opened" {
		return nil
	}
	var in struct {
		Kinds []string `json:"kinds"`
	}
	if err := json.Unmarshal(u.Data, &in); err != nil {
		return err
	}
	if len(in.Kinds) > 0 {
		r.kinds = in.Kinds
	}
	return nil
}

func (r *reactions) View(room.Sight) (any, error) {
	return View{Counts: r.counts, Kinds: r.kinds}, nil
}

func (r *reactions) Mine(room.Member) (any, error) { return nil, nil }

func (r *reactions) Snapshot() ([]byte, error) {
	return json.Marshal(View{Counts: r.counts, Kinds: r.kinds})
}

func (r *reactions) Restore(snapshot []byte) error {
	var s View
	if err := json.Unmarshal(snapshot, &s); err != nil {
		return err
	}
	r.counts, r.kinds = s.Counts, s.Kinds
	return nil
}
