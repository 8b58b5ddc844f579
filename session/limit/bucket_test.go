package limit_test

import (
	"testing"
	"time"

	"github.com/roomful/roomful/session/limit"
)

func TestBucketRefillsAtItsRate(t *testing.T) {
	var b limit.Bucket
	r := limit.Rate{Burst: 20, PerSecond: 4}
	now := time.Unix(1_790_000_000, 0)
	if granted, _ := b.Allow(now, 30, r); granted != 20 {
		t.Fatalf("a full bucket granted %d of 30", granted)
	}
	granted, wait := b.Allow(now, 1, r)
	if granted != 0 || wait < 249*time.Millisecond || wait > 251*time.Millisecond {
		t.Fatalf("an empty bucket granted %d and asked to wait %v", granted, wait)
	}
	if granted, _ := b.Allow(now.Add(2*time.Second), 30, r); granted != 8 {
		t.Fatalf("two seconds later it granted %d, not 8", granted)
	}
	if granted, _ := b.Allow(now.Add(-24*time.Hour), 1, r); granted != 0 {
		t.Fatalf("a clock set back granted %d", granted)
	}
	if granted, _ := b.Allow(now.Add(-24*time.Hour+time.Second), 4, r); granted != 4 {
		t.Fatalf("a second after that it granted %d, not 4", granted)
	}
}
