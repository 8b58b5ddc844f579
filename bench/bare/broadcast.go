// Package bare is what the server is measured against: the least that does the
// same to the kernel. A broadcaster without protocol, rooms, limits or rights,
// and a log without an index.
package bare

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Broadcaster writes each frame that it is fed to every socket of a group. It
// has as many loops as the server; a group with many sockets is on all of
// them, one with few on one.
type Broadcaster struct {
	loops    []*loop
	Coalesce bool // everything pending for a group in one write to each socket
	Spread   bool // groups are large: their sockets are dealt out to the loops
}

// loop owns sockets and writes to them alone.
type loop struct {
	b     *Broadcaster
	mu    sync.Mutex // guards the fields below
	wake  sync.Cond
	fed   []frame
	fresh []socket

	sockets map[uint32][]int // the loop's
}

type frame struct {
	group uint32
	bytes []byte
}

type socket struct {
	group uint32
	fd    int
}

// Run serves until the feed's connection ends: sockets come to listen, whose
// first four bytes name their group; frames come to feed as group, length,
// bytes.
func Run(listen, feed net.Listener, b *Broadcaster, loops int) error {
	for range loops {
		l := &loop{b: b, sockets: make(map[uint32][]int)}
		l.wake.L = &l.mu
		b.loops = append(b.loops, l)
		go l.run() // ends with the process
	}
	go b.accept(listen)
	nc, err := feed.Accept()
	if err != nil {
		return err
	}
	return b.read(nc)
}

// accept hands descriptors over. What it costs is not measured.
func (b *Broadcaster) accept(l net.Listener) {
	for n := 0; ; n++ {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		var head [4]byte
		if _, err := io.ReadFull(nc, head[:]); err != nil {
			nc.Close()
			continue
		}
		s := socket{group: binary.BigEndian.Uint32(head[:])}
		f, err := nc.(*net.TCPConn).SyscallConn()
		if err != nil {
			continue
		}
		f.Control(func(fd uintptr) { s.fd, _ = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
		nc.Close()
		to := b.loops[int(s.group)%len(b.loops)]
		if b.Spread {
			to = b.loops[n%len(b.loops)]
		}
		to.mu.Lock()
		to.fresh = append(to.fresh, s)
		to.mu.Unlock()
		to.wake.Signal()
	}
}

func (b *Broadcaster) read(nc net.Conn) error {
	r := bufio.NewReaderSize(nc, 256<<10)
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		f := frame{binary.BigEndian.Uint32(head[:]), make([]byte, binary.BigEndian.Uint32(head[4:]))}
		if _, err := io.ReadFull(r, f.bytes); err != nil {
			return err
		}
		for i, l := range b.loops {
			if b.Spread || int(f.group)%len(b.loops) == i {
				l.mu.Lock()
				l.fed = append(l.fed, f)
				l.mu.Unlock()
				l.wake.Signal()
			}
		}
	}
}

func (l *loop) run() {
	for {
		l.mu.Lock()
		for len(l.fed)+len(l.fresh) == 0 {
			l.wake.Wait()
		}
		frames, fresh := l.fed, l.fresh
		l.fed, l.fresh = nil, nil
		l.mu.Unlock()
		for _, s := range fresh {
			l.sockets[s.group] = append(l.sockets[s.group], s.fd)
			send(s.fd, []byte{0x81, 2, '{', '}'}) // welcome: counted in from here on
		}
		if l.b.Coalesce {
			frames = coalesce(frames)
		}
		for _, f := range frames {
			for _, fd := range l.sockets[f.group] {
				send(fd, f.bytes)
			}
		}
	}
}

// coalesce lays the frames of each group end to end.
func coalesce(frames []frame) (out []frame) {
	at := make(map[uint32]int, len(frames))
	for _, f := range frames {
		i, ok := at[f.group]
		if !ok {
			at[f.group] = len(out)
			out = append(out, f)
			continue
		}
		o := &out[i]
		o.bytes = append(o.bytes[:len(o.bytes):len(o.bytes)], f.bytes...)
	}
	return out
}

// send is one system call; only a full socket, which a bounded run does not
// have, costs more.
func send(fd int, b []byte) {
	for len(b) > 0 {
		n, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			b = b[n:]
		case unix.EAGAIN:
			unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 1000)
		case unix.EINTR:
		default:
			return // the client is gone; it would count what is missing
		}
	}
}

// Append writes a frame as Run is fed it.
func Append(dst []byte, group uint32, frame []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, group)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(frame)))
	return append(dst, frame...)
}

// Frame is a WebSocket frame of one update that is size bytes in all, if it
// can be that short, in the shape that clients count.
func Frame(seq uint64, size int, extra string) []byte {
	body := fmt.Sprintf(`{"pos":"b:%d","updates":[{"seq":%d,"data":{%s"pad":"`, seq, seq, extra)
	const tail = `"}}]}`
	pad := size - len(body) - len(tail) - 2
	if len(body)+len(tail)+pad >= 126 {
		pad -= 2
	}
	payload := make([]byte, 0, size)
	payload = append(payload, body...)
	for range max(pad, 0) {
		payload = append(payload, 'x')
	}
	payload = append(payload, tail...)
	if len(payload) < 126 {
		return append([]byte{0x81, byte(len(payload))}, payload...)
	}
	return append([]byte{0x81, 126, byte(len(payload) >> 8), byte(len(payload))}, payload...)
}
