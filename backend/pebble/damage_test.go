package pebble

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

const hurt, healthy = room.ID("event/hurt"), room.ID("event/well")

// damaged is a journal with two rooms of five records each: 3 updates, 3, 0,
// 3, 3. The snapshot is at 6.
func damaged(t *testing.T) (j *Journal, dir string) {
	t.Helper()
	dir = t.TempDir()
	j = mustOpen(t, dir, quiet())
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, id := range []room.ID{hurt, healthy} {
		head := journal.Head{}
		for _, n := range []int{3, 3, 0, 3, 3} {
			head = appendTo(t, j, id, head, n)
		}
		saveTo(t, j, id, journal.Snapshot{Seq: 6, Data: bytes.Repeat([]byte(id), maxInlineBytes)})
	}
	return j, dir
}

func TestDamageStopsOneRoom(t *testing.T) {
	key := func(last, token uint64) []byte { return recordKey(hurt, last, token) }
	flip := func(key []byte) func(*testing.T, *Journal) {
		return func(t *testing.T, j *Journal) { flipStored(t, j, key) }
	}
	lose := func(key []byte) func(*testing.T, *Journal) {
		return func(t *testing.T, j *Journal) { must(t, j.db.Delete(key, lsm.Sync)) }
	}
	for name, c := range map[string]struct {
		damage func(*testing.T, *Journal)
		load   string // part of Load's error; "" means that it does not need the part
		read   string // the same of Read from the start
	}{
		"first record flipped": {flip(key(3, 1)), "ends at update 3", "ends at update 3"},
		"first record lost":    {lose(key(3, 1)), "", "history starts later"},
		"hole before snapshot": {lose(key(6, 2)), "", "follows record 1"},
		"no updates, lost":     {lose(key(6, 3)), "record 4 follows record 2", "record 4 follows record 2"},
		"middle flipped":       {flip(key(9, 4)), "ends at update 9", "ends at update 9"},
		"middle lost":          {lose(key(9, 4)), "record 5 follows record 3", "record 5 follows record 3"},
		"last flipped":         {flip(key(12, 5)), "ends at update 12", "ends at update 12"},
		"last lost":            {lose(key(12, 5)), "between update 9 and 13", "between update 9 and 13"},
		"snapshot flipped":     {flip(snapshotKey(hurt)), "snapshot", ""},
		"snapshot lost":        {lose(snapshotKey(hurt)), "", ""},
		"record of another place": {func(t *testing.T, j *Journal) {
			value, closer, err := j.db.Get(key(12, 5))
			must(t, err)
			defer closer.Close()
			must(t, j.db.Set(key(9, 4), bytes.Clone(value), lsm.Sync))
		}, "update 10 where 7", "update 10 where 7"},
	} {
		t.Run(name, func(t *testing.T) {
			j, _ := damaged(t)
			c.damage(t, j)
			_, err := j.Load(t.Context(), hurt)
			checkDamage(t, "Load", err, c.load)
			var readErr error
			for _, err := range j.Read(t.Context(), hurt, 0) {
				readErr = err
			}
			checkDamage(t, "Read", readErr, c.read)
			checkHealthy(t, j)
		})
	}
}

func checkDamage(t *testing.T, what string, err error, says string) {
	t.Helper()
	switch {
	case says == "":
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	case err == nil, !strings.Contains(err.Error(), says), !strings.Contains(err.Error(), string(hurt)):
		t.Errorf("%s: %v, want an error that names the room and says %q", what, err, says)
	case !errors.Is(err, journal.ErrCorrupt) && !errors.Is(err, journal.ErrTrimmed):
		t.Errorf("%s: %v, want ErrCorrupt", what, err)
	}
}

func checkHealthy(t *testing.T, j *Journal) {
	t.Helper()
	loaded, err := j.Load(t.Context(), healthy)
	if err != nil {
		t.Fatalf("the other room: %v", err)
	}
	seen := 0
	for _, err := range j.Read(t.Context(), healthy, 0) {
		if err != nil {
			t.Fatalf("the other room: %v", err)
		}
		seen++
	}
	if seen != 12 {
		t.Fatalf("the other room has %d updates, want 12", seen)
	}
	appendTo(t, j, healthy, loaded.Head, 1)
}

func TestDamagedHeadRefusesAppends(t *testing.T) {
	j, dir := damaged(t)
	loaded, err := j.Load(t.Context(), hurt)
	must(t, err)
	flipStored(t, j, recordKey(hurt, 12, 5))
	must(t, j.Close())
	again := mustOpen(t, dir, quiet())
	defer again.Close()
	_, err = again.Append(t.Context(), hurt, loaded.Head, drivenRecord(hurt, loaded.Head, 1))
	checkDamage(t, "Append", err, "ends at update 12")
	checkHealthy(t, again)
}

func TestDamagedSnapshotFile(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"lost":  os.Remove,
		"empty": func(path string) error { return os.Truncate(path, 0) },
		"cut":   func(path string) error { return os.Truncate(path, maxInlineBytes) },
	} {
		t.Run(name, func(t *testing.T) {
			j, dir := damaged(t)
			for _, file := range snapshotNames(t, dir) {
				if id, _ := roomOf(file); id == hurt {
					must(t, damage(filepath.Join(dir, snapshotDir, file)))
				}
			}
			_, err := j.Load(t.Context(), hurt)
			if !errors.Is(err, journal.ErrCorrupt) {
				t.Errorf("Load: %v, want ErrCorrupt", err)
			}
			checkHealthy(t, j)
		})
	}
}

// TestDamagedTable flips bytes in the store's own files.
func TestDamagedTable(t *testing.T) {
	j, dir := damaged(t)
	must(t, j.db.Flush())
	must(t, j.Close())
	tables, err := filepath.Glob(filepath.Join(dir, storeDir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	for _, path := range tables {
		b, err := os.ReadFile(path)
		must(t, err)
		b[10] ^= 1 // in the first block of data
		must(t, os.WriteFile(path, b, 0o644))
	}
	again := mustOpen(t, dir, quiet())
	defer again.Close()
	if _, err := again.Load(t.Context(), hurt); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("Load: %v, want ErrCorrupt", err)
	}
	if err := again.failure(); err != nil {
		t.Errorf("damage in one file ended the journal: %v", err)
	}
}

func flipStored(t *testing.T, j *Journal, key []byte) {
	t.Helper()
	value, closer, err := j.db.Get(key)
	must(t, err)
	bad := bytes.Clone(value)
	must(t, closer.Close())
	bad[len(bad)/2] ^= 1
	must(t, j.db.Set(key, bad, lsm.Sync))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
