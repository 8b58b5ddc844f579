package feed

import (
	"cmp"
	"slices"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/text"
)

// States of a post. Only a visible one is anybody's but its author's and
// staff's business.
const (
	Visible  = "visible"
	Pending  = "pending"  // waits for staff
	Rejected = "rejected" // was never shown
	Hidden   = "hidden"   // taken down by staff, may come back
)

// Post is how a post is shown.
//
//	{"id":"p_8d","state":"visible","by":{"id":"m_7","name":"Ana"},"at":1790000000000,"text":"Cake!","photos":[{"id":"ph_1","width":2048,"height":1365}],
//	 "reactions":{"heart":3},"comments":2,"latest":[{"id":"c_2",...}],"published":41,"pinned":false,"edited":0,"seq":57}
type Post struct {
	ID        string         `json:"id"`
	State     string         `json:"state"`
	By        Author         `json:"by"`
	At        room.Millis    `json:"at"`
	Text      string         `json:"text"`
	Photos    []Photo        `json:"photos"`
	Reactions map[string]int `json:"reactions"`           // kinds that somebody chose
	Comments  int            `json:"comments"`            // visible ones
	Latest    []Comment      `json:"latest,omitzero"`     // the last visible one; never in an update
	Published uint64         `json:"published,omitempty"` // seq of the first publication: the order. In feed.posted it is the update's own
	Pinned    bool           `json:"pinned"`
	Edited    room.Millis    `json:"edited"`        // 0 for never
	Seq       uint64         `json:"seq,omitempty"` // of the last change; in an update it is the update's own
}

// Author is who wrote something, under the name they had then.
type Author struct {
	ID   room.MemberID `json:"id"`
	Name string        `json:"name"`
}

// Counts are of what everyone sees.
type Counts struct {
	Posts    int `json:"posts"`
	Photos   int `json:"photos"`
	Comments int `json:"comments"`
}

// Shown is the data of feed.posted and feed.restored: a post, and the counts
// with it.
type Shown struct {
	Post
	Counts Counts `json:"counts"`
}

// Edited is the data of feed.edited: {"post":"p_8d","text":"...","edited":1790000000000}.
type Edited struct {
	Post   string      `json:"post"`
	Text   string      `json:"text"`
	Edited room.Millis `json:"edited"`
}

// Pinned is the data of feed.pinned. Item is the whole post when it goes on,
// for those who have not paged that far.
type Pinned struct {
	Post string `json:"post"`
	On   bool   `json:"on"`
	Item *Post  `json:"item,omitempty"`
}

// post is a post with all that hangs on it. Of the embedded Post, what is
// derived (Reactions, Comments, Latest) stays empty: see shown and told.
type post struct {
	Post
	comments []*comment // by seq, hidden ones too
	chosen   map[room.MemberID]kindSet
	tally    [len(kinds)]int
	open     int    // comments that are not hidden
	own      uint64 // seq of the last feed.mine about it
}

func (p *post) seenBy(m room.Member) bool {
	return p.State == Visible || m.Role.Staff() || m.ID != "" && m.ID == p.By.ID
}

// told is p for an update: without comments, which have their own.
func (p *post) told() Post {
	out := p.Post
	out.Seq = 0
	out.Reactions = p.reactions()
	out.Comments = p.open
	return out
}

// shown is p for a view or a page.
func (p *post) shown() Post {
	out := p.told()
	out.Seq = p.Seq
	out.Latest = []Comment{}
	if c := p.latest(nil); c != nil && p.State == Visible {
		out.Latest = append(out.Latest, c.Comment)
	}
	return out
}

// shownToAuthor is p with the seq that the author, who was not told what staff
// was, knows it by.
func (p *post) shownToAuthor() Post {
	out := p.shown()
	out.Seq = max(p.Seq, p.own)
	return out
}

// latest is the last visible comment, passing over those in except.
func (p *post) latest(except map[*comment]bool) *comment {
	for _, c := range slices.Backward(p.comments) {
		if c.State == "" && !except[c] {
			return c
		}
	}
	return nil
}

func byPublished(a, b *post) int { return cmp.Compare(a.Published, b.Published) }

func byTime(a, b *post) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID))
}

func subject(p *post) string { return "post/" + p.ID }

