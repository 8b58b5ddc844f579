package pebble

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	lsm "github.com/cockroachdb/pebble/v2"
)

// storeLogger is how Pebble speaks to us.
type storeLogger struct{ j *Journal }

var _ lsm.Logger = storeLogger{}

func (l storeLogger) Infof(format string, args ...any) {
	logger := l.j.opts.Logger
	if logger.Enabled(context.Background(), slog.LevelDebug) {
		logger.Debug("store: " + fmt.Sprintf(format, args...))
	}
}

func (l storeLogger) Errorf(format string, args ...any) {
	l.j.opts.Logger.Error("store: " + fmt.Sprintf(format, args...))
}

// Fatalf never returns: after a failed write nothing Pebble would do next may
// reach the disk. The process is about to end; see Options.Fatal.
func (l storeLogger) Fatalf(format string, args ...any) {
	l.j.fail(errors.New(fmt.Sprintf(format, args...)))
	select {}
}

// background is about flushes and compactions, which Pebble tries again.
func (l storeLogger) background(err error) {
	l.j.opts.Logger.Error("store: flush or compaction failed, it is tried again", "err", err)
}

// corruption is about a damaged table. Who reads from it gets
// journal.ErrCorrupt; the other rooms go on.
func (l storeLogger) corruption(info lsm.DataCorruptionInfo) {
	l.j.opts.Logger.Error("store: damaged file", "file", info.Path, "err", info.Details)
}

func (l storeLogger) stall(info lsm.WriteStallBeginInfo) {
	l.j.stats.stalls.Add(1)
	l.j.opts.Logger.Debug("store: writes wait", "reason", info.Reason)
}
