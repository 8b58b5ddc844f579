package netloop

// Conn is one adopted connection. All its methods belong to the loop it lives
// on; from elsewhere, post a [Task] to [Conn.Loop], which alone may be asked for
// from anywhere.
type Conn struct {
	loop    *Loop
	link    link
	handler Handler

	held *held   // nil unless the socket was full
	in   *parser // nil unless in the middle of a frame or message

	next, prev *Conn  // in the wheel's slot
	due        uint32 // the tick of that slot
	heard      uint32 // tick of the last sign of life from the peer; from Close on: of the close
	sent       uint32 // tick of the last byte out

	fd   int32  // epoll link only
	slot uint32 // epoll link only: place in the poller's table

	phase phase
	flags flags

	end *CloseError // why it ends, from the moment that is known
}

// phase only ever rises.
//
//	open -> closing    we sent a close frame first and wait for the peer's
//	     -> lingering  all is said: flush what is held, end our direction, discard input
//	     -> doomed     in the loop's list of the dead; nothing may touch the socket
type phase uint8

const (
	opened phase = iota
	closing
	lingering
	doomed
)

type flags uint8

const (
	sse        flags = 1 << iota
	deflate          // permessage-deflate was agreed
	pinged           // a ping is out and nothing was heard since
	wantsWrite       // epoll link only: EPOLLOUT is armed
)

func (f flags) has(x flags) bool { return f&x != 0 }

// Loop is the loop that c belongs to for life. It may be called from anywhere.
func (c *Conn) Loop() *Loop { return c.loop }

// Handler is what c was adopted with.
func (c *Conn) Handler() Handler { return c.handler }

// Deflate reports whether frames from AppendTextDeflate may be sent.
func (c *Conn) Deflate() bool { return c.flags.has(deflate) }

// Idle reports whether c is open and nothing is held: the next Send goes
// straight to the kernel.
func (c *Conn) Idle() bool { return c.phase == opened && c.held == nil }

// Send puts b on the wire: whole frames for a WebSocket, anything for SSE. b is
// shared; it may not change any more. True means that the kernel has all of it.
// False means that some of b waits, by reference, or that c is closing and b is
// lost: then Closed follows and Writable does not.
func (c *Conn) Send(b []byte) bool {
	if c.phase != opened {
		return false
	}
	c.loop.count.SentFrames++
	return c.put(b)
}

// put is Send in any phase: the way of control frames too.
func (c *Conn) put(b []byte) bool {
	if c.held != nil {
		c.hold(b)
		return false
	}
	n, full, err := c.write(b)
	if err != nil {
		c.lose(err)
		return false
	}
	if full {
		c.beginHolding(b[n:])
	}
	return !full
}

// write is one try. It alone talks to the link's write.
func (c *Conn) write(b []byte) (n int, full bool, err error) {
	n, full, err = c.link.write(c, b)
	c.sent = c.loop.wheel.now
	c.loop.count.Writes++
	c.loop.count.SentBytes += uint64(n)
	if full {
		c.loop.count.FullWrites++
	}
	return n, full, err
}

// read handles a chunk of the stream, which it may write to.
func (c *Conn) read(chunk []byte) {
	c.loop.count.ReadBytes += uint64(len(chunk))
	if c.phase >= lingering {
		return
	}
	if c.phase == opened {
		c.heard = c.loop.wheel.now
		c.flags &^= pinged
	}
	if c.flags.has(sse) {
		return
	}
	p := c.borrowParser()
	for c.phase <= closing {
		ev, payload, rest, v := p.next(&c.loop.rules, c.flags.has(deflate), chunk)
		if v != nil {
			c.breach(v)
			break
		}
		if ev == evNone {
			break
		}
		if !p.inside {
			p.since = c.loop.wheel.now // what follows is another message
		}
		c.handle(ev, payload)
		chunk = rest
	}
	c.returnParser(p)
}

func (c *Conn) handle(ev event, payload []byte) {
	switch ev {
	case evClose:
		c.peerClosed(payload)
	case evText:
		if c.phase == opened {
			c.loop.count.Messages++
			c.handler.Message(c, payload)
		}
	case evPing:
		if c.phase == opened {
			c.pong(payload)
		}
	}
}

// pong answers a ping at once, or with the newest ping's payload as soon as the
// socket takes it.
func (c *Conn) pong(payload []byte) {
	frame := appendControl(make([]byte, 0, 2+len(payload)), opPong, payload)
	if c.held != nil {
		c.held.pong = frame
		return
	}
	c.put(frame)
}

// borrowParser takes c's own parser or the loop's spare one.
func (c *Conn) borrowParser() *parser {
	if c.in != nil {
		return c.in
	}
	return c.loop.parsers.get()
}

// returnParser leaves c with a parser only if there is something in it.
func (c *Conn) returnParser(p *parser) {
	if c.phase > closing || p.idle() {
		c.in = nil
		c.loop.parsers.put(p)
		return
	}
	if c.in == nil {
		c.in, p.since = p, c.loop.wheel.now
		c.loop.wheel.sooner(c, p.since+c.loop.ticks.partial)
	}
}
