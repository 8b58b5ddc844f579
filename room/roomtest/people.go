package roomtest

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/roomful/roomful/room"
)

// Server is the caller that the server's own commands come from.
func Server() room.Caller { return room.Caller{Role: room.Service} }

// Opened is a room with an event of that preset, for features that include
// feature/event.
func (r *Room) Opened(preset string) *Room {
	r.t.Helper()
	r.Do(Server(), "event.open", map[string]string{"name": "Ana & Tom", "preset": preset})
	return r
}

// Join lets a member in, for features that include feature/people, and
// returns them as a caller.
func (r *Room) Join(id room.MemberID, name string, role room.Role) room.Caller {
	r.t.Helper()
	proof := ProofOf(string(id))
	r.Do(Server(), "people.join", map[string]any{
		"member": id, "name": name, "role": role, "proof": hex.EncodeToString(proof[:]),
	})
	return room.Caller{Member: id, Proof: proof}
}

// ProofOf is the proof of a credential.
func ProofOf(credential string) room.Proof { return sha256.Sum256([]byte(credential)) }
