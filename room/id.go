package room

import "strings"

// ID names a room: "kind/name", for example "event/ab12cd34".
type ID string

// Kinds and names are path segments, key prefixes and later broker tokens, so
// both alphabets are narrow.
const (
	maxKindBytes = 32
	maxNameBytes = 64
)

func validKind(s string) bool {
	if len(s) == 0 || len(s) > maxKindBytes || !lower(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !lower(c) && !digit(c) && c != '-' {
			return false
		}
	}
	return true
}

func validName(s string) bool {
	if len(s) == 0 || len(s) > maxNameBytes {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !lower(c) && !lower(c|0x20) && !digit(c) && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func lower(c byte) bool { return 'a' <= c && c <= 'z' }
func digit(c byte) bool { return '0' <= c && c <= '9' }

// NewID joins kind and name. It is Invalid if either has characters or a
// length that an ID may not have.
func NewID(kind, name string) (ID, error) {
	if !validKind(kind) {
		return "", Errorf(Invalid, "A kind is 1 to 32 of a-z, 0-9 and -, and begins with a letter.")
	}
	if !validName(name) {
		return "", Errorf(Invalid, "A room's name is 1 to 64 of A-Z, a-z, 0-9, _ and -.")
	}
	return ID(kind + "/" + name), nil
}

// ParseID reads "kind/name".
func ParseID(s string) (ID, error) {
	kind, name, ok := strings.Cut(s, "/")
	if !ok {
		return "", Errorf(Invalid, "A room is named kind/name, for example event/ab12cd34.")
	}
	return NewID(kind, name)
}

// Kind is the part before the slash: which template the room follows.
func (id ID) Kind() string { kind, _, _ := strings.Cut(string(id), "/"); return kind }

// Name is the part after the slash.
func (id ID) Name() string { _, name, _ := strings.Cut(string(id), "/"); return name }
