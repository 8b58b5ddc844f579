// Package netloop owns sockets after their HTTP handshake: a poll loop per
// core, an incremental RFC 6455 parser, shared non-blocking writes and a timing
// wheel. It imports no other package of this module and knows no rooms.
//
// The invariant: a connection belongs to one [Loop] for its whole life, and
// only that loop's goroutine reads it, parses it, writes it, times it and calls
// its [Handler]. So a Conn has no lock, and an idle one has no goroutine, no
// buffer and no timer: it is about 130 bytes and a slot in a table. Whatever
// else wants to touch a connection comes in through [Loop.Post].
//
// Bytes given to [Conn.Send] are shared by many connections and never copied or
// changed. After a short write nothing else goes out on that socket, not even a
// pong or a close frame, until the rest of the frame has left.
//
// # Goroutines
//
//	loop      one per [Group.Loops], from New until Close; Close waits for it
//	reader    portable only: one per connection, parked until the socket is readable
//	waiter    portable only: one per connection whose socket is full, parked until it is writable
//	writer    only for a net.Conn without a descriptor: one per write under way
//
// Readers, waiters and writers end when their connection is closed, and Close
// waits for them too. On Linux the epoll descriptor of a loop is itself in the
// runtime's poller, so a sleeping loop is a parked goroutine, not a thread.
//
// # What it does not do
//
// It makes no handshake (give it connections that have sent their 101 or their
// SSE head), sends no binary messages, limits no rates, keeps no address, and
// does not recover from a panic in a Handler or Task. It has no back pressure on
// reading: what a Handler cannot take it has to refuse.
package netloop
