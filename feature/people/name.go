package people

import (
	"slices"
	"strings"
	"unicode"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/text"
)

const (
	maxNameGraphemes = 40
	maxNameBytes     = 400 // a family emoji is 25
)

// reserved are names only staff may have, as text.Looks writes them: a badge
// cannot be typed.
var reserved = func() []string {
	names := []string{
		"host", "cohost", "owner", "admin", "administrator", "moderator", "mod", "staff",
		"organizer", "organiser", "system", "official", "roomful",
	}
	for i, n := range names {
		names[i] = text.Looks(n)
	}
	return names
}()

func looks(name string) string { return text.Looks(name) }

// nameFor is the name that the member id of that role would have.
func (p *people) nameFor(s string, role room.Role, id room.MemberID) (string, error) {
	name := text.Line(s)
	if !strings.ContainsFunc(name, shows) {
		return "", room.Errorf(room.Invalid, "Type a name, or any nickname.")
	}
	if !text.Fits(name, maxNameGraphemes, maxNameBytes) {
		return "", room.Errorf(room.Invalid, "This name is too long: use up to %d characters.", maxNameGraphemes)
	}
	if text.MixesAlphabets(name) {
		return "", room.Errorf(room.Invalid, "Write each word of your name in one alphabet.")
	}
	if !role.Staff() && p.poses(name, id) {
		return "", room.Errorf(room.Invalid, "This name looks like a host's. Add something to it, like a last initial.")
	}
	return name, nil
}

func shows(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsMark(r) && !unicode.IsSpace(r) }

// poses reports whether name could be taken for a host.
func (p *people) poses(name string, id room.MemberID) bool {
	l := looks(name)
	if l == "" { // emoji, digits: nobody's looks
		return false
	}
	if slices.Contains(reserved, l) || slices.Contains(reserved, strings.TrimPrefix(l, "the")) {
		return true
	}
	for _, hosts := range p.roll[:hostRanks] {
		if slices.ContainsFunc(hosts, func(m *person) bool { return m.looks == l && m.ID != id }) {
			return true
		}
	}
	return false
}
