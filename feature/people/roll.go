package people

import (
	"cmp"
	"iter"
	"slices"

	"github.com/roomful/roomful/room"
)

// roll is everyone who is here in the order of the list, one row for each
// rank: the owner, co-hosts, moderators, all others; within a rank by
// joining.
type roll [4][]*person

const hostRanks = 2 // owner and co-hosts

func rank(r room.Role) int {
	switch r {
	case room.Owner:
		return 0
	case room.CoHost:
		return 1
	case room.Moderator:
		return 2
	}
	return 3
}

func byJoining(a, b *person) int {
	return cmp.Or(cmp.Compare(a.JoinedAt, b.JoinedAt), cmp.Compare(a.ID, b.ID))
}

func (r *roll) add(m *person) {
	row := &r[rank(m.Role)]
	i, _ := slices.BinarySearchFunc(*row, m, byJoining)
	*row = slices.Insert(*row, i, m)
}

// remove takes m out; its role and joining are still those it was added with.
func (r *roll) remove(m *person) {
	row := &r[rank(m.Role)]
	if i, ok := slices.BinarySearchFunc(*row, m, byJoining); ok {
		*row = slices.Delete(*row, i, i+1)
	}
}

func (r *roll) count() int {
	n := 0
	for _, row := range r {
		n += len(row)
	}
	return n
}

// place is how many come before m in the list.
func (r *roll) place(m *person) int {
	at := rank(m.Role)
	i, _ := slices.BinarySearchFunc(r[at], m, byJoining)
	for _, row := range r[:at] {
		i += len(row)
	}
	return i
}

// from yields everyone after the first n of the list.
func (r *roll) from(n int) iter.Seq[*person] {
	return func(yield func(*person) bool) {
		for _, row := range r {
			if n >= len(row) {
				n -= len(row)
				continue
			}
			for _, m := range row[n:] {
				if !yield(m) {
					return
				}
			}
			n = 0
		}
	}
}
