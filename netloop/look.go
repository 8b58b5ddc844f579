package netloop

// look is the wheel's question to a connection whose tick has come: what is due?
// It returns the next tick at which something could be.
func (c *Conn) look() (at uint32) {
	now, t := c.loop.wheel.now, &c.loop.ticks
	if c.phase != opened {
		if now-c.heard >= t.closing {
			c.doom()
		}
		return c.heard + t.closing
	}
	if c.held != nil {
		return c.lookHeld(now, t)
	}
	if c.flags.has(sse) {
		if now-c.sent >= t.heartbeat {
			c.put(heartbeat)
		}
		return c.sent + t.heartbeat
	}
	return c.lookWebSocket(now, t)
}

// lookHeld waits for the socket. There is no ping behind what is held: that the
// peer takes bytes shows that it lives.
func (c *Conn) lookHeld(now uint32, t *ticks) uint32 {
	if now-c.held.since >= t.held {
		c.expire("peer takes no bytes")
	}
	return min(c.held.since+t.held, c.partialDue(now, t))
}

func (c *Conn) lookWebSocket(now uint32, t *ticks) uint32 {
	if now-c.heard >= t.dead {
		c.expire("peer is silent")
		return now
	}
	partial := c.partialDue(now, t)
	if c.phase != opened {
		return partial
	}
	quiet := min(c.heard, c.sent)
	if now-quiet >= t.ping && !c.flags.has(pinged) {
		c.flags |= pinged
		c.put(pingFrame)
	}
	if c.flags.has(pinged) {
		return min(c.heard+t.dead, now+t.ping, partial)
	}
	return min(quiet+t.ping, partial)
}

// partialDue refuses a peer whose message takes too long, and otherwise says
// when that would be.
func (c *Conn) partialDue(now uint32, t *ticks) uint32 {
	if c.in == nil {
		return now + wheelSlots
	}
	if c.phase == opened && now-c.in.since >= t.partial {
		c.refuse(&CloseError{Cause: ByDelay, Code: errPartialTooLong.code, Reason: errPartialTooLong.reason})
	}
	return c.in.since + t.partial
}
