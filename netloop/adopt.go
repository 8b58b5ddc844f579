package netloop

import (
	"net"
)

// Adopt takes over nc, whose 101 or SSE head is already written, together with
// the bytes that the HTTP server read ahead. The least loaded loop gets it and
// calls h.Opened soon. nc and early belong to the group from now on. After an
// error nc is closed and h is never called.
//
// nc may be a *tls.Conn whose handshake is done; it stays off the goroutine path
// only if its listener went through [Listen]. Anything else without a descriptor
// is served too, by goroutines.
func (g *Group) Adopt(nc net.Conn, early []byte, how How, h Handler) error {
	if g.closed.Load() {
		nc.Close()
		return ErrClosed
	}
	c := &Conn{loop: g.leastLoaded(), handler: h}
	if how.Protocol == SSE {
		c.flags |= sse
	}
	if how.Deflate {
		c.flags |= deflate
	}
	var err error
	if c.link, err = c.loop.linkTo(c, nc); err != nil {
		nc.Close()
		return err
	}
	c.loop.load.Add(1)
	if !c.loop.post(&adoption{c, early}) {
		c.loop.load.Add(-1)
		c.link.close(c)
		return ErrClosed
	}
	return nil
}

func (g *Group) leastLoaded() *Loop {
	least := g.loops[0]
	for _, l := range g.loops[1:] {
		if l.load.Load() < least.load.Load() {
			least = l
		}
	}
	return least
}

// adoption is the task that brings a new connection to its loop.
type adoption struct {
	c     *Conn
	early []byte
}

func (a *adoption) Run(l *Loop) {
	c := a.c
	c.heard, c.sent = l.wheel.now, l.wheel.now
	l.wheel.put(c, l.wheel.now)
	l.cameIn(c)
	err := c.link.start(c)
	c.handler.Opened(c)
	if err != nil {
		c.lose(err)
		return
	}
	if l.closing {
		c.Close(codeRestart, "server is restarting")
	}
	if len(a.early) > 0 {
		c.read(a.early)
	}
	c.link.receive(c, nil) // TLS may have read ahead too
}

func (l *Loop) cameIn(c *Conn) {
	l.open++
	if c.flags.has(sse) {
		l.count.SSEs++
	} else {
		l.count.WebSockets++
	}
}

func (l *Loop) wentOut(c *Conn) {
	l.open--
	l.load.Add(-1)
	if c.flags.has(sse) {
		l.count.SSEs--
	} else {
		l.count.WebSockets--
	}
	l.shown.closed(c.end.Code)
}
