package netloop

import (
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// Listen wraps ln so that connections accepted from it can be adopted under TLS
// without a goroutine each: crypto/tls never gives back the connection it was
// made over, so that has to be ours from the start. Use it below TLS only:
//
//	server.ServeTLS(netloop.Listen(ln), "", "")
func Listen(ln net.Listener) net.Listener { return listener{ln} }

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &listened{Conn: nc}, nil
}

// listened is a connection that crypto/tls works over: the net.Conn itself until
// a loop takes it, then whatever the loop feeds it.
type listened struct {
	net.Conn
	by atomic.Pointer[secured] // nil until it is taken
}

func (n *listened) Read(b []byte) (int, error) {
	if s := n.by.Load(); s != nil {
		return s.readCipher(b)
	}
	return n.Conn.Read(b)
}

func (n *listened) Write(b []byte) (int, error) {
	if s := n.by.Load(); s != nil {
		return s.writeCipher(b)
	}
	return n.Conn.Write(b)
}

// Close does nothing once the loop has the socket: the link closes it.
func (n *listened) Close() error {
	if n.by.Load() != nil {
		return nil
	}
	return n.Conn.Close()
}

func (n *listened) SetDeadline(t time.Time) error {
	return errors.Join(n.SetReadDeadline(t), n.SetWriteDeadline(t))
}

func (n *listened) SetReadDeadline(t time.Time) error {
	if n.by.Load() != nil {
		return nil
	}
	return n.Conn.SetReadDeadline(t)
}

func (n *listened) SetWriteDeadline(t time.Time) error {
	if n.by.Load() != nil {
		return nil
	}
	return n.Conn.SetWriteDeadline(t)
}

// secured is TLS over another link. It rests on two habits of crypto/tls: a
// temporary error from a read leaves a half-read record for the next try, and an
// error from a write is for good. So reading says "would block", and writing
// never does: ciphertext that the socket does not take is kept here. Nothing is
// shared: each connection encrypts for itself.
type secured struct {
	link
	conn *tls.Conn
	c    *Conn

	in  []byte // ciphertext of the chunk being received, not yet read by conn
	out []byte // ciphertext that the socket did not take
}

const (
	recordBytes    = 16 << 10  // most plaintext in a record, RFC 8446 section 5.1
	maxCipherBytes = 128 << 10 // a record and some alerts or key updates are less: the peer plays tricks
)

var errCipherHeld = errors.New("too much TLS output waiting")

func newSecured(under link, conn *tls.Conn, n *listened) *secured {
	s := &secured{link: under, conn: conn}
	n.by.Store(s)
	return s
}

func (s *secured) start(c *Conn) error {
	s.c = c
	return s.link.start(c)
}

func (s *secured) receive(c *Conn, chunk []byte) {
	if c.loop.plain == nil {
		c.loop.plain = make([]byte, recordBytes)
	}
	s.in = chunk
	for c.phase != doomed {
		n, err := s.conn.Read(c.loop.plain)
		if n > 0 {
			c.read(c.loop.plain[:n])
		}
		if err == errWouldBlock {
			break
		}
		if err != nil {
			c.lose(err)
		}
	}
	if len(s.out) > 0 && c.held == nil && c.phase != doomed {
		c.beginHolding(nil) // conn answered something that the socket did not take
	}
}

func (s *secured) readCipher(b []byte) (int, error) {
	if len(s.in) == 0 {
		return 0, errWouldBlock
	}
	n := copy(b, s.in)
	s.in = s.in[n:]
	return n, nil
}

// writeCipher is what conn calls, from write and, for key updates and alerts,
// from Read.
func (s *secured) writeCipher(b []byte) (int, error) {
	n := 0
	if len(s.out) == 0 {
		var err error
		if n, _, err = s.link.write(s.c, b); err != nil {
			return 0, err
		}
	}
	if len(s.out)+len(b)-n > maxCipherBytes {
		return 0, errCipherHeld
	}
	s.out = append(s.out, b[n:]...)
	return len(b), nil
}

// write encrypts b a record at a time, for as long as the socket takes the
// ciphertext.
func (s *secured) write(c *Conn, b []byte) (n int, full bool, err error) {
	if full, err = s.flush(c); full || err != nil {
		return 0, full, err
	}
	for n < len(b) && len(s.out) == 0 {
		part := b[n:min(len(b), n+recordBytes)]
		if _, err := s.conn.Write(part); err != nil {
			return n, false, err
		}
		n += len(part)
	}
	return n, len(s.out) > 0, nil
}

func (s *secured) flush(c *Conn) (full bool, err error) {
	if len(s.out) == 0 {
		return false, nil
	}
	n, full, err := s.link.write(c, s.out)
	if s.out = s.out[n:]; len(s.out) == 0 {
		s.out = nil // keeps no buffer while nothing waits
	}
	return full, err
}

// shut says goodbye in TLS before the stream's end.
func (s *secured) shut(c *Conn) {
	s.conn.CloseWrite()
	s.flush(c)
	s.link.shut(c)
}

func (s *secured) close(c *Conn) {
	if s.c != nil {
		s.conn.Close()
	}
	s.link.close(c)
}

// errWouldBlock is temporary in the sense of net.Error, which is what crypto/tls
// asks.
var errWouldBlock error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }
