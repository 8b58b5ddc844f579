package limit

import (
	"math"
	"time"
)

// Bucket is one bucket, for who has a place of their own to keep it in: eight
// bytes. It always comes with the same rate. The zero Bucket is full. Not for
// concurrent use.
type Bucket struct{ full int64 }

// Allow is Table.Allow.
func (b *Bucket) Allow(now time.Time, cost int, r Rate) (granted int, retryAfter time.Duration) {
	at := now.UnixNano() // a clock that is set back is forgiven by take
	granted, b.full = take(b.full, at, cost, r)
	if granted > 0 {
		return granted, 0
	}
	return 0, max(1, time.Duration(math.Ceil(float64(b.full-at)-(r.Burst-1)*r.unitNanos())))
}
