package load

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/roomful/roomful/bench/machine"
)

// dialing is connections being made.
type dialing struct {
	group  *group
	to     unix.SockaddrInet4
	from   unix.SockaddrInet4
	next   int // in the group's conns
	under  int // handshakes under way
	failed int
	began  time.Time
	limit  time.Duration
	took   Hist
}

func (p *process) dial(g *group, o *Order) error {
	d := o.Dial
	if d.Count > maxConns {
		return fmt.Errorf("a process has at most %d connections", maxConns)
	}
	if p.table == nil {
		p.table = make([]*conn, Groups*maxConns)
	}
	to, err := netip.ParseAddrPort(d.Addr)
	if err != nil {
		return err
	}
	from, err := netip.ParseAddr(d.Source)
	if err != nil {
		return err
	}
	if !to.Addr().IsLoopback() || !from.IsLoopback() {
		return fmt.Errorf("only loopback addresses, not %s from %s", to, from)
	}
	g.dial, g.tokens = *d, nil
	for _, file := range d.Tokens {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		g.tokens = append(g.tokens, strings.Fields(string(b))...)
	}
	if !d.Resume {
		g.conns = nil
		for i := range d.Count {
			g.conns = append(g.conns, &conn{group: g, number: int32(d.First + i), fd: -1})
		}
	}
	p.dialing = &dialing{
		group: g, began: time.Now(), limit: o.Limit, took: Hist{},
		to:   unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()},
		from: unix.SockaddrInet4{Addr: from.As4()},
	}
	return nil
}

// dialOn keeps so many handshakes under way as were asked for, and answers
// when there are none left.
func (p *process) dialOn() {
	d := p.dialing
	conns := d.group.conns
	late := time.Since(d.began) > d.limit
	for d.next < len(conns) && d.under < d.group.dial.Parallel && !late {
		c := conns[d.next]
		d.next++
		if err := p.connect(c); err != nil {
			d.failed++
			d.group.report.Refused = err.Error()
			continue
		}
		d.under++
	}
	if (d.next < len(conns) || d.under > 0) && !late {
		return
	}
	r := p.count(d.group)
	r.Took, r.Latency = time.Since(d.began), d.took
	if short := d.failed + d.under + len(conns) - d.next; short > 0 {
		r.Err = fmt.Sprintf("%d of %d did not get there in %v: %s", short, len(conns), r.Took, r.Refused)
	}
	p.dialing = nil
	p.answers.Encode(&r)
}

func (p *process) connect(c *conn) error {
	d := p.dialing
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	// The port is chosen at connect, so that it may be used to another address.
	unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if n := c.group.dial.ReceiveBuffer; n > 0 {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, n)
	}
	if err := unix.Bind(fd, &d.from); err != nil {
		unix.Close(fd)
		return err
	}
	if err := unix.Connect(fd, &d.to); err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return err
	}
	c.fd, c.phase, c.began = int32(fd), connecting, machine.Now()
	slot := p.slot(c)
	p.table[slot] = c
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLOUT, Fd: int32(slot)})
}

// connected sends the first bytes.
func (p *process) connected(c *conn) {
	if code, err := unix.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR); err != nil || code != 0 {
		p.lose(c, "connect: "+unix.Errno(code).Error())
		return
	}
	unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, int(c.fd), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p.slot(c))})
	c.phase = upgrading
	if c.group.dial.Protocol == "bare" {
		c.phase = joining
		room := uint32(int(c.number) % max(1, c.group.dial.Rooms))
		p.write(c, []byte{byte(room >> 24), byte(room >> 16), byte(room >> 8), byte(room)})
		return
	}
	p.write(c, c.request())
}

// request is the HTTP head, as a browser would send it but for its cookies.
func (c *conn) request() []byte {
	d := &c.group.dial
	path := "/v1/live"
	if d.Protocol == "sse" {
		path = "/v1/rooms/" + c.room()
	}
	b := []byte("GET " + path + " HTTP/1.1\r\nHost: " + d.Addr + "\r\nUser-Agent: bench\r\n")
	if n := int(c.number); n < len(c.group.tokens) {
		b = append(b, "Authorization: Bearer "+c.group.tokens[n]+"\r\n"...)
	}
	if d.Protocol == "sse" {
		b = append(b, "Accept: text/event-stream\r\n"...)
		if since := c.since(); since != "" {
			b = append(b, "Last-Event-ID: "+since+"\r\n"...)
		}
		return append(b, "\r\n"...)
	}
	b = append(b, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: roomful.v1.json\r\n"...)
	if d.Deflate {
		b = append(b, "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover\r\n"...)
	}
	return append(b, "\r\n"...)
}

// reached notes that a handshake got where the dial wants it.
func (p *process) reached(c *conn) {
	c.phase = live
	if d := p.dialing; d != nil && d.group == c.group {
		d.under--
		d.took.Add(time.Duration(machine.Now() - c.began))
	}
}
