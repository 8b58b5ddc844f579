package room

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// Sight is what a reader may and wants to see. Readers with equal sights
// share every frame and every view.
type Sight struct {
	Class Class
	Only  string // wanted features, sorted, comma between: "feed,people"; "" is all
}

// Class is the part of a sight that comes from the reader's role. It is one
// step finer than the audiences, so that signing in or being promoted always
// changes the sight and so begins with a view.
type Class string

// The classes, as a position writes them.
const (
	Public Class = ""  // anonymous: everyone's
	Joined Class = "g" // a member without staff rights
	Staff  Class = "s"
)

// SightOf is the sight of m, narrowed to the features in only (nil: all).
func SightOf(m Member, only []string) Sight {
	s := Sight{}
	switch {
	case m.Role.Staff():
		s.Class = Staff
	case m.ID != "":
		s.Class = Joined
	}
	if len(only) > 0 {
		only = slices.Clone(only)
		slices.Sort(only)
		s.Only = strings.Join(slices.Compact(only), ",")
	}
	return s
}

// Code is the short text of s for positions: "", "g", "s", or the class and a
// hash of Only: "g-5f2a91c3".
func (s Sight) Code() string {
	if s.Only == "" {
		return string(s.Class)
	}
	h := fnv.New32a()
	h.Write([]byte(s.Only)) // never fails
	return string(s.Class) + "-" + strconv.FormatUint(uint64(h.Sum32()), 16)
}

// Wants reports whether s asks for feature.
func (s Sight) Wants(feature string) bool {
	if s.Only == "" {
		return true
	}
	for rest := s.Only; rest != ""; {
		var f string
		f, rest, _ = strings.Cut(rest, ",")
		if f == feature {
			return true
		}
	}
	return false
}

// Sees reports whether s, as the sight of member, is shown u.
func (s Sight) Sees(u *Update, member MemberID) bool {
	return s.Wants(u.Feature()) && u.To.Includes(s.Class, member)
}

// Features lists what s is narrowed to, nil for all.
func (s Sight) Features() []string {
	if s.Only == "" {
		return nil
	}
	return strings.Split(s.Only, ",")
}
