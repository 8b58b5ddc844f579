package pebble

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

func TestUnderTheFloorNothingIsStored(t *testing.T) {
	fs := vfs.NewMem()
	opts := quiet()
	opts.FreeFloorBytes = 1 << 20
	setFree := func(free uint64) { fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: free, TotalBytes: 1 << 40}) }
	setFree(2 << 20)
	j := mustOpenIn(t, fs, "data", opts)
	defer j.Close()
	head := appendTo(t, j, "event/a", journal.Head{}, 1)

	setFree(1 << 20)
	j.space.looked.Store(0) // as if the last look were long ago
	if !j.Full() {
		t.Error("Full is false at the floor")
	}
	if _, err := j.Append(t.Context(), "event/a", head, drivenRecord("event/a", head, 1)); !errors.Is(err, journal.ErrFull) {
		t.Errorf("Append: %v, want ErrFull", err)
	}
	for _, size := range []int{10, maxInlineBytes + 1} {
		if err := j.Save(t.Context(), "event/a", journal.Snapshot{Seq: 1, Data: make([]byte, size)}); !errors.Is(err, journal.ErrFull) {
			t.Errorf("Save of %d bytes: %v, want ErrFull", size, err)
		}
	}
	loaded, err := j.Load(t.Context(), "event/a")
	if err != nil || loaded.Head != head || loaded.Snapshot.Data != nil {
		t.Errorf("while full, Load is %+v, %v", loaded, err)
	}
	must(t, j.Trim(t.Context(), "event/a", 1))
	if m := j.Metrics(); !m.Full || m.FreeBytes != 1<<20 {
		t.Errorf("metrics are %+v", m)
	}

	setFree(2 << 20)
	head = appendTo(t, j, "event/a", head, 1)
	if j.space.looked.Store(0); j.Full() {
		t.Error("Full is true after space returned")
	}
	saveTo(t, j, "event/a", journal.Snapshot{Seq: 2, Data: make([]byte, maxInlineBytes+1)})
	appendTo(t, j, "event/a", head, 1)
}

// TestBurstStopsAtTheFloor writes faster than the system is asked.
func TestBurstStopsAtTheFloor(t *testing.T) {
	const floor = 64 << 20
	fs := vfs.NewMem()
	r := rand.New(rand.NewPCG(1, 2))
	now, free := time.Unix(1_700_000_000, 0), uint64(200<<20)
	tell := func() { fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: free}) }
	tell()
	s := newSpace(fs, "data", floor, quiet().Logger)
	refused := 0
	for refused < 1000 {
		n := 1 + r.IntN(1<<20)
		if !s.take(now, n) {
			refused++
			continue
		}
		free -= uint64(n)
		if tell(); free < floor {
			t.Fatalf("%d bytes are free, the floor is %d", free, floor)
		}
		now = now.Add(time.Duration(r.IntN(300)) * time.Microsecond)
	}
	if free > floor+2<<20 {
		t.Errorf("stopped with %d bytes free, want close to the floor of %d", free, floor)
	}
}

// failing is a disk whose writes fail once it is told to.
type failing struct {
	*errorfs.FS
	match atomic.Pointer[func(errorfs.Op) bool]
}

var errDisk = errors.New("disk is broken")

func newFailing(fs vfs.FS) *failing {
	f := &failing{}
	f.FS = errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if match := f.match.Load(); match != nil && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && (*match)(op) {
			return errDisk
		}
		return nil
	}))
	return f
}

func (f *failing) fail(match func(errorfs.Op) bool) { f.match.Store(&match) }

func ofLog(op errorfs.Op) bool      { return filepath.Ext(op.Path) == ".log" }
func ofManifest(op errorfs.Op) bool { return strings.Contains(op.Path, "MANIFEST") }
func isSync(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo
}

func TestFailedWriteEndsTheJournal(t *testing.T) {
	for name, match := range map[string]func(errorfs.Op) bool{
		"log write": func(op errorfs.Op) bool { return ofLog(op) && op.Kind == errorfs.OpFileWrite },
		"log sync":  func(op errorfs.Op) bool { return ofLog(op) && isSync(op) },
		"all":       func(errorfs.Op) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			disk := vfs.NewMem()
			fs := newFailing(disk)
			opts, fatal := quiet(), make(chan error, 10)
			opts.Fatal = func(err error) { fatal <- err }
			j := mustOpenIn(t, fs, "data", opts)
			head := appendTo(t, j, "event/a", journal.Head{}, 2)
			other := appendTo(t, j, "event/b", journal.Head{}, 1)

			fs.fail(match)
			rec := drivenRecord("event/a", head, 1)
			if _, err := j.Append(t.Context(), "event/a", head, rec); !errors.Is(err, journal.ErrUnknown) {
				t.Errorf("the append that met it: %v, want ErrUnknown", err)
			}
			cause := <-fatal
			checkDead(t, j, other, cause)
			if err := j.Close(); !errors.Is(err, cause) {
				t.Errorf("Close: %v, want what failed", err)
			}
			if len(fatal) > 0 {
				t.Error("Fatal was called again")
			}
			checkReopened(t, copyOf(t, disk), head)
		})
	}
}

