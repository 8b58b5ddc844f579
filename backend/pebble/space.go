package pebble

import (
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// How old what we know of the disk may be. Asking costs about 2 µs.
const (
	lookEvery      = 100 * time.Millisecond
	lookEveryBytes = 4 << 20
)

// space watches the disk's free bytes and refuses writes under a floor. It
// counts what was written since it last looked, so that a burst cannot run
// through the floor between two looks. Safe for concurrent use; never waits
// but for the system call.
type space struct {
	fs     vfs.FS
	dir    string
	floor  uint64
	logger *slog.Logger

	looking atomic.Bool   // somebody asks the system just now
	looked  atomic.Int64  // when, in Unix nanoseconds
	free    atomic.Uint64 // as of then
	since   atomic.Int64  // bytes taken since then
	full    atomic.Bool
}

func newSpace(fs vfs.FS, dir string, floor uint64, logger *slog.Logger) *space {
	s := &space{fs: fs, dir: dir, floor: floor, logger: logger}
	s.look(time.Now())
	return s
}

// take reports whether n bytes may be written, and counts them if so.
func (s *space) take(now time.Time, n int) bool {
	if s.floor == Unwatched {
		return true
	}
	if s.stale(now) || s.since.Load()+int64(n) > lookEveryBytes || s.left() < n {
		s.look(now)
	}
	if s.left() < n {
		return false
	}
	s.since.Add(int64(n))
	return true
}

// isFull reports whether the disk is under the floor.
func (s *space) isFull(now time.Time) bool {
	if s.floor != Unwatched && s.stale(now) {
		s.look(now)
	}
	return s.full.Load()
}

func (s *space) stale(now time.Time) bool {
	return now.UnixNano()-s.looked.Load() >= int64(lookEvery)
}

// left is how many bytes may be written before the floor.
func (s *space) left() int {
	used := s.floor + uint64(max(0, s.since.Load()))
	free := s.free.Load()
	if free <= used {
		return 0
	}
	return int(min(free-used, math.MaxInt))
}

// look asks the system. Whoever comes meanwhile goes on with the last answer.
func (s *space) look(now time.Time) {
	if !s.looking.CompareAndSwap(false, true) {
		return
	}
	defer s.looking.Store(false)
	since := s.since.Load()
	usage, err := s.fs.GetDiskUsage(s.dir)
	if err != nil { // a file system that cannot say is never full
		usage.AvailBytes = math.MaxUint64
	}
	s.free.Store(usage.AvailBytes)
	s.since.Add(-since)
	s.looked.Store(now.UnixNano())
	s.tell(s.left() == 0)
}

func (s *space) tell(full bool) {
	if s.full.Swap(full) == full {
		return
	}
	if full {
		s.logger.Error("disk is under its floor of free space: nothing is stored until there is room",
			"dir", s.dir, "free_bytes", s.free.Load(), "floor_bytes", s.floor)
		return
	}
	s.logger.Info("disk has room again", "dir", s.dir, "free_bytes", s.free.Load())
}
