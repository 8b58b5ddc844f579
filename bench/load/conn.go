package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/roomful/roomful/bench/machine"
)

// conn is one client. It has a buffer only in the middle of a frame.
type conn struct {
	fd     int32
	phase  phase
	number int32 // in its group, over all processes
	log    uint16
	group  *group
	seq    uint64 // as of the last frame
	in     []byte // an incomplete frame
	began  int64  // of the handshake
}

type phase uint8

const (
	away phase = iota
	connecting
	upgrading
	joining
	behind // joined, not yet where the dial wants it
	live
)

// group is connections that are counted together.
type group struct {
	id     int
	dial   Dial
	conns  []*conn
	report Report
	sent   uint64 // over all, for the progress page
	tokens []string
	rate   *rate
}

// take handles the frames in b and returns what is incomplete.
func (p *process) take(c *conn, b []byte) []byte {
	for len(b) > 0 && c.phase != away {
		n := 0
		switch {
		case c.phase == upgrading:
			n = p.upgraded(c, b)
		case c.group.dial.Protocol == "sse":
			n = p.event(c, b)
		default:
			n = p.frame(c, b)
		}
		if n == 0 {
			return b
		}
		b = b[n:]
	}
	return nil
}

// upgraded reads the answer to the handshake.
func (p *process) upgraded(c *conn, b []byte) int {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return 0
	}
	want := "HTTP/1.1 101"
	if c.group.dial.Protocol == "sse" {
		want = "HTTP/1.1 200"
	}
	if !bytes.HasPrefix(b, []byte(want)) {
		p.refuse(c, b)
		return len(b)
	}
	c.phase = joining
	switch {
	case c.group.dial.Goal == "open":
		p.reached(c)
	case c.group.dial.Protocol == "ws":
		p.write(c, maskedText(c.joinFrame()))
	}
	return end + 4
}

func (c *conn) room() string {
	d := &c.group.dial
	if d.Rooms == 0 {
		return d.Room
	}
	return fmt.Sprintf(d.Room, int(c.number)%d.Rooms)
}

func (c *conn) since() string {
	if !c.group.dial.Resume || c.log == 0 {
		return ""
	}
	return positionText(c.log, c.seq)
}

func (c *conn) joinFrame() []byte {
	b := []byte(`{"id":1,"join":{"room":"` + c.room() + `"`)
	if since := c.since(); since != "" {
		b = append(b, `,"since":"`+since+`"`...)
	}
	if w := c.group.dial.Wishes; len(w) > 0 {
		text, _ := json.Marshal(w[int(c.number)%len(w)]) // strings always encode
		b = append(append(b, `,"only":`...), text...)
	}
	return append(b, "}}"...)
}

// frame reads one WebSocket frame and returns its length, 0 for incomplete.
func (p *process) frame(c *conn, b []byte) int {
	head, size := 2, 0
	if len(b) < 2 {
		return 0
	}
	switch size = int(b[1]); size {
	case 126:
		if len(b) < 4 {
			return 0
		}
		head, size = 4, int(b[2])<<8|int(b[3])
	case 127:
		if len(b) < 10 {
			return 0
		}
		head, size = 10, int(b[6])<<24|int(b[7])<<16|int(b[8])<<8|int(b[9])
	}
	if len(b) < head+size {
		if need := head + size; need > 4096 && cap(c.in) < need {
			grown := make([]byte, len(b), need)
			copy(grown, b)
			c.in = grown // take's caller keeps the rest there
		}
		return 0
	}
	payload := b[head : head+size]
	switch b[0] {
	case 0x81:
		p.text(c, payload)
	case 0xc1:
		p.text(c, p.inflate(payload))
	case 0x89:
		p.write(c, maskedControl(0x8a, payload))
	case 0x88:
		p.lose(c, "closed: "+string(payload[min(2, len(payload)):]))
	}
	return head + size
}

// event reads one server-sent event.
func (p *process) event(c *conn, b []byte) int {
	end := bytes.Index(b, []byte("\n\n"))
	if end < 0 {
		return 0
	}
	if i := bytes.Index(b[:end], []byte("\ndata: ")); i >= 0 {
		p.text(c, b[i+7:end])
	}
	return end + 2
}

