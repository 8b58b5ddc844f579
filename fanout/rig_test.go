package fanout

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/wire"
)

// rig is a tail, and a loop that runs only when the test says so, inside a
// bubble: its time passes only in settle.
type rig struct {
	t    *testing.T
	tail *Tail
	loop *stepLoop
	stat Stats
}

// bubble runs f with a rig whose tail has small limits where l says so.
func bubble(t *testing.T, l Limits, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := Default()
		for _, p := range []struct{ to, from *int }{
			{&d.RingUpdates, &l.RingUpdates}, {&d.RingBytes, &l.RingBytes},
			{&d.FrameBytes, &l.FrameBytes}, {&d.Sights, &l.Sights},
		} {
			if *p.from != 0 {
				*p.to = *p.from
			}
		}
		r := &rig{t: t, loop: &stepLoop{}}
		r.tail = NewTail("event/a", "k3", 0, d, &r.stat)
		f(r)
	})
}

// stepLoop is a Loop whose tasks the test runs.
type stepLoop struct {
	id     int
	tasks  []Task
	timers []timer
}

type task func()

func (f task) Run() { f() }

type timer struct {
	at   time.Time
	task Task
}

func (l *stepLoop) Post(t Task) { l.tasks = append(l.tasks, t) }
func (l *stepLoop) After(d time.Duration, t Task) {
	l.timers = append(l.timers, timer{time.Now().Add(d), t})
}
func (l *stepLoop) ID() int { return l.id }

// step runs one task and reports whether there was one.
func (l *stepLoop) step() bool {
	if len(l.tasks) == 0 {
		return false
	}
	t := l.tasks[0]
	l.tasks = l.tasks[1:]
	t.Run()
	return true
}

// run runs what there is to do now.
func (l *stepLoop) run() {
	for n := 0; l.step(); n++ {
		if n > 100_000 {
			panic("the loop never comes to rest")
		}
	}
}

// settle runs everything, also what is planned.
func (l *stepLoop) settle() {
	for l.run(); len(l.timers) > 0; l.run() {
		slices.SortStableFunc(l.timers, func(a, b timer) int { return a.at.Compare(b.at) })
		first := l.timers[0]
		l.timers = l.timers[1:]
		time.Sleep(time.Until(first.at))
		first.task.Run()
	}
}

// pub publishes updates and gives them the next seqs. A text makes one:
// "everyone", "@staff", "@m_1,m_2 (named)", "key=k", "about=s", "covers=s",
// "!" critical, "~" ambient, "type=feed.x", "size=n".
func (r *rig) pub(texts ...string) []room.Update {
	updates := r.updates(r.tail.Head().Seq, texts...)
	if !r.tail.Publish("k3", updates, nil) {
		r.t.Fatalf("publish after %d was refused", r.tail.Head().Seq)
	}
	return updates
}

func (r *rig) updates(after uint64, texts ...string) (updates []room.Update) {
	for i, text := range texts {
		u := room.Update{Seq: after + uint64(i) + 1, Type: "feed.posted"}
		size := 0
		for _, w := range strings.Fields(text) {
			switch name, val, _ := strings.Cut(w, "="); {
			case w == "!":
				u.Weight = room.Critical
			case w == "~":
				u.Weight = room.Ambient
			case w == "@staff":
				u.To = room.ToStaff
			case w[0] == '@':
				u.To = room.Audience("only:" + w[1:])
			case name == "key":
				u.Key = val
			case name == "about":
				u.About = val
			case name == "covers":
				u.Covers = val
			case name == "type":
				u.Type = val
			case name == "size":
				fmt.Sscan(val, &size)
			}
		}
		u.Data, _ = json.Marshal(strings.Repeat("x", size))
		updates = append(updates, u)
	}
	return updates
}

var plainText = &Codec{Name: "test", Push: wire.AppendPush}

// client is a reader at the end of a cursor.
type client struct {
	r        *rig
	reader   Reader
	cursor   *Cursor
	frames   []told
	accepts  int // frames it still takes before its socket is full; negative: any number
	full     bool
	rejoins  int
	onRejoin func()
}

// told is a frame as it was sent.
type told struct {
	Pos     string                     `json:"pos"`
	Updates []struct{ Seq uint64 }     `json:"updates"`
	Signals map[string]json.RawMessage `json:"signals"`
	More    bool                       `json:"more"`
	at      time.Time
}

func (c *client) Idle() bool { return !c.full }

func (c *client) Send(b []byte) bool {
	if c.full {
		c.r.t.Errorf("%s was sent a frame while its socket was full", c.reader.Member)
	}
	f := told{at: time.Now()}
	if err := json.Unmarshal(b, &f); err != nil {
		c.r.t.Errorf("frame %s: %v", b, err)
	}
	c.frames = append(c.frames, f)
	if c.accepts == 0 {
		c.full = true
	} else {
		c.accepts--
	}
	return !c.full
}

func (c *client) Rejoin(cur *Cursor) {
	if cur != c.cursor || !cur.Waits() {
		c.r.t.Errorf("a rejoin of a cursor that does not wait")
	}
	c.rejoins++
	if c.onRejoin != nil {
		c.r.loop.Post(task(c.onRejoin)) // the answer of a join comes later
	}
}

// writable makes room in the socket for n more frames.
func (c *client) writable(n int) {
	c.accepts, c.full = n, false
	c.cursor.Resume()
}

// join seats a reader at the head, as after a view.
func (r *rig) join(member room.MemberID, sight room.Sight) *client {
	c := r.enter(member, sight)
	_, sig := r.tail.Signals(sight)
	head := r.tail.Head()
	c.reader.Asked = head.Seq
	c.cursor.Restart(c.reader, head.Epoch, head.Seq, sig)
	return c
}

// resume seats a reader that was told up to seq.
func (r *rig) resume(member room.MemberID, sight room.Sight, seq uint64) *client {
	c := r.enter(member, sight)
	c.reader.Asked = r.tail.Head().Seq
	c.cursor.Restart(c.reader, r.tail.Head().Epoch, seq, 0)
	return c
}

func (r *rig) enter(member room.MemberID, sight room.Sight) *client {
	c := &client{r: r, accepts: -1, reader: Reader{Member: member, Sight: sight, Codec: plainText}}
	r.tail.Reserve()
	c.cursor = r.tail.Seat(r.loop, c, member)
	return c
}

// seqs is all that c was told, in order.
func (c *client) seqs() (seqs []uint64) {
	for _, f := range c.frames {
		for _, u := range f.Updates {
			seqs = append(seqs, u.Seq)
		}
	}
	return seqs
}

func (c *client) want(seqs ...uint64) {
	c.r.t.Helper()
	if !slices.Equal(c.seqs(), seqs) {
		c.r.t.Errorf("%s %v was told %v, want %v", c.reader.Member, c.reader.Sight, c.seqs(), seqs)
	}
}

func (c *client) pos() string {
	if len(c.frames) == 0 {
		return ""
	}
	return c.frames[len(c.frames)-1].Pos
}

var (
	public = room.Sight{}
	guest  = room.Sight{Class: room.Joined}
	staff  = room.Sight{Class: room.Staff}
)

func each(from, to uint64) (seqs []uint64) {
	for ; from <= to; from++ {
		seqs = append(seqs, from)
	}
	return seqs
}
