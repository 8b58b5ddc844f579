package load

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
)

// mask is the same for every frame: it only has to be there.
var mask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// MaskedText is one text frame of a client.
func MaskedText(payload []byte) []byte { return maskedText(payload) }

func maskedText(payload []byte) []byte { return masked(0x81, payload) }

func maskedControl(op byte, payload []byte) []byte { return masked(op, payload) }

func masked(first byte, payload []byte) []byte {
	b := make([]byte, 0, len(payload)+14)
	switch n := len(payload); {
	case n < 126:
		b = append(b, first, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, first, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, first, 0x80|127), uint64(n))
	}
	b = append(b, mask[:]...)
	start := len(b)
	b = append(b, payload...)
	for i := range b[start:] {
		b[start+i] ^= mask[i&3]
	}
	return b
}

// inflate undoes permessage-deflate without context takeover.
func (p *process) inflate(b []byte) []byte {
	r := flate.NewReader(io.MultiReader(bytes.NewReader(b), bytes.NewReader([]byte("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))))
	out, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	return out
}
