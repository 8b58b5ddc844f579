package journal

import (
	"context"
	"errors"
	"iter"

	"github.com/roomful/roomful/room"
)

// Errors of a Journal. Any other error of Append is definite too: nothing was
// stored.
var (
	// ErrFenced says that somebody else appended: drop the room's state.
	ErrFenced = errors.New("journal: another owner appended")
	// ErrUnknown says that the record may or may not be stored: call Settle
	// before anything else.
	ErrUnknown = errors.New("journal: outcome unknown")
	// ErrTrimmed says that the log no longer reaches back that far.
	ErrTrimmed = errors.New("journal: history starts later")
	// ErrFull says that the disk is under its floor of free space. Nothing
	// was stored; reads go on; appends do again once space returns.
	ErrFull = errors.New("journal: not enough free disk space")
	// ErrCorrupt says that a record fails its checksum or a sequence has a
	// hole. The room is stopped, never silently shortened.
	ErrCorrupt = errors.New("journal: corrupt log")
	// ErrLocked says that another process has the data open.
	ErrLocked = errors.New("journal: in use by another process")
	// ErrClosed says that the journal was closed. Nothing was stored.
	ErrClosed = errors.New("journal: closed")
)

// Journal keeps the rooms' logs. All methods may be called at once from many
// goroutines, but for one room at most one Append, Save or Trim at a time.
// All may block on the disk. A canceled ctx ends a wait, never half a write;
// an Append whose ctx ended while it waited is ErrUnknown.
type Journal interface {
	// Append adds one turn's record after head, all or none, and returns the
	// new head once it is durable. Concurrent calls share the cost of a sync.
	// The zero Head starts a room; rec.Epoch then names its history. Epoch,
	// Seq and Token of head must be the log's, else ErrFenced.
	Append(ctx context.Context, id room.ID, head Head, rec Record) (Head, error)

	// Settle finds out what became of an Append that returned ErrUnknown, and
	// finishes it: the record is stored exactly once, and the log's last, when
	// it returns nil. ErrFenced if the log's last record is another's.
	Settle(ctx context.Context, id room.ID, head Head, rec Record) (Head, error)

	// Load returns the newest snapshot and the records after it. A room that
	// was never written is the zero Loaded.
	Load(ctx context.Context, id room.ID) (Loaded, error)

	// Read yields the updates after a seq, oldest first, whole up to the head
	// at the time of the call. ErrTrimmed comes first if the log starts later.
	// It yields covered and superseded updates too: who tells them on passes
	// over them.
	Read(ctx context.Context, id room.ID, after uint64) iter.Seq2[room.Update, error]

	// Save replaces the room's snapshot; durable on return. One older than
	// what is saved already changes nothing and is no error. One without data
	// or past the head is refused.
	Save(ctx context.Context, id room.ID, s Snapshot) error

	// Trim drops records whose updates are all at or before upTo, never past
	// the snapshot and never the last record.
	Trim(ctx context.Context, id room.ID, upTo uint64) error

	// Due yields the rooms whose Head.Due is set and at or before t, earliest
	// first, rooms of the same time in any order. A room whose due time moves
	// meanwhile may be yielded by its old one.
	Due(ctx context.Context, t room.Millis) iter.Seq2[room.ID, error]

	// Rooms yields every room that was ever written, in the order of ids,
	// after the given one ("": from the start).
	Rooms(ctx context.Context, after room.ID) iter.Seq2[room.ID, error]

	// Close waits for appends in flight and releases the data.
	Close() error
}

// Head is the end of a room's log: what an owner presents to append.
type Head struct {
	Epoch string
	Seq   uint64      // of the last update
	Token uint64      // the engine's own; records so far, for engines that have nothing better
	Due   room.Millis // the room's earliest alarm, 0 for none
}

// Loaded is all that a room needs to wake.
type Loaded struct {
	Head     Head
	First    uint64 // seq of the oldest update that Read still has; Head.Seq+1 if none
	Snapshot Snapshot

	// Records are those after the snapshot, oldest first. The first may begin
	// at or before it. Those without updates at its seq are here too, for it
	// may be older than they are: folding one twice must change nothing.
	Records []Record
}

// Snapshot is a room's state at a seq, as the node wrote it.
type Snapshot struct {
	Seq  uint64
	Data []byte // nil: there is none
}
