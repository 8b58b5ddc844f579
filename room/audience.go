package room

import (
	"slices"
	"strings"
)

// Audience is who an update is for, fixed when it is recorded. The zero
// Audience is everyone.
//
// Written as text: "" everyone, "staff", "only:" and member ids with commas
// between ("only:m_1,m_2"); "only:" with nobody is kept in the log and told
// to no reader at all.
type Audience string

// ToStaff is hosts and moderators.
const ToStaff Audience = "staff"

const onlyPrefix = "only:"

// ToMembers is exactly these members. With none it is nobody: the update is
// part of the room's state and no reader's business. Named audiences are for
// few: each name costs.
func ToMembers(ids ...MemberID) Audience {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	return Audience(onlyPrefix + strings.Join(names, ","))
}

// Named returns the members of a named audience, and whether a is one.
func (a Audience) Named() (members []MemberID, named bool) {
	names, named := strings.CutPrefix(string(a), onlyPrefix)
	if !named || names == "" {
		return nil, named
	}
	for name := range strings.SplitSeq(names, ",") {
		members = append(members, MemberID(name))
	}
	return members, true
}

// Includes reports whether a reader of this class and member is in a.
func (a Audience) Includes(class Class, member MemberID) bool {
	if a == "" {
		return true
	}
	if a == ToStaff {
		return class == Staff
	}
	members, _ := a.Named()
	return member != "" && slices.Contains(members, member)
}
