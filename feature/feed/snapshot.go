package feed

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/roomful/roomful/room"
)

// saved is the snapshot: posts by time, photos by id. All else follows.
type saved struct {
	Pre    bool            `json:"pre,omitempty"`
	Banned []room.MemberID `json:"banned,omitempty"`
	Posts  []savedPost     `json:"posts,omitempty"`
	Photos []photo         `json:"photos,omitempty"` // posted ones
	Loose  []photo         `json:"loose,omitempty"`  // others, by member and upload
}

type savedPost struct {
	Post   Post                      `json:"post"`
	Said   []Comment                 `json:"said,omitempty"`
	Chosen map[room.MemberID]kindSet `json:"chosen,omitempty"`
	Own    uint64                    `json:"own,omitempty"`
}

func (f *feed) Snapshot() ([]byte, error) {
	s := saved{Pre: f.pre, Banned: slices.Sorted(maps.Keys(f.banned))}
	for _, p := range slices.SortedFunc(maps.Values(f.posts), byTime) {
		sp := savedPost{Post: p.Post, Chosen: p.chosen, Own: p.own}
		for _, c := range p.comments {
			sp.Said = append(sp.Said, c.Comment)
		}
		s.Posts = append(s.Posts, sp)
	}
	for _, p := range f.photos {
		if p.Post != "" {
			s.Photos = append(s.Photos, *p)
		}
	}
	slices.SortFunc(s.Photos, func(a, b photo) int { return cmp.Compare(a.Photo, b.Photo) })
	for _, by := range slices.Sorted(maps.Keys(f.unposted)) {
		for _, p := range f.unposted[by] {
			s.Loose = append(s.Loose, *p)
		}
	}
	return json.Marshal(s)
}

func (f *feed) Restore(snapshot []byte) error {
	var s saved
	if err := json.Unmarshal(snapshot, &s); err != nil {
		return err
	}
	*f = *newFeed()
	f.pre = s.Pre
	for _, id := range s.Banned {
		f.banned[id] = true
	}
	for _, p := range append(s.Photos, s.Loose...) {
		f.addUpload(&p)
	}
	for _, sp := range s.Posts {
		f.restorePostOf(sp)
	}
	return nil
}

func (f *feed) restorePostOf(sp savedPost) {
	p := &post{Post: sp.Post, own: sp.Own}
	for by, set := range sp.Chosen {
		p.choose(by, set)
	}
	for _, said := range sp.Said {
		c := &comment{said}
		p.comments = append(p.comments, c)
		f.comments[c.ID] = c
		if c.State == "" {
			p.open++
		}
	}
	f.posts[p.ID] = p
	f.list(p)
}
