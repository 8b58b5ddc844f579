// Package room is the contract everything else is built on: what a room is,
// what happens in it, and what a feature must do to take part.
//
// A room is a log. Commands ask for a change, a feature decides, and what it
// records becomes updates in one total order. State is only ever the fold of
// those updates. Who may see an update is fixed when it is recorded.
//
// The package holds no goroutine, lock, clock or I/O, and imports nothing of
// this module. Read Behavior and Tx first.
package room
