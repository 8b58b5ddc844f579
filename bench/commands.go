package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roomful/roomful/backend/pebble"
	"github.com/roomful/roomful/bench/bare"
	"github.com/roomful/roomful/bench/load"
	"github.com/roomful/roomful/bench/machine"
	"github.com/roomful/roomful/feature/channel"
	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
)

// commandBytes is the data of a command.
const commandBytes = 200

// rounds is a closed loop: every slot asks again as soon as it is answered.
type rounds struct {
	answered atomic.Int64
	stopped  atomic.Bool
	under    sync.WaitGroup
	failed   atomic.Pointer[room.Error]
	mu       sync.Mutex // guards took
	took     load.Hist
}

// run lets the loop run for a while and says how many a second were answered.
func (r *rounds) run(for_ time.Duration, pids ...int) (float64, machine.Spent, error) {
	time.Sleep(300 * time.Millisecond) // what was not yet warm
	r.mu.Lock()
	r.took = load.Hist{}
	r.mu.Unlock()
	m := machine.Start(pids...)
	before := r.answered.Load()
	time.Sleep(for_)
	n := r.answered.Load() - before
	s := m.Stop()
	r.stopped.Store(true)
	r.under.Wait()
	if err := r.failed.Load(); err != nil {
		return 0, s, err
	}
	return float64(n) / s.Wall.Seconds(), s, nil
}

func (r *rounds) note(began int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took.Add(time.Duration(now() - began))
}

// slot is one command in flight after the other, in one room of a node.
type slot struct {
	rounds *rounds
	node   *node.Node
	room   room.ID
	client string
	n      uint64
	began  int64
}

func (s *slot) next() {
	s.n++
	s.began = now()
	s.node.Do(s.room, node.Command{
		Caller: room.Caller{Role: room.Service}, Type: "channel.publish",
		Op: room.Op{Client: s.client, N: s.n}, Data: []byte(payload(commandBytes, false)),
	}, s, 0)
}

