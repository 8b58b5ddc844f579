package sim

import (
	"cmp"
	"strings"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/wire"
)

// history is what the journal of a room has stored, as the world saw it
// happen, and what of it was acknowledged.
type history struct {
	id      room.ID
	epoch   string
	updates []room.Update
	texts   []string // as the wire has them
	nonces  map[uint64]bool
	ops     map[opKey]journal.Op

	withdrawn map[string]uint64        // subject: seq of the acknowledged removal
	rights    map[room.MemberID]uint64 // seq of the acknowledged change
	lastCover uint64
	restored  map[string]uint64 // post: seq of when it first came back
}

type opKey struct {
	member room.MemberID
	op     room.Op
}

func newHistory(id room.ID) *history {
	return &history{
		id: id, nonces: map[uint64]bool{}, ops: map[opKey]journal.Op{},
		withdrawn: map[string]uint64{}, rights: map[room.MemberID]uint64{}, restored: map[string]uint64{},
	}
}

// stored notes that a record is on the disk.
func (w *world) stored(id room.ID, rec *journal.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.rooms[id]
	if h.nonces[rec.Nonce] {
		return // settled again
	}
	h.nonces[rec.Nonce] = true
	if h.epoch == "" {
		h.epoch = rec.Epoch
	}
	if rec.Epoch != h.epoch {
		w.broken("%s: a record of epoch %s in the log of %s", id, rec.Epoch, h.epoch)
	}
	for i := range rec.Updates {
		u := rec.Updates[i]
		if u.Seq != uint64(len(h.updates)+1) {
			w.broken("%s: update %d is stored after %d", id, u.Seq, len(h.updates))
		}
		h.updates = append(h.updates, u)
		if id, ok := strings.CutPrefix(u.About, "post/"); ok && u.Type == "feed.restored" {
			h.restored[id] = cmp.Or(h.restored[id], u.Seq)
		}
		h.texts = append(h.texts, string(wire.AppendUpdate(nil, &u)))
		w.noted("%s %d %s", id, u.Seq, u.Type)
	}
	for _, op := range rec.Ops {
		key := opKey{op.Member, op.Op}
		if _, twice := h.ops[key]; twice {
			w.broken("%s: op %s of %q has its effect twice", id, op.Op, op.Member)
		}
		h.ops[key] = op
	}
}

// acked notes that a command was acknowledged: what it removed is gone for
// every frame that begins now, and whose rights it changed have them.
func (h *history) acked(key opKey) {
	for i := range h.updates {
		u := &h.updates[i]
		if u.Op != key.op.String() || u.By != key.member {
			continue
		}
		if u.Covers != "" {
			h.withdrawn[u.Covers] = u.Seq
			h.lastCover = max(h.lastCover, u.Seq)
		}
		if u.Type == "people.changed" || u.Type == "people.banned" {
			for s := range u.Subjects() {
				h.rights[room.MemberID(s[len("member/"):])] = u.Seq
			}
		}
	}
}

// gone reports whether an acknowledged removal withdrew u.
func (h *history) gone(u *room.Update) bool {
	for s := range u.Subjects() {
		if h.withdrawn[s] > u.Seq {
			return true
		}
	}
	return false
}

// superseded reports whether something later in the log takes u's place.
func (h *history) superseded(u *room.Update) bool {
	for i := range h.updates[u.Seq:] {
		v := &h.updates[u.Seq:][i]
		if u.Key != "" && v.Key == u.Key && v.To == u.To || v.Covers != "" && u.IsAbout(v.Covers) {
			return true
		}
	}
	return false
}
