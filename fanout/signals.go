package fanout

import (
	"slices"
	"strings"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/wire"
)

// maxGone is how many gone signals are remembered so that readers who are
// behind are told; one who is further behind joins again.
const maxGone = 512

// signals is the table beside the tail: the newest value of what need not
// last. A version counts its changes.
type signals struct {
	version uint32
	floor   uint32 // gone signals up to this version are forgotten
	rows    map[string]signalRow
	gone    int
}

type signalRow struct {
	data    []byte // nil: gone
	version uint32
}

// set takes one change and reports whether it was one.
func (s *signals) set(key string, data []byte) bool {
	old, known := s.rows[key]
	if string(old.data) == string(data) && (known || data == nil) {
		return false
	}
	if s.rows == nil {
		s.rows = make(map[string]signalRow)
	}
	s.version++
	s.rows[key] = signalRow{data: data, version: s.version}
	if known && old.data == nil {
		s.gone--
	}
	if data == nil {
		s.gone++
	}
	if s.gone > maxGone {
		s.forget()
	}
	return true
}

// forget drops the older half of the gone rows: those who keep up have been
// told of them.
func (s *signals) forget() {
	versions := make([]uint32, 0, s.gone)
	for _, row := range s.rows {
		if row.data == nil {
			versions = append(versions, row.version)
		}
	}
	slices.Sort(versions)
	s.floor = versions[len(versions)/2]
	for key, row := range s.rows {
		if row.data == nil && row.version <= s.floor {
			delete(s.rows, key)
			s.gone--
		}
	}
}

// encode writes the rows changed after version that sight wants, sorted, and
// nil for none. After version 0 it writes the whole table, even when empty.
func (s *signals) encode(after uint32, sight room.Sight) []byte {
	whole := after == 0
	if !whole && after == s.version {
		return nil
	}
	keys := make([]string, 0, len(s.rows))
	for key, row := range s.rows {
		if row.version > after && (row.data != nil || !whole) && sight.Wants(room.FeatureOf(key)) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 && !whole {
		return nil
	}
	slices.SortFunc(keys, strings.Compare)
	out := []byte{'{'}
	for i, key := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = wire.AppendString(out, key)
		out = append(out, ':')
		out = wire.AppendRaw(out, s.rows[key].data)
	}
	return append(out, '}')
}