// checkDead checks that every later call fails, and definitely.
func checkDead(t *testing.T, j *Journal, head journal.Head, cause error) {
	t.Helper()
	ctx := t.Context()
	rec := drivenRecord("event/b", head, 1)
	_, appendErr := j.Append(ctx, "event/b", head, rec)
	_, settleErr := j.Settle(ctx, "event/a", head, rec)
	_, loadErr := j.Load(ctx, "event/a")
	for name, err := range map[string]error{
		"Append": appendErr,
		"Settle": settleErr,
		"Load":   loadErr,
		"Save":   j.Save(ctx, "event/b", journal.Snapshot{Seq: 1, Data: []byte("s")}),
		"Trim":   j.Trim(ctx, "event/b", 1),
	} {
		if !errors.Is(err, cause) || errors.Is(err, journal.ErrUnknown) {
			t.Errorf("%s afterwards: %v, want what failed", name, err)
		}
	}
	j.Metrics()
}

// checkReopened checks that the next process finds what was acknowledged.
func checkReopened(t *testing.T, fs vfs.FS, head journal.Head) {
	t.Helper()
	j := mustOpenIn(t, fs, "data", quiet())
	defer j.Close()
	loaded, err := j.Load(t.Context(), "event/a")
	if err != nil || loaded.Head.Token < head.Token {
		t.Errorf("after a restart, Load is %+v, %v; want what was acknowledged up to %+v", loaded.Head, err, head)
	}
	checkDrivenRoom(t, j, "event/a", loaded)
}

// copyOf is the disk without the locks of the process that failed.
func copyOf(t *testing.T, fs *vfs.MemFS) vfs.FS {
	t.Helper()
	copied := vfs.NewMem()
	_, err := vfs.Clone(fs, copied, "data", "data")
	must(t, err)
	return copied
}

func TestFailedManifestEndsTheJournal(t *testing.T) {
	fs := newFailing(vfs.NewMem())
	opts, fatal := quiet(), make(chan error, 10)
	opts.Fatal = func(err error) { fatal <- err }
	j := mustOpenIn(t, fs, "data", opts)
	head := appendTo(t, j, "event/a", journal.Head{}, 2)
	fs.fail(ofManifest)
	if _, err := j.db.AsyncFlush(); err != nil {
		t.Fatal(err)
	}
	cause := <-fatal
	if _, err := j.Append(t.Context(), "event/a", head, drivenRecord("event/a", head, 1)); !errors.Is(err, cause) {
		t.Errorf("Append: %v, want what failed", err)
	}
	if err := j.Close(); !errors.Is(err, cause) {
		t.Errorf("Close: %v, want what failed", err)
	}
}

func TestFailedOpenReturns(t *testing.T) {
	for _, what := range []string{"MANIFEST", ".log", formatFile, lockFile, snapshotDir} {
		t.Run(what, func(t *testing.T) {
			fs := newFailing(vfs.NewMem())
			fs.fail(func(op errorfs.Op) bool { return strings.Contains(op.Path, what) })
			opts := quiet()
			opts.Fatal = func(err error) { t.Errorf("Fatal was called, though Open returned: %v", err) }
			if j, err := openIn(fs, "data", opts); err == nil {
				t.Error("Open succeeded on a broken disk")
				_ = j.Close()
			}
		})
	}
}

func TestFailedSnapshotFileLeavesTheOldOne(t *testing.T) {
	fs := newFailing(vfs.NewMem())
	j := mustOpenIn(t, fs, "data", quiet())
	defer j.Close()
	id := room.ID("event/a")
	head := appendTo(t, j, id, journal.Head{}, 2)
	old := make([]byte, maxInlineBytes+1)
	saveTo(t, j, id, journal.Snapshot{Seq: 1, Data: old})
	fs.fail(func(op errorfs.Op) bool { return strings.Contains(op.Path, snapshotDir) })
	if err := j.Save(t.Context(), id, journal.Snapshot{Seq: 2, Data: make([]byte, maxInlineBytes+2)}); !errors.Is(err, errDisk) {
		t.Errorf("Save: %v, want the disk's error", err)
	}
	fs.fail(func(errorfs.Op) bool { return false })
	loaded, err := j.Load(t.Context(), id)
	if err != nil || loaded.Snapshot.Seq != 1 || len(loaded.Snapshot.Data) != len(old) {
		t.Errorf("the snapshot is at %d, %v; want the old one", loaded.Snapshot.Seq, err)
	}
	appendTo(t, j, id, head, 1)
}
