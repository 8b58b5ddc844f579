package token

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"

	"github.com/roomful/roomful/room"
)

const (
	maxSubjectBytes = 128
	maxNameBytes    = 256 // features have their own, smaller rule for people's names
	maxGrants       = 64

	// clockSkew is how far the signer's clock may be ahead of ours (nbf). exp
	// has none: the session says bye at exp, so a token just past it would
	// only come and go.
	clockSkew = 30 * time.Second

	endOfTime = 253402300799 // seconds at the end of the year 9999, before int64 or JSON dates run out
)

// Claims is what a valid token says.
type Claims struct {
	Subject string // who, in the integrator's own naming; 1 to 128 bytes without spaces
	Name    string // shown to others; may be ""
	Expires time.Time
	Rooms   []Grant
}

// Grant gives a role in the rooms that match: "talk/evan" (that room),
// "talk/conf-*" (by prefix) or "talk/*" (the kind).
//
//	{"match":"talk/*","role":"guest"}
type Grant struct {
	Match string    `json:"match"`
	Role  room.Role `json:"role"`
}

// Role is the role that the token gives in a room; false if it gives none. Of
// several grants the most exact counts, of equals the first.
func (c Claims) Role(id room.ID) (room.Role, bool) {
	best, role := -1, room.Role("")
	for _, g := range c.Rooms {
		if n := g.exactness(id); n > best {
			best, role = n, g.Role
		}
	}
	return role, best >= 0
}

// exactness is how many characters of id the grant names, -1 if it is not
// about id. A whole name beats the same name with a star.
func (g Grant) exactness(id room.ID) int {
	prefix, isPattern := strings.CutSuffix(g.Match, "*")
	switch {
	case isPattern && strings.HasPrefix(string(id), prefix):
		return len(prefix)
	case g.Match == string(id):
		return len(id) + 1
	}
	return -1
}

func (g Grant) check() error {
	kind, name, _ := strings.Cut(g.Match, "/")
	if prefix, isPattern := strings.CutSuffix(name, "*"); isPattern {
		name = prefix
		if name == "" {
			name = "any" // kind/* matches every name; only the kind is left to check
		}
	}
	if _, err := room.NewID(kind, name); err != nil {
		return refuse("A match in the token's rooms is kind/name, kind/prefix* or kind/*.")
	}
	switch g.Role {
	case room.Owner, room.CoHost, room.Moderator, room.Guest, room.Display, room.Spectator, room.Service:
		return nil
	}
	return refuse("A role in the token's rooms is owner, cohost, moderator, guest, display, spectator or service.")
}

// payload is the token's JSON. It implements jwt.Claims, whose validator
// checks exp, nbf and aud.
type payload struct {
	Subject   string           `json:"sub"`
	Name      string           `json:"name"`
	Expires   *seconds         `json:"exp"`
	NotBefore *seconds         `json:"nbf"`
	Audience  jwt.ClaimStrings `json:"aud"`
	Rooms     []Grant          `json:"rooms"`
}

// seconds is a NumericDate (RFC 7519 section 2). The library's own wraps
// around beyond int64; this one refuses.
type seconds int64

func (s *seconds) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	if !(f >= 0 && f <= endOfTime) {
		return errors.New("a time beyond the year 9999")
	}
	*s = seconds(f)
	return nil
}

func (s *seconds) date() *jwt.NumericDate {
	if s == nil {
		return nil
	}
	return jwt.NewNumericDate(time.Unix(int64(*s), 0))
}

func (p *payload) GetExpirationTime() (*jwt.NumericDate, error) { return p.Expires.date(), nil }
func (p *payload) GetNotBefore() (*jwt.NumericDate, error) {
	if p.NotBefore == nil {
		return nil, nil
	}
	return jwt.NewNumericDate(p.NotBefore.date().Add(-clockSkew)), nil
}
func (p *payload) GetAudience() (jwt.ClaimStrings, error) { return p.Audience, nil }
func (p *payload) GetSubject() (string, error)            { return p.Subject, nil }
func (p *payload) GetIssuer() (string, error)             { return "", nil }
func (p *payload) GetIssuedAt() (*jwt.NumericDate, error) { return nil, nil }

// Validate is called by the validator after its own checks.
func (p *payload) Validate() error {
	odd := func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == unicode.ReplacementChar }
	switch {
	case p.Subject == "":
		return refuse("The token lacks sub: whose it is.")
	case len(p.Subject) > maxSubjectBytes || strings.ContainsFunc(p.Subject, odd):
		return refuse("The token's sub has more than 128 bytes, or spaces.")
	case len(p.Name) > maxNameBytes:
		return refuse("The token's name has more than 256 bytes.")
	case len(p.Rooms) > maxGrants:
		return refuse("The token has more than 64 rooms.")
	}
	for _, g := range p.Rooms {
		if err := g.check(); err != nil {
			return err
		}
	}
	return nil
}

func refuse(message string) error { return room.Errorf(room.Unauthenticated, "%s", message) }

func (p *payload) claims() Claims {
	return Claims{Subject: p.Subject, Name: p.Name, Expires: p.Expires.date().Time, Rooms: p.Rooms}
}
