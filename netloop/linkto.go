package netloop

import (
	"crypto/tls"
	"net"
	"syscall"
	"time"
)

// linkTo takes nc apart and picks the best way to it that the loop has.
func (l *Loop) linkTo(c *Conn, nc net.Conn) (link, error) {
	nc.SetDeadline(time.Time{})
	switch nc := nc.(type) {
	case *listened:
		return l.linkPlain(c, nc.Conn)
	case *tls.Conn:
		under, ok := nc.NetConn().(*listened)
		if !ok || !canTry(under.Conn) {
			return &lent{nc: nc}, nil
		}
		plain, err := l.linkPlain(c, under.Conn)
		if err != nil {
			return nil, err
		}
		return newSecured(plain, nc, under), nil
	default:
		return l.linkPlain(c, nc)
	}
}

func (l *Loop) linkPlain(c *Conn, nc net.Conn) (link, error) {
	if !canTry(nc) {
		return &lent{nc: nc}, nil
	}
	opts := &l.group.opts
	if s, ok := nc.(interface{ SetWriteBuffer(int) error }); ok {
		s.SetWriteBuffer(opts.SendBufferBytes)
	}
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	setSocket(raw, opts.DeadAfter)
	if byEpoll, err := l.linkByEpoll(c, nc, raw); byEpoll != nil || err != nil {
		return byEpoll, err
	}
	return newTried(nc, raw), nil
}

// canTry reports whether nc has a descriptor that can be tried without blocking.
func canTry(nc net.Conn) bool {
	_, ok := nc.(syscall.Conn)
	return ok && haveTries
}
