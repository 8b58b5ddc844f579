package media

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/roomful/roomful/room"
)

const party = room.ID("event/ab12cd34")

func photo(large, small string) *Photo {
	return &Photo{Width: 2, Height: 1, Sizes: map[int][]byte{Large: []byte(large), Small: []byte(small)}}
}

func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := OpenStore(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustPut(t testing.TB, s *Store, id room.ID, p *Photo) string {
	t.Helper()
	hash, err := s.Put(id, p)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// read is what is visible, "" for nothing.
func read(t testing.TB, s *Store, id room.ID, hash string, size int) string {
	t.Helper()
	f, err := s.Open(id, hash, size)
	if err != nil {
		wantRefused(t, hash, room.NotFound, err)
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestPutIsByContent(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	hash := mustPut(t, s, party, photo("large", "small"))
	if again := mustPut(t, s, party, photo("large", "small")); again != hash || !hashPattern.MatchString(hash) {
		t.Errorf("%s, then %s", hash, again)
	}
	if n := len(files(t, dir)); n != 2 {
		t.Errorf("%d files of one photo, put twice, want 2", n)
	}
	for _, other := range []*Photo{photo("large", "smalk"), photo("larges", "mall"), photo("small", "large")} {
		if mustPut(t, s, party, other) == hash {
			t.Errorf("%s has the hash of another photo", other.Sizes[Large])
		}
	}
	s = openStore(t, dir)
	if l, m := read(t, s, party, hash, Large), read(t, s, party, hash, Small); l != "large" || m != "small" {
		t.Errorf("%q and %q after opening again", l, m)
	}
}

func TestRoomsShareNothing(t *testing.T) {
	s := openStore(t, t.TempDir())
	hash := mustPut(t, s, party, photo("l", "s"))
	if read(t, s, "event/other", hash, Large) != "" {
		t.Error("another room shows it")
	}
	mustPut(t, s, "event/other", photo("l", "s"))
	if err := s.Remove(party, hash); err != nil {
		t.Fatal(err)
	}
	if read(t, s, party, hash, Large) != "" || read(t, s, "event/other", hash, Large) != "l" {
		t.Error("removing in one room is not what the other sees")
	}
}

func TestRemovalLeavesNoBytes(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	hash := mustPut(t, s, party, photo("l", "s"))
	mustPut(t, s, party, photo("l2", "s2"))
	reading, err := s.Open(party, hash, Large)
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	for range 2 {
		if err := errors.Join(s.Remove(party, hash), s.RemoveRoom("event/none"), s.RemoveRoom(party)); err != nil {
			t.Fatal(err)
		}
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("%q left", left)
	}
	if b, err := io.ReadAll(reading); string(b) != "l" {
		t.Errorf("who was reading got %q, %v", b, err)
	}
}

func TestUploadsSpoolBesideThePhotos(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	p, err := NewPreparer(Options{Spool: s.Spool()}).Prepare(t.Context(), bytes.NewReader(jpegOf(t, quarters(40, 20))), -1)
	if err != nil {
		t.Fatal(err)
	}
	hash := mustPut(t, s, party, p)
	if got := read(t, s, party, hash, Small); got != string(p.Sizes[Small]) || len(files(t, dir)) != 2 {
		t.Errorf("%d bytes of %d, in %q", len(got), len(p.Sizes[Small]), files(t, dir))
	}
}

func TestPathTricks(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, filepath.Join(dir, "media"))
	hash := mustPut(t, s, party, photo("l", "s"))
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", ".", "..", "../../secret", "/etc/passwd", hash + "/..", "../" + hash, strings.ToUpper(hash), hash[:63], hash + "0", hash + "\n", hash[:63] + "/",
		"%2e%2e%2f", hash[:32] + "\x00" + hash[33:], strings.Repeat("../", 21) + "a", ".unfinished",
	} {
		if read(t, s, party, bad, Large) != "" {
			t.Errorf("%q opened something", bad)
		}
		if s.Remove(party, bad) == nil {
			t.Errorf("%q removed something", bad)
		}
	}
	for _, id := range []room.ID{"", ".", "..", "../media/event", "event", "event/..", "event/../event", "/event/x", ".unfinished/x", "event/a/b", "event\\x"} {
		if _, err := s.Put(id, photo("l", "s")); err == nil {
			t.Errorf("put into %q", id)
		}
		if read(t, s, id, hash, Large) != "" || s.RemoveRoom(id) == nil {
			t.Errorf("%q reached something", id)
		}
	}
	for _, n := range []int{0, -1, 2048, 321} {
		if read(t, s, party, hash, n) != "" {
			t.Errorf("size %d opened something", n)
		}
	}
	if err := os.Symlink(filepath.Join(dir), filepath.Join(dir, "media", "event", "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put("event/link", photo("l", "s")); err == nil {
		t.Error("a link led out of the store")
	}
	if read(t, s, party, hash, Large) != "l" {
		t.Error("the photo is gone")
	}
}

func TestFullStoreRefuses(t *testing.T) {
	dir := t.TempDir()
	full := false
	s, err := OpenStore(dir, func() bool { return full })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	hash := mustPut(t, s, party, photo("l", "s"))
	full = true
	_, err = s.Put(party, photo("l2", "s2"))
	wantRefused(t, "a full disk", room.Busy, err)
	if read(t, s, party, hash, Large) != "l" || s.Remove(party, hash) != nil {
		t.Error("a full disk keeps from reading or removing")
	}
}

func TestFailedPutLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "event"), nil, 0o600); err != nil { // where a folder must be
		t.Fatal(err)
	}
	if _, err := s.Put(party, photo("l", "s")); err == nil {
		t.Fatal("put")
	}
	if left := files(t, filepath.Join(dir, unfinished)); len(left) != 0 {
		t.Errorf("%q left", left)
	}
}

