package pebble

import (
	"io"
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/journal/journaltest"
)

// quiet are options for tests: what is logged on purpose is not shown.
func quiet() Options {
	return Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func TestConformance(t *testing.T) {
	journaltest.Run(t, func(t testing.TB, dir string) journal.Journal { return mustOpen(t, dir, quiet()) })
}

// TestConformanceWithoutCache reads a head from the disk at nearly every
// append.
func TestConformanceWithoutCache(t *testing.T) {
	opts := quiet()
	opts.CachedHeads = 2
	journaltest.Run(t, func(t testing.TB, dir string) journal.Journal { return mustOpen(t, dir, opts) })
}

func mustOpen(t testing.TB, dir string, opts Options) *Journal {
	t.Helper()
	return mustOpenIn(t, vfs.Default, dir, opts)
}

func mustOpenIn(t testing.TB, fs vfs.FS, dir string, opts Options) *Journal {
	t.Helper()
	j, err := openIn(fs, dir, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return j
}
