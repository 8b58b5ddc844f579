package pebble

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/roomful/roomful/room"
)

// snapshotFiles is the folder of large snapshots. A file is named
// "event.ab12cd34.41.9f0c2e77d1a4b3c5": kind, name, seq, and a random number,
// so that a new one never takes the place of one that is still referred to.
type snapshotFiles struct {
	fs  vfs.FS
	dir string
}

const temporary = ".tmp"

func (f *snapshotFiles) newName(id room.ID, seq uint64) string {
	return fmt.Sprintf("%s.%s.%d.%016x", id.Kind(), id.Name(), seq, rand.Uint64())
}

// roomOf reads the room in a file's name.
func roomOf(name string) (room.ID, bool) {
	parts := strings.Split(name, ".")
	if len(parts) != 4 {
		return "", false
	}
	if _, err := strconv.ParseUint(parts[2], 10, 64); err != nil {
		return "", false
	}
	id, err := room.NewID(parts[0], parts[1])
	return id, err == nil
}

// write makes the file durable, all or nothing.
func (f *snapshotFiles) write(name string, data []byte) error {
	return writeFile(f.fs, f.dir, name, data)
}

func (f *snapshotFiles) read(name string) (data []byte, err error) {
	file, err := f.fs.Open(filepath.Join(f.dir, name))
	if err != nil {
		return nil, err
	}
	defer file.Close() // nothing was written
	return io.ReadAll(file)
}

// remove drops a file that nothing refers to any more; "" is none.
func (f *snapshotFiles) remove(name string) error {
	if name == "" {
		return nil
	}
	return f.fs.Remove(filepath.Join(f.dir, name))
}

// sweepFiles removes what a crash left: files half written, and files whose
// entry was not stored or was replaced.
func (j *Journal) sweepFiles() error {
	names, err := j.fs.List(j.files.dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", j.files.dir, err)
	}
	for _, name := range names {
		orphan, err := j.orphan(name)
		if err == nil && orphan {
			err = j.files.remove(name)
		}
		if err != nil {
			j.opts.Logger.Warn("a snapshot file was not swept", "file", name, "err", err)
		}
	}
	return nil
}

// orphan reports whether nothing refers to the file. It leaves alone what it
// did not write.
func (j *Journal) orphan(name string) (bool, error) {
	if strings.HasSuffix(name, temporary) {
		return true, nil
	}
	id, ok := roomOf(name)
	if !ok {
		return false, errors.New("not a snapshot's name")
	}
	entry, err := j.snapshotOf(id)
	return err == nil && entry.file != name, err
}

// writeFile writes a file beside its name, then puts it in place, each step
// on the disk before the next.
func writeFile(fs vfs.FS, dir, name string, data []byte) error {
	path := filepath.Join(dir, name)
	if err := writeSynced(fs, path+temporary, data); err != nil {
		return err
	}
	if err := fs.Rename(path+temporary, path); err != nil {
		return err
	}
	return syncDir(fs, dir)
}

func writeSynced(fs vfs.FS, path string, data []byte) error {
	file, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// makeDir makes dir and its parents so that they survive a power cut.
func makeDir(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return syncDir(fs, parent)
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
