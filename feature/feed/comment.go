package feed

import (
	"cmp"

	"github.com/roomful/roomful/room"
)

// Comment is how a comment is shown. Comments are never edited, so Seq, its
// place among the post's comments, stays what it was when it was made; in the
// update that first tells of it, it is the update's own.
//
//	{"id":"c_2","post":"p_8d","by":{"id":"m_7","name":"Ana"},"at":1790000000000,"text":"Wow","seq":60}
type Comment struct {
	ID    string      `json:"id"`
	Post  string      `json:"post"`
	By    Author      `json:"by"`
	At    room.Millis `json:"at"`
	Text  string      `json:"text"`
	State string      `json:"state,omitempty"` // Hidden, or "" for visible
	Seq   uint64      `json:"seq,omitempty"`
}

// Commented is the data of feed.commented: a comment that is new, restored,
// or the latest one now that a later one is gone; how many its post has; and
// the counts.
type Commented struct {
	Comment
	Comments int    `json:"comments"`
	Counts   Counts `json:"counts"`
}

// Uncommented is the data of feed.uncommented.
//
//	{"post":"p_8d","comment":"c_2","reason":"hidden","comments":1,"counts":{...}}
type Uncommented struct {
	Post     string `json:"post"`
	Comment  string `json:"comment"`
	Reason   string `json:"reason"` // Deleted or Hidden
	Comments int    `json:"comments"`
	Counts   Counts `json:"counts"`
}

type comment struct{ Comment }

func (c *comment) seenBy(m room.Member) bool {
	return c.State == "" || m.Role.Staff() || m.ID != "" && m.ID == c.By.ID
}

func bySeq(a, b *comment) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.ID, b.ID)) }

func (f *feed) comment(tx *room.Tx, cmd room.Command) error {
	var in struct {
		Post string `json:"post"`
		Text string `json:"text"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if err := takesPart(cmd.By); err != nil {
		return err
	}
	p, err := f.findVisible(in.Post)
	if err != nil {
		return err
	}
	if len(p.comments) >= maxComments {
		return room.Errorf(room.Conflict, "This post has as many comments as it can hold.")
	}
	words, err := wordsOf(in.Text)
	if err != nil {
		return err
	}
	if words == "" {
		return room.Errorf(room.Invalid, "Write something first.")
	}
	c := &comment{Comment{
		ID: f.newID(tx, "c_"), Post: p.ID, By: Author{cmd.By.ID, cmd.By.Name},
		At: room.ToMillis(tx.Now()), Text: words,
	}}
	counts := f.counts
	counts.Comments++
	tell(tx, c, p.open+1, counts)
	tx.Reply(map[string]string{"comment": c.ID})
	return nil
}

// tell records a visible comment. It goes with its post and with itself.
func tell(tx *room.Tx, c *comment, comments int, counts Counts) {
	data := Commented{c.Comment, comments, counts}
	data.State = ""
	tx.Record("feed.commented", data, room.About("post/"+c.Post, "comment/"+c.ID))
}

func (f *feed) deleteComment(tx *room.Tx, by room.Member, id string) error {
	c, err := f.findComment(by, id)
	if err != nil {
		return err
	}
	if !by.Role.Host() && (by.ID == "" || by.ID != c.By.ID) {
		return room.Errorf(room.Forbidden, "Only its author and hosts delete a comment.")
	}
	f.withdraw(tx, c, Deleted)
	return nil
}

func (f *feed) hideComment(tx *room.Tx, by room.Member, id string) error {
	c, err := f.findComment(by, id)
	if err != nil {
		return err
	}
	if c.State == Hidden {
		return room.Errorf(room.Conflict, "This comment is hidden already.")
	}
	f.withdraw(tx, c, Hidden)
	return nil
}

// withdraw takes one comment of a visible post away, and tells again of the
// one that is the latest now.
func (f *feed) withdraw(tx *room.Tx, c *comment, reason string) {
	p, counts := f.posts[c.Post], f.counts
	open := p.open
	wasLatest := p.latest(nil) == c
	if c.State == "" {
		open--
		counts.Comments--
	}
	recordUncommented(tx, Uncommented{p.ID, c.ID, reason, open, counts})
	if last := p.latest(map[*comment]bool{c: true}); wasLatest && last != nil {
		tell(tx, last, open, counts)
	}
}

func recordUncommented(tx *room.Tx, data Uncommented) {
	tx.Record("feed.uncommented", data, room.Covers("comment/"+data.Comment), room.Weighs(room.Critical))
}

func (f *feed) restoreComment(tx *room.Tx, by room.Member, id string) error {
	c, err := f.findComment(by, id)
	if err != nil {
		return err
	}
	if c.State == "" {
		return room.Errorf(room.Conflict, "This comment is visible already.")
	}
	counts := f.counts
	counts.Comments++
	tell(tx, c, f.posts[c.Post].open+1, counts)
	return nil
}
