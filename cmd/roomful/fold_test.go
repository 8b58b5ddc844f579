package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// screen is what somebody sees of an event: a view, and what updates made of
// it since. It is a small reading of the protocol of its own, so that it
// would notice if the server's own folds were wrong together.
type screen struct {
	pos     string
	name    string
	locked  bool
	posts   map[string]object
	review  map[string]object // nil for who is not staff
	members map[string]object
	counts  object // of the feed
	taps    object
	mine    map[string]object // own posts that others do not see
	chosen  map[string]any    // own reactions by post

	seen []uint64 // seqs of updates, in the order they came
	faux []string // what broke a rule on the way
}

// take applies one frame, whole.
func (s *screen) take(f *told) {
	if f.Pos == "" {
		return
	}
	if f.View != nil {
		*s = screen{seen: s.seen, faux: s.faux}
		s.show(f)
	}
	for i := range f.Updates {
		s.fold(&f.Updates[i])
	}
	if was := s.pos; f.View == nil && seqOf(f.Pos) < seqOf(was) {
		s.fault("moved back from %s to %s", was, f.Pos)
	}
	s.pos = f.Pos
}

func (s *screen) fault(format string, args ...any) {
	s.faux = append(s.faux, fmt.Sprintf(format, args...))
}

func (s *screen) show(f *told) {
	if e, ok := f.View["event"].(object); ok {
		s.name, s.locked = e["name"].(string), e["locked"].(bool)
	}
	if v, ok := f.View["feed"].(object); ok {
		s.posts, s.counts = byID(v["posts"]), v["counts"].(object)
		if v["review"] != nil {
			s.review = byID(v["review"])
		}
		mine, _ := f.Mine["feed"].(object)
		s.mine = byID(mine["posts"])
		s.chosen, _ = mine["chosen"].(object)
		s.chosen = maps.Clone(s.chosen)
	}
	if v, ok := f.View["people"].(object); ok {
		s.members = byID(v["members"])
	}
	if v, ok := f.View["reactions"].(object); ok {
		s.taps = v["counts"].(object)
	}
}

func byID(list any) map[string]object {
	out := map[string]object{}
	items, _ := list.([]any)
	for _, item := range items {
		o := item.(object)
		out[o["id"].(string)] = o
	}
	return out
}

func (s *screen) fold(u *happened) {
	if n := len(s.seen); n > 0 && u.Seq <= s.seen[n-1] && s.pos != "" && u.Seq <= seqOf(s.pos) {
		s.fault("%s at %d after %s", u.Type, u.Seq, s.pos)
	}
	s.seen = append(s.seen, u.Seq)
	d := u.Data
	if c, ok := d["counts"].(object); ok && strings.HasPrefix(u.Type, "feed.") {
		s.counts = c
	}
	id, _ := d["post"].(string)
	switch u.Type {
	case "event.changed":
		if name, ok := d["name"].(string); ok {
			s.name = name
		}
	case "event.locked":
		s.locked = d["on"].(bool)
	case "people.joined", "people.changed":
		s.members[d["id"].(string)] = d
	case "people.banned":
		delete(s.members, d["id"].(string))
	case "reactions.counted":
		s.taps = d["counts"].(object)
	case "feed.posted", "feed.restored":
		id = d["id"].(string)
		s.posts[id] = d
		delete(s.mine, id)
		delete(s.review, id)
	case "feed.waiting":
		s.review[d["id"].(string)] = d
	case "feed.review":
		p := d["post"].(object)
		if id = p["id"].(string); p["state"] == "pending" || p["state"] == "hidden" {
			s.review[id] = p
		} else {
			delete(s.review, id)
		}
	case "feed.mine":
		p := d["post"].(object)
		s.mine[p["id"].(string)] = p
	case "feed.removed":
		delete(s.posts, id)
		delete(s.review, id)
		delete(s.mine, id)
	case "feed.edited":
		for _, list := range []map[string]object{s.posts, s.review, s.mine} {
			if list[id] != nil {
				list[id]["text"] = d["text"]
			}
		}
	case "feed.reacted":
		if p := s.posts[id]; p != nil {
			p["reactions"] = d["reactions"]
		}
	case "feed.chose":
		if s.chosen == nil {
			s.chosen = map[string]any{}
		}
		s.chosen[id] = d["kinds"]
	case "feed.pinned":
		if p := s.posts[id]; p != nil {
			p["pinned"] = d["on"]
		}
	case "feed.commented", "feed.uncommented":
		if p := s.posts[id]; p != nil {
			p["comments"] = d["comments"]
		}
	}
}

// String is what is compared: the same for whoever sees the same.
func (s *screen) String() string {
	out := object{
		"name": s.name, "locked": s.locked, "counts": s.counts, "taps": s.taps,
		"posts": brief(s.posts, "text", "reactions", "comments", "pinned"), "mine": brief(s.mine, "state", "text"),
		"members": brief(s.members, "name", "role", "muted"),
	}
	if s.review != nil {
		out["review"] = brief(s.review, "state", "text")
	}
	for post, kinds := range s.chosen {
		if list, ok := kinds.([]any); ok && len(list) > 0 && s.posts[post] != nil {
			out["chose "+post] = list
		}
	}
	text, _ := json.MarshalIndent(out, "", " ")
	return string(text)
}

func brief(list map[string]object, fields ...string) map[string]object {
	out := map[string]object{}
	for id, o := range list {
		short := object{}
		for k, v := range o {
			if slices.Contains(fields, k) {
				short[k] = v
			}
		}
		out[id] = short
	}
	return out
}
