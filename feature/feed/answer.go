package feed

import (
	"maps"
	"slices"

	"github.com/roomful/roomful/room"
)

// Answer takes down what a banned member posted, if the ban says so: posts
// are hidden, ones that wait are rejected, comments are hidden. Each has its
// own update, for each covers its own subject; staff can restore them.
func (f *feed) Answer(tx *room.Tx, u room.Update) error {
	if u.Type != "people.banned" {
		return nil
	}
	return fold(u, func(in ban) {
		if in.RemoveContent {
			f.removePostsOf(tx, in.ID)
		}
	})
}

// removePostsOf records everything of one member's as gone. Nothing is folded
// meanwhile, so it keeps the counts itself.
func (f *feed) removePostsOf(tx *room.Tx, id room.MemberID) {
	counts := f.counts
	all := slices.SortedFunc(maps.Values(f.posts), byTime)
	for _, p := range all {
		switch {
		case p.By.ID != id:
		case p.State == Visible:
			counts = f.remove(tx, p, Hidden, counts)
		case p.State == Pending:
			counts = f.remove(tx, p, Rejected, counts)
		}
	}
	for _, p := range all {
		counts = p.removeCommentsOf(tx, id, counts)
	}
}

// removeCommentsOf hides a member's comments on p. If p is theirs it is gone,
// and its comments are not in counts any more.
func (p *post) removeCommentsOf(tx *room.Tx, id room.MemberID, counts Counts) Counts {
	stays := p.State == Visible && p.By.ID != id
	gone := map[*comment]bool{}
	for _, c := range p.comments {
		if c.By.ID != id || c.State != "" {
			continue
		}
		gone[c] = true
		if stays {
			counts.Comments--
		}
		recordUncommented(tx, Uncommented{p.ID, c.ID, Hidden, p.open - len(gone), counts})
	}
	if last := p.latest(gone); stays && last != nil && gone[p.latest(nil)] {
		tell(tx, last, p.open-len(gone), counts)
	}
	return counts
}
