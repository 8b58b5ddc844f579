package pebble

import (
	"log/slog"
	"math"

	lsm "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options configure a Journal. The zero value of each field is its default.
type Options struct {
	// FreeFloorBytes is how much of the disk must stay free. Under it Append
	// and Save return journal.ErrFull. It must hold what Pebble writes in the
	// background meanwhile. 0 means DefaultFreeFloorBytes, Unwatched turns
	// the watch off.
	FreeFloorBytes uint64

	// CacheBytes bounds the blocks of the store that are kept in memory.
	CacheBytes int64

	// CachedHeads bounds the rooms whose head is kept in memory, about 150
	// bytes each. Any other room's next append reads its head from the disk.
	CachedHeads int

	// Logger gets what an operator should know. nil means slog.Default().
	Logger *slog.Logger

	// Fatal is called once when a write failed: what is on the disk is
	// unknown, every later call fails, and the process should end, for the
	// next start finds out. It may run with the store's locks held: it must
	// not call the Journal. It may return. nil only logs.
	Fatal func(error)
}

// The defaults.
const (
	DefaultFreeFloorBytes = 256 << 20 // the memtables in the queue, and a compaction's output until its input is dropped
	DefaultCacheBytes     = 16 << 20  // the blocks of rooms that wake are read once
	DefaultCachedHeads    = 64 << 10  // more than the rooms that are awake at once; 10 MB
)

// Unwatched is the FreeFloorBytes of a journal that does not ask how full the
// disk is.
const Unwatched = math.MaxUint64

func (o Options) withDefaults() Options {
	if o.FreeFloorBytes == 0 {
		o.FreeFloorBytes = DefaultFreeFloorBytes
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	if o.CachedHeads == 0 {
		o.CachedHeads = DefaultCachedHeads
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Sizes of the store; docs/design says how they were measured.
const (
	// memTableBytes: larger makes flushes fewer; but one being filled and one
	// kept for reuse stay in memory, and Go's heap may be twice what it holds.
	// A process that had written a million rooms rested at 505 MB with 64 MiB.
	memTableBytes = 32 << 20
	// memTables bounds what is replayed after a crash, and memory under load.
	memTables = 4
	// l0Sublevels is when compaction begins: later is fewer bytes written.
	l0Sublevels = 8
	// openTables bounds file descriptors, which connections need.
	openTables = 512
)

// storeFormat is Pebble's format on our disks. A newer one makes older
// programs unable to open it: raise it with formatVersion.
const storeFormat = lsm.FormatValueSeparation

func (j *Journal) storeOptions(fs vfs.FS) *lsm.Options {
	logger := storeLogger{j}
	return &lsm.Options{
		FS:                          fs,
		FormatMajorVersion:          storeFormat,
		CacheSize:                   j.opts.CacheBytes,
		MaxOpenFiles:                openTables,
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       l0Sublevels,
		L0StopWritesThreshold:       4 * l0Sublevels,
		CompactionConcurrencyRange:  func() (lower, upper int) { return 1, 1 },
		FlushDelayDeleteRange:       trimFlushDelay,
		Logger:                      logger,
		EventListener: &lsm.EventListener{
			BackgroundError: logger.background,
			DataCorruption:  logger.corruption,
			WriteStallBegin: logger.stall,
			LowDiskSpace:    func(lsm.LowDiskSpaceInfo) {}, // Full says it
		},
	}
}
