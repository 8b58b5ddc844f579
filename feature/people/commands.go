package people

import (
	"regexp"
	"slices"
	"time"

	"github.com/roomful/roomful/room"
)

// idPattern is what the server may call a member: it stands in audiences,
// subjects and keys, so it has no comma and no slash.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Join is the data of people.join, the server's own command.
//
//	{"member":"m_7k2f","name":"Ana","role":"guest","proof":"<64 hex digits>"}
//	{"member":"m_7k2f","proof":"<64 hex digits>","device":true}
type Join struct {
	Member room.MemberID `json:"member"`
	Name   string        `json:"name"`
	Role   room.Role     `json:"role"`
	Proof  string        `json:"proof"`
	Device bool          `json:"device"` // another device of a member who is here
}

func (p *people) join(tx *room.Tx, cmd room.Command) error {
	var in Join
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if cmd.By.Role != room.Service {
		return room.Errorf(room.Forbidden, "People join through the server.")
	}
	proof, err := parseProof(in.Proof)
	if err != nil {
		return err
	}
	m := p.members[in.Member]
	switch {
	case m != nil && m.Banned:
		return errBanned()
	case m == nil && in.Device:
		return room.Errorf(room.NotFound, "There is no such member here. Join the event again.")
	case m != nil && !in.Device && !m.proves(proof):
		return room.Errorf(room.Conflict, "Somebody has joined as this member already.")
	case m == nil:
		if err := p.admit(tx, in); err != nil {
			return err
		}
	}
	if m == nil || !m.proves(proof) {
		tx.Record("people.credentialed", Credentialed{ID: in.Member, Proof: formatProof(proof)}, room.To(room.ToMembers()))
	}
	tx.Reply(map[string]room.MemberID{"member": in.Member})
	return nil
}

func (p *people) admit(tx *room.Tx, in Join) error {
	if !idPattern.MatchString(string(in.Member)) {
		return room.Errorf(room.Invalid, "A member's id is 1 to 64 of A-Z, a-z, 0-9, _ and -.")
	}
	roles := append(assignable(), room.Owner)
	if !slices.Contains(roles, in.Role) {
		return room.Errorf(room.Invalid, "There is no role %.40q to join with.", in.Role)
	}
	if in.Role == room.Owner && len(p.roll[0]) > 0 {
		return room.Errorf(room.Conflict, "This event has its owner already.")
	}
	if len(p.members) >= maxMembers {
		return room.Errorf(room.Conflict, "This event is full.")
	}
	name, err := p.nameFor(in.Name, in.Role, in.Member)
	if err != nil {
		return err
	}
	tx.Record("people.joined", Member{ID: in.Member, Name: name, Role: in.Role, JoinedAt: room.ToMillis(tx.Now())},
		room.About(subject(in.Member)))
	return nil
}

// assignable are the roles that one can be given; the owner stays the owner.
func assignable() []room.Role {
	return []room.Role{room.CoHost, room.Moderator, room.Guest, room.Spectator, room.Display}
}

// oneself is the member who commands something about themselves.
func (p *people) oneself(cmd room.Command) (Member, error) {
	if !cmd.By.Role.Acts() {
		return Member{}, room.Errorf(room.Forbidden, "Join the event as a guest to do this.")
	}
	m, err := p.present(cmd.By.ID)
	if err != nil {
		return Member{}, room.Errorf(room.NotFound, "Join the event first.")
	}
	return m.Member, nil
}

func (p *people) rename(tx *room.Tx, cmd room.Command) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	m, err := p.oneself(cmd)
	if err != nil {
		return err
	}
	name, err := p.nameFor(in.Name, m.Role, m.ID)
	if err != nil {
		return err
	}
	if name != m.Name {
		m.Name = name
		change(tx, m)
	}
	tx.Reply(struct{}{})
	return nil
}

