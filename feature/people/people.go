// Package people is who has joined an event: names, roles, who is muted or
// banned, and the proofs by which the room knows its members again. It says
// who a caller is, and it guards the other features against the muted.
package people

import (
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/roomful/roomful/room"
)

// New makes the feature.
func New() room.Feature {
	return room.Feature{
		Name: "people",
		New:  func() room.Behavior { return newPeople() },
		Limits: []room.Limit{
			{Command: "people.rename", Burst: 5, PerSecond: 1.0 / 12}, // everyone is told of each
			{Command: "people.hide", Burst: 5, PerSecond: 1.0 / 12},
			{Command: "people.presence", Burst: 10, PerSecond: 1}, // a flapping connection
		},
	}
}

const (
	maxMembers = 100_000 // about 40 MB of state
	maxProofs  = 16      // devices of one member; the oldest is forgotten
	maxMinutes = 7 * 24 * 60
)

// Member is how others see a member.
//
//	{"id":"m_7k2f","name":"Ana","role":"guest","joinedAt":1790000000000,"muted":0,"hidden":false,"seq":12}
type Member struct {
	ID       room.MemberID `json:"id"`
	Name     string        `json:"name"`
	Role     room.Role     `json:"role"`
	JoinedAt room.Millis   `json:"joinedAt"`
	Muted    room.Millis   `json:"muted"` // until then, 0 for not
	Hidden   bool          `json:"hidden"`
	Seq      uint64        `json:"seq,omitempty"` // of the last change; in an update it is the update's own
}

// Banned is the data of people.banned: {"id":"m_7"}, and "removeContent":true
// if what they posted goes too.
type Banned struct {
	ID            room.MemberID `json:"id"`
	RemoveContent bool          `json:"removeContent,omitempty"`
}

// Credentialed is the data of people.credentialed: {"id":"m_7","proof":"<64 hex digits>"}.
type Credentialed struct {
	ID    room.MemberID `json:"id"`
	Proof string        `json:"proof"`
}

// people is the state. The banned stay in members, to be told so when they
// come back, but not in roll.
type people struct {
	members map[room.MemberID]*person
	roll    roll
}

type person struct {
	Member
	Banned bool         `json:"banned,omitempty"`
	Proofs []room.Proof `json:"-"`

	looks string // of the name, for searching and comparing
}

func newPeople() *people { return &people{members: map[room.MemberID]*person{}} }

func (p *people) Handle(tx *room.Tx, cmd room.Command) error {
	switch cmd.Type {
	case "people.join":
		return p.join(tx, cmd)
	case "people.rename":
		return p.rename(tx, cmd)
	case "people.hide":
		return p.hide(tx, cmd)
	case "people.presence":
		return p.presence(tx, cmd)
	case "people.role":
		return p.role(tx, cmd)
	case "people.mute":
		return p.mute(tx, cmd)
	case "people.ban":
		return p.ban(tx, cmd)
	}
	return room.Errorf(room.Invalid, "People have no command %.40q.", cmd.Type)
}

// present is a member who is not banned.
func (p *people) present(id room.MemberID) (*person, error) {
	m := p.members[id]
	if m == nil || m.Banned {
		return nil, room.Errorf(room.NotFound, "There is no such member here. Refresh the list.")
	}
	return m, nil
}

// subject tells the node whose rights an update may change; nothing covers it.
func subject(id room.MemberID) string { return "member/" + string(id) }

// change records m as it is about to be.
func change(tx *room.Tx, m Member) {
	m.Seq = 0
	tx.Record("people.changed", m, room.Keyed(subject(m.ID)), room.About(subject(m.ID)))
}

// Identify says who a caller is: a token vouches for itself, everyone else
// brings a proof that the member's own device was given.
func (p *people) Identify(c room.Caller) (room.Member, error) {
	m := p.members[c.Member]
	if c.Role != "" {
		return vouched(c, m)
	}
	if c.Member == "" {
		return room.Member{}, room.Errorf(room.Unauthenticated, "Join the event first.")
	}
	if m == nil || !m.proves(c.Proof) {
		return room.Member{}, room.Errorf(room.Unauthenticated, "This device is not known here. Join the event again.")
	}
	if m.Banned {
		return room.Member{}, errBanned()
	}
	return room.Member{ID: m.ID, Name: m.Name, Role: m.Role, Hidden: m.Hidden}, nil
}

