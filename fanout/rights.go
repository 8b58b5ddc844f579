package fanout

import "github.com/roomful/roomful/room"

// rights is when the members' rights last changed: an answer that was under
// way meanwhile is of a sight that its reader may not have any more.
type rights struct {
	seqs  map[room.MemberID]uint64
	floor uint64 // what changed up to it is forgotten
}

// maxRights is how many members' changes are remembered: more than change
// while one answer is on its way to its loop.
const maxRights = 4096

func (r *rights) note(members []room.MemberID, seq uint64) {
	if r.seqs == nil {
		r.seqs = make(map[room.MemberID]uint64)
	}
	if len(r.seqs)+len(members) > maxRights {
		clear(r.seqs)
		r.floor = seq - 1
	}
	for _, m := range members {
		r.seqs[m] = seq
	}
}

// changed reports whether member's rights may have changed after seq.
func (r *rights) changed(member room.MemberID, seq uint64) bool {
	return member != "" && (seq < r.floor || seq < r.seqs[member])
}
