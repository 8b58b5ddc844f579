//go:build million && linux

package pebble

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// TestMillionRooms measures a journal of a million rooms: memory at rest, and
// how long opening takes after a clean stop and after a kill under load.
//
//	go test -tags million -run TestMillionRooms -v -timeout 30m ./backend/pebble
func TestMillionRooms(t *testing.T) {
	if mode := os.Getenv("ROOMFUL_TEST_MILLION"); mode != "" {
		millionChild(t, mode)
		return
	}
	runModes(t, "fill", "rest", "load", "rest")
}

// TestOpenAfterKill measures opening after a kill while the disk is written as
// fast as it can be, so that as much as possible has to be replayed.
func TestOpenAfterKill(t *testing.T) { runModes(t, "burst", "open", "burst", "open", "burst", "open") }

func runModes(t *testing.T, modes ...string) {
	dir := t.TempDir()
	for _, mode := range modes {
		cmd := exec.Command(os.Args[0], "-test.run", "TestMillionRooms", "-test.v", "-test.timeout", "30m")
		cmd.Env = append(os.Environ(), "ROOMFUL_TEST_MILLION="+mode, "ROOMFUL_TEST_DIR="+dir)
		out, _ := cmd.CombinedOutput() // "load" kills itself
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "million:") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}

const million = 1_000_000

func millionRoom(i int) room.ID { return room.ID(fmt.Sprintf("event/m%06d", i)) }

func millionChild(t *testing.T, mode string) {
	start := time.Now()
	j := mustOpen(t, os.Getenv("ROOMFUL_TEST_DIR"), quiet())
	say(mode, "opened", start)
	switch mode {
	case "fill":
		start = time.Now()
		appendAll(t, j, million, 1, func(i int) int { return i })
		say(mode, "filled", start)
	case "rest":
		start = time.Now()
		n := 0
		for _, err := range j.Rooms(t.Context(), "") {
			must(t, err)
			n++
		}
		say(mode, fmt.Sprintf("listed %d rooms", n), start)
		start = time.Now()
		for range 1000 {
			_, err := j.Load(t.Context(), millionRoom(rand.IntN(million)))
			must(t, err)
		}
		say(mode, "loaded 1000 rooms", start)
	case "load":
		start = time.Now()
		appendAll(t, j, million/2, 1, func(int) int { return rand.IntN(million) })
		killSelf(t, mode, start)
	case "burst": // about 400 MB
		start = time.Now()
		appendAll(t, j, 100_000+rand.IntN(5000), 16, func(i int) int { return i % 1000 })
		killSelf(t, mode, start)
	}
	runtime.GC()
	say(mode, "collected", start)
	debug.FreeOSMemory() // what the runtime does by itself within minutes
	say(mode, "at rest", start)
	start = time.Now()
	must(t, j.Close())
	say(mode, "closed", start)
}

func killSelf(t *testing.T, mode string, start time.Time) {
	say(mode, "appended, killing", start)
	p, err := os.FindProcess(os.Getpid())
	must(t, err)
	must(t, p.Kill())
	select {}
}

// appendAll appends n records of so many updates to the rooms that which
// names; a room that was chosen twice at once is passed over.
func appendAll(t *testing.T, j *Journal, n, updates int, which func(int) int) {
	const writers = 256
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := w; i < n; i += writers {
				id := millionRoom(which(i))
				loaded, err := j.heads.durable(context.Background(), j.dead, id)
				if err == nil {
					_, err = j.Append(context.Background(), id, loaded, benchRecord(loaded, updates))
				}
				if err != nil && !strings.Contains(err.Error(), journal.ErrFenced.Error()) {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
}

func say(mode, what string, since time.Time) {
	status, _ := os.ReadFile("/proc/self/status")
	rss := ""
	for line := range bytes.Lines(status) {
		if f := strings.Fields(string(line)); len(f) > 1 && f[0] == "VmRSS:" {
			rss = f[1]
		}
	}
	fmt.Printf("million: %s %s after %v, rss %s kB\n", mode, what, time.Since(since).Round(time.Millisecond), rss)
}
