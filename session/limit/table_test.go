package limit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
)

var epoch = time.Unix(1_790_000_000, 0)

// newTable starts at epoch, so that tests say times from there.
func newTable(maxKeys int) *Table {
	t := New(maxKeys)
	t.start = epoch
	return t
}

func after(d time.Duration) time.Time { return epoch.Add(d) }

func TestBurstThenRate(t *testing.T) {
	table, r := newTable(100), Rate{Burst: 20, PerSecond: 4}
	for i := range 20 {
		if n, _ := table.Allow("m", epoch, 1, r); n != 1 {
			t.Fatalf("unit %d of the burst was refused", i)
		}
	}
	n, wait := table.Allow("m", epoch, 1, r)
	if n != 0 || wait != 250*time.Millisecond {
		t.Fatalf("after the burst: %d granted, wait %v, want none and 250ms", n, wait)
	}
	if n, _ := table.Allow("m", after(wait-1), 1, r); n != 0 {
		t.Fatal("granted before retryAfter had passed")
	}
	if n, _ := table.Allow("m", after(wait), 1, r); n != 1 {
		t.Fatal("refused after retryAfter had passed")
	}
}

func TestWaitTakesNothing(t *testing.T) {
	table, r := newTable(100), Rate{Burst: 2, PerSecond: 4}
	for range 5 {
		if wait := table.Wait("m", epoch, r); wait != 0 {
			t.Fatalf("a full bucket makes wait %v", wait)
		}
	}
	if n, _ := table.Allow("m", epoch, 2, r); n != 2 {
		t.Fatalf("%d granted of a full bucket", n)
	}
	for range 5 {
		if wait := table.Wait("m", epoch, r); wait != 250*time.Millisecond {
			t.Fatalf("an empty bucket makes wait %v, not 250ms", wait)
		}
	}
	if n, _ := table.Allow("m", after(250*time.Millisecond), 1, r); n != 1 {
		t.Fatal("refused after the wait")
	}
}

func TestPartialGrantIsWhatTheBucketHolds(t *testing.T) {
	table, r := newTable(100), Rate{Burst: 20, PerSecond: 4}
	if n, _ := table.Allow("m", epoch, 15, r); n != 15 {
		t.Fatalf("granted %d of 15", n)
	}
	if n, wait := table.Allow("m", after(time.Second), 1_000_000_000, r); n != 9 || wait != 0 {
		t.Fatalf("granted %d after %v, want the 5 left and 4 refilled, at once", n, wait)
	}
	if n, _ := table.Allow("m", after(time.Hour), math.MaxInt, r); n != 20 {
		t.Fatalf("granted %d after an hour, want no more than the burst", n)
	}
}

func TestKeysDoNotShare(t *testing.T) {
	table, r := newTable(100), Rate{Burst: 1, PerSecond: 1}
	for i := range 50 {
		if n, _ := table.Allow(fmt.Sprint(i), epoch, 1, r); n != 1 {
			t.Fatalf("key %d was refused for what others took", i)
		}
	}
}

func TestRatesThatMeanNothing(t *testing.T) {
	table := newTable(100)
	if n, _ := table.Allow("m", epoch, 7, Rate{}); n != 7 {
		t.Fatalf("the zero Rate granted %d of 7, want no limit", n)
	}
	if n, _ := table.Allow("m", epoch, -3, Rate{20, 4}); n != 0 {
		t.Fatalf("granted %d of -3", n)
	}
	for _, r := range []Rate{{0.5, 1}, {1, 0}, {1, -1}, {-1, 1}, {math.NaN(), 1}, {1, math.NaN()}, {1, math.Inf(1)}, {math.Inf(1), 1}, {1, 1e-300}} {
		if n, wait := table.Allow("m", epoch, 1, r); n != 0 || wait <= 0 {
			t.Errorf("%v granted %d, wait %v", r, n, wait)
		}
	}
}

// The rule of a rate limit, on random schedules: within any stretch of time no
// more than the burst and what refills in it.
func TestNeverMoreThanBurstAndRate(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		r := Rate{Burst: 1 + math.Floor(rng.Float64()*50), PerSecond: math.Exp(rng.Float64()*16 - 6)}
		jitter := int64(1)
		if seed%2 == 1 {
			jitter = int64(time.Second)
		}
		table := newTable(100)
		var now, from, to time.Duration // from, to: the stretch since the bucket was surely full
		total := 0
		ask := func(cost int) (int, time.Duration) {
			from, to = min(from, now), max(to, now)
			n, wait := table.Allow("m", after(now), cost, r)
			total += n
			if most := r.Burst + r.PerSecond*(to-from).Seconds() + 1e-6; float64(total) > most {
				t.Fatalf("seed %d: %v granted %d in %v, most is %.3f", seed, r, total, to-from, most)
			}
			return n, wait
		}
		for range 500 {
			now += time.Duration(rng.ExpFloat64()*2e9/r.PerSecond) - time.Duration(rng.Int64N(jitter))
			if rng.IntN(40) == 0 {
				now = to + time.Duration(r.Burst/r.PerSecond*1e9) + 1
				total, from = 0, now
			}
			if n, wait := ask(1 + rng.IntN(8)); n == 0 {
				now += wait
				if n, _ := ask(1); n != 1 {
					t.Fatalf("seed %d: %v refused after the wait of %v that it asked for", seed, r, wait)
				}
			}
		}
	}
}

