// Package feed is the photo and text feed of an event: posts, comments and
// reactions, shown at once or after staff approved them, and taken away
// everywhere when they are removed.
//
// Invariants: nothing about a post that is not visible is told to, or
// counted for, anyone but its author and staff; a post keeps the place it was
// first published at; an update that carries somebody's words is About the
// post, and the comment, that they belong to, so that a removal covers it;
// and an update that tells of a removal carries nobody's words.
package feed

import (
	"github.com/roomful/roomful/room"
)

// New makes the feature.
func New() room.Feature {
	return room.Feature{
		Name: "feed",
		New:  func() room.Behavior { return newFeed() },
		// Generous, for an outbox of an hour offline is sent at once.
		Limits: []room.Limit{
			{Command: "feed.post", Burst: 60, PerSecond: 1},
			{Command: "feed.comment", Burst: 60, PerSecond: 1},
			{Command: "feed.edit", Burst: 60, PerSecond: 1},
			{Command: "feed.react", Burst: 60, PerSecond: 5},
		},
	}
}

// Bounds of what a feed holds. A post with a few comments and reactions takes
// about 1 KiB of state.
const (
	maxPosts     = 20_000
	maxComments  = 2_000 // of one post
	maxPhotos    = 10    // of one post
	maxUnposted  = 40    // photos a member uploaded and did not post; the oldest is forgotten
	maxPinned    = 5
	maxGraphemes = 500
	maxTextBytes = 4096 // what 500 characters of any language take; piled-up emoji do not fit
)

// feed is the state. The lists are indexes over posts and are rebuilt by
// Restore.
type feed struct {
	pre    bool // posts of guests wait for staff
	banned map[room.MemberID]bool

	posts   map[string]*post
	visible []*post                   // by published
	pinned  []*post                   // the same
	review  []*post                   // pending and hidden, by time
	unseen  map[room.MemberID][]*post // everything not visible, by author and time

	comments map[string]*comment
	photos   map[string]*photo
	unposted map[room.MemberID][]*photo // by upload
	shared   map[upload]*photo          // the newest of each upload

	counts Counts // of what is visible
}

func newFeed() *feed {
	return &feed{
		banned:   map[room.MemberID]bool{},
		posts:    map[string]*post{},
		unseen:   map[room.MemberID][]*post{},
		comments: map[string]*comment{},
		photos:   map[string]*photo{},
		unposted: map[room.MemberID][]*photo{},
		shared:   map[upload]*photo{},
	}
}

func (f *feed) Handle(tx *room.Tx, cmd room.Command) error {
	switch cmd.Type {
	case "feed.post":
		return f.post(tx, cmd)
	case "feed.edit":
		return f.edit(tx, cmd)
	case "feed.delete":
		return f.delete(tx, cmd)
	case "feed.hide":
		return f.hide(tx, cmd)
	case "feed.restore":
		return f.restore(tx, cmd)
	case "feed.approve":
		return f.approve(tx, cmd)
	case "feed.reject":
		return f.reject(tx, cmd)
	case "feed.comment":
		return f.comment(tx, cmd)
	case "feed.react":
		return f.react(tx, cmd)
	case "feed.pin":
		return f.pin(tx, cmd)
	case "feed.upload":
		return f.upload(tx, cmd)
	}
	return room.Errorf(room.Invalid, "The feed has no command %.40q.", cmd.Type)
}

// takesPart refuses those who only look.
func takesPart(by room.Member) error {
	if !by.Role.Acts() || by.ID == "" {
		return room.Errorf(room.Forbidden, "Join the event as a guest to take part.")
	}
	return nil
}

func staffOnly(by room.Member) error {
	if !by.Role.Staff() {
		return room.Errorf(room.Forbidden, "Only hosts and moderators do this.")
	}
	return nil
}

// find is the post of that id, if m may know of it.
func (f *feed) find(m room.Member, id string) (*post, error) {
	p := f.posts[id]
	if p == nil || !p.seenBy(m) {
		return nil, room.Errorf(room.NotFound, "This post is not here any more.")
	}
	return p, nil
}

// findVisible is for what can only be done where everyone sees it.
func (f *feed) findVisible(id string) (*post, error) {
	p := f.posts[id]
	if p == nil || p.State != Visible {
		return nil, room.Errorf(room.NotFound, "This post is not here any more.")
	}
	return p, nil
}

// findComment is the comment of that id if m may know of it: it is reached
// only through a visible post.
func (f *feed) findComment(m room.Member, id string) (*comment, error) {
	c := f.comments[id]
	if c == nil || f.posts[c.Post].State != Visible || !c.seenBy(m) {
		return nil, room.Errorf(room.NotFound, "This comment is not here any more.")
	}
	return c, nil
}

// target is what delete, hide and restore are about: one of the two.
type target struct {
	Post    string `json:"post"`
	Comment string `json:"comment"`
}

func targetOf(cmd room.Command) (target, error) {
	var in target
	if err := room.Decode(cmd, &in); err != nil {
		return in, err
	}
	if (in.Post == "") == (in.Comment == "") {
		return in, room.Errorf(room.Invalid, "Say which: a post or a comment.")
	}
	return in, nil
}
