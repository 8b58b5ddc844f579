package pebble

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/roomful/roomful/room"
)

// TestPowerCutKeepsWhatWasAcked cuts the power of a simulated disk under load,
// again and again: what was not synced is gone, or partly there.
func TestPowerCutKeepsWhatWasAcked(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			fs := vfs.NewCrashableMem()
			acked := map[room.ID]uint64{}
			for range 3 {
				var now map[room.ID]uint64
				fs, now = driveAndCut(t, fs, rng)
				join(acked, now)
				j := mustOpenIn(t, fs, "/srv/roomful/data", quiet())
				checkDriven(t, j, acked)
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// driveAndCut opens the journal, drives it, and returns the disk as a power
// cut left it and what had been acknowledged by then.
func driveAndCut(t *testing.T, fs *vfs.MemFS, rng *rand.Rand) (*vfs.MemFS, map[room.ID]uint64) {
	t.Helper()
	j := mustOpenIn(t, fs, "/srv/roomful/data", quiet())
	ctx, cancel := context.WithCancel(t.Context())
	acks, done := newAckLog(), make(chan error)
	go func() { done <- driveAll(ctx, j, acks.add) }()
	acks.wait(100 + rng.IntN(2000))
	var flush sync.WaitGroup
	if rng.IntN(2) == 0 { // cut while tables are being written
		flush.Go(func() { _ = j.db.Flush() })
		acks.wait(50)
	}
	acked := acks.snapshot() // before the cut: all of it must be there
	after := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 30, 100}[rng.IntN(3)], RNG: rng})
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("drive: %v", err)
	}
	flush.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return after, acked
}

// TestPowerCutDuringOpen cuts the power right after Open returned: the folder
// itself must have survived.
func TestPowerCutDuringOpen(t *testing.T) {
	fs := vfs.NewCrashableMem()
	j := mustOpenIn(t, fs, "/srv/roomful/data", quiet())
	acks := newAckLog()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- drive(ctx, j, drivenRoom(0), acks.add) }()
	acks.wait(1)
	acked := acks.snapshot()
	after := fs.CrashClone(vfs.CrashCloneCfg{})
	cancel()
	<-done
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = mustOpenIn(t, after, "/srv/roomful/data", quiet())
	checkDriven(t, j, acked)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}
