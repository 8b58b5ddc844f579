package netloop

import (
	"encoding/binary"
	"io"
)

// Close codes that we choose ourselves, RFC 6455 section 7.4 and its registry.
const (
	codeNoStatus = 1005
	codeAbnormal = 1006
	codeRestart  = 1012
	codeTryLater = 1013
)

// Close ends c in order. A WebSocket sends a close frame behind what is held and
// waits for the peer's; an SSE stream ends behind what is held. Both are bounded
// by Options.CloseTimeout. From now on no Message or Writable is called and Send
// does nothing. The first Close counts.
func (c *Conn) Close(code uint16, reason string) {
	if c.phase == opened {
		c.closeAs(&CloseError{Cause: ByUs, Code: code, Reason: reason})
	}
}

func (c *Conn) closeAs(end *CloseError) {
	if c.flags.has(sse) {
		c.conclude(lingering, end)
		c.lingerOn()
		return
	}
	c.conclude(closing, end)
	c.put(appendClose(nil, end.Code, end.Reason))
}

// conclude begins the end. The time it may take runs from here.
func (c *Conn) conclude(p phase, end *CloseError) {
	c.phase, c.end = p, end
	c.heard = c.loop.wheel.now
	c.loop.wheel.sooner(c, c.heard+c.loop.ticks.closing)
}

// peerClosed answers a close frame that was checked.
func (c *Conn) peerClosed(payload []byte) {
	if c.phase == closing { // it is the answer
		c.phase = lingering
		c.lingerOn()
		return
	}
	end, answer := &CloseError{Cause: ByPeer, Code: codeNoStatus}, uint16(0)
	if len(payload) > 0 {
		end.Code, end.Reason = binary.BigEndian.Uint16(payload), string(payload[2:])
		answer = end.Code
	}
	c.conclude(lingering, end)
	c.put(appendClose(nil, answer, ""))
	c.lingerOn()
}

// breach refuses a peer that broke the protocol. Its stream cannot be read any
// more, so its close frame is not waited for.
func (c *Conn) breach(v *violation) {
	if c.phase == closing { // our close frame is out already
		c.doom()
		return
	}
	c.refuse(&CloseError{Cause: ByBreach, Code: v.code, Reason: v.reason})
}

func (c *Conn) refuse(end *CloseError) {
	c.conclude(lingering, end)
	c.put(appendClose(nil, end.Code, end.Reason))
	c.lingerOn()
}

// overflow closes a connection that takes less than it is sent. The frame it is
// in the middle of is finished, the others are dropped.
func (c *Conn) overflow() {
	c.loop.count.HeldBytes -= c.held.bytes
	c.held.dropRest()
	c.closeAs(&CloseError{Cause: ByDelay, Code: codeTryLater, Reason: "too slow"})
}

// lingerOn ends our direction of a lingering connection as soon as nothing is
// held. Then the end of the peer's is waited for: to close under unread input
// would reset the connection, and could take our last bytes with it.
func (c *Conn) lingerOn() {
	if c.phase == lingering && c.held == nil {
		c.link.shut(c)
	}
}

// lose ends c because its socket or stream failed.
func (c *Conn) lose(err error) {
	if c.end == nil {
		if err == io.EOF {
			err = nil
		}
		c.end = &CloseError{Cause: ByLoss, Code: codeAbnormal, Reason: "stream ended", Err: err}
	}
	c.doom()
}

// expire ends c because of a timeout that the peer need not be told.
func (c *Conn) expire(reason string) {
	c.end = &CloseError{Cause: ByDelay, Code: codeAbnormal, Reason: reason}
	c.doom()
}

// doom puts c on the loop's list of the dead. The burial comes later in the same
// pass, so that no Handler is called from inside a Send.
func (c *Conn) doom() {
	if c.phase != doomed {
		c.phase = doomed
		c.loop.dead = append(c.loop.dead, c)
	}
}

// bury closes the socket and calls Closed.
func (c *Conn) bury() {
	c.loop.wheel.remove(c)
	c.letGo()
	if c.in != nil {
		c.loop.parsers.put(c.in)
		c.in = nil
	}
	c.link.close(c)
	c.loop.wentOut(c)
	c.handler.Closed(c, c.end)
}
