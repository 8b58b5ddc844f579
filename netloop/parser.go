package netloop

import (
	"encoding/binary"
	"unicode/utf8"
)

// parser is the state of one connection's stream of client frames between two
// reads (RFC 6455). Only a connection in the middle of something has one: at a
// message's edge the zero parser serves, and any connection may borrow it.
//
// What it yields depends on the bytes alone, not on how they were cut up.
type parser struct {
	head    [14]byte // the header so far
	headLen uint8
	framing bool // the header is whole; payload is awaited

	op     byte
	fin    bool
	packed bool    // RSV1 of the message's first frame
	inside bool    // between the first and the last fragment of a message
	key    [4]byte // masking key
	size   int     // the frame's payload, as declared
	got    int     // of which so far

	msg     []byte // payload of the message so far, unmasked
	control []byte // payload of the control frame so far, unmasked; it may come between fragments
	spent   bool   // msg was yielded and is forgotten at the next call
	since   uint32 // the wheel's tick when the connection took this parser
}

// event is what next found: nothing yet, or one whole thing with its payload.
type event byte

const (
	evNone  event = iota
	evText        // payload: the message, inflated, checked
	evPing        // payload: to be sent back
	evPong        // payload: ignored
	evClose       // payload: empty, or code and reason, checked
)

// rules are what all parsers of a loop share.
type rules struct {
	maxMessageBytes int
	inflater        inflater
}

// next takes bytes from in up to the end of the first whole thing, and returns
// that thing and the rest of in. With evNone all of in was taken. The payload is
// valid until the next call and may lie within in, which next writes to.
func (p *parser) next(r *rules, deflate bool, in []byte) (ev event, payload, rest []byte, v *violation) {
	if p.spent {
		p.spent, p.msg = false, p.msg[:0]
	}
	for len(in) > 0 {
		if !p.framing {
			if in, v = p.takeHead(r, deflate, in); v != nil {
				return evNone, nil, nil, v
			}
		}
		if !p.framing {
			break
		}
		if payload, in = p.takePayload(in); p.got < p.size {
			break
		}
		p.framing, p.headLen = false, 0
		if ev, payload, v = p.finish(r, payload); ev != evNone || v != nil {
			return ev, payload, in, v
		}
	}
	return evNone, nil, nil, nil
}

// idle reports whether the parser holds nothing: no part of a frame, no part of
// a message.
func (p *parser) idle() bool {
	return p.headLen == 0 && !p.framing && !p.inside
}

// takeHead moves header bytes from in. Each part is checked as soon as it is
// there, so a peer is refused before anything is kept for it.
func (p *parser) takeHead(r *rules, deflate bool, in []byte) ([]byte, *violation) {
	for i, b := range in {
		p.head[p.headLen] = b
		p.headLen++
		if v := p.checkHead(r, deflate); v != nil {
			return nil, v
		}
		if p.framing {
			return in[i+1:], nil
		}
	}
	return nil, nil
}

func (p *parser) checkHead(r *rules, deflate bool) *violation {
	n := int(p.headLen)
	if n < 2 {
		return nil
	}
	if n == 2 {
		if v := p.checkFlags(deflate); v != nil {
			return v
		}
	}
	switch n - p.lengthEnd() {
	case 0:
		return p.checkLength(r)
	case 4:
		p.startFrame(n)
	}
	return nil
}

// lengthEnd is where the payload length ends and the masking key begins.
func (p *parser) lengthEnd() int {
	switch p.head[1] &^ bitMask {
	case 126:
		return 4
	case 127:
		return 10
	default:
		return 2
	}
}

func (p *parser) checkFlags(deflate bool) *violation {
	first, second := p.head[0], p.head[1]
	op, fin, rsv1 := first&0xf, first&bitFin != 0, first&bitRSV1 != 0
	control := op >= opClose
	switch {
	case first&bitRSV != 0, rsv1 && (!deflate || control || op == opContinuation):
		return errReservedBits
	case op > opPong, op > opBinary && !control:
		return errOpcode
	case second&bitMask == 0:
		return errUnmasked
	case control && (!fin || second&^bitMask > maxControlBytes):
		return errControl
	case op == opContinuation && !p.inside:
		return errNoStart
	case (op == opText || op == opBinary) && p.inside:
		return errInterrupted
	case op == opBinary:
		return errBinary
	}
	return nil
}

func (p *parser) checkLength(r *rules) *violation {
	size, least := uint64(p.head[1]&^bitMask), uint64(0)
	switch size {
	case 126:
		size, least = uint64(binary.BigEndian.Uint16(p.head[2:])), 126
	case 127:
		size, least = binary.BigEndian.Uint64(p.head[2:]), 1<<16
	}
	if size < least || size>>63 != 0 {
		return errLength
	}
	if size > uint64(r.maxMessageBytes-len(p.msg)) && p.head[0]&0xf < opClose {
		return errTooBig
	}
	p.size = int(size)
	return nil
}

func (p *parser) startFrame(headBytes int) {
	p.framing, p.got = true, 0
	p.op, p.fin = p.head[0]&0xf, p.head[0]&bitFin != 0
	p.key = [4]byte(p.head[headBytes-4 : headBytes])
	switch {
	case p.op >= opClose:
		p.control = p.control[:0]
	case p.op != opContinuation:
		p.packed = p.head[0]&bitRSV1 != 0
	}
}

// takePayload moves payload from in and unmasks it. A control frame or an
// unfragmented message that lies whole within in is not copied.
func (p *parser) takePayload(in []byte) (payload, rest []byte) {
	n := min(p.size-p.got, len(in))
	payload, rest = in[:n], in[n:]
	unmask(payload, p.key, p.got)
	p.got += n
	if n == p.size && (p.op >= opClose || p.op == opText && p.fin) {
		return payload, rest
	}
	if p.op >= opClose {
		p.control = append(p.control, payload...)
		return p.control, rest
	}
	p.msg = append(p.msg, payload...)
	return p.msg, rest
}

// finish ends a frame, and with its last frame a message.
func (p *parser) finish(r *rules, payload []byte) (event, []byte, *violation) {
	switch p.op {
	case opPing:
		return evPing, payload, nil
	case opPong:
		return evPong, payload, nil
	case opClose:
		return evClose, payload, checkClose(payload)
	}
	if p.inside = !p.fin; p.inside {
		return evNone, nil, nil
	}
	p.spent = true
	if p.packed {
		inflated, v := r.inflater.inflate(payload, r.maxMessageBytes)
		if v != nil {
			return evNone, nil, v
		}
		payload = inflated
	}
	if !utf8.Valid(payload) {
		return evNone, nil, errUTF8
	}
	return evText, payload, nil
}

// checkClose holds a close frame to RFC 6455 sections 5.5.1 and 7.4, and to the
// codes registered since.
func checkClose(payload []byte) *violation {
	if len(payload) == 0 {
		return nil
	}
	if len(payload) == 1 {
		return errClosePayload
	}
	code := binary.BigEndian.Uint16(payload)
	known := code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
	if !known {
		return errClosePayload
	}
	if !utf8.Valid(payload[2:]) {
		return errUTF8
	}
	return nil
}