func (p *people) hide(tx *room.Tx, cmd room.Command) error {
	var in struct {
		On bool `json:"on"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	m, err := p.oneself(cmd)
	if err != nil {
		return err
	}
	if in.On != m.Hidden {
		m.Hidden = in.On
		change(tx, m)
	}
	if in.On {
		tx.Signal(presenceKey(m.ID), nil)
	}
	tx.Reply(struct{}{})
	return nil
}

func presenceKey(id room.MemberID) string { return "people.presence/" + string(id) }

// Presence is the data of people.presence, and the signal's.
type Presence struct {
	State string `json:"state"` // "online" or "idle"
}

func (p *people) presence(tx *room.Tx, cmd room.Command) error {
	var in Presence
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if in.State != "online" && in.State != "idle" {
		return room.Errorf(room.Invalid, "Presence is online or idle.")
	}
	if cmd.By.ID == "" {
		return room.Errorf(room.Unauthenticated, "Join the event first.")
	}
	if m := p.members[cmd.By.ID]; m == nil || !m.Hidden {
		tx.Signal(presenceKey(cmd.By.ID), in)
	}
	tx.Reply(struct{}{})
	return nil
}

func (p *people) role(tx *room.Tx, cmd room.Command) error {
	var in struct {
		Member room.MemberID `json:"member"`
		Role   room.Role     `json:"role"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if !cmd.By.Role.Host() {
		return room.Errorf(room.Forbidden, "Only the owner and co-hosts give roles.")
	}
	m, err := p.present(in.Member)
	if err != nil {
		return err
	}
	if m.Role == room.Owner {
		return room.Errorf(room.Forbidden, "The owner's role stays as it is.")
	}
	if !slices.Contains(assignable(), in.Role) {
		return room.Errorf(room.Invalid, "A role is cohost, moderator, guest, spectator or display.")
	}
	if m.Role != in.Role {
		to := m.Member
		to.Role = in.Role
		change(tx, to)
	}
	tx.Reply(struct{}{})
	return nil
}

// sanction finds whom staff wants to mute or ban: not the owner, not
// oneself, and hosts and moderators only by a host.
func (p *people) sanction(cmd room.Command, id room.MemberID) (*person, error) {
	if !cmd.By.Role.Staff() {
		return nil, room.Errorf(room.Forbidden, "Only hosts and moderators do this.")
	}
	m, err := p.present(id)
	switch {
	case err != nil:
		return nil, err
	case m.Role == room.Owner:
		return nil, room.Errorf(room.Forbidden, "Nobody can do this to the owner.")
	case m.ID == cmd.By.ID:
		return nil, room.Errorf(room.Invalid, "You cannot do this to yourself.")
	case m.Role.Staff() && !cmd.By.Role.Host():
		return nil, room.Errorf(room.Forbidden, "Only hosts do this to other staff.")
	}
	return m, nil
}

func (p *people) mute(tx *room.Tx, cmd room.Command) error {
	var in struct {
		Member  room.MemberID `json:"member"`
		Minutes *int          `json:"minutes"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	m, err := p.sanction(cmd, in.Member)
	if err != nil {
		return err
	}
	if in.Minutes == nil || *in.Minutes < 0 || *in.Minutes > maxMinutes {
		return room.Errorf(room.Invalid, "Mute for 1 to %d minutes, or 0 to end it.", maxMinutes)
	}
	to := m.Member
	to.Muted = 0
	var wake time.Time
	if *in.Minutes > 0 {
		wake = tx.Now().Add(time.Duration(*in.Minutes) * time.Minute)
		to.Muted = room.ToMillis(wake)
	}
	if to.Muted != m.Muted {
		change(tx, to)
		tx.Alarm(alarmPrefix+string(m.ID), wake)
	}
	tx.Reply(struct{}{})
	return nil
}

// alarmPrefix and a member's id name the alarm that ends a mute.
const alarmPrefix = "people/"

// Alarm ends a mute. Guard goes by the time, so a late alarm silences nobody
// for longer.
func (p *people) Alarm(tx *room.Tx, name string) error {
	if len(name) < len(alarmPrefix) {
		return nil
	}
	m, err := p.present(room.MemberID(name[len(alarmPrefix):]))
	if err != nil || m.Muted == 0 {
		return nil // banned since, or ended by hand
	}
	if m.Muted > room.ToMillis(tx.Now()) {
		tx.Alarm(name, m.Muted.Time()) // muted again meanwhile
		return nil
	}
	to := m.Member
	to.Muted = 0
	change(tx, to)
	return nil
}

func (p *people) ban(tx *room.Tx, cmd room.Command) error {
	var in struct {
		Member        room.MemberID `json:"member"`
		RemoveContent bool          `json:"removeContent"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	m, err := p.sanction(cmd, in.Member)
	if err != nil {
		return err
	}
	tx.Record("people.banned", Banned{ID: m.ID, RemoveContent: in.RemoveContent},
		room.About(subject(m.ID)), room.Weighs(room.Critical))
	tx.Signal(presenceKey(m.ID), nil)
	tx.Alarm(alarmPrefix+string(m.ID), time.Time{})
	tx.Reply(struct{}{})
	return nil
}
