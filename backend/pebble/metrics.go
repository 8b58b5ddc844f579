package pebble

import (
	"math"
	"sync/atomic"
	"time"
)

// Metrics are the journal's counters since it was opened.
type Metrics struct {
	Commits          uint64    // groups made durable, one sync each
	Records          uint64    // in them, snapshots included
	Bytes            uint64    // in them, as they went to the store's log
	SyncSeconds      Histogram // from a group's start until it was durable
	RecordsPerCommit Histogram
	Stalls           uint64 // times the store held writes back to flush or compact
	HeadHits         uint64 // heads found in memory
	HeadMisses       uint64 // heads read from the disk, also of rooms that do not exist
	StoreBytes       uint64 // the store on the disk, without large snapshots
	FreeBytes        uint64 // of the disk, when last asked
	Full             bool
}

// Histogram counts values by size. Counts[i] are the values up to Bounds[i]
// and above the bound before; the last count is of those above all bounds.
type Histogram struct {
	Bounds []float64
	Counts []uint64
	Sum    float64
}

// Metrics may be called at any time, also after Close.
func (j *Journal) Metrics() Metrics {
	m := Metrics{
		Commits:          j.stats.commits.Load(),
		Records:          j.stats.records.Load(),
		Bytes:            j.stats.bytes.Load(),
		SyncSeconds:      j.stats.sync.read(syncBounds[:]),
		RecordsPerCommit: j.stats.group.read(groupBounds[:]),
		Stalls:           j.stats.stalls.Load(),
		FreeBytes:        j.space.free.Load(),
		Full:             j.space.full.Load(),
	}
	m.HeadHits, m.HeadMisses = j.heads.counts()
	if j.failure() == nil && j.calls.enter() {
		defer j.calls.leave()
		m.StoreBytes = j.db.Metrics().DiskSpaceUsage()
	}
	return m
}

// syncBounds, in seconds: a fast disk syncs in 0.1 ms, one to worry about in
// 100 ms.
var syncBounds = [...]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

var groupBounds = [...]float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096}

// stats are written by the committer and read by anybody.
type stats struct {
	commits, records, bytes, stalls atomic.Uint64
	sync                            histogram
	group                           histogram
}

func (s *stats) committed(records, bytes int, took time.Duration) {
	s.commits.Add(1)
	s.records.Add(uint64(records))
	s.bytes.Add(uint64(bytes))
	s.sync.add(syncBounds[:], took.Seconds())
	s.group.add(groupBounds[:], float64(records))
}

// histogram has one writer at a time and any number of readers.
type histogram struct {
	counts [len(syncBounds) + 1]atomic.Uint64 // the longer of the two bounds
	sum    atomic.Uint64                      // a float64's bits
}

func (h *histogram) add(bounds []float64, v float64) {
	i := 0
	for i < len(bounds) && v > bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Store(math.Float64bits(math.Float64frombits(h.sum.Load()) + v))
}

func (h *histogram) read(bounds []float64) Histogram {
	counts := make([]uint64, len(bounds)+1)
	for i := range counts {
		counts[i] = h.counts[i].Load()
	}
	return Histogram{Bounds: bounds, Counts: counts, Sum: math.Float64frombits(h.sum.Load())}
}
