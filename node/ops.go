package node

import (
	"hash/fnv"
	"slices"
	"strings"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

const (
	opsKept          = 32                 // newest ops per client; an outbox has no more unanswered
	clientsPerMember = 16                 // outboxes of one member; the longest idle is forgotten
	clientsPerRoom   = 100_000            // outboxes of a room
	clientIdle       = 30 * 24 * 3600_000 // ms without a command, then forgotten
)

// ops is what a room remembers for exactly-once effect: per member and
// client the highest number and the newest ops with their replies.
type ops struct {
	clients map[clientKey]*client
	members map[room.MemberID]int // how many clients each has
}

type clientKey struct {
	member room.MemberID
	client string
}

type client struct {
	high uint64
	last room.Millis
	kept []journal.Op // oldest first, at most opsKept
}

// sumOf is the payload's sum: the same op with another type or data is a
// conflict.
func sumOf(typ string, data []byte) uint64 {
	h := fnv.New64a()
	h.Write([]byte(typ)) // never fails
	h.Write([]byte{0})
	h.Write(data)
	return h.Sum64()
}

// find looks for a command's op: the remembered one if it is a repetition,
// nil if it is new; Conflict or Stale if it is neither.
func (o *ops) find(member room.MemberID, op room.Op, sum uint64) (*journal.Op, error) {
	c := o.clients[clientKey{member, op.Client}]
	if c == nil || op.N > c.high {
		return nil, nil
	}
	for i := range c.kept {
		if k := &c.kept[i]; k.Op.N == op.N {
			if k.Sum != sum {
				return nil, room.Errorf(room.Conflict, "Op %s was used for another command.", op)
			}
			return k, nil
		}
	}
	return nil, room.Errorf(room.Stale, "Op %s is older than what was done since. Send it again under a new number.", op)
}

// remember adds an accepted op.
func (o *ops) remember(op *journal.Op, at room.Millis) {
	key := clientKey{op.Member, op.Op.Client}
	c := o.clients[key]
	if c == nil {
		c = &client{}
		o.admit(key, c, at)
	}
	if n := len(c.kept); n > 0 && op.Op.N <= c.high {
		return // replayed over the snapshot that has it
	}
	c.high, c.last = op.Op.N, at
	if len(c.kept) == opsKept {
		c.kept = slices.Delete(c.kept, 0, 1)
	}
	c.kept = append(c.kept, *op)
}

// admit makes room for a client and adds it.
func (o *ops) admit(key clientKey, c *client, at room.Millis) {
	if o.clients == nil {
		o.clients = make(map[clientKey]*client)
		o.members = make(map[room.MemberID]int)
	}
	if key.member != "" && o.members[key.member] >= clientsPerMember {
		o.forgetOldest(func(k clientKey) bool { return k.member == key.member })
	}
	if len(o.clients) >= clientsPerRoom {
		o.expire(at)
	}
	o.clients[key] = c
	o.members[key.member]++
}

// expire forgets clients that were idle for long, and if none was, the
// longest idle one.
func (o *ops) expire(at room.Millis) {
	for k, c := range o.clients {
		if at-c.last > clientIdle {
			o.forget(k)
		}
	}
	if len(o.clients) >= clientsPerRoom {
		o.forgetOldest(func(clientKey) bool { return true })
	}
}

func (o *ops) forgetOldest(among func(clientKey) bool) {
	var oldest clientKey
	var first *client
	for k, c := range o.clients {
		if among(k) && (first == nil || older(c, k, first, oldest)) {
			oldest, first = k, c
		}
	}
	o.forget(oldest)
}

func (o *ops) forget(k clientKey) {
	delete(o.clients, k)
	if o.members[k.member]--; o.members[k.member] <= 0 {
		delete(o.members, k.member)
	}
}

// older orders clients by idleness, then by name, so that every replay
// forgets the same.
func older(a *client, ka clientKey, b *client, kb clientKey) bool {
	if a.last != b.last {
		return a.last < b.last
	}
	return ka.member < kb.member || ka.member == kb.member && ka.client < kb.client
}

// savedClient is a client in a snapshot.
type savedClient struct {
	Member room.MemberID `json:"member"`
	Client string        `json:"client"`
	High   uint64        `json:"high"`
	Last   room.Millis   `json:"last"`
	Kept   []savedOp     `json:"kept"`
}

type savedOp struct {
	N     uint64 `json:"n"`
	Sum   uint64 `json:"sum"`
	Seq   uint64 `json:"seq"`
	Reply []byte `json:"reply,omitempty"`
}

func (o *ops) save() []savedClient {
	out := make([]savedClient, 0, len(o.clients))
	for k, c := range o.clients {
		s := savedClient{Member: k.member, Client: k.client, High: c.high, Last: c.last}
		for i := range c.kept {
			s.Kept = append(s.Kept, savedOp{c.kept[i].Op.N, c.kept[i].Sum, c.kept[i].Seq, c.kept[i].Reply})
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b savedClient) int {
		if c := strings.Compare(string(a.Member), string(b.Member)); c != 0 {
			return c
		}
		return strings.Compare(a.Client, b.Client)
	})
	return out
}

func (o *ops) restore(saved []savedClient) {
	o.clients = make(map[clientKey]*client, len(saved))
	o.members = make(map[room.MemberID]int)
	for _, s := range saved {
		c := &client{high: s.High, last: s.Last}
		for _, k := range s.Kept {
			c.kept = append(c.kept, journal.Op{
				Member: s.Member, Op: room.Op{Client: s.Client, N: k.N}, Sum: k.Sum, Seq: k.Seq, Reply: k.Reply,
			})
		}
		o.clients[clientKey{s.Member, s.Client}] = c
		o.members[s.Member]++
	}
}
