package netloop

import "sync"

// Stats is what a group did and holds. Counters never go back; the others are of
// the moment. A loop's share is as of the end of its last pass.
type Stats struct {
	WebSockets int // open now
	SSEs       int // open now
	FullConns  int // connections whose socket is full now
	HeldBytes  int // waiting for full sockets now; shared frames are counted for each

	Messages   uint64 // whole text messages in
	ReadBytes  uint64
	SentFrames uint64 // calls of Send that were accepted
	SentBytes  uint64 // handed to the kernel, before TLS
	Writes     uint64 // tries to hand bytes to the kernel
	FullWrites uint64 // of which the socket did not take all

	Closes map[uint16]uint64 // ended connections by close code; 1006: without one
}

func (s *Stats) add(o *Stats) {
	s.WebSockets += o.WebSockets
	s.SSEs += o.SSEs
	s.FullConns += o.FullConns
	s.HeldBytes += o.HeldBytes
	s.Messages += o.Messages
	s.ReadBytes += o.ReadBytes
	s.SentFrames += o.SentFrames
	s.SentBytes += o.SentBytes
	s.Writes += o.Writes
	s.FullWrites += o.FullWrites
	for code, n := range o.Closes {
		s.Closes[code] += n
	}
}

// published is a loop's copy of its counters for other goroutines. The loop
// itself counts without a lock and copies once per pass.
type published struct {
	mu     sync.Mutex // guards stats, Closes included
	stats  Stats
	closes map[uint16]uint64
}

func (p *published) set(s Stats) {
	p.mu.Lock()
	p.stats = s
	p.mu.Unlock()
}

func (p *published) closed(code uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closes == nil {
		p.closes = map[uint16]uint64{}
	}
	p.closes[code]++
}

func (p *published) addTo(sum *Stats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Closes = p.closes
	sum.add(&s)
}

// Stats sums up all loops.
func (g *Group) Stats() Stats {
	sum := Stats{Closes: map[uint16]uint64{}}
	for _, l := range g.loops {
		l.shown.addTo(&sum)
	}
	return sum
}