// Receive implements node.Receiver.
func (s *slot) Receive(_ uint64, o node.Outcome) {
	r := s.rounds
	if o.Err != nil {
		r.failed.CompareAndSwap(nil, o.Err)
	} else {
		r.answered.Add(1)
		if s.n%16 == 0 {
			r.note(s.began)
		}
	}
	if o.Err != nil || r.stopped.Load() {
		r.under.Done()
		return
	}
	s.next()
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// inside is a node and its journal in this process.
type inside struct {
	node    *node.Node
	journal journal.Journal
}

func openInside(dir string) (*inside, error) {
	j, err := pebble.Open(dir, pebble.Options{Logger: quiet})
	if err != nil {
		return nil, err
	}
	n, err := node.New(node.Options{
		Kinds:   []room.Kind{{Name: "channel", Features: []room.Feature{channel.New()}, Public: true, History: 100_000}},
		Journal: j, Logger: quiet,
	})
	return &inside{n, j}, err
}

func (i *inside) close() {
	i.node.Close(context.Background())
	i.journal.Close()
}

// pace is a number of rooms and how many commands are in flight in each.
type pace struct {
	rooms, flight int
	aim, aimWire  float64
}

func (p pace) String() string {
	if p.rooms == 1 {
		return fmt.Sprintf("one hot room, %d in flight", p.flight)
	}
	return fmt.Sprintf("%d rooms, %d in flight each", p.rooms, p.flight)
}

func commands(l *lab, s *sheet) error {
	for _, p := range []pace{{1, 256, 25_000, 15_000}, {l.scaled(1000), 4, 80_000, 30_000}} {
		if err := p.inProcess(l, s); err != nil {
			return err
		}
		if err := p.throughSockets(l, s); err != nil {
			return err
		}
	}
	return nil
}

// inProcess measures node and journal against the log.
func (p pace) inProcess(l *lab, s *sheet) error {
	var ours, ref, cpu, p99, other series
	for range l.pairs {
		rate, spent, took, err := p.node(l)
		if err != nil {
			return err
		}
		bare, err := p.log(l)
		if err != nil {
			return err
		}
		ours, ref, other = append(ours, rate), append(ref, bare), append(other, spent.Other)
		cpu = append(cpu, float64(spent.Own.Microseconds())/spent.Wall.Seconds()/rate)
		p99 = append(p99, ms(took.Quantile(.99)))
	}
	s.add(row{
		Figure: "durable commands in process, " + p.String(), Value: ours.String() + " /s", Ref: ref.String() + " /s, fsync'd log",
		Ratio: ours.over(ref).String(), Aim: "≥ " + short(p.aim) + " /s", Reached: reached(ours.median() >= p.aim), Other: other.median(),
		Notes: fmt.Sprintf("%d-byte data, each with an op, fsync on. CPU of the process %s µs a command, answered p99 %s ms.", commandBytes, cpu, p99),
	})
	return nil
}

func (p pace) node(l *lab) (float64, machine.Spent, load.Hist, error) {
	dir, err := os.MkdirTemp(l.dir, "journal-")
	if err != nil {
		return 0, machine.Spent{}, nil, err
	}
	defer os.RemoveAll(dir)
	in, err := openInside(dir)
	if err != nil {
		return 0, machine.Spent{}, nil, err
	}
	defer in.close()
	r := &rounds{took: load.Hist{}}
	for i := range p.rooms {
		for k := range p.flight {
			r.under.Add(1)
			(&slot{rounds: r, node: in.node, room: room.ID(fmt.Sprintf("channel/b%d", i)), client: fmt.Sprintf("c%d", k)}).next()
		}
	}
	stop := l.profileSelf(fmt.Sprintf("inside-%d", p.rooms))
	rate, spent, err := r.run(2 * time.Second)
	stop()
	return rate, spent, r.took, err
}

func (p pace) log(l *lab) (float64, error) {
	file := filepath.Join(l.dir, "log")
	log, err := bare.Create(file)
	if err != nil {
		return 0, err
	}
	defer os.Remove(file)
	defer log.Close()
	r := &rounds{took: load.Hist{}}
	record := []byte(payload(commandBytes+60, false)) // about what a record of one update is
	for range p.rooms * p.flight {
		r.under.Add(1)
		var then func()
		then = func() {
			r.answered.Add(1)
			if r.stopped.Load() {
				r.under.Done()
				return
			}
			log.Append(record, then)
		}
		log.Append(record, then)
	}
	rate, _, err := r.run(time.Second)
	return rate, err
}

// throughSockets measures the same through WebSockets of backends.
func (p pace) throughSockets(l *lab, s *sheet) error {
	h, err := l.serve("")
	if err != nil {
		return err
	}
	defer l.endAll()
	var rates, cpu, other series
	for i := range l.pairs {
		var rate float64
		var spent machine.Spent
		one := func() (err error) {
			rate, spent, err = p.sockets(h, fmt.Sprintf("r%d", i))
			return err
		}
		if i == 0 {
			err = h.profiled("commands-"+fmt.Sprint(p.rooms), one)
		} else {
			err = one()
		}
		if err != nil {
			return err
		}
		rates, other = append(rates, rate), append(other, spent.Other)
		cpu = append(cpu, float64(spent.CPU[0].Microseconds())/spent.Wall.Seconds()/rate)
	}
	s.add(row{
		Figure: "durable commands through WebSocket, " + p.String(), Value: rates.String() + " /s", Aim: "≥ " + short(p.aimWire) + " /s",
		Reached: reached(rates.median() >= p.aimWire), Other: other.median(),
		Notes: fmt.Sprintf("Server's CPU %s µs a command; the clients share the cores.", cpu),
	})
	return nil
}

// sockets keeps the commands in flight over a few connections.
func (p pace) sockets(h *house, client string) (float64, machine.Spent, error) {
	r := &rounds{took: load.Hist{}}
	total := p.rooms * p.flight
	conns := min(40, max(16, p.rooms/25), total)
	for k := range conns {
		w, err := h.dial(apiKey)
		if err != nil {
			return 0, machine.Spent{}, err
		}
		defer w.conn.Close()
		a := &asker{wire: w, rounds: r, client: fmt.Sprintf("%s-%d", client, k), n: make(map[string]uint64)}
		mine := total*(k+1)/conns - total*k/conns
		r.under.Add(1)
		a.begin(mine, func(i int) string { return fmt.Sprintf("channel/b%d", (k+i*conns)%p.rooms) })
	}
	return r.run(2*time.Second, h.pid())
}

// asker is one connection's share of the commands.
type asker struct {
	wire   *wire
	rounds *rounds
	client string
	n      map[string]uint64
	rooms  [4096]string // by id
	under  int
	due    []string
	ready  chan struct{} // closed when the first are asked
}

// begin asks the first commands.
func (a *asker) begin(n int, room func(i int) string) {
	a.ready, a.under = make(chan struct{}), n
	a.wire.listen(a.answered, a.drained)
	for i := range n {
		a.ask(room(i))
	}
	a.wire.flush()
	close(a.ready)
}

func (a *asker) ask(room string) {
	a.n[room]++
	a.wire.command(room, "channel.publish", fmt.Sprintf("%s:%d", a.client, a.n[room]), payload(commandBytes, false))
	a.rooms[a.wire.next%uint64(len(a.rooms))] = room
}

// answered runs on the connection's reader.
func (a *asker) answered(id uint64, ok bool) {
	<-a.ready
	a.under--
	if !ok {
		a.rounds.failed.CompareAndSwap(nil, room.Errorf(room.Internal, "refused: %s", *a.wire.refused.Load()))
		a.rounds.stopped.Store(true)
	} else {
		a.rounds.answered.Add(1)
	}
	if !a.rounds.stopped.Load() {
		a.due = append(a.due, a.rooms[id%uint64(len(a.rooms))])
	}
}

// drained asks again for all that was answered, in one write.
func (a *asker) drained() {
	for _, room := range a.due {
		a.ask(room)
	}
	a.under += len(a.due)
	a.due = a.due[:0]
	a.wire.flush()
	if a.under == 0 {
		a.rounds.under.Done()
	}
}

// wake measures loading a room that sleeps on disk.
func wake(l *lab, s *sheet) error {
	n := l.scaled(1000)
	dir, err := os.MkdirTemp(l.dir, "journal-")
	if err != nil {
		return err
	}
	if err := fill(dir, n, 500); err != nil {
		return err
	}
	took := load.Hist{}
	m := machine.Start()
	for range 2 { // opened anew, so that the store's own cache is cold
		in, err := openInside(dir)
		if err != nil {
			return err
		}
		for _, i := range rand.Perm(n) {
			began := time.Now()
			await := node.NewAwait()
			in.node.Join(room.ID(fmt.Sprintf("channel/b%d", i)), node.Join{}, await, 0)
			out, err := await.Wait(context.Background())
			if err != nil {
				return err
			}
			took.Add(time.Since(began))
			if out.Entry.Seq < 500 {
				return fmt.Errorf("room %d woke at %d", i, out.Entry.Seq)
			}
			out.Entry.Tail.Release()
		}
		in.journal.Close() // without the node's snapshots: the next round reads the log too
	}
	spent := m.Stop()
	p50, p99 := ms(took.Quantile(.5)), ms(took.Quantile(.99))
	s.add(row{
		Figure: "wake a cold room of 500 updates", Value: fmt.Sprintf("p50 %.2f ms, p99 %.2f ms", p50, p99), Aim: "p50 ≤ 1 ms, p99 ≤ 10 ms",
		Reached: reached(p50 <= 1 && p99 <= 10), Other: spent.Other,
		Notes: fmt.Sprintf("Join to entry, in process, %d rooms twice in random order, %d-byte data; the files are in the system's cache.", n, commandBytes),
	})
	return nil
}

// fill makes rooms with so many updates each, a hundred commands in flight in
// each of a few rooms at a time.
func fill(dir string, rooms, updates int) error {
	in, err := openInside(dir)
	if err != nil {
		return err
	}
	defer in.close()
	gate := make(chan struct{}, 64)
	var wait sync.WaitGroup
	var failed atomic.Pointer[error]
	for i := range rooms {
		gate <- struct{}{}
		wait.Go(func() {
			defer func() { <-gate }()
			c := &countdown{left: int64(updates), done: make(chan struct{})}
			for range updates {
				in.node.Do(room.ID(fmt.Sprintf("channel/b%d", i)), node.Command{
					Caller: room.Caller{Role: room.Service}, Type: "channel.publish", Data: []byte(payload(commandBytes, false)),
				}, c, 0)
			}
			<-c.done
			if c.err != nil {
				failed.Store(&c.err)
			}
		})
	}
	wait.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// countdown receives a number of outcomes.
type countdown struct {
	mu   sync.Mutex // guards the fields below
	left int64
	err  error
	done chan struct{}
}

// Receive implements node.Receiver.
func (c *countdown) Receive(_ uint64, o node.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.Err != nil {
		c.err = o.Err
	}
	if c.left--; c.left == 0 {
		close(c.done)
	}
}
