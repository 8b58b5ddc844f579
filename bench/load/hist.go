package load

import (
	"math/bits"
	"time"
)

// Hist counts durations in buckets of about 3 % width, from a microsecond to
// an hour. The key is the bucket; it is small, and adds up over processes.
type Hist map[int]int

// Add counts one.
func (h Hist) Add(d time.Duration) { h[bucket(d)]++ }

const steps = 5 // 32 buckets for each doubling

func bucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < 1<<steps {
		return int(us)
	}
	shift := bits.Len64(us) - 1 - steps
	return shift<<steps + int(us>>shift)
}

// upper is the end of a bucket.
func upper(b int) time.Duration {
	if b < 1<<(steps+1) {
		return time.Duration(b) * time.Microsecond
	}
	shift := b>>steps - 1
	us := uint64(b-shift<<steps+1)<<shift - 1
	return time.Duration(us) * time.Microsecond
}

// Merge adds o to h.
func (h Hist) Merge(o Hist) {
	for b, n := range o {
		h[b] += n
	}
}

// Quantile returns the duration that a share q of all does not exceed.
func (h Hist) Quantile(q float64) time.Duration {
	total, most := 0, 0
	for b, n := range h {
		total += n
		most = max(most, b)
	}
	rest := int(float64(total) * (1 - q))
	for b := most; b >= 0; b-- {
		if n := h[b]; n > 0 {
			if rest -= n; rest < 0 {
				return upper(b)
			}
		}
	}
	return 0
}
