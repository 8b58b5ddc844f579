package session

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roomful/roomful/netloop"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session/limit"
	"github.com/roomful/roomful/session/token"
)

// Options configure a Registry. Node and Sockets are required.
type Options struct {
	Node    *node.Node
	Sockets *netloop.Group
	Tokens  *token.Verifier // nil: no tokens
	Keys    *token.APIKeys  // nil: no API keys

	AddressJoins       float64 // joins a second from one address; 0: any number
	AddressConnections int     // live connections of one address; 0: any number
	MaxConnections     int     // 0: any number
	PingEvery          time.Duration
	Logger             *slog.Logger
}

// Registry holds what all sessions share. All methods may be called at once.
type Registry struct {
	opts    Options
	log     *slog.Logger
	limits  map[string]room.Limit // by kind and command, "talk reactions.tap"
	rates   *limit.Table
	perAddr limit.Count
	open    atomic.Int64
	nextID  atomic.Uint64
	writers []*writer // by loop id

	stopping chan struct{}  // closed when draining begins
	window   time.Duration  // over which clients come back; set before that
	work     sync.WaitGroup // tokens being checked
	Stats    Stats
}

// Stats counts what sessions did.
type Stats struct {
	Frames  atomic.Uint64 // from clients
	Limited atomic.Uint64
	Refused atomic.Uint64 // connections
}

// NewRegistry makes a Registry for the kinds of its node.
func NewRegistry(opts Options, kinds []room.Kind) *Registry {
	r := &Registry{opts: opts, log: opts.Logger, limits: make(map[string]room.Limit), rates: limit.New(maxBuckets), stopping: make(chan struct{})}
	if r.log == nil {
		r.log = slog.Default()
	}
	if r.opts.PingEvery == 0 {
		r.opts.PingEvery = 25 * time.Second
	}
	for _, k := range kinds {
		for _, f := range k.Features {
			for _, l := range f.Limits {
				r.limits[k.Name+" "+l.Command] = l
			}
		}
	}
	for _, l := range opts.Sockets.Loops() {
		r.writers = append(r.writers, &writer{loop: loop{l}, sessions: make(map[*Session]struct{})})
	}
	return r
}

// maxBuckets bounds the rate table: every member and address of a hall of
// 100,000 with a few limits each, some 50 MB.
const maxBuckets = 1 << 20

// Node is the node that the sessions talk to.
func (r *Registry) Node() *node.Node { return r.opts.Node }

// Draining reports whether the server is on its way out.
func (r *Registry) Draining() bool {
	select {
	case <-r.stopping:
		return true
	default:
		return false
	}
}

// Stopping is closed when the server begins to drain: for reads that wait
// without a session.
func (r *Registry) Stopping() <-chan struct{} { return r.stopping }

// Farewell is what one reader is told then, with its own slot to come back in.
func (r *Registry) Farewell() *room.Error {
	return &room.Error{
		Code:       room.Drain,
		Message:    "The server is restarting. Your place is kept.",
		RetryAfter: rand.N(max(r.window, time.Millisecond)),
	}
}

// Authenticate reads a bearer token or API key into who. It may block while
// keys are fetched.
func (r *Registry) Authenticate(ctx context.Context, text string, who *Identity) error {
	if r.opts.Keys != nil {
		if caller, ok := r.opts.Keys.Caller(text); ok {
			who.Service = &caller
			return nil
		}
	}
	if c, ok := ParseCredential(text); ok {
		who.Credentials = append(who.Credentials, c)
		return nil
	}
	if r.opts.Tokens == nil {
		return room.Errorf(room.Unauthenticated, "This token or key is not known here.")
	}
	claims, err := r.opts.Tokens.Verify(ctx, text)
	if err != nil {
		return err
	}
	who.Claims = &claims
	return nil
}

// Admit counts a connection in, or says why not. Every Admit that returned
// nil is followed by one Dismiss.
func (r *Registry) Admit(address string) error {
	switch {
	case r.Draining():
		return r.Farewell()
	case r.opts.MaxConnections > 0 && r.open.Load() >= int64(r.opts.MaxConnections):
		r.Stats.Refused.Add(1)
		return &room.Error{Code: room.Busy, Message: "The server has all the connections it can take.", RetryAfter: 5 * time.Second}
	case !r.perAddr.Enter(address, r.opts.AddressConnections):
		r.Stats.Refused.Add(1)
		return &room.Error{Code: room.RateLimited, Message: "Too many connections from this network.", RetryAfter: 5 * time.Second}
	}
	r.open.Add(1)
	return nil
}

// Dismiss counts a connection out.
func (r *Registry) Dismiss(address string) {
	r.perAddr.Leave(address)
	r.open.Add(-1)
}

// Do gives a command to a room for who, within the limits. key names the
// connection of somebody who is nobody in particular.
func (r *Registry) Do(who *Identity, key string, s Command, to node.Receiver, tag uint64) {
	cmd, id, err := r.command(who, key, s)
	if err != nil {
		to.Receive(tag, node.Outcome{Err: room.AsError(err)})
		return
	}
	r.opts.Node.Do(id, cmd, to, tag)
}

// Command is a command as it came, from any door.
type Command struct {
	Room string
	Type string
	Op   string
	Data json.RawMessage
}

