package feed

import (
	"encoding/json"
	"slices"

	"github.com/roomful/roomful/room"
)

func (f *feed) Apply(u room.Update) error {
	switch u.Type {
	case "feed.posted", "feed.waiting", "feed.restored":
		return fold(u, func(in Post) { f.applyPost(u, in) })
	case "feed.review":
		return fold(u, func(in One) { f.applyReview(u, in.Post) })
	case "feed.mine": // the same as staff was told
		return fold(u, func(in One) {
			if p := f.posts[in.Post.ID]; p != nil {
				p.own = u.Seq
			}
		})
	case "feed.edited":
		return fold(u, func(in Edited) {
			if p := f.changed(u, in.Post); p != nil {
				p.Text, p.Edited = in.Text, in.Edited
			}
		})
	case "feed.removed":
		return fold(u, func(in Removed) { f.applyRemoved(u, in) })
	case "feed.pinned":
		return fold(u, func(in Pinned) {
			if p := f.changed(u, in.Post); p != nil {
				f.setPinned(p, in.On)
			}
		})
	case "feed.chose":
		return fold(u, func(in Chose) {
			if p := f.posts[in.Post]; p != nil {
				p.choose(u.By, setOf(in.Kinds))
			}
		})
	case "feed.reacted":
		return fold(u, func(in Reacted) { f.changed(u, in.Post) }) // counted from feed.chose
	case "feed.commented":
		return fold(u, func(in Comment) { f.applyComment(u, in) })
	case "feed.uncommented":
		return fold(u, func(in Uncommented) { f.applyUncommented(u, in) })
	case "feed.uploaded":
		return fold(u, func(in Uploaded) { f.addUpload(&photo{Uploaded: in}) })
	}
	return nil
}

// fold decodes u's data for apply.
func fold[T any](u room.Update, apply func(T)) error {
	var in T
	if err := json.Unmarshal(u.Data, &in); err != nil {
		return err
	}
	apply(in)
	return nil
}

// changed is the post of that id, with u as its last change; nil if it is not
// here. Keyed updates may take an earlier one's place, so seq never falls.
func (f *feed) changed(u room.Update, id string) *post {
	p := f.posts[id]
	if p != nil {
		p.Seq = max(p.Seq, u.Seq)
	}
	return p
}

func (f *feed) applyPost(u room.Update, in Post) {
	p := f.changed(u, in.ID)
	if p == nil {
		in.Reactions, in.Comments, in.Latest = nil, 0, nil
		in.Seq = u.Seq
		if in.Photos == nil {
			in.Photos = []Photo{}
		}
		p = &post{Post: in}
		p.State = ""
		f.posts[p.ID] = p
		for _, photo := range p.Photos {
			f.attach(photo.ID, p.ID)
		}
	}
	if p.Published == 0 && in.State == Visible {
		f.unlist(p)
		p.Published = u.Seq
	}
	f.setState(p, in.State)
}

func (f *feed) applyReview(u room.Update, in Post) {
	if p := f.changed(u, in.ID); p != nil {
		p.Text, p.Edited = in.Text, in.Edited
		f.setState(p, in.State)
	}
}

func (f *feed) applyRemoved(u room.Update, in Removed) {
	p := f.changed(u, in.Post)
	if p == nil {
		return
	}
	if in.Reason != Deleted {
		f.setState(p, in.Reason)
		return
	}
	f.unlist(p)
	delete(f.posts, p.ID)
	for _, c := range p.comments {
		delete(f.comments, c.ID)
	}
	for _, shown := range p.Photos {
		if photo := f.photos[shown.ID]; photo != nil {
			f.dropPhoto(photo)
		}
	}
}

func (f *feed) applyComment(u room.Update, in Comment) {
	p := f.changed(u, in.Post)
	if p == nil {
		return
	}
	c := f.comments[in.ID]
	if c == nil {
		if in.Seq == 0 {
			in.Seq = u.Seq
		}
		in.State = Hidden // until counted below
		c = &comment{in}
		f.comments[c.ID] = c
		i, _ := slices.BinarySearchFunc(p.comments, c, bySeq)
		p.comments = slices.Insert(p.comments, i, c)
	}
	f.setOpen(p, c, "")
}

func (f *feed) applyUncommented(u room.Update, in Uncommented) {
	p, c := f.changed(u, in.Post), f.comments[in.Comment]
	if p == nil || c == nil {
		return
	}
	f.setOpen(p, c, Hidden)
	if in.Reason == Deleted {
		delete(f.comments, c.ID)
		p.comments = slices.DeleteFunc(p.comments, func(d *comment) bool { return d == c })
	}
}

// setOpen sets a comment's state and what is counted of it.
func (f *feed) setOpen(p *post, c *comment, state string) {
	if c.State == state {
		return
	}
	c.State = state
	change := 1
	if state == Hidden {
		change = -1
	}
	p.open += change
	if p.State == Visible {
		f.counts.Comments += change
	}
}

// setState moves p to the lists of its new state.
func (f *feed) setState(p *post, state string) {
	if p.State == state {
		return
	}
	f.unlist(p)
	p.State = state
	f.list(p)
}

// list enters p into the indexes of its state and counts it.
func (f *feed) list(p *post) {
	if p.State == Visible {
		f.visible = with(f.visible, p, byPublished)
		f.counts = f.counts.with(p, 1)
		if p.Pinned {
			f.pinned = with(f.pinned, p, byPublished)
		}
		return
	}
	f.unseen[p.By.ID] = with(f.unseen[p.By.ID], p, byTime)
	if p.State != Rejected {
		f.review = with(f.review, p, byTime)
	}
}

// unlist takes p out of them; a post that goes out of sight loses its pin.
func (f *feed) unlist(p *post) {
	if p.State == Visible {
		f.visible = without(f.visible, p, byPublished)
		f.counts = f.counts.with(p, -1)
		f.setPinned(p, false)
		return
	}
	f.review = without(f.review, p, byTime)
	f.unseen[p.By.ID] = without(f.unseen[p.By.ID], p, byTime)
	if len(f.unseen[p.By.ID]) == 0 {
		delete(f.unseen, p.By.ID)
	}
}

func (f *feed) setPinned(p *post, on bool) {
	if p.State != Visible || p.Pinned == on {
		return
	}
	p.Pinned = on
	if on {
		f.pinned = with(f.pinned, p, byPublished)
	} else {
		f.pinned = without(f.pinned, p, byPublished)
	}
}

// with and without keep a list sorted; the common place is the end.
func with(list []*post, p *post, order func(a, b *post) int) []*post {
	i, _ := slices.BinarySearchFunc(list, p, order)
	return slices.Insert(list, i, p)
}

func without(list []*post, p *post, order func(a, b *post) int) []*post {
	if i, ok := slices.BinarySearchFunc(list, p, order); ok && list[i] == p {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// Observe learns the moderation mode and who is banned.
func (f *feed) Observe(u room.Update) error {
	switch u.Type {
	case "event.opened", "event.changed":
		return fold(u, func(in struct {
			Moderation string `json:"moderation"`
		}) {
			if in.Moderation != "" {
				f.pre = in.Moderation == "pre"
			}
		})
	case "people.banned":
		return fold(u, func(in ban) { f.banned[in.ID] = true })
	}
	return nil
}

// ban is the part of people.banned that matters here.
type ban struct {
	ID            room.MemberID `json:"id"`
	RemoveContent bool          `json:"removeContent"`
}
