// Package channel is a room that a backend publishes to and people read: the
// newest messages, each as it was published.
package channel

import (
	"encoding/json"
	"slices"

	"github.com/roomful/roomful/room"
)

// What a view shows, and so what is kept.
const (
	maxRecent      = 100
	maxRecentBytes = 48 << 10 // of data; leaves room in a 64 KiB view
)

// New makes the feature.
func New() room.Feature {
	return room.Feature{Name: "channel", New: func() room.Behavior { return &channel{recent: []Entry{}} }}
}

// Entry is one message: {"seq":41,"at":1790000000000,"data":{"price":12}}.
type Entry struct {
	Seq  uint64          `json:"seq"`
	At   room.Millis     `json:"at"`
	Data json.RawMessage `json:"data"`
}

// View is what everyone sees, and the snapshot: {"recent":[...]}, oldest first.
type View struct {
	Recent []Entry `json:"recent"`
}

type channel struct {
	recent []Entry
	bytes  int // of data in recent
}

func (c *channel) Handle(tx *room.Tx, cmd room.Command) error {
	if cmd.Type != "channel.publish" {
		return room.Errorf(room.Invalid, "A channel has no command %.40q.", cmd.Type)
	}
	if cmd.By.Role != room.Service {
		return room.Errorf(room.Forbidden, "Publishing needs an API key.")
	}
	if !json.Valid(cmd.Data) {
		return room.Errorf(room.Invalid, "Send what to publish as JSON in data.")
	}
	tx.Record("channel.published", cmd.Data)
	tx.Reply(struct{}{})
	return nil
}

func (c *channel) Apply(u room.Update) error {
	if u.Type == "channel.published" {
		c.add(Entry{Seq: u.Seq, At: u.At, Data: slices.Clone(u.Data)})
	}
	return nil
}

// add keeps the newest that fit, and the newest one in any case.
func (c *channel) add(e Entry) {
	c.recent = append(c.recent, e)
	c.bytes += len(e.Data)
	drop := 0
	for len(c.recent)-drop > maxRecent || c.bytes > maxRecentBytes && len(c.recent)-drop > 1 {
		c.bytes -= len(c.recent[drop].Data)
		drop++
	}
	c.recent = slices.Delete(c.recent, 0, drop)
}

func (c *channel) View(room.Sight) (any, error) {
	return View{Recent: slices.Clone(c.recent)}, nil
}

func (c *channel) Mine(room.Member) (any, error) { return nil, nil }

func (c *channel) Snapshot() ([]byte, error) { return json.Marshal(View{c.recent}) }

func (c *channel) Restore(snapshot []byte) error {
	var s View
	if err := json.Unmarshal(snapshot, &s); err != nil {
		return err
	}
	*c = channel{recent: []Entry{}}
	for _, e := range s.Recent {
		c.add(e)
	}
	return nil
}
