package netloop

import (
	"net"
	"syscall"
)

// tried is the link of the portable path to a socket with a descriptor: a parked
// reader, writes that are tried once without blocking, and a waiter while the
// socket is full.
type tried struct {
	nc  net.Conn
	raw syscall.RawConn

	// try is the one write, made once so that a Send allocates nothing.
	try   func(fd uintptr) bool
	out   []byte
	wrote int
	again bool
	err   error

	waiting bool
}

func newTried(nc net.Conn, raw syscall.RawConn) *tried {
	t := &tried{nc: nc, raw: raw}
	t.try = func(fd uintptr) bool {
		t.wrote, t.again, t.err = tryWrite(fd, t.out)
		return true
	}
	return t
}

func (t *tried) start(c *Conn) error {
	r := &reader{c: c, nc: t.nc, raw: t.raw, taken: make(chan struct{}, 1)}
	c.loop.group.goroutines.Go(r.run)
	return nil
}

func (t *tried) receive(c *Conn, chunk []byte) { c.read(chunk) }

func (t *tried) write(_ *Conn, b []byte) (n int, full bool, err error) {
	if len(b) == 0 {
		return 0, false, nil
	}
	t.out = b
	if err := t.raw.Write(t.try); err != nil {
		return 0, false, err
	}
	t.out = nil
	return t.wrote, t.again || t.err == nil && t.wrote < len(b), t.err
}

// awaitWritable parks a goroutine in the runtime's poller. The loop writes
// nothing meanwhile, so the two do not meet.
func (t *tried) awaitWritable(c *Conn) error {
	if t.waiting {
		return nil
	}
	t.waiting = true
	c.loop.group.goroutines.Go(func() {
		t.raw.Write(isWritable) // an error means that c was closed
		c.loop.Post(&becameWritable{c, t})
	})
	return nil
}

type becameWritable struct {
	c *Conn
	t *tried
}

func (w *becameWritable) Run(*Loop) {
	w.t.waiting = false
	w.c.writable()
}

func (t *tried) shut(*Conn) { shutWrite(t.nc) }

func (t *tried) close(*Conn) { t.nc.Close() }

func shutWrite(nc net.Conn) {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	} else {
		nc.Close()
	}
}

// lent is the link to a net.Conn that can only block: each write is lent to a
// goroutine. It serves what has no descriptor, and TLS that did not come through
// Listen.
type lent struct {
	nc      net.Conn
	writing bool
}

func (b *lent) start(c *Conn) error {
	r := &reader{c: c, nc: b.nc, taken: make(chan struct{}, 1)}
	c.loop.group.goroutines.Go(r.run)
	return nil
}

func (b *lent) receive(c *Conn, chunk []byte) { c.read(chunk) }

func (b *lent) write(c *Conn, p []byte) (n int, full bool, err error) {
	if b.writing || len(p) == 0 {
		return 0, b.writing, nil
	}
	b.writing = true
	c.loop.group.goroutines.Go(func() {
		_, err := b.nc.Write(p)
		c.loop.Post(&written{c, b, err})
	})
	return len(p), true, nil
}

type written struct {
	c   *Conn
	b   *lent
	err error
}

func (w *written) Run(*Loop) {
	w.b.writing = false
	if w.err != nil {
		w.c.lose(w.err)
		return
	}
	w.c.writable()
}

func (b *lent) awaitWritable(*Conn) error { return nil } // written calls

// shut and close may block: TLS says goodbye first.
func (b *lent) shut(c *Conn) { c.loop.group.goroutines.Go(func() { shutWrite(b.nc) }) }

func (b *lent) close(c *Conn) { c.loop.group.goroutines.Go(func() { b.nc.Close() }) }
