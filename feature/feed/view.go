package feed

import (
	"encoding/json"
	"slices"

	"github.com/roomful/roomful/room"
)

const (
	maxViewed   = 20       // posts in each list of a view
	viewBytes   = 48 << 10 // of posts, pinned ones first: leaves room in a 64 KiB view
	reviewBytes = 16 << 10 // of these, staff's view gives to review
	maxPage     = 50
)

// View is what a sight sees. Posts has the newest, and More says that there
// are older ones, for feed.page. Review is staff's.
//
//	{"posts":[...],"pinned":[...],"more":true,"counts":{"posts":128,"photos":90,"comments":40},"kinds":["heart",...],"review":[...]}
type View struct {
	Posts  []json.RawMessage `json:"posts"` // each a Post
	Pinned []json.RawMessage `json:"pinned"`
	More   bool              `json:"more"`
	Counts Counts            `json:"counts"`
	Kinds  []string          `json:"kinds"`
	Review []json.RawMessage `json:"review,omitzero"`
}

// Mine is a member's own: posts that others do not see, newest first, and
// what they chose for the posts in the view.
//
//	{"posts":[...],"chosen":{"p_8d":["heart"]}}
type Mine struct {
	Posts  []json.RawMessage   `json:"posts"`
	Chosen map[string][]string `json:"chosen"`
}

// Page is the reply of feed.page and, with Posts of one state and nothing
// chosen, of feed.review.
type Page struct {
	Posts  []json.RawMessage   `json:"posts"`
	More   bool                `json:"more"`
	Chosen map[string][]string `json:"chosen"`
}

// Comments is the reply of feed.comments.
type Comments struct {
	Comments []Comment `json:"comments"`
	More     bool      `json:"more"`
}

// View walks the newest posts, never all.
func (f *feed) View(s room.Sight) (any, error) {
	v := View{Counts: f.counts, Kinds: kinds[:]}
	budget := viewBytes
	var err error
	if s.Class == room.Staff {
		left := reviewBytes
		if v.Review, err = newest(f.review, maxViewed, &left, (*post).shown); err != nil {
			return nil, err
		}
		budget -= reviewBytes
	}
	if v.Pinned, err = newest(f.pinned, maxPinned, &budget, (*post).shown); err != nil {
		return nil, err
	}
	if v.Posts, err = newest(f.visible, maxViewed, &budget, (*post).shown); err != nil {
		return nil, err
	}
	v.More = len(v.Posts) < len(f.visible)
	return v, nil
}

// newest encodes the last of list, newest first, at most so many and within
// the budget, which it draws on.
func newest(list []*post, most int, budget *int, shown func(*post) Post) ([]json.RawMessage, error) {
	out := []json.RawMessage{}
	for _, p := range slices.Backward(list) {
		if len(out) == most {
			break
		}
		b, err := json.Marshal(shown(p))
		if err != nil {
			return nil, err
		}
		if len(b) > *budget {
			break
		}
		*budget -= len(b)
		out = append(out, b)
	}
	return out, nil
}

// Mine is the same for all roles.
func (f *feed) Mine(m room.Member) (any, error) {
	if m.ID == "" {
		return nil, nil
	}
	budget := reviewBytes
	posts, err := newest(f.unseen[m.ID], maxViewed, &budget, (*post).shownToAuthor)
	if err != nil {
		return nil, err
	}
	viewed := f.visible[max(0, len(f.visible)-maxViewed):]
	chosen := chosenBy(m.ID, viewed)
	for id, kinds := range chosenBy(m.ID, f.pinned) {
		chosen[id] = kinds
	}
	return Mine{Posts: posts, Chosen: chosen}, nil
}

func chosenBy(id room.MemberID, posts []*post) map[string][]string {
	chosen := map[string][]string{}
	for _, p := range posts {
		if set := p.chosen[id]; set != 0 && id != "" {
			chosen[p.ID] = set.names()
		}
	}
	return chosen
}

