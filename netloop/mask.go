package netloop

import "encoding/binary"

// unmask XORs b in place with a frame's masking key, from the at-th byte of the
// frame's payload on (RFC 6455 section 5.3).
func unmask(b []byte, key [4]byte, at int) {
	key = [4]byte{key[at&3], key[(at+1)&3], key[(at+2)&3], key[(at+3)&3]}
	word := uint64(binary.LittleEndian.Uint32(key[:]))
	word |= word << 32
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= key[i&3]
	}
}
