package sim

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/roomful/roomful/feature/event"
	"github.com/roomful/roomful/feature/feed"
	"github.com/roomful/roomful/feature/people"
	"github.com/roomful/roomful/feature/reactions"
	"github.com/roomful/roomful/room"
)

// state is what a client has: a view with updates folded into it as
// PROTOCOL.md tells clients to. It knows nothing of the server's state.
type state struct {
	event   event.State
	members map[room.MemberID]people.Member
	taps    map[string]uint64
	shown   map[string]feed.Post
	review  map[string]feed.Post
	own     map[string]feed.Post
	chosen  map[string][]string
	counts  feed.Counts
}

func newState() *state {
	return &state{
		members: map[room.MemberID]people.Member{}, shown: map[string]feed.Post{}, review: map[string]feed.Post{},
		own: map[string]feed.Post{}, chosen: map[string][]string{},
	}
}

// load sets the state to a view.
func (s *state) load(view, mine map[string]json.RawMessage) {
	decode(view["event"], &s.event)
	var taps reactions.View
	decode(view["reactions"], &taps)
	s.taps = taps.Counts
	var all people.View
	decode(view["people"], &all)
	for _, m := range all.Members {
		s.members[m.ID] = m
	}
	var posts struct {
		Posts, Pinned, Review []feed.Post
		Counts                feed.Counts
	}
	decode(view["feed"], &posts)
	s.counts = posts.Counts
	put(s.shown, posts.Posts)
	put(s.shown, posts.Pinned)
	put(s.review, posts.Review)
	var own struct {
		Posts  []feed.Post
		Chosen map[string][]string
	}
	decode(mine["feed"], &own)
	put(s.own, own.Posts)
	maps.Copy(s.chosen, own.Chosen)
}

func put(list map[string]feed.Post, posts []feed.Post) {
	for _, p := range posts {
		list[p.ID] = p
	}
}

func decode(text json.RawMessage, to any) {
	if len(text) > 0 {
		if err := json.Unmarshal(text, to); err != nil {
			panic(err) // the checks of the texts come first
		}
	}
}

func (s *state) fold(u room.Update) {
	switch u.Feature() {
	case "event":
		s.foldEvent(u)
	case "people":
		s.foldPeople(u)
	case "reactions":
		var in reactions.Counted
		decode(u.Data, &in)
		s.taps = in.Counts
	case "feed":
		s.foldFeed(u)
	}
}

func (s *state) foldEvent(u room.Update) {
	switch u.Type {
	case "event.changed":
		var in event.Changes
		decode(u.Data, &in)
		if in.Name != nil {
			s.event.Name = *in.Name
		}
		if in.Moderation != nil {
			s.event.Moderation = *in.Moderation
		}
		maps.Copy(s.event.Features, in.Features)
	case "event.locked":
		var in event.Locked
		decode(u.Data, &in)
		s.event.Locked = in.On
	}
}

func (s *state) foldPeople(u room.Update) {
	switch u.Type {
	case "people.joined", "people.changed":
		var m people.Member
		decode(u.Data, &m)
		m.Seq = u.Seq
		s.members[m.ID] = m
	case "people.banned":
		var in people.Banned
		decode(u.Data, &in)
		delete(s.members, in.ID)
	}
}

func (s *state) foldFeed(u room.Update) {
	var d struct {
		Counts *feed.Counts
		Post   json.RawMessage
	}
	decode(u.Data, &d)
	if d.Counts != nil {
		s.counts = *d.Counts
	}
	var id string
	_ = json.Unmarshal(d.Post, &id) // some name a post, some have it whole
	switch u.Type {
	case "feed.posted", "feed.restored":
		p := s.arrived(u.Data, u.Seq)
		p.Published = cmp.Or(p.Published, u.Seq)
		delete(s.review, p.ID)
		delete(s.own, p.ID)
		s.shown[p.ID] = p
	case "feed.waiting":
		p := s.arrived(u.Data, u.Seq)
		s.review[p.ID] = p
	case "feed.review":
		p := s.arrived(d.Post, u.Seq)
		s.review[p.ID] = p
		if p.State == feed.Rejected {
			delete(s.review, p.ID)
		}
	case "feed.mine":
		p := s.arrived(d.Post, u.Seq)
		s.own[p.ID] = p
	case "feed.removed":
		delete(s.shown, id)
		delete(s.review, id)
		delete(s.own, id)
	case "feed.pinned":
		change(s, id, u, func(p *feed.Post, in feed.Pinned) { p.Pinned = in.On })
	case "feed.edited":
		change(s, id, u, func(p *feed.Post, in feed.Edited) { p.Text, p.Edited = in.Text, in.Edited })
	case "feed.reacted":
		change(s, id, u, func(p *feed.Post, in feed.Reacted) { p.Reactions = in.Reactions })
	case "feed.chose":
		var in feed.Chose
		decode(u.Data, &in)
		s.chosen[id] = in.Kinds
	case "feed.commented":
		change(s, id, u, func(p *feed.Post, in feed.Commented) {
			c := in.Comment
			c.Seq = cmp.Or(c.Seq, u.Seq)
			if p.Comments = in.Comments; len(p.Latest) == 0 || p.Latest[0].Seq < c.Seq {
				p.Latest = []feed.Comment{c}
			}
		})
	case "feed.uncommented":
		change(s, id, u, func(p *feed.Post, in feed.Uncommented) {
			p.Comments = in.Comments
			p.Latest = slices.DeleteFunc(slices.Clone(p.Latest), func(c feed.Comment) bool { return c.ID == in.Comment })
		})
	}
}

// choices are the member's for posts that everyone sees. Not of one that was
// away in between: what was chosen before is neither in a view taken meanwhile
// nor told again, a known limit of the feed.
func (s *state) choices(k *look, h *history) map[string][]string {
	chosen := map[string][]string{}
	for id, kinds := range s.chosen {
		_, shown := s.shown[id]
		at, back := h.restored[id]
		if shown && len(kinds) > 0 && k.member != "" && !(back && at <= k.to) {
			chosen[id] = kinds
		}
	}
	return chosen
}

// arrived is a whole post of an update.
func (s *state) arrived(text json.RawMessage, seq uint64) (p feed.Post) {
	decode(text, &p)
	p.Seq, p.Latest = seq, []feed.Comment{}
	if known, ok := s.shown[p.ID]; ok {
		p.Latest = known.Latest
	}
	return p
}

// change alters a post wherever it is known; a keyed update never turns its
// seq back.
func change[T any](s *state, id string, u room.Update, alter func(*feed.Post, T)) {
	var in T
	decode(u.Data, &in)
	for _, list := range []map[string]feed.Post{s.shown, s.review, s.own} {
		if p, ok := list[id]; ok {
			alter(&p, in)
			p.Seq = max(p.Seq, u.Seq)
			list[id] = p
		}
	}
}

// normal is the state as text, equal for equal states: of the features in
// the reader's sight, and without what a fold may know and a view not.
func (s *state) normal(k *look, h *history) string {
	sight := k.sight
	out := map[string]any{}
	if sight.Wants("event") {
		out["event"] = s.event
	}
	if sight.Wants("people") {
		out["people"] = s.members
	}
	if sight.Wants("reactions") {
		out["taps"] = s.taps
	}
	if sight.Wants("feed") {
		out["shown"], out["own"], out["counts"], out["chosen"] = s.shown, s.own, s.counts, s.choices(k, h)
		if sight.Class == room.Staff {
			out["review"] = s.review
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return string(text)
}
