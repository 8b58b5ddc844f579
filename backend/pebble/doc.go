// Package pebble is the journal of one machine: all rooms' logs in one Pebble
// store inside this process.
//
// Its invariant: what Append returned nil for is on the disk, and nobody sees
// a record before it is. Appends of all rooms share a sync: see committer.
// Which record a room's next one must follow is decided in memory: see heads.
// keys.go says what is stored under which key.
//
// Goroutines: the committer's, which exists only while appends wait; Close
// waits for it. Pebble's own flush and compact; closing the store waits for
// them.
//
// The package does not decide when to save or trim, and keeps no room's
// updates in memory.
package pebble
