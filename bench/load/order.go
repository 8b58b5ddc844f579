// Package load is the clients: one process owns up to 20,000 raw sockets in
// one epoll set, without a goroutine, buffer or timer per connection. It is
// told what to do by lines of JSON on its standard input and answers each with
// a line on its standard output.
//
// It counts every update that each connection is told, and follows the seqs:
// one that is missing or comes twice is a fault of the run.
//
// The process naps between polls instead of sleeping in epoll_wait, so that no
// delivery pays for a wake-up (peers were measured so too).
package load

import "time"

// Order is what a process is told.
type Order struct {
	Do    string        // "dial", "count", "stall", "flow", "drop", "await", "send"
	Group int           // connections are told apart by group, up to Groups
	Dial  *Dial         // for dial
	Count int           // for stall: the first so many
	Until uint64        // for await: the seq that every connection has to reach
	Text  string        // for send: a frame for every connection
	Every time.Duration // for send: again and again, one after the other
	Limit time.Duration // of dial and await
}

// Groups is how many groups there may be.
const Groups = 8

// Dial opens connections.
type Dial struct {
	Addr     string
	Source   string // address to come from, 127.0.0.x
	Protocol string // "ws", "sse", "bare"
	Count    int
	First    int    // number of the first connection of this process in its group
	Parallel int    // handshakes at once
	Room     string // "channel/b%d": the connection's number modulo Rooms is put in
	Rooms    int
	Wishes   [][]string // `only`: the connection's number modulo their number
	Tokens   []string   // files of bearer tokens, one a line: connection n has the line n
	Goal     string     // "open": 101; "joined": the first view or the word that it goes on; "seq": Until
	Until    uint64
	Resume   bool // the connections of the group come back from where they were
	Deflate  bool

	ReceiveBuffer int // bytes; 0 leaves it to the kernel

	Strict bool // each seq follows the one before: nothing is replaced or addressed to others
	Timed  bool // payloads say when they were sent: "t":NANOSECONDS of CLOCK_MONOTONIC
}

// Report answers an order. Counts are since the last count.
type Report struct {
	Err   string        `json:",omitempty"`
	Took  time.Duration `json:",omitempty"`
	Conns int

	Delivered int // updates
	Frames    int
	Reads     int
	Bytes     int // of the stream, frames' heads included
	Views     int
	Rejoined  int // views that came without being asked for
	Missing   int // seqs passed over, if strict
	Doubled   int
	Lost      int    // connections
	Refused   string // the first error that a server answered
	Oks       int    // answers to send

	Lowest, Highest uint64 // seqs the connections are at

	Latency Hist `json:",omitempty"` // of deliveries if timed, of handshakes after dial
}
