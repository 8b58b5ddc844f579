package pebble

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/roomful/roomful/journal"
)

// formatVersion numbers what is on the disk: keys, values, files and Pebble's
// own format. Each earlier one needs a step in checkFormat that migrates it.
const formatVersion = 1

// formatFile holds one line: "roomful journal 1".
const (
	formatFile   = "FORMAT"
	formatPrefix = "roomful journal "
	lockFile     = "LOCK"
)

// checkFormat reads the folder's format and writes ours if the folder is new.
func checkFormat(fsys vfs.FS, dir string) error {
	version, err := readFormat(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return initFormat(fsys, dir)
	}
	if err != nil {
		return err
	}
	if version > formatVersion {
		return fmt.Errorf("%s was written by a newer Roomful: its format is %d and this version knows up to %d; "+
			"run the newer version, or restore a backup made by this one into an empty folder", dir, version, formatVersion)
	}
	return nil
}

func readFormat(fsys vfs.FS, dir string) (int, error) {
	path := filepath.Join(dir, formatFile)
	file, err := fsys.Open(path)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	defer file.Close() // nothing was written
	line, err := io.ReadAll(file)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	digits, ok := strings.CutPrefix(strings.TrimSpace(string(line)), formatPrefix)
	version, err := strconv.Atoi(digits)
	if !ok || err != nil || version < 1 {
		return 0, fmt.Errorf("%s does not say which format the folder has: %.40q; "+
			"put the file back from a backup, or choose another folder", path, line)
	}
	return version, nil
}

// initFormat refuses a folder whose format was lost: guessing could destroy
// what a newer version wrote.
func initFormat(fsys vfs.FS, dir string) error {
	store := filepath.Join(dir, storeDir)
	if _, err := fsys.Stat(store); err == nil {
		return fmt.Errorf("%s has a store but no %s file: it was copied in part; copy the whole folder", dir, formatFile)
	}
	line := formatPrefix + strconv.Itoa(formatVersion) + "\n"
	if err := writeFile(fsys, dir, formatFile, []byte(line)); err != nil {
		return fmt.Errorf("write %s in %s: %w", formatFile, dir, err)
	}
	return nil
}

// lockDir keeps other processes out until the closer is closed.
func lockDir(fsys vfs.FS, dir string) (io.Closer, error) {
	lock, err := fsys.Lock(filepath.Join(dir, lockFile))
	if err == nil {
		return lock, nil
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) { // the file could not be made
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return nil, fmt.Errorf("%w: the folder %s belongs to another Roomful that is still running; "+
		"stop that one first, or give this one its own folder (%v)", journal.ErrLocked, dir, err)
}
