// Package journal is the contract of durable logs: one ordered log, one
// snapshot and at most one due time per room, behind engines in backend/.
//
// Its invariant is compare-and-append: every append names the head it
// follows, and an engine refuses one that follows any other. Safety never
// rests on a clock or a lease. journaltest holds the suite every engine must
// pass. The package itself starts no goroutine and does no I/O.
package journal
