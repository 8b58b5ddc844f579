// Package fanout tells what a room recorded to everyone who reads it here.
//
// A Tail is the live end of one room's log on this node: a bounded ring of
// encoded updates and a table of signals. A Cursor is one reader's place in
// it. Readers who have been told the same and see the same stand together in
// a group with one shared place, and get each new frame as one shared buffer;
// a reader whose socket is full leaves the group, keeps its own place and
// reads on when it is writable. Behind the ring's end it joins again and gets
// a view.
//
// The invariant: a cursor is told every update its sight sees, in order, once,
// up to conflation and removal; and no frame that begins after a removal was
// published carries what it withdrew.
//
// Goroutines: none of its own. Publish is called by the room's drain; cursors
// are moved and frames are written only on the loop that owns the cursor's
// connection. The Tail's lock guards the ring, the signals and the cache of
// frames, and is never held over a write.
package fanout
