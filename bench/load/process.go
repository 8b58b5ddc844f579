package load

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/roomful/roomful/bench/machine"
)

// process is the epoll loop. Everything but the reading of orders is its
// goroutine's.
type process struct {
	epoll  int
	events [512]unix.EpollEvent
	table  []*conn // by the number that epoll knows it by
	buf    []byte
	groups [Groups]group
	page   *[Groups]atomic.Uint64 // deliveries, for the one who publishes

	orders  chan Order
	answers *json.Encoder

	dialing  *dialing
	awaiting *Order
	awaited  time.Time
}

// Run is a client process until in ends. progress is a file of eight bytes for
// each group, mapped, that always has the deliveries so far.
func Run(in io.Reader, out io.Writer, progress string) error {
	p := &process{buf: make([]byte, 256<<10), orders: make(chan Order, 1), answers: json.NewEncoder(out)}
	for i := range p.groups {
		p.groups[i].id = i
		p.groups[i].report.Latency = Hist{}
	}
	var err error
	if p.page, err = Map(progress); err != nil {
		return err
	}
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	go p.listen(in) // ends with in, and ends the loop
	return p.loop()
}

// Map maps the progress page.
func Map(file string) (*[Groups]atomic.Uint64, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(4096); err != nil {
		return nil, err
	}
	b, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*[Groups]atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(b))), nil
}

func (p *process) listen(in io.Reader) {
	defer close(p.orders)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var o Order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return
		}
		p.orders <- o
	}
}

const (
	nap      = 500 * time.Microsecond
	shortNap = 100 * time.Microsecond // while handshakes are under way
)

func (p *process) loop() error {
	for {
		n, err := unix.EpollWait(p.epoll, p.events[:], 0)
		if err != nil && err != unix.EINTR {
			return err
		}
		for i := range max(n, 0) {
			p.serve(&p.events[i])
		}
		p.step()
		select {
		case o, ok := <-p.orders:
			if !ok {
				return nil
			}
			p.obey(&o)
		default:
			if n == 0 {
				p.rest()
			}
		}
	}
}

func (p *process) rest() {
	d := nap
	if p.dialing != nil {
		d = shortNap
	}
	ts := unix.NsecToTimespec(int64(d))
	unix.Nanosleep(&ts, nil)
}

// step tells the deliveries and goes on with what takes long.
func (p *process) step() {
	for i := range p.groups {
		g := &p.groups[i]
		if now := g.sent + uint64(g.report.Delivered); len(g.conns) > 0 && p.page[i].Load() != now {
			p.page[i].Store(now)
		}
		if g.rate != nil {
			p.pulse(g)
		}
	}
	if p.dialing != nil {
		p.dialOn()
	}
	if p.awaiting != nil {
		p.awaitOn()
	}
}

func (p *process) serve(ev *unix.EpollEvent) {
	c := p.table[ev.Fd]
	if c == nil || c.phase == away {
		return
	}
	if c.phase == connecting {
		p.connected(c)
		return
	}
	p.read(c)
}

func (p *process) read(c *conn) {
	n, err := unix.Read(int(c.fd), p.buf)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return
	case err != nil:
		p.lose(c, err.Error())
		return
	case n == 0:
		p.lose(c, "end of stream")
		return
	}
	c.group.report.Reads++
	c.group.report.Bytes += n
	b := p.buf[:n]
	if len(c.in) > 0 {
		c.in = append(c.in, b...)
		b = c.in
	}
	rest := p.take(c, b)
	if len(rest) == 0 {
		c.in = nil
		return
	}
	c.in = append(c.in[:0], rest...)
}

// write sends what is far smaller than any socket buffer.
func (p *process) write(c *conn, b []byte) {
	n, err := unix.Write(int(c.fd), b)
	if err != nil || n < len(b) {
		p.lose(c, fmt.Sprintf("write: %d of %d: %v", n, len(b), err))
	}
}

// lose ends a connection that should not have ended.
func (p *process) lose(c *conn, why string) {
	if c.phase == away {
		return
	}
	r := &c.group.report
	if r.Refused == "" {
		r.Refused = why
	}
	r.Lost++
	handshake := c.phase < live
	p.shut(c)
	if p.dialing != nil && handshake {
		p.dialing.under--
		p.dialing.failed++
	}
}

func (p *process) refuse(c *conn, b []byte) { p.lose(c, string(b[:min(len(b), 300)])) }

func (p *process) shut(c *conn) {
	c.phase, c.in = away, nil
	unix.Close(int(c.fd))
	c.fd = -1
}

func (p *process) obey(o *Order) {
	g := &p.groups[o.Group]
	var r Report
	switch o.Do {
	case "dial":
		if err := p.dial(g, o); err != nil {
			r.Err = err.Error()
			break
		}
		return // answered when all are there
	case "await":
		p.awaiting, p.awaited = o, time.Now()
		return
	case "count":
		r = p.count(g)
	case "stall", "flow":
		p.setReading(g, o)
	case "drop":
		for _, c := range g.conns {
			if c.phase != away {
				p.shut(c)
			}
		}
	case "send":
		g.rate = nil
		if o.Text != "" {
			g.rate = &rate{frame: maskedText([]byte(o.Text)), every: int64(o.Every), next: machine.Now()}
		}
	default:
		r.Err = "no such order: " + o.Do
	}
	p.answers.Encode(&r)
}

// count reports and starts over.
func (p *process) count(g *group) Report {
	r := g.report
	g.sent += uint64(r.Delivered)
	g.report = Report{Latency: Hist{}}
	r.Lowest = ^uint64(0)
	for _, c := range g.conns {
		if c.phase != away {
			r.Conns++
			r.Lowest, r.Highest = min(r.Lowest, c.seq), max(r.Highest, c.seq)
		}
	}
	return r
}

func (p *process) setReading(g *group, o *Order) {
	events := uint32(unix.EPOLLIN)
	if o.Do == "stall" {
		events = 0
	}
	for i, c := range g.conns {
		if i < o.Count && c.phase == live {
			unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, int(c.fd), &unix.EpollEvent{Events: events, Fd: int32(p.slot(c))})
		}
	}
}

func (p *process) slot(c *conn) int {
	return int(c.group.id)*maxConns + int(c.number-int32(c.group.dial.First))
}

const maxConns = 20_000 // files of a process

func (p *process) awaitOn() {
	g := &p.groups[p.awaiting.Group]
	late := time.Since(p.awaited) > p.awaiting.Limit
	for _, c := range g.conns {
		if c.phase != away && c.seq < p.awaiting.Until && !late {
			return
		}
	}
	r := p.count(g)
	r.Took = time.Since(p.awaited)
	if r.Lowest < p.awaiting.Until {
		r.Err = fmt.Sprintf("after %v one is at %d, not %d", r.Took, r.Lowest, p.awaiting.Until)
	}
	p.awaiting = nil
	p.answers.Encode(&r)
}

// rate sends a frame on one connection after the other.
type rate struct {
	frame []byte
	every int64 // nanoseconds between two frames
	next  int64
	turn  int
}

func (p *process) pulse(g *group) {
	r := g.rate
	for now, n := machine.Now(), 0; r.next <= now && n < 256; n++ {
		r.next += r.every
		r.turn = (r.turn + 1) % len(g.conns)
		if c := g.conns[r.turn]; c.phase == live {
			p.write(c, r.frame)
		}
	}
}
