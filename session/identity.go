package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
	"time"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session/token"
)

// Identity is who is at the other end of a request or connection. The zero
// Identity is anonymous. Immutable once in use.
type Identity struct {
	Address     string       // of the client, as limits group them
	Credentials []Credential // of the events that the client is a member of
	Claims      *token.Claims
	Service     *room.Caller // an API key's
}

// Credential says that the client holds a member's credential of one room.
type Credential struct {
	Room   room.ID
	Member room.MemberID
	Proof  room.Proof
}

// Caller is who asks when the client acts in a room.
func (i *Identity) Caller(id room.ID) room.Caller {
	switch {
	case i == nil:
		return room.Caller{}
	case i.Service != nil:
		return *i.Service
	case i.Claims != nil:
		if role, ok := i.Claims.Role(id); ok {
			return room.Caller{Member: memberOf(i.Claims.Subject), Role: role, Name: i.Claims.Name}
		}
	}
	for _, c := range i.Credentials {
		if c.Room == id {
			return room.Caller{Member: c.Member, Proof: c.Proof}
		}
	}
	return room.Caller{}
}

// Member names the client where that is one and the same everywhere: a
// token's subject, or the member of its only credential.
func (i *Identity) Member() room.MemberID {
	switch {
	case i == nil || i.Service != nil:
		return ""
	case i.Claims != nil:
		return memberOf(i.Claims.Subject)
	case len(i.Credentials) == 1:
		return i.Credentials[0].Member
	}
	return ""
}

// memberOf is a token's subject as a member id. The prefix keeps it apart from
// guests' ids, so that no token can name one of them; what an id may not
// contain is hashed.
func memberOf(subject string) room.MemberID {
	if subjectPattern.MatchString(subject) {
		return room.MemberID("u_" + subject)
	}
	sum := sha256.Sum256([]byte(subject))
	return room.MemberID("u_" + hex.EncodeToString(sum[:16]))
}

var subjectPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

// Expires is when the identity ends, zero for never.
func (i *Identity) Expires() time.Time {
	if i == nil || i.Claims == nil {
		return time.Time{}
	}
	return i.Claims.Expires
}

// Expired is what a reader is told whose identity ended.
func Expired() *room.Error { return room.Errorf(room.Unauthenticated, "The token has expired.") }

// Credentials as text: "rfm.event/ab12cd34.m_7k2f.SECRET", the secret 32
// random bytes in base64url. It is the cookie's value and the bearer token.
const credentialPrefix = "rfm."

// NewCredential makes a member credential of a room. The text goes to the
// client and nowhere else; the room stores the proof.
func NewCredential(id room.ID, member room.MemberID) (text string, proof room.Proof) {
	secret := NewSecret()
	return credentialPrefix + string(id) + "." + string(member) + "." + secret, ProofOf(secret)
}

// NewSecret returns 256 random bits in base64url.
func NewSecret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// ProofOf is what a room stores of a secret.
func ProofOf(secret string) room.Proof { return sha256.Sum256([]byte(secret)) }

// ParseCredential reads what NewCredential wrote; ok is false for anything
// else.
func ParseCredential(text string) (c Credential, ok bool) {
	rest, ok := strings.CutPrefix(text, credentialPrefix)
	parts := strings.Split(rest, ".")
	if !ok || len(parts) != 3 || len(text) > maxCredentialBytes {
		return c, false
	}
	id, err := room.ParseID(parts[0])
	if err != nil || parts[1] == "" || parts[2] == "" {
		return c, false
	}
	return Credential{Room: id, Member: room.MemberID(parts[1]), Proof: ProofOf(parts[2])}, true
}

const maxCredentialBytes = 256
