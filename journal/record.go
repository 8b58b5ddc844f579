package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/roomful/roomful/room"
)

// Record is one turn of a room: what is stored all or none.
type Record struct {
	Epoch   string
	At      room.Millis
	Updates []room.Update // seqs contiguous, the first follows the head; may be empty
	Ops     []Op          // remembered in the same record as their effect
	Alarms  []room.Alarm  // set, or cleared by a zero At
	Due     room.Millis   // the room's earliest alarm after this record, 0 for none
	Nonce   uint64        // random: tells our record from another owner's when settling
}

// Op is one accepted command: who asked, which, and what it was answered.
type Op struct {
	Member room.MemberID
	Op     room.Op
	Sum    uint64 // of type and data: the same op with another payload is a conflict
	Seq    uint64 // of its last update; the head's at the time if it had none
	Reply  []byte // JSON, nil for none
}

// Record's binary form: version byte, fields as uvarints and length-prefixed
// strings, then a CRC-32C of all before it. Seqs are not repeated: the first
// is written, the rest follow it.
const recordVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendRecord writes rec's binary form to dst.
func AppendRecord(dst []byte, rec *Record) []byte {
	start := len(dst)
	dst = append(dst, recordVersion)
	dst = appendString(dst, rec.Epoch)
	dst = binary.AppendUvarint(dst, uint64(rec.At))
	dst = binary.AppendUvarint(dst, uint64(rec.Due))
	dst = binary.BigEndian.AppendUint64(dst, rec.Nonce)

	dst = binary.AppendUvarint(dst, uint64(len(rec.Updates)))
	if len(rec.Updates) > 0 {
		dst = binary.AppendUvarint(dst, rec.Updates[0].Seq)
	}
	for i := range rec.Updates {
		dst = appendUpdate(dst, &rec.Updates[i], rec.At)
	}
	dst = binary.AppendUvarint(dst, uint64(len(rec.Ops)))
	for i := range rec.Ops {
		dst = appendOp(dst, &rec.Ops[i])
	}
	dst = binary.AppendUvarint(dst, uint64(len(rec.Alarms)))
	for _, a := range rec.Alarms {
		dst = appendString(dst, a.Name)
		dst = binary.AppendUvarint(dst, uint64(a.At))
	}
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func appendUpdate(dst []byte, u *room.Update, at room.Millis) []byte {
	dst = appendString(dst, u.Type)
	dst = binary.AppendVarint(dst, int64(u.At-at))
	dst = appendString(dst, string(u.By))
	dst = appendString(dst, u.Op)
	dst = appendString(dst, string(u.To))
	dst = appendString(dst, u.Key)
	dst = append(dst, byte(u.Weight))
	dst = appendString(dst, u.About)
	dst = appendString(dst, u.Covers)
	return appendBytes(dst, u.Data)
}

func appendOp(dst []byte, op *Op) []byte {
	dst = appendString(dst, string(op.Member))
	dst = appendString(dst, op.Op.Client)
	dst = binary.AppendUvarint(dst, op.Op.N)
	dst = binary.BigEndian.AppendUint64(dst, op.Sum)
	dst = binary.AppendUvarint(dst, op.Seq)
	return appendBytes(dst, op.Reply)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// ParseRecord reads what AppendRecord wrote; ErrCorrupt if it is anything
// else. The record holds no reference to b.
func ParseRecord(b []byte) (Record, error) {
	var rec Record
	if len(b) < 5 {
		return rec, fmt.Errorf("%w: record of %d bytes", ErrCorrupt, len(b))
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return rec, fmt.Errorf("%w: checksum of a record differs", ErrCorrupt)
	}
	if body[0] != recordVersion {
		return rec, fmt.Errorf("%w: record version %d, this program knows %d", ErrCorrupt, body[0], recordVersion)
	}
	r := reader{rest: body[1:]}
	rec.Epoch = r.string()
	rec.At = room.Millis(r.uvarint())
	rec.Due = room.Millis(r.uvarint())
	rec.Nonce = r.uint64()
	if n := r.count(minUpdateBytes); n > 0 {
		rec.Updates = make([]room.Update, n)
		seq := r.uvarint()
		like := &room.Update{}
		for i := range rec.Updates {
			u := &rec.Updates[i]
			u.Seq = seq + uint64(i)
			r.update(u, rec.At, like)
			like = u
		}
	}
	if n := r.count(minOpBytes); n > 0 {
		rec.Ops = make([]Op, n)
		for i := range rec.Ops {
			r.op(&rec.Ops[i])
		}
	}
	if n := r.count(minAlarmBytes); n > 0 {
		rec.Alarms = make([]room.Alarm, n)
		for i := range rec.Alarms {
			rec.Alarms[i] = room.Alarm{Name: r.string(), At: room.Millis(r.uvarint())}
		}
	}
	if r.short || len(r.rest) > 0 {
		return Record{}, fmt.Errorf("%w: record does not end where it should", ErrCorrupt)
	}
	return rec, nil
}

// reader takes fields off a record's body; short is set once it runs out.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) uint64() uint64 {
	if len(r.rest) < 8 {
		r.fail()
		return 0
	}
	v := binary.BigEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return v
}

// The least bytes that each of them takes.
const (
	minUpdateBytes = 10
	minOpBytes     = 13
	minAlarmBytes  = 2
)

// count reads a number of things that take at least minBytes each, so that a
// lying count never allocates much more than the record's own size.
func (r *reader) count(minBytes int) int {
	n := r.uvarint()
	if n > uint64(len(r.rest)/minBytes) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) bytes() []byte {
	n := r.count(1)
	if n == 0 {
		return nil
	}
	b := append([]byte(nil), r.rest[:n]...)
	r.rest = r.rest[n:]
	return b
}

func (r *reader) string() string {
	n := r.count(1)
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

// stringLike is string without an allocation if it equals like: updates of one
// record have much in common.
func (r *reader) stringLike(like string) string {
	n := r.count(1)
	b := r.rest[:n]
	r.rest = r.rest[n:]
	if string(b) == like {
		return like
	}
	return string(b)
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

// update reads all of u but its seq; like is the one before it.
func (r *reader) update(u *room.Update, at room.Millis, like *room.Update) {
	u.Type = r.stringLike(like.Type)
	u.At = at + room.Millis(r.varint())
	u.By = room.MemberID(r.stringLike(string(like.By)))
	u.Op = r.stringLike(like.Op)
	u.To = room.Audience(r.stringLike(string(like.To)))
	u.Key = r.stringLike(like.Key)
	u.Weight = room.Weight(r.byte())
	u.About = r.string()
	u.Covers = r.string()
	u.Data = r.bytes()
}

func (r *reader) op(op *Op) {
	op.Member = room.MemberID(r.string())
	op.Op.Client = r.string()
	op.Op.N = r.uvarint()
	op.Sum = r.uint64()
	op.Seq = r.uvarint()
	op.Reply = r.bytes()
}

func (r *reader) fail() {
	r.rest, r.short = nil, true
}

// After returns the head that rec makes when it follows h, without a token.
func (h Head) After(rec *Record) Head {
	if h.Epoch == "" {
		h.Epoch = rec.Epoch
	}
	h.Seq += uint64(len(rec.Updates))
	h.Due = rec.Due
	return h
}

// Same reports whether h and other are the same place in the same log. Due
// follows from the place and is not compared.
func (h Head) Same(other Head) bool {
	return h.Epoch == other.Epoch && h.Seq == other.Seq && h.Token == other.Token
}

// Follows reports whether rec is well-formed after h: same epoch, contiguous
// seqs.
func (rec *Record) Follows(h Head) error {
	if rec.Epoch == "" || (h.Epoch != "" && rec.Epoch != h.Epoch) {
		return fmt.Errorf("%w: record of epoch %q after %q", ErrCorrupt, rec.Epoch, h.Epoch)
	}
	for i := range rec.Updates {
		if want := h.Seq + 1 + uint64(i); rec.Updates[i].Seq != want {
			return fmt.Errorf("%w: update %d where %d should be", ErrCorrupt, rec.Updates[i].Seq, want)
		}
	}
	return nil
}
