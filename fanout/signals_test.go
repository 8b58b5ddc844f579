package fanout

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/roomful/roomful/room"
)

func signal(key, data string) room.Signal {
	s := room.Signal{Key: key}
	if data != "" {
		s.Data = json.RawMessage(data)
	}
	return s
}

// folded is the table as c's frames leave it.
func (c *client) folded() map[string]string {
	table := map[string]string{}
	for _, f := range c.frames {
		for key, data := range f.Signals {
			if string(data) == "null" {
				delete(table, key)
			} else {
				table[key] = string(data)
			}
		}
	}
	return table
}

func TestSignalsTellTheNewestValueAndWhatIsGone(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		c := r.join("", public)
		r.tail.Signal(signal("people.presence/m_1", `1`), signal("people.presence/m_2", `2`))
		r.loop.settle()
		frames := len(c.frames)
		r.tail.Signal(signal("people.presence/m_1", `1`), signal("people.presence/m_9", ""))
		r.loop.settle()
		if len(c.frames) != frames {
			t.Error("a signal that changes nothing is told")
		}
		r.tail.Signal(signal("people.presence/m_1", `3`))
		r.tail.Signal(signal("people.presence/m_1", ""), signal("people.presence/m_2", `4`))
		r.loop.settle()
		last := c.frames[len(c.frames)-1].Signals
		if string(last["people.presence/m_1"]) != "null" || string(last["people.presence/m_2"]) != "4" || len(c.frames) != frames+1 {
			t.Errorf("told %v in %d frames", last, len(c.frames))
		}
		newcomer, _ := r.tail.Signals(public)
		if string(newcomer) != `{"people.presence/m_2":4}` {
			t.Errorf("a newcomer is told %s", newcomer)
		}
	})
}

func TestSignalsKeepToTheFeaturesOfASight(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		feed, people := r.join("", room.Sight{Only: "feed"}), r.join("", room.Sight{Only: "people"})
		r.tail.Signal(signal("people.online", `{"count":1}`))
		r.loop.settle()
		if len(feed.frames) != 0 || len(people.frames) != 1 {
			t.Errorf("feed is told %v, people %v", feed.frames, people.frames)
		}
	})
}

func TestPositionsDoNotMoveWithSignals(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		c := r.join("", public)
		r.pub("")
		r.loop.settle()
		r.tail.Signal(signal("people.online", `1`))
		r.loop.settle()
		if c.pos() != "k3:1" {
			t.Errorf("at %s", c.pos())
		}
	})
}

// Those who are behind are told what is gone as long as it is remembered, and
// join again when it is not; those who keep up never notice.
func TestGoneSignalsAreForgottenBehindTheLastReader(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		row, slow := r.join("", public), r.join("", public)
		for i := range 4 * maxGone {
			key := fmt.Sprint("people.presence/m_", i)
			r.tail.Signal(signal(key, `1`))
			r.loop.settle()
			if i == 3*maxGone {
				slow.accepts = 0
			}
			r.tail.Signal(signal(key, ""))
			r.loop.settle()
		}
		if n := len(r.tail.signals.rows); n > maxGone+1 || r.tail.signals.floor == 0 {
			t.Errorf("%d rows are kept of signals that are gone", n)
		}
		if row.rejoins != 0 || len(row.folded()) != 0 {
			t.Errorf("one who keeps up joined again %d times and has %v", row.rejoins, row.folded())
		}
		slow.writable(-1)
		if slow.rejoins != 1 {
			t.Errorf("one who missed what is forgotten joined again %d times", slow.rejoins)
		}
	})
}

// The frame that one loop built is kept for the other, which may have more to
// tell by then.
func TestSignalsBehindAnotherLoopsFrameAreTold(t *testing.T) {
	bubble(t, Limits{}, func(r *rig) {
		first := r.loop
		r.join("", public)
		r.loop = &stepLoop{id: 1}
		c := r.join("", public)
		r.tail.Signal(signal("people.online", `1`))
		first.settle()
		r.tail.Signal(signal("people.online", `2`))
		r.loop.settle()
		if got := c.folded()["people.online"]; got != "2" {
			t.Errorf("told %q, want 2", got)
		}
	})
}
