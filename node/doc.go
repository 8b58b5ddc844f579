// Package node hosts rooms: it wakes them, runs their turns and puts them to
// sleep again.
//
// A room is a queue, and a goroutine that exists while the queue is not empty.
// While a commit is in flight the inbox fills, and the next turn takes all of
// it: group commit without a timer. An idle room is memory only; one that
// nobody reads is not even that.
//
// The invariant is decide, commit, tell: nothing that came out of an
// uncommitted turn leaves the room. A failed commit means: forget the state,
// reload. A panic in a feature is contained to its room.
//
// Goroutines: one drain per room with something in its inbox, and reads of
// history, both waited for by Close; one sweep per node, owned by Run. The
// package knows no connections: outcomes go to a Receiver, updates to the
// room's fanout.Tail.
package node