// Query answers feed.page, feed.post, feed.comments, feed.review and
// feed.photo.
func (f *feed) Query(m room.Member, name string, args room.Args) (any, error) {
	switch name {
	case "feed.page":
		return f.page(m, args)
	case "feed.post":
		return f.one(m, args)
	case "feed.comments":
		return f.commentsOf(m, args)
	case "feed.review":
		return f.reviewPage(m, args)
	case "feed.photo":
		return f.blob(m, args)
	}
	return nil, room.Errorf(room.NotFound, "The feed has no query %.40q.", name)
}

// page is the visible posts published before a seq.
func (f *feed) page(m room.Member, args room.Args) (any, error) {
	before, err := args.Uint("before", 1<<63)
	if err != nil {
		return nil, err
	}
	limit, err := args.Limit(maxViewed, maxPage)
	if err != nil {
		return nil, err
	}
	end, _ := slices.BinarySearchFunc(f.visible, before, func(p *post, seq uint64) int {
		return byPublished(p, &post{Post: Post{Published: seq}})
	})
	page, err := pageOf(f.visible[:end], limit)
	page.Chosen = chosenBy(m.ID, f.visible[end-len(page.Posts):end])
	return page, err
}

// reviewPage is what waits or is hidden, older than the post named in before.
func (f *feed) reviewPage(m room.Member, args room.Args) (any, error) {
	if err := staffOnly(m); err != nil {
		return nil, err
	}
	limit, err := args.Limit(maxViewed, maxPage)
	if err != nil {
		return nil, err
	}
	list := f.review
	if id := args["before"]; id != "" {
		p, err := f.find(m, id)
		if err != nil {
			return nil, err
		}
		end, _ := slices.BinarySearchFunc(list, p, byTime)
		list = list[:end]
	}
	if state := args["state"]; state != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(p *post) bool { return p.State != state })
	}
	return pageOf(list, limit)
}

func pageOf(list []*post, limit int) (Page, error) {
	budget := viewBytes
	posts, err := newest(list, limit, &budget, (*post).shown)
	return Page{Posts: posts, More: len(posts) < len(list), Chosen: map[string][]string{}}, err
}

func (f *feed) one(m room.Member, args room.Args) (any, error) {
	p, err := f.find(m, args["post"])
	if err != nil {
		return nil, err
	}
	shown := p.shown()
	if p.State != Visible && p.By.ID == m.ID {
		shown = p.shownToAuthor()
	}
	return struct {
		Post   Post                `json:"post"`
		Chosen map[string][]string `json:"chosen"`
	}{shown, chosenBy(m.ID, []*post{p})}, nil
}

// commentsOf is a visible post's comments after a seq, oldest first. Hidden
// ones are for their author and staff.
func (f *feed) commentsOf(m room.Member, args room.Args) (any, error) {
	p, err := f.findVisible(args["post"])
	if err != nil {
		return nil, err
	}
	after, err := args.Uint("after", 0)
	if err != nil {
		return nil, err
	}
	limit, err := args.Limit(maxPage, maxPage)
	if err != nil {
		return nil, err
	}
	start, _ := slices.BinarySearchFunc(p.comments, after, func(c *comment, seq uint64) int {
		if c.Seq > seq {
			return 1
		}
		return -1
	})
	out, budget := Comments{Comments: []Comment{}}, viewBytes
	for _, c := range p.comments[start:] {
		if !c.seenBy(m) {
			continue
		}
		if budget -= len(c.Text); len(out.Comments) == limit || budget < 0 {
			out.More = true
			break
		}
		out.Comments = append(out.Comments, c.Comment)
	}
	return out, nil
}

// blob is where the bytes of a photo are, for the server to send to m.
func (f *feed) blob(m room.Member, args room.Args) (any, error) {
	p := f.photos[args["photo"]]
	if p == nil || !f.photoSeen(m, p) {
		return nil, room.Errorf(room.NotFound, "This photo is not here any more.")
	}
	return map[string]string{"blob": p.Blob}, nil
}