var (
	posKey     = []byte(`"pos":"`)
	updatesKey = []byte(`,"updates":[`)
	nextSeq    = []byte(`},{"seq":`)
	firstSeq   = []byte(`{"seq":`)
	timeKey    = []byte(`"t":`)
)

// text reads one JSON frame: a push, a view, an answer, a bye.
func (p *process) text(c *conn, b []byte) {
	g := c.group
	g.report.Frames++
	switch {
	case bytes.HasPrefix(b, []byte(`{"id":`)):
		p.answer(c, b)
		return
	case len(b) == 2:
		if g.dial.Protocol == "bare" { // the welcome
			p.reached(c)
		}
		return
	}
	i := bytes.Index(b, posKey)
	if i < 0 || i > 120 {
		p.lose(c, string(b[:min(len(b), 200)]))
		return
	}
	rest := b[i+len(posKey):]
	end := bytes.IndexByte(rest, '"')
	log, seq := parsePosition(rest[:end])
	rest = rest[end+1:]
	if bytes.HasPrefix(rest, updatesKey) {
		p.updates(c, rest[len(updatesKey):], log, seq)
	} else {
		p.view(c, log, seq)
	}
}

func (p *process) view(c *conn, log uint16, seq uint64) {
	c.group.report.Views++
	if c.phase == live || c.phase == behind {
		c.group.report.Rejoined++
	}
	c.log, c.seq = log, seq
	p.settled(c)
}

func (p *process) updates(c *conn, b []byte, log uint16, pos uint64) {
	r := &c.group.report
	last := c.seq
	now := int64(0)
	if c.group.dial.Timed {
		now = machine.Now()
	}
	for more := bytes.HasPrefix(b, firstSeq); more; {
		b = b[len(firstSeq):]
		seq, n := digits(b)
		b = b[n:]
		switch {
		case seq <= last:
			r.Doubled++
		case seq > last+1 && c.group.dial.Strict && c.log != 0:
			r.Missing += int(seq - last - 1)
		}
		last = max(last, seq)
		r.Delivered++
		if now > 0 {
			if i := bytes.Index(b, timeKey); i >= 0 {
				sent, _ := digits(b[i+len(timeKey):])
				r.Latency.Add(time.Duration(now - int64(sent)))
			}
		}
		i := bytes.Index(b, nextSeq)
		if more = i >= 0; more {
			b = b[i+2:]
		}
	}
	if c.group.dial.Strict && pos != last {
		r.Missing++
	}
	c.log, c.seq = log, pos
	p.settled(c)
}

// settled notes that c is somewhere, and maybe where the dial wants it.
func (p *process) settled(c *conn) {
	if c.phase == live {
		return
	}
	if c.phase == joining {
		c.phase = behind
	}
	if d := &c.group.dial; d.Goal != "seq" || c.seq >= d.Until {
		p.reached(c)
	}
}

// answer reads {"id":1,"ok":{"resumed":true}}, another ok, or an error.
func (p *process) answer(c *conn, b []byte) {
	r := &c.group.report
	switch {
	case bytes.Contains(b[:min(len(b), 40)], []byte(`"error":`)):
		if r.Refused == "" {
			r.Refused = string(b[:min(len(b), 200)])
		}
		if c.phase == joining {
			p.lose(c, r.Refused)
		}
	case bytes.Contains(b, []byte(`"resumed":true`)):
		p.settled(c)
	default:
		r.Oks++
	}
}

// Positions are kept as a seq and the number of what stands around it.
var logs = []string{""}

func parsePosition(b []byte) (log uint16, seq uint64) {
	colon := bytes.IndexByte(b, ':')
	seq, n := digits(b[colon+1:])
	rest := b[colon+1+n:]
	for i, l := range logs {
		if i > 0 && len(l) == colon+1+len(rest) && l[:colon] == string(b[:colon]) && l[colon+1:] == string(rest) {
			return uint16(i), seq
		}
	}
	logs = append(logs, string(b[:colon])+":"+string(rest))
	return uint16(len(logs) - 1), seq
}

func positionText(log uint16, seq uint64) string {
	around := logs[log]
	colon := bytes.IndexByte([]byte(around), ':')
	return around[:colon+1] + strconv.FormatUint(seq, 10) + around[colon+1:]
}

func digits(b []byte) (v uint64, n int) {
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		v = v*10 + uint64(b[n]-'0')
		n++
	}
	return v, n
}
