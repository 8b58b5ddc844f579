// Package event is the gathering itself: its name, which features are on, how
// posts are moderated, and whether people may act at all. It guards the
// commands of every other feature in the room.
package event

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/text"
)

// New makes the feature. It has no limits of its own: only hosts command it.
func New() room.Feature {
	return room.Feature{Name: "event", New: func() room.Behavior { return &event{} }}
}

// Opened is the data of event.opened.
//
//	{"name":"Ana & Tom","preset":"wedding","features":{"feed":true,"people":true,"reactions":true},"moderation":"post","kinds":["heart"],"openedAt":1790000000000}
type Opened struct {
	Name       string          `json:"name"`
	Preset     string          `json:"preset"`
	Features   map[string]bool `json:"features"`
	Moderation string          `json:"moderation"`
	Kinds      []string        `json:"kinds"` // of reactions
	OpenedAt   room.Millis     `json:"openedAt"`
}

// Changes is the data of event.set and event.changed: what is nil, or not in
// Features, stays as it is.
//
//	{"features":{"feed":false},"moderation":"pre"}
type Changes struct {
	Name       *string         `json:"name,omitempty"`
	Features   map[string]bool `json:"features,omitempty"`
	Moderation *string         `json:"moderation,omitempty"`
}

// Locked is the data of event.lock and event.locked: {"on":true}.
type Locked struct {
	On bool `json:"on"`
}

// Closed is the data of event.closed: {"at":1790000000000}.
type Closed struct {
	At room.Millis `json:"at"`
}

// State is the feature's state, its snapshot, and what everyone sees.
//
//	{"name":"Ana & Tom","preset":"wedding","features":{"feed":true},"moderation":"post","life":"open","locked":false,"openedAt":1790000000000}
type State struct {
	Name       string          `json:"name"`
	Preset     string          `json:"preset"`
	Features   map[string]bool `json:"features"`
	Moderation string          `json:"moderation"` // Post or Pre
	Life       string          `json:"life"`       // "" before it is opened, Open, Over
	Locked     bool            `json:"locked"`
	OpenedAt   room.Millis     `json:"openedAt"`
}

// Moderation modes.
const (
	Post = "post" // posts show at once
	Pre  = "pre"  // posts wait for staff
)

// Lives.
const (
	Open = "open"
	Over = "closed"
)

const (
	maxNameGraphemes = 80
	maxNameBytes     = 512
)

type event struct{ State }

func (e *event) Handle(tx *room.Tx, cmd room.Command) error {
	switch cmd.Type {
	case "event.open":
		return e.open(tx, cmd)
	case "event.set":
		return e.set(tx, cmd)
	case "event.lock":
		return e.lock(tx, cmd)
	case "event.close":
		return e.close(tx, cmd)
	}
	return room.Errorf(room.Invalid, "An event has no command %.40q.", cmd.Type)
}

func (e *event) open(tx *room.Tx, cmd room.Command) error {
	var in struct{ Name, Preset string }
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if cmd.By.Role != room.Service {
		return room.Errorf(room.Forbidden, "Events are opened through the server.")
	}
	if e.Life != "" {
		return room.Errorf(room.Conflict, "This event is open already.")
	}
	preset, ok := PresetNamed(in.Preset)
	if !ok {
		return room.Errorf(room.Invalid, "There is no preset %.40q. Choose one of the list.", in.Preset)
	}
	name, err := nameOf(in.Name)
	if err != nil {
		return err
	}
	tx.Record("event.opened", Opened{
		Name: name, Preset: preset.Name, Features: preset.Features,
		Moderation: preset.Moderation, Kinds: preset.Kinds, OpenedAt: room.ToMillis(tx.Now()),
	})
	tx.Reply(struct{}{})
	return nil
}

func (e *event) set(tx *room.Tx, cmd room.Command) error {
	var in Changes
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if err := hostsOnly(cmd); err != nil {
		return err
	}
	changes, err := e.changes(in)
	if err != nil {
		return err
	}
	if changes.Name != nil || changes.Moderation != nil || len(changes.Features) > 0 {
		tx.Record("event.changed", changes)
	}
	tx.Reply(struct{}{})
	return nil
}

// changes is the part of in that differs from the state.
func (e *event) changes(in Changes) (Changes, error) {
	out := Changes{Features: map[string]bool{}}
	if in.Name != nil {
		name, err := nameOf(*in.Name)
		if err != nil {
			return out, err
		}
		if name != e.Name {
			out.Name = &name
		}
	}
	if in.Moderation != nil {
		if *in.Moderation != Post && *in.Moderation != Pre {
			return out, room.Errorf(room.Invalid, "Moderation is post (posts show at once) or pre (posts wait for you).")
		}
		if *in.Moderation != e.Moderation {
			out.Moderation = in.Moderation
		}
	}
	for feature, on := range in.Features {
		was, known := e.Features[feature]
		if !known {
			return out, room.Errorf(room.Invalid, "There is no feature %.40q to switch.", feature)
		}
		if was != on {
			out.Features[feature] = on
		}
	}
	return out, nil
}