func TestManyPutTheSame(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			hash, err := s.Put(party, photo("l", "s"))
			if err != nil || read(t, s, party, hash, Small) != "s" {
				t.Errorf("%s, %v", hash, err)
			}
		})
	}
	wg.Wait()
	if n := len(files(t, dir)); n != 2 {
		t.Errorf("%d files, want 2", n)
	}
}

// killAt names the variable that makes this program the victim of
// TestKillDuringPut: the folder, and the step at which it dies.
const killAt = "MEDIA_KILL_AT"

func TestKillDuringPut(t *testing.T) {
	if where := os.Getenv(killAt); where != "" {
		dieDuringPut(t, where)
	}
	p := photo("l", "s")
	for step, visible := 1, false; !visible; step++ {
		dir := t.TempDir()
		victim := exec.Command(os.Args[0], "-test.run=^TestKillDuringPut$")
		victim.Env = append(os.Environ(), killAt+"="+strconv.Itoa(step)+":"+dir)
		out, err := victim.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("step %d: the victim lives: %v\n%s", step, err, out)
		}
		renamed := bytes.Contains(out, []byte("renamed"))
		if left := files(t, dir); step > 1 && len(left) == 0 {
			t.Errorf("step %d: the victim had not begun", step)
		}
		s := openStore(t, dir)
		large, small := read(t, s, party, p.hash(), Large), read(t, s, party, p.hash(), Small)
		if visible = large != ""; visible != renamed || visible != (small != "") {
			t.Errorf("step %d, killed after %q: large %q, small %q", step, out, large, small)
		}
		if left := files(t, dir); !visible && len(left) != 0 {
			t.Errorf("step %d: %q not swept", step, left)
		}
		if hash := mustPut(t, s, party, p); read(t, s, party, hash, Large) != "l" {
			t.Errorf("step %d: cannot be put again", step)
		}
	}
}

func dieDuringPut(t *testing.T, where string) {
	step, dir, _ := strings.Cut(where, ":")
	left, _ := strconv.Atoi(step)
	s := openStore(t, dir)
	s.step = func(name string) {
		if left--; left > 0 {
			return
		}
		os.Stdout.WriteString(name)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	_, _ = s.Put(party, photo("l", "s"))
}