func vouched(c room.Caller, m *person) (room.Member, error) {
	who := room.Member{ID: c.Member, Name: c.Name, Role: c.Role}
	if m == nil {
		return who, nil
	}
	if m.Banned {
		return room.Member{}, errBanned()
	}
	who.Name, who.Hidden = m.Name, m.Hidden
	return who, nil
}

func errBanned() error { return room.Errorf(room.Banned, "You were removed from this event.") }

func (m *person) proves(proof room.Proof) bool {
	if proof == (room.Proof{}) {
		return false
	}
	for i := range m.Proofs {
		if subtle.ConstantTimeCompare(m.Proofs[i][:], proof[:]) == 1 {
			return true
		}
	}
	return false
}

// Guard keeps the muted from posting and reacting. They may still take away
// what is theirs.
func (p *people) Guard(now time.Time, cmd room.Command) error {
	feature := room.FeatureOf(cmd.Type)
	if feature != "feed" && feature != "reactions" || cmd.Type == "feed.delete" {
		return nil
	}
	m := p.members[cmd.By.ID]
	if m == nil || m.Muted <= room.ToMillis(now) {
		return nil
	}
	left := m.Muted.Time().Sub(now)
	e := room.Errorf(room.Forbidden, "The host has muted you. You can take part again in %s.", wait(left))
	e.RetryAfter = left
	return e
}

// wait says how long, rounded up so that it is never too soon.
func wait(d time.Duration) string {
	minutes := int((d + time.Minute - 1) / time.Minute)
	hours := (minutes + 59) / 60
	switch {
	case minutes <= 1:
		return "a minute"
	case minutes <= 90:
		return fmt.Sprintf("%d minutes", minutes)
	case hours <= 36:
		return fmt.Sprintf("%d hours", hours)
	}
	return fmt.Sprintf("%d days", (hours+23)/24)
}

func (p *people) Apply(u room.Update) error {
	switch u.Type {
	case "people.joined", "people.changed":
		var m Member
		if err := json.Unmarshal(u.Data, &m); err != nil {
			return err
		}
		m.Seq = u.Seq
		p.put(m)
	case "people.banned":
		var b Banned
		if err := json.Unmarshal(u.Data, &b); err != nil {
			return err
		}
		if m := p.members[b.ID]; m != nil {
			m.Banned, m.Seq = true, u.Seq
			p.roll.remove(m)
		}
	case "people.credentialed":
		return p.credential(u)
	}
	return nil
}

// put sets a member whole.
func (p *people) put(to Member) {
	m := p.members[to.ID]
	if m == nil {
		m = &person{}
		p.members[to.ID] = m
	} else if !m.Banned {
		p.roll.remove(m)
	}
	m.Member, m.looks = to, looks(to.Name)
	if !m.Banned {
		p.roll.add(m)
	}
}

func (p *people) credential(u room.Update) error {
	var c Credentialed
	if err := json.Unmarshal(u.Data, &c); err != nil {
		return err
	}
	proof, err := parseProof(c.Proof)
	if err != nil {
		return err
	}
	m := p.members[c.ID]
	if m == nil || m.proves(proof) {
		return nil
	}
	if len(m.Proofs) >= maxProofs {
		m.Proofs = slices.Delete(m.Proofs, 0, len(m.Proofs)-maxProofs+1)
	}
	m.Proofs = append(m.Proofs, proof)
	return nil
}

func formatProof(proof room.Proof) string { return hex.EncodeToString(proof[:]) }

func parseProof(s string) (proof room.Proof, err error) {
	b, err := hex.DecodeString(s[:min(len(s), 2*len(proof)+1)])
	if err != nil || len(b) != len(proof) {
		return room.Proof{}, room.Errorf(room.Invalid, "A proof is %d hex digits.", 2*len(proof))
	}
	return room.Proof(b), nil
}
