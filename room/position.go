package room

import (
	"strconv"
	"strings"
)

// Position is a place in a room's history as one sight sees it. Written
// "epoch:seq.sight", the last part left out for everyone's sight: "k3:41",
// "k3:41.s". Positions compare only within one epoch and sight.
type Position struct {
	Epoch string // names the history; new at creation and at every restore from a copy
	Seq   uint64 // updates so far; the first has Seq 1
	Sight string // Sight.Code of the sight it was gained with
}

func (p Position) String() string { return string(p.Append(nil)) }

// Append writes p's text to dst.
func (p Position) Append(dst []byte) []byte {
	dst = append(dst, p.Epoch...)
	dst = append(dst, ':')
	dst = strconv.AppendUint(dst, p.Seq, 10)
	if p.Sight != "" {
		dst = append(dst, '.')
		dst = append(dst, p.Sight...)
	}
	return dst
}

// ParsePosition reads what String wrote. Anything else is Invalid.
func ParsePosition(s string) (Position, error) {
	epoch, rest, ok := strings.Cut(s, ":")
	digits, sight, _ := strings.Cut(rest, ".")
	seq, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || epoch == "" || len(s) > maxPositionBytes {
		return Position{}, Errorf(Invalid, "A position is what the server sent in pos, unchanged.")
	}
	return Position{Epoch: epoch, Seq: seq, Sight: sight}, nil
}

const maxPositionBytes = 80 // epoch 8, seq 20, sight at most 14: the rest is room to grow
