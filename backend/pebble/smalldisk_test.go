//go:build power && linux

package pebble

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/roomful/roomful/journal"
)

// TestSmallDiskIsNeverFilled writes to a disk of 600 MB until it is refused,
// goes on asking, makes room, and writes again. It needs root.
func TestSmallDiskIsNeverFilled(t *testing.T) {
	point := t.TempDir()
	command(t, "mount", "-t", "tmpfs", "-o", "size=600m", "tmpfs", point)
	defer command(t, "umount", point)
	ballast := filepath.Join(point, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 100<<20), 0o644))

	opts := quiet()
	opts.Fatal = func(err error) { t.Errorf("the disk failed: %v", err) }
	j := mustOpen(t, filepath.Join(point, "data"), opts)
	defer j.Close()
	acks := newAckLog()
	if err := driveAll(t.Context(), j, acks.add); !errors.Is(err, journal.ErrFull) {
		t.Fatalf("ended with %v, want ErrFull", err)
	}
	for range 200 { // the store compacts meanwhile
		if err := driveAll(t.Context(), j, acks.add); !errors.Is(err, journal.ErrFull) {
			t.Fatalf("ended with %v, want ErrFull", err)
		}
	}
	m := j.Metrics()
	t.Logf("%d bytes are free, the store has %d", m.FreeBytes, m.StoreBytes)
	if m.FreeBytes < DefaultFreeFloorBytes-lookEveryBytes-memTables*memTableBytes {
		t.Errorf("%d bytes are free, far under the floor", m.FreeBytes)
	}
	must(t, os.Remove(ballast))
	checkDriven(t, j, acks.snapshot())
}
