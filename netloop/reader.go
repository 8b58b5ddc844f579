package netloop

import (
	"io"
	"net"
	"sync"
	"syscall"
)

// reader is the goroutine that reads for a connection of the portable path. It
// hands one chunk at a time to the loop and waits until that is handled, so a
// peer is read no faster than it is served.
type reader struct {
	c     *Conn
	nc    net.Conn
	raw   syscall.RawConn // nil: nc can only be read with a buffer at hand
	taken chan struct{}

	chunk []byte
	err   error
}

const (
	chunkBytes    = 16 << 10
	ownChunkBytes = 4 << 10 // kept per connection where it cannot be pooled
)

var chunks = sync.Pool{New: func() any { return new([chunkBytes]byte) }}

func (r *reader) run() {
	own := []byte(nil)
	if r.raw == nil {
		own = make([]byte, ownChunkBytes)
	}
	for r.err == nil {
		var shared *[chunkBytes]byte
		if r.raw == nil {
			r.readInto(own)
		} else {
			shared = r.readWhenReadable()
		}
		if !r.c.loop.post(r) {
			return
		}
		<-r.taken
		if shared != nil {
			chunks.Put(shared)
		}
	}
}

func (r *reader) readInto(buf []byte) {
	var n int
	n, r.err = r.nc.Read(buf)
	r.chunk = buf[:n]
}

// readWhenReadable takes a buffer only when there is something to put into it.
func (r *reader) readWhenReadable() (buf *[chunkBytes]byte) {
	r.chunk = nil
	var failed error
	err := r.raw.Read(func(fd uintptr) bool {
		buf = chunks.Get().(*[chunkBytes]byte)
		n, again, err := tryRead(fd, buf[:])
		if again {
			chunks.Put(buf)
			return false
		}
		r.chunk, failed = buf[:n], err
		return true
	})
	if r.err = err; err == nil {
		r.err = failed
	}
	if r.err == nil && len(r.chunk) == 0 {
		r.err = io.EOF
	}
	return buf
}

// Run is the reader's chunk on the loop.
func (r *reader) Run(*Loop) {
	c, err := r.c, r.err
	if len(r.chunk) > 0 && c.phase != doomed {
		c.link.receive(c, r.chunk)
	}
	if err != nil {
		c.lose(err)
	}
	r.taken <- struct{}{}
}
