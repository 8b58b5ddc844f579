package pebble

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

func TestSecondOpenIsLockedOut(t *testing.T) {
	dir := t.TempDir()
	c := startChild(t, dir)
	c.acks.wait(1)
	_, err := Open(dir, quiet())
	if !errors.Is(err, journal.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("while another process has it: %v, want ErrLocked naming %s", err, dir)
	}
	c.kill(t)
	j := mustOpen(t, dir, quiet())
	if _, err := Open(dir, quiet()); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("while this process has it: %v, want ErrLocked", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := mustOpen(t, dir, quiet()).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFormatOfTheFolder(t *testing.T) {
	for name, c := range map[string]struct {
		line string // "" removes the file
		says string // part of the error; "" means it opens
	}{
		"ours":    {"roomful journal 1\n", ""},
		"newer":   {"roomful journal 2\n", "newer Roomful"},
		"garbage": {"\x00\x01", "does not say which format"},
		"zero":    {"roomful journal 0\n", "does not say which format"},
		"lost":    {"", "copied in part"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := mustOpen(t, dir, quiet()).Close(); err != nil {
				t.Fatal(err)
			}
			setFormat(t, dir, c.line)
			j, err := Open(dir, quiet())
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				err = j.Close()
			}
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
			setFormat(t, dir, "roomful journal 1\n")
			if err := mustOpen(t, dir, quiet()).Close(); err != nil {
				t.Errorf("the failed open kept the folder: %v", err)
			}
		})
	}
}

func setFormat(t *testing.T, dir, line string) {
	t.Helper()
	path := filepath.Join(dir, formatFile)
	err := os.Remove(path)
	if line != "" {
		err = os.WriteFile(path, []byte(line), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpenSweepsOrphanedSnapshots(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, quiet())
	large := strings.Repeat("s", maxInlineBytes+1)
	for _, id := range []room.ID{"event/a", "event/b"} {
		head := appendTo(t, j, id, journal.Head{}, 1)
		for range 3 {
			saveTo(t, j, id, journal.Snapshot{Seq: head.Seq, Data: []byte(large)})
		}
	}
	kept := snapshotNames(t, dir)
	if len(kept) != 2 {
		t.Fatalf("files are %q, want one for each room", kept)
	}
	saveTo(t, j, "event/b", journal.Snapshot{Seq: 1, Data: []byte("small")})
	if kept = snapshotNames(t, dir); len(kept) != 1 {
		t.Fatalf("files are %q, want the one of event/a", kept)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, "README")
	for _, name := range []string{
		"event.a.1.00000000000000aa", "event.b.1.00000000000000aa", "event.none.7.00000000000000aa",
		"event.a.1.00000000000000bb" + temporary, "README",
	} {
		if err := os.WriteFile(filepath.Join(dir, snapshotDir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	j = mustOpen(t, dir, quiet())
	defer j.Close()
	slices.Sort(kept)
	if got := snapshotNames(t, dir); !slices.Equal(got, kept) {
		t.Errorf("files are %q, want %q", got, kept)
	}
	if loaded, err := j.Load(t.Context(), "event/a"); err != nil || string(loaded.Snapshot.Data) != large {
		t.Errorf("the snapshot in use was lost: %v", err)
	}
}

func snapshotNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, snapshotDir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// appendTo stores a record of n driven updates.
func appendTo(t testing.TB, j journal.Journal, id room.ID, head journal.Head, n int) journal.Head {
	t.Helper()
	head, err := j.Append(t.Context(), id, head, drivenRecord(id, head, n))
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func drivenRecord(id room.ID, head journal.Head, n int) journal.Record {
	rec := journal.Record{Epoch: "k3", Nonce: head.Token + 1}
	for i := range n {
		rec.Updates = append(rec.Updates, drivenUpdate(id, head.Seq+1+uint64(i)))
	}
	return rec
}

func saveTo(t testing.TB, j journal.Journal, id room.ID, s journal.Snapshot) {
	t.Helper()
	if err := j.Save(t.Context(), id, s); err != nil {
		t.Fatal(err)
	}
}