func TestClockGoingBackNeverLocksAKeyOut(t *testing.T) {
	table, r := newTable(100), Rate{Burst: 20, PerSecond: 4}
	table.Allow("m", after(24*time.Hour), 20, r)
	n, wait := table.Allow("m", epoch, 1, r)
	if n != 0 || wait > 250*time.Millisecond {
		t.Fatalf("a day back: %d granted, wait %v; want an empty bucket", n, wait)
	}
	for _, far := range []time.Time{{}, time.Unix(1<<60, 0), time.Unix(-1<<60, 0)} {
		if n, wait := table.Allow("m", far, 1, r); n == 0 && wait > 10*time.Second+time.Minute {
			t.Errorf("at %v: wait %v", far, wait)
		}
	}
}

func TestFullBucketsAreForgotten(t *testing.T) {
	const crowd = 1_000_000
	table, r := newTable(4*crowd), Rate{Burst: 20, PerSecond: 4}
	fill := func(prefix string, from time.Duration) {
		for i := range crowd {
			table.Allow(fmt.Sprint(prefix, i), after(from+time.Duration(i)*time.Microsecond), 1, r)
		}
	}
	before := heap()
	fill("a", 0)
	if perKey := float64(heap()-before) / crowd; perKey > 64 {
		t.Errorf("%.0f bytes a key, want at most 64", perKey)
	}
	fill("later", time.Minute)
	if n := table.Len(); n > crowd {
		t.Errorf("%d buckets after two crowds of a million, want the second's at most", n)
	}
	for i := range 64 * 1000 {
		table.Allow(fmt.Sprint("few", i%3000), after(time.Hour+time.Duration(i)*time.Millisecond), 1, r)
	}
	if n := table.Len(); n > 10_000 {
		t.Errorf("%d buckets left of a crowd that went home, want about the 3000 in use", n)
	}
	if left := float64(heap()-before) / 1e6; left > 4 {
		t.Errorf("%.1f MB left of a crowd that went home", left)
	}
	runtime.KeepAlive(table)
}

func TestMaxKeysBoundsAttackers(t *testing.T) {
	table, r := newTable(10_000), Rate{Burst: 1, PerSecond: 0.001}
	for i := range 200_000 {
		table.Allow(fmt.Sprint(i), epoch, 1, r)
	}
	if n := table.Len(); n > 10_000+shards {
		t.Fatalf("%d buckets remembered, want at most 10000", n)
	}
}

func TestManyAskersShareOneBucket(t *testing.T) {
	table, r := newTable(100_000), Rate{Burst: 1000, PerSecond: 0.001}
	var wg sync.WaitGroup
	granted := make([]int, 8)
	for g := range granted {
		wg.Go(func() {
			for i := range 1000 {
				n, _ := table.Allow("hall", after(time.Duration(i)), 1, r)
				granted[g] += n
				table.Allow(fmt.Sprint(g, i), after(time.Duration(i)), 1, r)
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range granted {
		total += n
	}
	if total != 1000 {
		t.Fatalf("8 askers got %d of a burst of 1000", total)
	}
}

func TestCountIsExact(t *testing.T) {
	var c Count
	for i := range 3 {
		if !c.Enter("a", 3) {
			t.Fatalf("connection %d of 3 was refused", i+1)
		}
	}
	if c.Enter("a", 3) || !c.Enter("b", 3) || !c.Enter("a", 0) {
		t.Fatal("want the fourth of a refused, the first of b taken, and 0 to be no limit")
	}
	for range 5 {
		c.Leave("a")
	}
	c.Leave("b")
	if c.Of("a") != 0 || len(c.has) != 0 {
		t.Fatalf("%v remembered after all have left", c.has)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkAllow(b *testing.B) {
	table, r := New(1_000_000), Rate{Burst: 20, PerSecond: 4}
	keys := make([]string, 100_000)
	for i := range keys {
		keys[i] = fmt.Sprint("event/ab12cd34/m_", i)
	}
	b.ReportAllocs()
	now := time.Now()
	for i := 0; b.Loop(); i++ {
		table.Allow(keys[i%len(keys)], now.Add(time.Duration(i)), 1, r)
	}
}