func (f *feed) post(tx *room.Tx, cmd room.Command) error {
	var in struct {
		Text   string   `json:"text"`
		Photos []string `json:"photos"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if err := takesPart(cmd.By); err != nil {
		return err
	}
	if len(f.posts) >= maxPosts {
		return room.Errorf(room.Conflict, "This feed is full. Ask the host to delete something.")
	}
	words, err := wordsOf(in.Text)
	if err != nil {
		return err
	}
	photos, err := f.unpostedOf(cmd.By.ID, in.Photos)
	if err != nil {
		return err
	}
	if words == "" && len(photos) == 0 {
		return room.Errorf(room.Invalid, "Write something or add a photo.")
	}
	p := &post{Post: Post{
		ID: f.newID(tx, "p_"), State: Visible, By: Author{cmd.By.ID, cmd.By.Name},
		At: room.ToMillis(tx.Now()), Text: words, Photos: photos,
	}}
	if f.pre && !cmd.By.Role.Staff() {
		p.State = Pending
		tx.Record("feed.waiting", p.told(), room.To(room.ToStaff), room.About(subject(p)))
		f.tellAuthor(tx, p)
	} else {
		tx.Record("feed.posted", Shown{p.told(), f.counts.with(p, 1)}, room.About(subject(p)))
	}
	tx.Reply(struct {
		Post  string `json:"post"`
		State string `json:"state"`
	}{p.ID, p.State})
	return nil
}

// with is c after p came into sight (sign 1) or went out of it (-1).
func (c Counts) with(p *post, sign int) Counts {
	c.Posts += sign
	c.Photos += sign * len(p.Photos)
	c.Comments += sign * p.open
	return c
}

// tellAuthor tells the author of a post that others do not see.
func (f *feed) tellAuthor(tx *room.Tx, p *post) {
	tx.Record("feed.mine", One{p.told()}, room.To(room.ToMembers(p.By.ID)), room.About(subject(p)))
}

// newID is an id that nothing here has.
func (f *feed) newID(tx *room.Tx, prefix string) string {
	for {
		id := tx.ID(prefix)
		if f.posts[id] == nil && f.comments[id] == nil {
			return id
		}
	}
}

func wordsOf(s string) (string, error) {
	words := text.Block(s)
	if !text.Fits(words, maxGraphemes, maxTextBytes) {
		return "", room.Errorf(room.Invalid, "This text is too long: use up to %d characters.", maxGraphemes)
	}
	return words, nil
}

func (f *feed) edit(tx *room.Tx, cmd room.Command) error {
	var in struct {
		Post string `json:"post"`
		Text string `json:"text"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	p, err := f.find(cmd.By, in.Post)
	if err != nil {
		return err
	}
	if err := f.mayEdit(cmd.By, p); err != nil {
		return err
	}
	words, err := wordsOf(in.Text)
	if err != nil {
		return err
	}
	if words == "" && len(p.Photos) == 0 {
		return room.Errorf(room.Invalid, "A post without a photo needs some text.")
	}
	if words != p.Text {
		f.reword(tx, p, words)
	}
	tx.Reply(struct{}{})
	return nil
}

// mayEdit: under pre-moderation an edit would pass by staff, so what they
// approved stays as they saw it.
func (f *feed) mayEdit(by room.Member, p *post) error {
	switch {
	case by.ID != p.By.ID:
		return room.Errorf(room.Forbidden, "Only the author edits a post.")
	case takesPart(by) != nil:
		return takesPart(by)
	case p.State == Hidden || p.State == Rejected:
		return room.Errorf(room.Conflict, "The host took this post down. You can delete it.")
	case p.State == Visible && f.pre && !by.Role.Staff():
		return room.Errorf(room.Forbidden, "The host checks posts here, so this one stays as it is. Delete it and post again.")
	}
	return nil
}

func (f *feed) reword(tx *room.Tx, p *post, words string) {
	now := room.ToMillis(tx.Now())
	if p.State == Visible {
		tx.Record("feed.edited", Edited{p.ID, words, now}, room.About(subject(p)))
		return
	}
	to := *p
	to.Text, to.Edited = words, now
	tx.Record("feed.review", One{to.told()}, room.To(room.ToStaff), room.About(subject(p)))
	f.tellAuthor(tx, &to)
}

func (f *feed) pin(tx *room.Tx, cmd room.Command) error {
	var in struct {
		Post string `json:"post"`
		On   bool   `json:"on"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if err := staffOnly(cmd.By); err != nil {
		return err
	}
	p, err := f.findVisible(in.Post)
	if err != nil {
		return err
	}
	if in.On && !p.Pinned && len(f.pinned) >= maxPinned {
		return room.Errorf(room.Conflict, "%d posts are pinned. Unpin one first.", maxPinned)
	}
	if in.On != p.Pinned {
		f.recordPin(tx, p, in.On)
	}
	tx.Reply(struct{}{})
	return nil
}

func (f *feed) recordPin(tx *room.Tx, p *post, on bool) {
	data := Pinned{Post: p.ID, On: on}
	if on {
		item := p.told()
		item.Pinned = true
		data.Item = &item
	}
	tx.Record("feed.pinned", data, room.About(subject(p)))
	if c := p.latest(nil); on && c != nil {
		tell(tx, c, p.open, f.counts)
	}
}
