package feed

import (
	"github.com/roomful/roomful/room"
)

// Deleted is the third reason of a removal, beside Hidden and Rejected: it is
// for good.
const Deleted = "deleted"

// Removed is the data of feed.removed: {"post":"p_8d","reason":"hidden","counts":{...}}.
type Removed struct {
	Post   string `json:"post"`
	Reason string `json:"reason"` // Deleted, Hidden or Rejected
	Counts Counts `json:"counts"`
}

// One is the data of feed.mine and feed.review, and the reply of the query
// feed.post: {"post":{...}}.
type One struct {
	Post Post `json:"post"`
}

func (f *feed) delete(tx *room.Tx, cmd room.Command) error {
	in, err := targetOf(cmd)
	if err != nil {
		return err
	}
	if in.Comment != "" {
		err = f.deleteComment(tx, cmd.By, in.Comment)
	} else {
		err = f.deletePost(tx, cmd.By, in.Post)
	}
	tx.Reply(struct{}{})
	return err
}

func (f *feed) deletePost(tx *room.Tx, by room.Member, id string) error {
	p, err := f.find(by, id)
	if err != nil {
		return err
	}
	if !by.Role.Host() && (by.ID == "" || by.ID != p.By.ID) {
		return room.Errorf(room.Forbidden, "Only its author and hosts delete a post. Moderators can hide it.")
	}
	f.remove(tx, p, Deleted, f.counts)
	return nil
}

func (f *feed) hide(tx *room.Tx, cmd room.Command) error {
	in, err := staffTarget(cmd)
	if err != nil {
		return err
	}
	if in.Comment != "" {
		err = f.hideComment(tx, cmd.By, in.Comment)
	} else {
		err = f.hidePost(tx, cmd.By, in.Post)
	}
	tx.Reply(struct{}{})
	return err
}

func (f *feed) hidePost(tx *room.Tx, by room.Member, id string) error {
	p, err := f.find(by, id)
	if err != nil {
		return err
	}
	if p.State != Visible {
		return decided(p)
	}
	f.remove(tx, p, Hidden, f.counts)
	return nil
}

func (f *feed) restore(tx *room.Tx, cmd room.Command) error {
	in, err := staffTarget(cmd)
	if err != nil {
		return err
	}
	if in.Comment != "" {
		err = f.restoreComment(tx, cmd.By, in.Comment)
	} else {
		err = f.restorePost(tx, cmd.By, in.Post)
	}
	tx.Reply(struct{}{})
	return err
}

func (f *feed) restorePost(tx *room.Tx, by room.Member, id string) error {
	p, err := f.find(by, id)
	if err != nil {
		return err
	}
	if p.State != Hidden {
		return decided(p)
	}
	f.show(tx, p, "feed.restored")
	return nil
}

func (f *feed) approve(tx *room.Tx, cmd room.Command) error {
	p, err := f.undecided(cmd)
	if err != nil {
		return err
	}
	if p.State != Pending && p.State != Rejected {
		return decided(p)
	}
	f.show(tx, p, "feed.posted")
	tx.Reply(struct{}{})
	return nil
}

func (f *feed) reject(tx *room.Tx, cmd room.Command) error {
	p, err := f.undecided(cmd)
	if err != nil {
		return err
	}
	if p.State != Pending {
		return decided(p)
	}
	f.remove(tx, p, Rejected, f.counts)
	tx.Reply(struct{}{})
	return nil
}

// undecided is the post that staff decides on. A decision may name the seq it
// was made at: an edit since then asks for another look.
func (f *feed) undecided(cmd room.Command) (*post, error) {
	var in struct {
		Post string `json:"post"`
		Seq  uint64 `json:"seq"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return nil, err
	}
	if err := staffOnly(cmd.By); err != nil {
		return nil, err
	}
	p, err := f.find(cmd.By, in.Post)
	if err != nil {
		return nil, err
	}
	if in.Seq != 0 && in.Seq < p.Seq && p.State == Pending {
		return nil, room.Errorf(room.Conflict, "The author has changed this post. Look at it again.")
	}
	return p, nil
}

func staffTarget(cmd room.Command) (target, error) {
	in, err := targetOf(cmd)
	if err != nil {
		return in, err
	}
	return in, staffOnly(cmd.By)
}

// decided refuses the second of two decisions on one post.
func decided(p *post) error {
	words := map[string]string{
		Visible:  "This post is visible already.",
		Pending:  "This post still waits. Approve or reject it.",
		Rejected: "This post was rejected already.",
		Hidden:   "This post is hidden already. You can restore it.",
	}
	return &room.Error{Code: room.Conflict, Message: words[p.State]}
}

// show makes p visible to everyone, as feed.posted for the first time or as
// feed.restored.
func (f *feed) show(tx *room.Tx, p *post, typ string) {
	to := *p
	to.State = Visible
	counts := f.counts.with(p, 1)
	tx.Record(typ, Shown{to.told(), counts}, room.About(subject(p)))
	if c := p.latest(nil); c != nil {
		tell(tx, c, p.open, counts)
	}
}

// remove withdraws p from everyone's sight. Unless it is for good, staff and
// the author are told what it has become. It returns the counts with it gone.
func (f *feed) remove(tx *room.Tx, p *post, reason string, counts Counts) Counts {
	if p.State == Visible {
		counts = counts.with(p, -1)
	}
	tx.Record("feed.removed", Removed{p.ID, reason, counts}, room.Covers(subject(p)), room.Weighs(room.Critical))
	if reason == Deleted {
		return counts
	}
	to := *p
	to.State, to.Pinned = reason, false
	tx.Record("feed.review", One{to.told()}, room.To(room.ToStaff), room.About(subject(p)))
	f.tellAuthor(tx, &to)
	return counts
}