func (e *event) lock(tx *room.Tx, cmd room.Command) error {
	var in Locked
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if err := hostsOnly(cmd); err != nil {
		return err
	}
	if in.On != e.Locked {
		tx.Record("event.locked", in, room.Weighs(room.Critical))
	}
	tx.Reply(struct{}{})
	return nil
}

func (e *event) close(tx *room.Tx, cmd room.Command) error {
	if err := hostsOnly(cmd); err != nil {
		return err
	}
	tx.Record("event.closed", Closed{At: room.ToMillis(tx.Now())}, room.Weighs(room.Critical))
	tx.Reply(struct{}{})
	return nil
}

func hostsOnly(cmd room.Command) error {
	if !cmd.By.Role.Host() {
		return room.Errorf(room.Forbidden, "Only hosts change the event.")
	}
	return nil
}

func nameOf(s string) (string, error) {
	name := text.Line(s)
	if name == "" {
		return "", room.Errorf(room.Invalid, "Give the event a name.")
	}
	if !text.Fits(name, maxNameGraphemes, maxNameBytes) {
		return "", room.Errorf(room.Invalid, "The event's name is too long: use up to %d characters.", maxNameGraphemes)
	}
	return name, nil
}

// Guard refuses what the event's life, its lock and its switches do not let
// through.
func (e *event) Guard(_ time.Time, cmd room.Command) error {
	present := cmd.Type == "people.presence"
	switch {
	case e.Life == "" && cmd.Type != "event.open":
		return room.Errorf(room.NotFound, "This event has not been opened.")
	case e.Life == Over && !present && !withdraws(cmd.Type) && !returns(cmd):
		return room.Errorf(room.Gone, "This event has ended. You can still look at it.")
	case e.Life == Over || present || cmd.By.Role.Staff():
		return nil
	case e.Locked:
		return room.Errorf(room.Forbidden, "The host has paused the event. Try again when it goes on.")
	case e.off(cmd.Type) && !withdraws(cmd.Type):
		return room.Errorf(room.Forbidden, "The host has switched this off.")
	}
	return nil
}

// off reports whether the feature of a command is switched off. Without the
// list of people one still has a name, so people is never off here.
func (e *event) off(typ string) bool {
	feature := room.FeatureOf(typ)
	on, switched := e.Features[feature]
	return switched && !on && feature != "people"
}

// withdraws reports whether a command only takes content away: people can do
// that with what is theirs, and staff with anything, also after the end.
func withdraws(typ string) bool {
	return typ == "feed.delete" || typ == "feed.hide" || typ == "people.ban"
}

// returns reports whether cmd lets a member of old back in to look, with
// another device.
func returns(cmd room.Command) bool {
	var in struct {
		Device bool `json:"device"`
	}
	return cmd.Type == "people.join" && json.Unmarshal(cmd.Data, &in) == nil && in.Device
}

func (e *event) Apply(u room.Update) error {
	switch u.Type {
	case "event.opened":
		var in Opened
		if err := json.Unmarshal(u.Data, &in); err != nil {
			return err
		}
		e.State = State{
			Name: in.Name, Preset: in.Preset, Features: maps.Clone(in.Features),
			Moderation: in.Moderation, Life: Open, OpenedAt: in.OpenedAt,
		}
	case "event.changed":
		var in Changes
		if err := json.Unmarshal(u.Data, &in); err != nil {
			return err
		}
		e.change(in)
	case "event.locked":
		var in Locked
		if err := json.Unmarshal(u.Data, &in); err != nil {
			return err
		}
		e.Locked = in.On
	case "event.closed":
		e.Life = Over
	}
	return nil
}

func (e *event) change(in Changes) {
	if in.Name != nil {
		e.Name = *in.Name
	}
	if in.Moderation != nil {
		e.Moderation = *in.Moderation
	}
	features := maps.Clone(e.Features) // a view may still hold the old one
	if features == nil {
		features = map[string]bool{}
	}
	maps.Copy(features, in.Features)
	e.Features = features
}

func (e *event) View(room.Sight) (any, error) { return e.State, nil }

func (e *event) Mine(room.Member) (any, error) { return nil, nil }

func (e *event) Snapshot() ([]byte, error) { return json.Marshal(e.State) }

func (e *event) Restore(snapshot []byte) error { return json.Unmarshal(snapshot, &e.State) }
