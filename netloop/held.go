package netloop

// held is what a connection could not yet hand to the kernel: references to
// shared frames, and how much of the first has gone. While it exists nothing
// else is written, and the link has been asked to say when it is writable. It
// may be empty: then the link has the last bytes and they are on their way.
type held struct {
	queue [][]byte // frames to go are queue[first:], the first of them cut to what is left
	first int
	bytes int    // in all frames but the first
	pong  []byte // for the newest unanswered ping; goes behind the frames
	since uint32 // tick of the last progress
}

func (h *held) empty() bool { return h.first == len(h.queue) }

func (h *held) push(b []byte) {
	if !h.empty() {
		h.bytes += len(b)
	}
	if h.first > 32 && h.first > len(h.queue)/2 { // else a queue that is never empty grows for ever
		n := copy(h.queue, h.queue[h.first:])
		clear(h.queue[n:])
		h.queue, h.first = h.queue[:n], 0
	}
	h.queue = append(h.queue, b)
}

func (h *held) pop() {
	h.queue[h.first] = nil
	h.first++
	if !h.empty() {
		h.bytes -= len(h.queue[h.first])
	}
}

// left is how many bytes are still to go.
func (h *held) left() int {
	if h.empty() {
		return 0
	}
	return len(h.queue[h.first]) + h.bytes
}

// dropRest drops all frames but the first.
func (h *held) dropRest() {
	clear(h.queue[h.first+1:])
	h.queue, h.bytes = h.queue[:h.first+1], 0
}

// hold keeps b behind what is held already.
func (c *Conn) hold(b []byte) {
	c.loop.count.HeldBytes += len(b)
	c.held.push(b)
	if c.held.bytes > c.loop.group.opts.MaxHeldBytes && c.phase == opened {
		c.overflow()
	}
}

// beginHolding keeps rest, which may be empty, of a frame that filled the socket.
func (c *Conn) beginHolding(rest []byte) {
	c.held = c.loop.helds.get()
	c.held.since = c.loop.wheel.now
	c.loop.count.FullConns++
	if len(rest) > 0 {
		c.loop.count.HeldBytes += len(rest)
		c.held.push(rest)
	}
	c.loop.wheel.sooner(c, c.held.since+c.loop.ticks.held)
	c.awaitWritable()
}

func (c *Conn) awaitWritable() {
	if err := c.link.awaitWritable(c); err != nil {
		c.lose(err)
	}
}

// writable is called by the link when a full socket takes bytes again.
func (c *Conn) writable() {
	if c.held == nil || c.phase == doomed {
		return
	}
	c.held.since = c.loop.wheel.now
	if c.phase == opened {
		c.heard = c.held.since // room in the socket is a sign of life
	}
	full, err := c.drain()
	if err != nil {
		c.lose(err)
		return
	}
	if full {
		c.awaitWritable()
		return
	}
	c.letGo()
	if c.phase == opened {
		c.handler.Writable(c)
		return
	}
	c.lingerOn()
}

// drain writes what is held, in order, until the socket is full again.
func (c *Conn) drain() (full bool, err error) {
	h := c.held
	if h.empty() {
		if _, full, err = c.write(nil); full || err != nil {
			return full, err
		}
	}
	for {
		if h.empty() && h.pong != nil {
			c.loop.count.HeldBytes += len(h.pong)
			h.push(h.pong)
			h.pong = nil
		}
		if h.empty() {
			return false, nil
		}
		if full, err = c.drainOne(); full || err != nil {
			return full, err
		}
	}
}

func (c *Conn) drainOne() (full bool, err error) {
	h := c.held
	frame := &h.queue[h.first]
	n, full, err := c.write(*frame)
	c.loop.count.HeldBytes -= n
	if *frame = (*frame)[n:]; len(*frame) == 0 {
		h.pop()
	}
	return full, err
}

// letGo gives the held struct back, with whatever is still in it.
func (c *Conn) letGo() {
	if c.held == nil {
		return
	}
	c.loop.count.FullConns--
	c.loop.count.HeldBytes -= c.held.left()
	c.loop.helds.put(c.held)
	c.held = nil
}
