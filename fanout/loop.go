package fanout

import (
	"time"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/wire"
)

// Loop is the goroutine that owns some of the connections. netloop's loops are
// one; the simulation has its own.
type Loop interface {
	// Post runs t on the loop soon; tasks of one poster in order. From any
	// goroutine; never blocks.
	Post(t Task)
	// After runs t on the loop once d has passed. On the loop only.
	After(d time.Duration, t Task)
	// ID is a small number, 0 for the first loop: an index.
	ID() int
}

// Task is a piece of work for a loop. It must not block.
type Task interface{ Run() }

// Sink is the connection at the end of a cursor. All methods are called on
// its loop.
type Sink interface {
	// Send hands b to the socket without blocking or calling back: b is shared
	// and never changes. False means some of it is held back; the owner calls
	// Cursor.Resume once nothing is.
	Send(b []byte) bool
	// Idle reports whether nothing is held back.
	Idle() bool
	// Rejoin says that c cannot go on from its place: it fell behind the
	// ring, or its member's rights changed. The owner joins the room again
	// and gets a view.
	Rejoin(c *Cursor)
}

// Codec frames pushes for one kind of door. There are few, compared by
// pointer, and readers of the same codec share bytes.
type Codec struct {
	Name string
	Push func(dst []byte, p *wire.Push) []byte
}

// Limits bound what a Tail keeps and how it paces. The zero value is replaced
// by Default.
type Limits struct {
	RingUpdates int // updates in the ring
	RingBytes   int // of their encoded bytes
	FrameBytes  int // a frame is cut here; the next goes on
	Sights      int // distinct narrowed sights in one room; past them `only` is not granted
}

// Default returns the limits that hold unless a test says otherwise.
func Default() Limits {
	return Limits{
		RingUpdates: 1024,      // domain G-6: 500 missed are answered with deltas; twice that
		RingBytes:   512 << 10, // 1024 updates of the usual 200 to 500 bytes
		FrameBytes:  64 << 10,  // one socket buffer
		Sights:      16,        // three classes and some dozen `only` sets
	}
}

// place is where a reader is: updates up to seq, signals up to version sig.
type place struct {
	seq uint64
	sig uint32
}

func (p place) behind(q place) bool { return p.seq < q.seq || p.sig < q.sig }

// Stats counts what the tails of a node did. Fields are read with atomic loads
// by the metrics.
type Stats struct {
	Frames    counter // frames built
	Told      counter // updates told, once per reader
	Conflated counter // updates that a newer one took the place of
	Demoted   counter // readers who fell behind
	Lost      counter // readers who fell behind the ring
}

// Reader is what a cursor is for: who reads what, how.
type Reader struct {
	Member room.MemberID
	Sight  room.Sight
	Codec  *Codec
	Asked  uint64 // the log's head when the room was asked for the sight
}
