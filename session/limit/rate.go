package limit

import "math"

// Rate is a bucket of Burst units that refills by PerSecond. The zero Rate is
// no limit at all; otherwise nothing is granted unless Burst is at least 1.
type Rate struct {
	Burst     float64 // units at once
	PerSecond float64 // units refilled
}

// Times is the rate of n who share one key: the members behind one address.
func (r Rate) Times(n float64) Rate { return Rate{r.Burst * n, r.PerSecond * n} }

// grants reports whether r can ever grant a unit again after its burst. NaN
// and what would overflow nanoseconds (less than a unit a century) cannot.
func (r Rate) grants() bool {
	return r.Burst >= 1 && r.PerSecond > 0 && r.Burst/r.PerSecond < maxFillSeconds && !math.IsInf(r.PerSecond, 1)
}

const maxFillSeconds = 100 * 365 * 86400 // leaves int64 nanoseconds room to add to now

// unitNanos is how long one unit takes to refill.
func (r Rate) unitNanos() float64 { return 1e9 / r.PerSecond }
