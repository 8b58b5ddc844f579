package room

import (
	"regexp"
	"strings"
)

// ID names a room: "kind/name", for example "event/ab12cd34".
type ID string

// Kinds and names are path segments, key prefixes and later broker tokens, so
// both alphabets are narrow.
var (
	kindPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// NewID joins kind and name. It is Invalid if either has characters or a
// length that an ID may not have.
func NewID(kind, name string) (ID, error) {
	if !kindPattern.MatchString(kind) {
		return "", Errorf(Invalid, "A kind is 1 to 32 of a-z, 0-9 and -, and begins with a letter.")
	}
	if !namePattern.MatchString(name) {
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
