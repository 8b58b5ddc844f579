package netloop

// A loop keeps a few of its short-lived structs for the next connection that
// needs one. They are the loop's alone, so there is no lock.
const (
	maxSpares     = 64
	maxSpareBytes = 16 << 10 // a spare parser keeps no larger message buffer
)

type spareParsers struct{ free []*parser }

func (s *spareParsers) get() *parser {
	if n := len(s.free); n > 0 {
		p := s.free[n-1]
		s.free = s.free[:n-1]
		return p
	}
	return new(parser)
}

func (s *spareParsers) put(p *parser) {
	if len(s.free) == maxSpares {
		return
	}
	*p = parser{msg: p.msg[:0], control: p.control[:0]}
	if cap(p.msg) > maxSpareBytes {
		p.msg = nil
	}
	s.free = append(s.free, p)
}

type spareHelds struct{ free []*held }

func (s *spareHelds) get() *held {
	if n := len(s.free); n > 0 {
		h := s.free[n-1]
		s.free = s.free[:n-1]
		return h
	}
	return new(held)
}

func (s *spareHelds) put(h *held) {
	if len(s.free) == maxSpares || cap(h.queue) > maxSpareBytes/24 {
		return
	}
	clear(h.queue) // so that it pins no frame
	*h = held{queue: h.queue[:0]}
	s.free = append(s.free, h)
}
