package pebble

import (
	"encoding/binary"
	"strings"

	"github.com/roomful/roomful/room"
)

// What is stored, as key -> value. All numbers in keys are 8 bytes, big
// endian, so that keys sort as numbers do. A room's id never holds a zero
// byte, so one room's keys are never between another's.
//
//	room      n event/ab12            -> nothing; the room exists
//	due       d 1700000000000 event/ab12 -> nothing; the room's earliest alarm
//	snapshot  r event/ab12 \0 s       -> see snapshotEntry
//	record    r event/ab12 \0 u 41 17 -> journal.AppendRecord; the 17th record ends at update 41
//
// A record's first number is the seq of its last update, so the first key at
// or after seq n is of the record that holds update n. A record without
// updates has the seq of the one before, and the second number, the head's
// token, puts it after that.
const (
	roomTag     = 'n'
	dueTag      = 'd'
	logTag      = 'r'
	snapshotTag = 's'
	recordTag   = 'u'
)

// recordTailBytes is what a record's key has after the room's prefix.
const recordTailBytes = 1 + 8 + 8

// validID refuses ids that would break the order of keys.
func validID(id room.ID) bool {
	return id != "" && len(id) <= maxIDBytes && strings.IndexByte(string(id), 0) < 0
}

const maxIDBytes = 256 // a room.ID has at most 97

func roomKey(id room.ID) []byte {
	return append([]byte{roomTag}, id...)
}

func dueKey(at room.Millis, id room.ID) []byte {
	k := make([]byte, 0, 1+8+len(id))
	k = append(k, dueTag)
	k = binary.BigEndian.AppendUint64(k, uint64(at))
	return append(k, id...)
}

// dueRoom reads the id in a due key.
func dueRoom(key []byte) (room.ID, bool) {
	if len(key) < 1+8+1 {
		return "", false
	}
	return room.ID(key[1+8:]), true
}

// logPrefix begins every key of the room's log.
func logPrefix(id room.ID) []byte {
	k := make([]byte, 0, 1+len(id)+1+recordTailBytes)
	k = append(k, logTag)
	k = append(k, id...)
	return append(k, 0)
}

func snapshotKey(id room.ID) []byte {
	return append(logPrefix(id), snapshotTag)
}

func recordKey(id room.ID, last, token uint64) []byte {
	k := append(logPrefix(id), recordTag)
	k = binary.BigEndian.AppendUint64(k, last)
	return binary.BigEndian.AppendUint64(k, token)
}

// recordPlace reads the two numbers of a record's key.
func recordPlace(key []byte) (last, token uint64, ok bool) {
	if len(key) < recordTailBytes || key[len(key)-recordTailBytes] != recordTag {
		return 0, 0, false
	}
	tail := key[len(key)-recordTailBytes+1:]
	return binary.BigEndian.Uint64(tail), binary.BigEndian.Uint64(tail[8:]), true
}

// logBounds are the keys of the room's whole log: snapshot and records.
func logBounds(id room.ID) (lower, upper []byte) {
	lower = logPrefix(id)
	upper = logPrefix(id)
	upper[len(upper)-1] = 1
	return lower, upper
}
