package netloop

import (
	"encoding/binary"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
)

// The bits and opcodes of a frame's first two bytes, RFC 6455 section 5.2.
const (
	bitFin  = 0x80
	bitRSV1 = 0x40 // "compressed", RFC 7692 section 6
	bitRSV  = 0x30 // RSV2 and RSV3: nothing we speak uses them
	bitMask = 0x80

	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa

	maxControlBytes = 125 // section 5.5
)

// pingFrame and heartbeat are what an idle connection is sent. They are shared
// and never written to.
var (
	pingFrame = []byte{bitFin | opPing, 0}
	heartbeat = []byte(":\n\n")
)

// AppendText appends payload to dst as one unmasked text frame. The payload has
// to be valid UTF-8; it is not checked here.
func AppendText(dst, payload []byte) []byte {
	return append(appendHead(dst, bitFin|opText, len(payload)), payload...)
}

// AppendTextDeflate appends payload to dst as one compressed text frame: level
// 1, no context takeover, so that one frame serves every connection that
// negotiated permessage-deflate. Below about 256 bytes it does not pay.
func AppendTextDeflate(dst, payload []byte) []byte {
	d := deflaters.Get().(*deflater)
	defer deflaters.Put(d)
	packed := d.deflate(payload)
	return append(appendHead(dst, bitFin|bitRSV1|opText, len(packed)), packed...)
}

func appendControl(dst []byte, op byte, payload []byte) []byte {
	return append(appendHead(dst, bitFin|op, len(payload)), payload...)
}

// appendClose appends a close frame. Code 0 is an empty one. The reason is cut
// to what a control frame holds, at a rune.
func appendClose(dst []byte, code uint16, reason string) []byte {
	if code == 0 {
		return appendHead(dst, bitFin|opClose, 0)
	}
	for len(reason) > maxControlBytes-2 || !utf8.ValidString(reason) {
		reason = reason[:min(len(reason)-1, maxControlBytes-2)]
	}
	dst = appendHead(dst, bitFin|opClose, 2+len(reason))
	return append(binary.BigEndian.AppendUint16(dst, code), reason...)
}

func appendHead(dst []byte, first byte, payloadBytes int) []byte {
	switch {
	case payloadBytes < 126:
		return append(dst, first, byte(payloadBytes))
	case payloadBytes < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, first, 126), uint16(payloadBytes))
	default:
		return binary.BigEndian.AppendUint64(append(dst, first, 127), uint64(payloadBytes))
	}
}

// deflater is a compressor and its output. It is pooled because a writer has
// some hundred kilobytes of tables.
type deflater struct {
	w   *flate.Writer
	out []byte
}

var deflaters = sync.Pool{New: func() any {
	d := new(deflater)
	d.w, _ = flate.NewWriter(d, flate.BestSpeed) // fails only for an unknown level
	return d
}}

// maxPooledBytes keeps one huge frame from pinning its buffer in a pool.
const maxPooledBytes = 256 << 10

func (d *deflater) Write(b []byte) (int, error) {
	d.out = append(d.out, b...)
	return len(b), nil
}

// deflate returns payload compressed, valid until the next call. The flush
// marker at its end is left out, as RFC 7692 section 7.2.1 asks.
func (d *deflater) deflate(payload []byte) []byte {
	if cap(d.out) > maxPooledBytes {
		d.out = nil
	}
	d.out = d.out[:0]
	d.w.Reset(d)
	d.w.Write(payload) // into memory: cannot fail
	d.w.Flush()
	return d.out[:len(d.out)-len(flushMarker)]
}

const flushMarker = "\x00\x00\xff\xff"