func (r *Registry) command(who *Identity, key string, s Command) (cmd node.Command, id room.ID, err error) {
	if id, err = room.ParseID(s.Room); err != nil {
		return cmd, id, err
	}
	op, err := room.ParseOp(s.Op)
	if err != nil {
		return cmd, id, err
	}
	kind := r.opts.Node.Kind(id.Kind())
	if kind == nil {
		return cmd, id, room.Errorf(room.NotFound, "There is no kind of room named %s.", id.Kind())
	}
	most := kind.MaxCommandBytes
	if most == 0 {
		most = room.DefaultCommandBytes
	}
	if len(s.Data) > most {
		return cmd, id, room.Errorf(room.TooLarge, "The data of a command is at most %d bytes.", most)
	}
	cmd = node.Command{Caller: who.Caller(id), Type: s.Type, Op: op, Data: s.Data}
	cmd.Granted, err = r.grant(who, key, kind.Name, &cmd)
	return cmd, id, err
}

// grant takes what the command costs from its member's and its address's
// buckets. A command that counts units is granted what there is, any other is
// refused when there is nothing.
func (r *Registry) grant(who *Identity, key, kind string, cmd *node.Command) (int, error) {
	l, limited := r.limits[kind+" "+cmd.Type]
	if !limited {
		return 0, nil
	}
	if cmd.Caller.Role == room.Service {
		return maxGrant, nil
	}
	cost := units(l.Units, cmd.Data)
	if cost <= 0 {
		return 0, nil // the feature refuses it
	}
	now := time.Now()
	rate := limit.Rate{Burst: l.Burst, PerSecond: l.PerSecond}
	granted, wait := r.rates.Allow(bucket(&cmd.Caller, key)+" "+cmd.Type, now, cost, rate)
	if granted > 0 && who != nil && who.Address != "" {
		times := l.PerAddress
		if times == 0 {
			times = room.DefaultPerAddress
		}
		granted, wait = r.rates.Allow(who.Address+" "+cmd.Type, now, granted, rate.Times(times))
	}
	if granted < cost {
		r.Stats.Limited.Add(1)
	}
	if granted == 0 && l.Units == "" {
		return 0, &room.Error{Code: room.RateLimited, Message: "That was a lot at once. Wait a moment.", RetryAfter: wait}
	}
	return granted, nil
}

const maxGrant = 1 << 30 // services are not limited

// units is what a command costs: the number named so in its data, or 1.
func units(name string, data json.RawMessage) int {
	if name == "" {
		return 1
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return 0
	}
	raw, ok := fields[name]
	if !ok {
		return 1
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || n > 1000 {
		return 0
	}
	return n
}

// bucket names whose limits a command counts against: who holds the
// credential, not who is claimed, so that nobody uses up another's.
func bucket(c *room.Caller, key string) string {
	switch {
	case c.Proof != room.Proof{}:
		return string(c.Proof[:12])
	case c.Member != "":
		return "t" + string(c.Member)
	}
	return key
}

// mayJoin takes a join from the address's bucket.
func (r *Registry) mayJoin(address string) error {
	if r.opts.AddressJoins == 0 || address == "" {
		return nil
	}
	rate := limit.Rate{Burst: r.opts.AddressJoins, PerSecond: r.opts.AddressJoins}
	if granted, wait := r.rates.Allow(address+" join", time.Now(), 1, rate); granted == 0 {
		r.Stats.Limited.Add(1)
		return &room.Error{Code: room.RateLimited, Message: "Too many joins from this network at once.", RetryAfter: wait}
	}
	return nil
}

// Join lets a reader without a session in: for GET and long-poll.
func (r *Registry) Join(who *Identity, id room.ID, j node.Join, to node.Receiver) {
	if err := r.mayJoin(who.Address); err != nil {
		to.Receive(0, node.Outcome{Err: room.AsError(err)})
		return
	}
	j.Caller = who.Caller(id)
	r.opts.Node.Join(id, j, to, 0)
}

// Limited takes one unit of an address's bucket for something that is no
// command of a room: guessing codes, opening events, uploading.
func (r *Registry) Limited(address, what string, burst, perSecond float64) error {
	granted, wait := r.rates.Allow(address+" "+what, time.Now(), 1, limit.Rate{Burst: burst, PerSecond: perSecond})
	if granted > 0 {
		return nil
	}
	r.Stats.Limited.Add(1)
	return &room.Error{Code: room.RateLimited, Message: "Too many tries from this network. Wait a moment.", RetryAfter: wait}
}

// Drain tells every session to come back, spread over window, closes them and
// admits no new ones. It returns when all have been told. It is called once.
func (r *Registry) Drain(window time.Duration) {
	r.window = window
	close(r.stopping)
	var told sync.WaitGroup
	for _, w := range r.writers {
		told.Add(1)
		w.loop.Post(&farewell{w: w, told: &told})
	}
	told.Wait()
	r.work.Wait()
}

// farewell is the task that ends a loop's sessions.
type farewell struct {
	w    *writer
	told *sync.WaitGroup
}

// Run implements fanout.Task.
func (f *farewell) Run() {
	defer f.told.Done()
	for s := range f.w.sessions {
		s.bye(s.reg.Farewell())
	}
}
