// Package sim runs a node, its journal's faults and its readers from one seed,
// inside one testing/synctest bubble, and holds what they did to what Roomful
// promises.
//
// A world is an event and a talk on one node: members with outboxes that post,
// react, moderate, ban and retry; readers on loops of their own that stall, are
// cut off in the middle of a frame, and come back on another door; a journal
// that is slow, fails, stores what it reports as failed, or does not know; a
// node that is retired, closed, crashed, and whose clock jumps.
//
// Every wait has a duration of its own, drawn from the seed, so that one
// goroutine wakes at an instant and a seed replays exactly. Run returns the
// trace of a seed for that to be compared.
//
// The package is for tests. Its goroutines all end with Run.
package sim
