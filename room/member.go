package room

// MemberID names a person in one room, for example "m_7k2f". "" is nobody in
// particular: an anonymous reader.
type MemberID string

// Role is what a member may do. Hosts, displays and services are roles, never
// separate APIs.
type Role string

// The roles. The empty Role is an anonymous visitor.
const (
	Owner     Role = "owner"
	CoHost    Role = "cohost"
	Moderator Role = "moderator"
	Guest     Role = "guest"
	Display   Role = "display"   // a projector: reads what guests read
	Spectator Role = "spectator" // reads, never commands
	Service   Role = "service"   // an integrator's backend
)

// Host reports whether r runs the event: owner, co-host or service.
func (r Role) Host() bool { return r == Owner || r == CoHost || r == Service }

// Staff reports whether r sees what staff sees: hosts and moderators.
func (r Role) Staff() bool { return r.Host() || r == Moderator }

// Acts reports whether r may change anything at all.
func (r Role) Acts() bool { return r.Staff() || r == Guest }

// Caller is who asks, before the room has said who that is in it.
type Caller struct {
	Member MemberID // claimed; "" when anonymous
	Proof  Proof    // of the member credential; zero when a token vouches instead
	Role   Role     // granted by a token or an API key; "" when the room decides
	Name   string   // from a token; the room's own name for the member wins
}

// Proof is the SHA-256 of a member credential. Rooms store proofs, never
// credentials.
type Proof [32]byte

// Member is who acts, as the room's rules see it at this moment.
type Member struct {
	ID   MemberID
	Name string
	Role Role

	// Hidden asks that presence does not tell of them, only count them.
	Hidden bool
}
