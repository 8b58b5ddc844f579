package feed_test

import (
	"encoding/json"
	"fmt"

	"github.com/roomful/roomful/feature/feed"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

// checkTallies holds every number shown to a recount: counts, reactions and
// comments are of what paging can reach, in order, without repeats.
func checkTallies(r *roomtest.Room) {
	must := func(ok bool, what string, args ...any) {
		if !ok {
			r.Fatalf(what, args...)
		}
	}
	staff := roomtest.Server()
	var view struct {
		Counts feed.Counts
		Posts  []feed.Post
		More   bool
		Pinned []feed.Post
	}
	must(json.Unmarshal(r.View(staff, "feed"), &view) == nil, "no view")
	recount, last := feed.Counts{}, uint64(1<<62)
	for before := ""; ; {
		var page struct {
			Posts []feed.Post
			More  bool
		}
		result, err := r.Query(staff, "feed.page", room.Args{"before": before, "limit": "7"})
		must(err == nil && json.Unmarshal(result, &page) == nil, "no page: %v", err)
		for _, p := range page.Posts {
			must(p.Published < last && p.State == feed.Visible, "out of order: %+v", p)
			last = p.Published
			recount.Posts++
			recount.Photos += len(p.Photos)
			recount.Comments += p.Comments
			must(p.Comments == visibleComments(r, staff, p), "%s has other than %d comments", p.ID, p.Comments)
		}
		if !page.More {
			break
		}
		before = fmt.Sprint(last)
	}
	must(recount == view.Counts, "counted %+v, shown %+v", recount, view.Counts)
	must(len(view.Pinned) <= 5, "%d pinned", len(view.Pinned))
	must(view.More == (len(view.Posts) < recount.Posts), "more is %v with %d of %d", view.More, len(view.Posts), recount.Posts)
	checkReactions(r, view.Posts, must)
}

func visibleComments(r *roomtest.Room, c room.Caller, p feed.Post) (n int) {
	for after := ""; ; {
		var page feed.Comments
		result, err := r.Query(c, "feed.comments", room.Args{"post": p.ID, "after": after, "limit": "3"})
		if err != nil || json.Unmarshal(result, &page) != nil {
			r.Fatalf("comments of %s: %v", p.ID, err)
		}
		for _, c := range page.Comments {
			after = fmt.Sprint(c.Seq)
			if c.State == "" {
				n++
			}
		}
		if !page.More {
			return n
		}
	}
}

// checkReactions recounts the log: the last choice of each member counts.
func checkReactions(r *roomtest.Room, posts []feed.Post, must func(bool, string, ...any)) {
	chosen := map[string]map[room.MemberID][]string{}
	for _, u := range r.Log() {
		var c feed.Chose
		if u.Type == "feed.chose" && json.Unmarshal(u.Data, &c) == nil {
			if chosen[c.Post] == nil {
				chosen[c.Post] = map[room.MemberID][]string{}
			}
			chosen[c.Post][u.By] = c.Kinds
		}
	}
	for _, p := range posts {
		total := 0
		for _, kinds := range chosen[p.ID] {
			total += len(kinds)
		}
		for _, n := range p.Reactions {
			total -= n
		}
		must(total == 0, "reactions of %s are off by %d: %v", p.ID, total, p.Reactions)
	}
}
