package media

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/roomful/roomful/room"
)

// Store keeps photos on disk, by content, below the room that they were sent
// to:
//
//	event/ab12cd34/<sha256>/320.jpg
//	event/ab12cd34/<sha256>/1080.jpg
//
// A photo is a folder, so that one rename makes all of its sizes visible at
// once, and one takes them away. Rooms do not share photos: what is removed in
// one is not another's, nobody learns from a hash what other rooms have, and
// an event is purged by one rename.
//
// A Store may be used by many goroutines at once; all methods block on the
// disk. One process at a time has it open.
type Store struct {
	root *os.Root // refuses every path that leads out of it
	full func() bool
	step func(string) // for tests: called between the steps of Put
}

// unfinished is where photos are written before they are visible and go to
// when they are removed. No kind of room begins with a dot.
const unfinished = ".unfinished"

var hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

var errNoPhoto = room.Errorf(room.NotFound, "This picture is not here, or not any more.")

// OpenStore opens the store in dir, makes it if it is missing, and deletes
// what a process that died has left unfinished. full says that the disk is;
// nil means never.
func OpenStore(dir string, full func() bool) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open media: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open media: %w", err)
	}
	if full == nil {
		full = func() bool { return false }
	}
	s := &Store{root: root, full: full, step: func(string) {}}
	if err := errors.Join(root.RemoveAll(unfinished), root.Mkdir(unfinished, 0o700), s.sync(".")); err != nil {
		root.Close()
		return nil, fmt.Errorf("open media: %w", err)
	}
	return s, nil
}

// Spool is a folder for what is on its way here: on the same disk, and emptied
// by the next OpenStore.
func (s *Store) Spool() string { return filepath.Join(s.root.Name(), unfinished) }

// Close releases the folder.
func (s *Store) Close() error { return s.root.Close() }

// Put keeps a photo of a room and returns its hash: 64 hexadecimal digits,
// the same for the same photo. It is durable on return, and not visible at
// all if Put fails. Busy means that the disk is full.
func (s *Store) Put(id room.ID, p *Photo) (string, error) {
	if s.full() {
		return "", errNoSpace
	}
	if _, err := room.ParseID(string(id)); err != nil {
		return "", err
	}
	hash := p.hash()
	tmp := path.Join(unfinished, rand.Text())
	err := s.write(tmp, p)
	if err == nil {
		err = s.publish(tmp, path.Join(string(id), hash))
	}
	if err != nil {
		_ = s.root.RemoveAll(tmp) // or the next OpenStore does
		return "", diskError(fmt.Sprintf("keep photo of %s", id), err)
	}
	return hash, nil
}

// write makes the photo's folder at tmp, durable but for tmp's own name.
func (s *Store) write(tmp string, p *Photo) error {
	if err := s.root.Mkdir(tmp, 0o700); err != nil {
		return err
	}
	for size, body := range p.Sizes {
		s.step("write")
		if err := s.writeFile(path.Join(tmp, fileName(size)), body); err != nil {
			return err
		}
	}
	s.step("written")
	return s.sync(tmp)
}

func (s *Store) writeFile(name string, body []byte) error {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(body); err != nil {
		f.Close()
		return err
	}
	s.step("unsynced")
	return errors.Join(f.Sync(), f.Close())
}

// publish gives the folder its name and makes each name on the way durable.
// If the name is taken the same photo is there already, perhaps a moment ago
// and not yet durable.
func (s *Store) publish(tmp, name string) error {
	parent := path.Dir(name)
	if err := s.root.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	s.step("rename")
	err := s.root.Rename(tmp, name)
	if errors.Is(err, fs.ErrExist) {
		err = s.root.RemoveAll(tmp)
	}
	if err != nil {
		return err
	}
	s.step("renamed")
	return errors.Join(s.sync(parent), s.sync(path.Dir(parent)), s.sync("."))
}

// sync makes the names in a folder durable.
func (s *Store) sync(dir string) error {
	d, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open opens one size of a room's photo. It is NotFound for what is not there
// and for what is no hash or size. The caller closes the file, which can be
// read to its end even if the photo is removed meanwhile.
func (s *Store) Open(id room.ID, hash string, size int) (*os.File, error) {
	name, err := photoName(id, hash)
	if err != nil || size != Small && size != Large {
		return nil, errNoPhoto
	}
	f, err := s.root.Open(path.Join(name, fileName(size)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoPhoto
	}
	if err != nil {
		return nil, fmt.Errorf("open photo of %s: %w", id, err)
	}
	return f, nil
}

// Remove deletes a room's photo; none is no error. It cannot be opened any
// more, for good, on return.
func (s *Store) Remove(id room.ID, hash string) error {
	name, err := photoName(id, hash)
	if err != nil {
		return err
	}
	return s.remove(name)
}

// RemoveRoom deletes all photos of a room.
func (s *Store) RemoveRoom(id room.ID) error {
	if _, err := room.ParseID(string(id)); err != nil {
		return err
	}
	return s.remove(string(id))
}

func (s *Store) remove(name string) error {
	tmp := path.Join(unfinished, rand.Text())
	err := s.root.Rename(name, tmp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = s.sync(path.Dir(name))
	}
	if err == nil {
		err = s.root.RemoveAll(tmp)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

func photoName(id room.ID, hash string) (string, error) {
	if _, err := room.ParseID(string(id)); err != nil {
		return "", err
	}
	if !hashPattern.MatchString(hash) {
		return "", errNoPhoto
	}
	return path.Join(string(id), hash), nil
}

func fileName(size int) string { return strconv.Itoa(size) + ".jpg" }

// hash is the SHA-256 of all sizes, each after its name and length so that
// no two photos have the same bytes.
func (p *Photo) hash() string {
	h := sha256.New()
	for _, size := range slices.Sorted(maps.Keys(p.Sizes)) {
		fmt.Fprintf(h, "%d %d\n", size, len(p.Sizes[size]))
		h.Write(p.Sizes[size])
	}
	return hex.EncodeToString(h.Sum(nil))
}
