package node

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// Options configure a Node. Kinds and Journal are required.
type Options struct {
	Kinds   []room.Kind
	Journal journal.Journal
	Tails   fanout.Limits    // zero: fanout.Default
	Idle    time.Duration    // before a quiet room sleeps; 0 means 30s
	Away    time.Duration    // before a member without a connection is offline; 0 means 30s (domain A-2)
	Now     func() time.Time // nil: time.Now
	Seed    func() uint64    // randomness for turns, epochs and nonces; nil: the runtime's
	Logger  *slog.Logger     // nil: slog.Default
}

// Node hosts rooms. All methods may be called at once.
type Node struct {
	opts     Options
	log      *slog.Logger
	kinds    map[string]*room.Kind
	fuller   journal.Fuller // nil if the journal does not watch its disk
	stats    Stats
	presence presence

	drains sync.WaitGroup
	mu     sync.Mutex // guards the fields below
	hosts  map[room.ID]*host
	closed bool
}

// Stats counts what a node did. Read with Load.
type Stats struct {
	Tails fanout.Stats

	Awake    atomic.Int64 // rooms with their state in memory
	Commands atomic.Uint64
	Refused  atomic.Uint64
	Updates  atomic.Uint64
	Turns    atomic.Uint64
	Wakes    atomic.Uint64
	Retired  atomic.Uint64
	Resumed  atomic.Uint64 // joins that went on from their position
	Viewed   atomic.Uint64 // joins that got a view
	Failed   atomic.Uint64 // commits that failed
	Panics   atomic.Uint64
}

// New makes a node that is ready for commands; Run does its sweeping.
func New(opts Options) (*Node, error) {
	opts.Idle = or(opts.Idle, 30*time.Second)
	opts.Away = or(opts.Away, 30*time.Second)
	if opts.Tails == (fanout.Limits{}) {
		opts.Tails = fanout.Default()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Seed == nil {
		opts.Seed = rand.Uint64
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	n := &Node{opts: opts, log: opts.Logger, kinds: make(map[string]*room.Kind), hosts: make(map[room.ID]*host)}
	n.fuller, _ = opts.Journal.(journal.Fuller)
	n.presence.rooms = make(map[room.ID]*company)
	for i := range opts.Kinds {
		k := &opts.Kinds[i]
		if n.kinds[k.Name] != nil {
			return nil, fmt.Errorf("kind %s is there twice", k.Name)
		}
		n.kinds[k.Name] = k
	}
	return n, nil
}

func or(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

// Stats returns the node's counters.
func (n *Node) Stats() *Stats { return &n.stats }

// Kind returns the kind named name, nil if there is none.
func (n *Node) Kind(name string) *room.Kind { return n.kinds[name] }

// Run wakes rooms whose alarm is due, retires quiet ones and tells who went
// away, until ctx ends.
func (n *Node) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			n.ring(ctx)
			n.presence.sweep(n, n.opts.Now())
			n.Retire(n.opts.Idle)
		}
	}
}

// sweepEvery is how exact alarms, absence and sleep are: people notice a
// second on a mute's end, not less.
const sweepEvery = time.Second

// ring sends an alarm to every room that has one due.
func (n *Node) ring(ctx context.Context) {
	for id, err := range n.opts.Journal.Due(ctx, room.ToMillis(n.opts.Now())) {
		if err != nil {
			n.log.Error("alarms not read", "err", err)
			return
		}
		n.post(id, request{verb: alarm, to: nobody{}})
	}
}

// Retire puts rooms to sleep that had nothing to do for idle, also under open
// connections.
func (n *Node) Retire(idle time.Duration) {
	before := n.opts.Now().Add(-idle).UnixNano()
	n.mu.Lock()
	quiet := make([]*host, 0, 64)
	for _, h := range n.hosts {
		if h.used.Load() <= before {
			quiet = append(quiet, h)
		}
	}
	n.mu.Unlock()
	for _, h := range quiet {
		h.rest()
	}
}

// Close lets turns under way finish, saves snapshots of the rooms that are
// awake, and refuses everything that comes later with Drain. The journal
// stays open: it belongs to the caller. Run has ended before.
func (n *Node) Close(ctx context.Context) error {
	n.mu.Lock()
	n.closed = true
	hosts := make([]*host, 0, len(n.hosts))
	for _, h := range n.hosts {
		hosts = append(hosts, h)
	}
	n.mu.Unlock()
	slices.SortFunc(hosts, func(a, b *host) int { return strings.Compare(string(a.id), string(b.id)) }) // a seed replays
	for _, h := range hosts {
		h.close()
	}
	done := make(chan struct{})
	go func() { // ends with the drains, which end with their inboxes
		n.drains.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return fmt.Errorf("close node: turns still under way: %w", ctx.Err())
	}
	for _, h := range hosts {
		if h.state != nil && ctx.Err() == nil {
			h.save(ctx)
		}
	}
	return ctx.Err()
}

var errClosing = room.Errorf(room.Drain, "The server is restarting. Your place is kept.")

// host returns the room's host, made if there is none.
func (n *Node) host(id room.ID) (*host, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, errClosing
	}
	if h := n.hosts[id]; h != nil {
		return h, nil
	}
	kind := n.kinds[id.Kind()]
	if kind == nil {
		return nil, room.Errorf(room.NotFound, "There is no kind of room named %s.", id.Kind())
	}
	h := &host{id: id, kind: kind, node: n}
	n.hosts[id] = h
	return h, nil
}

// forget removes a retired host from the table.
func (n *Node) forget(h *host) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts[h.id] == h {
		delete(n.hosts, h.id)
	}
}

// post hands req to the room's host.
func (n *Node) post(id room.ID, req request) {
	for {
		h, err := n.host(id)
		if err == nil {
			err = h.post(req)
		}
		if err == errRetired {
			n.forget(h)
			continue
		}
		if err != nil {
			req.fail(err)
		}
		return
	}
}

// Rooms is how many rooms this node has a host for: awake, or read by
// somebody.
func (n *Node) Rooms() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.hosts)
}
