package limit

import (
	"hash/maphash"
	"math"
	"sync"
	"time"
)

const (
	shards = 64 // a few times the cores, so that two askers seldom meet

	// forgivenNanos is how far the clock may go back and still owe what it
	// did: two goroutines that read the time and then race for the shard. A
	// bucket further in the future than that belongs to a clock that was
	// wrong; it is taken as empty now, or its key would wait for that time.
	forgivenNanos = int64(time.Minute)

	// worthSweeping is how many keys a generation has before it may go: below
	// that a new map costs more than it frees.
	worthSweeping = 32

	// farthest bounds times to 73 years from the table's start, so that no sum
	// with a Rate's longest fill overflows.
	farthest = math.MaxInt64 / 4
)

// Table bounds the rate of each key by GCRA (ITU-T I.371), which is a token
// bucket kept as one number: the time at which the bucket is full again. It
// may be used by many goroutines at once and never blocks on anything else.
type Table struct {
	seed     maphash.Seed
	start    time.Time
	perShard int
	shards   [shards]shard
}

// shard keeps two generations of buckets. A key in use moves to the fresh
// one; once all of the old one are full again it is dropped whole, so that
// the memory goes back too (a Go map never shrinks).
type shard struct {
	mu         sync.Mutex // guards all below
	fresh, old generation
	_          [64]byte // shards do not share a cache line
}

// generation holds, by the hash of the key, when its bucket is full again, in
// nanoseconds after Table.start. Two keys with one hash share a bucket: at a
// million keys that is a chance of 1 in 10^7, and the seed is secret.
type generation struct {
	full   map[uint64]int64
	latest int64 // the largest of full
}

// New makes a Table that remembers at most maxKeys buckets. With more than
// that in use it forgets those unused for longest, in favor of their keys:
// memory is bounded first, then rates. All rates of one table should fill in
// about the same time, as the slowest says when the others are forgotten.
func New(maxKeys int) *Table {
	return &Table{seed: maphash.MakeSeed(), start: time.Now(), perShard: max(1, maxKeys/shards)}
}

// Allow takes up to cost units from key's bucket and says how many it got.
// When that is none, retryAfter is how long until there is one. A key always
// comes with the same rate, or it is judged by what another rate left it.
//
// now is read from a monotonic clock (time.Now is): the units of a clock that
// goes back and forth by hours are not exact, though never stuck for longer
// than it takes to fill the bucket and a minute.
func (t *Table) Allow(key string, now time.Time, cost int, r Rate) (granted int, retryAfter time.Duration) {
	if r == (Rate{}) || cost <= 0 {
		return max(cost, 0), 0
	}
	if !r.grants() {
		return 0, time.Hour
	}
	hash := maphash.String(t.seed, key)
	at := min(max(now.Sub(t.start).Nanoseconds(), -farthest), farthest)
	s := &t.shards[hash%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	granted, full := take(s.find(hash), at, cost, r)
	s.keep(hash, full, at, t.perShard)
	if granted > 0 {
		return granted, 0
	}
	return 0, max(1, time.Duration(math.Ceil(float64(full-at)-(r.Burst-1)*r.unitNanos())))
}

// Wait is how long it takes until the key's bucket has a unit, 0 if it has
// one. It takes none.
func (t *Table) Wait(key string, now time.Time, r Rate) time.Duration {
	if r == (Rate{}) {
		return 0
	}
	if !r.grants() {
		return time.Hour
	}
	hash := maphash.String(t.seed, key)
	at := min(max(now.Sub(t.start).Nanoseconds(), -farthest), farthest)
	s := &t.shards[hash%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.find(hash)
	s.keep(hash, was, at, t.perShard)
	granted, full := take(was, at, 1, r)
	if granted > 0 {
		return 0
	}
	return max(1, time.Duration(math.Ceil(float64(full-at)-(r.Burst-1)*r.unitNanos())))
}

// take is the bucket's arithmetic: full is when it is full again, and in what
// is returned when it will be. Times are rounded against the asker.
func take(full, at int64, cost int, r Rate) (int, int64) {
	unit := r.unitNanos()
	empty := at + int64(math.Ceil(r.Burst*unit))
	if full > empty+forgivenNanos {
		full = empty
	}
	full = max(full, at)
	granted := int(math.Min(float64(cost), r.Burst-float64(full-at)/unit))
	if granted <= 0 {
		return 0, full
	}
	return granted, full + int64(math.Ceil(float64(granted)*unit))
}

// Len is how many buckets are remembered.
func (t *Table) Len() int {
	n := 0
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += len(s.fresh.full) + len(s.old.full)
		s.mu.Unlock()
	}
	return n
}

// find returns when the key's bucket is full, the distant past for a new key,
// and takes the key out of the old generation.
func (s *shard) find(hash uint64) int64 {
	if full, ok := s.fresh.full[hash]; ok {
		return full
	}
	if full, ok := s.old.full[hash]; ok {
		delete(s.old.full, hash)
		return full
	}
	return math.MinInt64
}

func (s *shard) keep(hash uint64, full, at int64, most int) {
	n := len(s.fresh.full)
	if n == 0 || n >= worthSweeping && s.old.latest <= at || n >= (most+1)/2 {
		s.old, s.fresh = s.fresh, generation{full: make(map[uint64]int64)}
	}
	if len(s.old.full) > 0 && s.old.latest <= at {
		s.old = generation{} // all of them are full again
	}
	s.fresh.full[hash] = full
	s.fresh.latest = max(s.fresh.latest, full)
}
