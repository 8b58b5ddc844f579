package feed_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"github.com/roomful/roomful/feature/feed"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

// reader folds updates as PROTOCOL.md tells clients to. It knows nothing of
// the server's state, and it was there from the beginning.
type reader struct {
	shown  map[string]feed.Post // by everyone
	review map[string]feed.Post
	own    map[string]feed.Post
	chosen map[string][]string
	counts feed.Counts
}

// checkFollowers holds the fold to the view: for one who kept up, and for one
// who comes now and reads the log without what was withdrawn.
func checkFollowers(r *roomtest.Room, callers ...room.Caller) {
	for _, c := range callers {
		m, err := r.Identify(c)
		if err != nil {
			r.Fatalf("%s: %v", c.Member, err)
		}
		sight := room.SightOf(m, []string{"feed"})
		live := slices.DeleteFunc(r.Log(), func(u room.Update) bool { return !sight.Sees(&u, m.ID) })
		follow(live).check(r, c, "following")
		late := slices.DeleteFunc(r.Seen(c, 0), func(u room.Update) bool { return u.Feature() != "feed" })
		follow(late).check(r, c, "catching up")
	}
}

func follow(updates []room.Update) *reader {
	rd := &reader{
		shown: map[string]feed.Post{}, review: map[string]feed.Post{},
		own: map[string]feed.Post{}, chosen: map[string][]string{},
	}
	for _, u := range updates {
		rd.fold(u)
	}
	return rd
}

func (rd *reader) fold(u room.Update) {
	var d struct {
		Counts *feed.Counts
		Post   json.RawMessage
		Item   *feed.Post
		Reason string
	}
	_ = json.Unmarshal(u.Data, &d) // each type has some of these
	if d.Counts != nil {
		rd.counts = *d.Counts
	}
	var id string
	_ = json.Unmarshal(d.Post, &id)
	switch u.Type {
	case "feed.posted", "feed.restored":
		p := rd.arrived(u.Data, u.Seq)
		p.Published = cmp.Or(p.Published, u.Seq)
		delete(rd.review, p.ID)
		delete(rd.own, p.ID)
		rd.shown[p.ID] = p
	case "feed.waiting":
		p := rd.arrived(u.Data, u.Seq)
		rd.review[p.ID] = p
	case "feed.review":
		p := rd.arrived(d.Post, u.Seq)
		rd.review[p.ID] = p
		if p.State == feed.Rejected {
			delete(rd.review, p.ID)
		}
	case "feed.mine":
		p := rd.arrived(d.Post, u.Seq)
		rd.own[p.ID] = p
	case "feed.removed":
		delete(rd.shown, id)
		delete(rd.review, id)
		delete(rd.own, id)
	case "feed.pinned":
		change(rd, id, u, func(p *feed.Post, in feed.Pinned) { p.Pinned = in.On })
	case "feed.edited":
		change(rd, id, u, func(p *feed.Post, in feed.Edited) { p.Text, p.Edited = in.Text, in.Edited })
	case "feed.reacted":
		change(rd, id, u, func(p *feed.Post, in feed.Reacted) { p.Reactions = in.Reactions })
	case "feed.chose":
		var in feed.Chose
		_ = json.Unmarshal(u.Data, &in)
		rd.chosen[id] = in.Kinds
	case "feed.commented":
		change(rd, id, u, func(p *feed.Post, in feed.Commented) {
			c := in.Comment
			c.Seq = cmp.Or(c.Seq, u.Seq)
			if p.Comments = in.Comments; len(p.Latest) == 0 || p.Latest[0].Seq < c.Seq {
				p.Latest = []feed.Comment{c}
			}
		})
	case "feed.uncommented":
		change(rd, id, u, func(p *feed.Post, in feed.Uncommented) {
			p.Comments = in.Comments
			p.Latest = slices.DeleteFunc(slices.Clone(p.Latest), func(c feed.Comment) bool { return c.ID == in.Comment })
		})
	}
}

// arrived is a whole post of an update.
func (rd *reader) arrived(data json.RawMessage, seq uint64) (p feed.Post) {
	_ = json.Unmarshal(data, &p)
	p.Seq, p.Latest = seq, []feed.Comment{}
	if known, ok := rd.shown[p.ID]; ok {
		p.Latest = known.Latest
	}
	return p
}

// change alters a post wherever it is known; a keyed update never turns its
// seq back.
func change[T any](rd *reader, id string, u room.Update, alter func(*feed.Post, T)) {
	var in T
	_ = json.Unmarshal(u.Data, &in)
	for _, list := range []map[string]feed.Post{rd.shown, rd.review, rd.own} {
		if p, ok := list[id]; ok {
			alter(&p, in)
			p.Seq = max(p.Seq, u.Seq)
			list[id] = p
		}
	}
}

func (rd *reader) check(r *roomtest.Room, c room.Caller, how string) {
	var view struct {
		Posts, Pinned, Review []json.RawMessage
		Counts                feed.Counts
	}
	var mine struct {
		Posts  []json.RawMessage
		Chosen map[string][]string
	}
	if json.Unmarshal(r.View(c, "feed"), &view) != nil || json.Unmarshal(r.Mine(c, "feed"), &mine) != nil {
		r.Fatalf("no view")
	}
	if rd.counts != view.Counts {
		r.Fatalf("%s %s: counts %+v, in the view %+v", c.Member, how, rd.counts, view.Counts)
	}
	byPublished := func(a, b feed.Post) int { return cmp.Compare(b.Published, a.Published) }
	byTime := func(a, b feed.Post) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.ID, a.ID)) }
	pinned := map[string]feed.Post{}
	for id, p := range rd.shown {
		if p.Pinned {
			pinned[id] = p
		}
	}
	for _, list := range []struct {
		name  string
		known map[string]feed.Post
		order func(a, b feed.Post) int
		view  []json.RawMessage
	}{
		{"posts", rd.shown, byPublished, view.Posts}, {"pinned", pinned, byPublished, view.Pinned},
		{"review", rd.review, byTime, view.Review}, {"own", rd.own, byTime, mine.Posts},
	} {
		got := sorted(list.known, list.order)
		for i, want := range list.view {
			if i >= len(got) || !bytes.Equal(got[i], want) {
				r.Fatalf("%s %s: %s %d of %s, in the view %s", c.Member, how, list.name, i, got, want)
			}
		}
		if len(got) > len(list.view) && len(list.view) < 5 {
			r.Fatalf("%s %s: %d %s, in the view %d", c.Member, how, len(got), list.name, len(list.view))
		}
	}
	for id, kinds := range mine.Chosen {
		if !slices.Equal(rd.chosen[id], kinds) {
			r.Fatalf("%s %s: chose %v for %s, in the view %v", c.Member, how, rd.chosen[id], id, kinds)
		}
	}
}

func sorted(posts map[string]feed.Post, order func(a, b feed.Post) int) (out []json.RawMessage) {
	list := make([]feed.Post, 0, len(posts))
	for _, p := range posts {
		list = append(list, p)
	}
	slices.SortFunc(list, order)
	for _, p := range list {
		b, _ := json.Marshal(p)
		out = append(out, b)
	}
	return out
}
