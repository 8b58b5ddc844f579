package netloop

import (
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is the link of all connections of an epoll.
type socket struct{ *epoll }

func (p socket) start(c *Conn) error {
	if n := len(p.free); n > 0 {
		c.slot = p.free[n-1]
		p.free = p.free[:n-1]
	} else {
		c.slot = uint32(len(p.table))
		p.table = append(p.table, place{})
	}
	p.table[c.slot].c = c
	return p.control(unix.EPOLL_CTL_ADD, c, unix.EPOLLIN)
}

func (p *epoll) control(op int, c *Conn, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(c.slot), Pad: p.table[c.slot].gen}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.fd, op, int(c.fd), &ev))
}

func (p socket) receive(c *Conn, chunk []byte) { c.read(chunk) }

// write is one send. MSG_NOSIGNAL because a SIGPIPE would have to be fielded by
// the runtime. Not RawSyscall: it would hold up a stop-the-world.
func (p socket) write(c *Conn, b []byte) (n int, full bool, err error) {
	if len(b) == 0 {
		return 0, false, nil
	}
	for {
		r, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			return int(r), int(r) < len(b), nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, true, nil
		default:
			return 0, false, os.NewSyscallError("send", errno)
		}
	}
}

func (p socket) awaitWritable(c *Conn) error {
	if c.flags.has(wantsWrite) {
		return nil
	}
	c.flags |= wantsWrite
	return p.control(unix.EPOLL_CTL_MOD, c, unix.EPOLLIN|unix.EPOLLOUT)
}

func (p socket) shut(c *Conn) { unix.Shutdown(int(c.fd), unix.SHUT_WR) }

// close takes c out of the set before it closes the descriptor: a child process
// between fork and exec may keep the socket alive, and with it the registration.
func (p socket) close(c *Conn) {
	if at := p.at(c); at != nil {
		p.control(unix.EPOLL_CTL_DEL, c, 0)
		at.c = nil
		at.gen++
		p.free = append(p.free, c.slot)
	}
	unix.Close(int(c.fd))
}

// at is c's place, or nil if it was never started.
func (p *epoll) at(c *Conn) *place {
	if int(c.slot) < len(p.table) && p.table[c.slot].c == c {
		return &p.table[c.slot]
	}
	return nil
}

// linkByEpoll hands nc's socket to the loop's epoll and closes nc. It is nil if
// the loop has none.
func (l *Loop) linkByEpoll(c *Conn, nc net.Conn, raw syscall.RawConn) (link, error) {
	p, ok := l.poller.(*epoll)
	if !ok {
		return nil, nil
	}
	if err := p.adopt(c, raw); err != nil {
		return nil, err
	}
	nc.Close()
	return socket{p}, nil
}

// adopt gives c a descriptor of its own, duplicated from raw's, so that nobody
// else can close it. The caller closes the original.
func (p *epoll) adopt(c *Conn, raw syscall.RawConn) error {
	var fd int
	var err error
	if cerr := raw.Control(func(of uintptr) {
		fd, err = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0)
	}); cerr != nil {
		return cerr
	}
	c.fd = int32(fd)
	return os.NewSyscallError("fcntl", err)
}

// setSocket bounds how long unacknowledged bytes may be out. It fails harmlessly
// on what is not TCP.
func setSocket(raw syscall.RawConn, userTimeout time.Duration) {
	raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	})
}
