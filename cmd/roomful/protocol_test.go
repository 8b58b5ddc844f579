package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// protocol is what PROTOCOL.md promises, read out of its tables.
type protocol struct {
	commands map[string][]string // fields of its example data, by command
	updates  map[string]string   // to whom, by update
	views    map[string][]string // top fields of the view, by feature
	queries  []string
	frames   [2][]string // of /v1/live, as they are written: the client's, the server's
}

var ticked = regexp.MustCompile("`([^`]+)`")

// readProtocol reads the document as a person would: the tables of the section Features,
// and its words View, Query and Queries.
func readProtocol(t *testing.T) *protocol {
	t.Helper()
	text, err := os.ReadFile("../../PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	p := &protocol{commands: map[string][]string{}, updates: map[string]string{}, views: map[string][]string{}}
	_, features, _ := strings.Cut(string(text), "\n## Features")
	for _, section := range strings.Split(features, "\n### ")[1:] {
		name, _, _ := strings.Cut(section, " ")
		p.tables(section)
		for _, paragraph := range strings.Split(section, "\n") {
			if view, ok := strings.CutPrefix(paragraph, "View `"); ok {
				p.views[name] = topFields(view)
			}
		}
		if at := regexp.MustCompile(`Quer(y|ies):? `).FindStringIndex(section); at != nil {
			said, _, _ := strings.Cut(section[at[0]:], "\n\n")
			for _, m := range regexp.MustCompile("`("+name+`\.[a-z]+)`).FindAllStringSubmatch(said, -1) {
				p.queries = append(p.queries, m[1])
			}
		}
	}
	_, live, _ := strings.Cut(string(text), "\n## Frames on /v1/live")
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(live, 2)
	for i, b := range blocks {
		p.frames[i] = strings.Split(strings.TrimSpace(b[1]), "\n")
	}
	return p
}

func (p *protocol) tables(section string) {
	kind := ""
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "|") {
			kind = ""
			continue
		}
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "¦"), "|")
		switch first := strings.TrimSpace(cells[1]); {
		case first == "command" || first == "update":
			kind = first
		case strings.HasPrefix(first, "---"):
		default:
			for _, m := range ticked.FindAllStringSubmatch(first, -1) {
				if kind == "command" {
					data, _, _ := strings.Cut(cells[2], "->")
					for _, example := range ticked.FindAllStringSubmatch(data, -1) {
						p.commands[m[1]] = append(p.commands[m[1]], topFields(example[1])...)
					}
					if p.commands[m[1]] == nil {
						p.commands[m[1]] = []string{}
					}
				} else {
					p.updates[m[1]] = cells[3]
				}
			}
		}
	}
}

// topFields lists the names of an object's own fields as the document writes
// it: {"name","life":"open"|"closed"} has name and life.
func topFields(written string) (fields []string) {
	depth, last := 0, rune(0)
	for i := 0; i < len(written); i++ {
		switch c := written[i]; c {
		case '{', '[':
			depth++
			last = rune(c)
		case '}', ']':
			depth--
			last = rune(c)
			if depth == 0 {
				return fields
			}
		case '"':
			end := i + 1 + strings.IndexByte(written[i+1:], '"')
			if depth == 1 && (last == '{' || last == ',') {
				fields = append(fields, written[i+1:end])
			}
			i, last = end, '"'
		case ' ':
		default:
			last = rune(c)
		}
	}
	return fields
}

// evening is a whole one, and notes what was sent and seen.
type evening struct {
	*program
	cohost  person
	sockets map[string]*live
	sent    map[string][]string // fields, by command
	seen    map[string]bool     // updates
	queried []string
	byPost  bool
	frames  []told
	op      int
}

// says gives a command, by POST and by WebSocket in turn.
func (e *evening) says(who person, room, typ string, data any) reply {
	t := e.h.t
	t.Helper()
	if o, ok := data.(object); ok {
		e.sent[typ] = append(e.sent[typ], slices.Collect(maps.Keys(o))...)
	}
	e.sent[typ] = append(e.sent[typ], "")
	e.op++
	op := fmt.Sprintf("evening:%d", e.op)
	if e.byPost = !e.byPost; e.byPost {
		a := e.h.must("/v1/rooms/"+room, who.token, command{typ, op, data})
		return replyOf(t, a.body)
	}
	l := e.sockets[who.token]
	if l == nil {
		l = e.h.dials(who.token)
		e.sockets[who.token] = l
	}
	a := l.ask("send", object{"room": room, "type": typ, "op": op, "data": data})
	if a.OK == nil {
		t.Fatalf("%s: %s", typ, a.raw)
	}
	e.frames = append(e.frames, a)
	body, _ := json.Marshal(a.OK)
	return replyOf(t, body)
}

func (e *evening) asks(who person, room, name string, args object) object {
	e.h.t.Helper()
	l := e.sockets[who.token]
	a := l.ask("query", object{"room": room, "name": name, "args": args})
	if a.OK == nil || a.OK["pos"] == nil || a.OK["result"] == nil {
		e.h.t.Fatalf("query %s: %s", name, a.raw)
	}
	e.frames, e.queried = append(e.frames, a), append(e.queried, name)
	return a.OK["result"].(object)
}

// TestEveryCommandOfTheProtocol plays an evening with everything in it that
// PROTOCOL.md lists, and fails if something listed was not sent or not seen.
func TestEveryCommandOfTheProtocol(t *testing.T) {
	t.Parallel()
	doc := readProtocol(t)
	if len(doc.commands) < 20 || len(doc.updates) < 20 || len(doc.views) < 5 || len(doc.queries) < 6 {
		t.Fatalf("the tables were not found: %d commands, %d updates, %d views, queries %v", len(doc.commands), len(doc.updates), len(doc.views), doc.queries)
	}
	h := open(t)
	e := &evening{program: plays(h), sockets: map[string]*live{}, sent: map[string][]string{}, seen: map[string]bool{}}
	e.cohost = e.joins("Di")
	display := e.joins("Wall")
	e.play(display)
	e.history(t)

	for _, typ := range slices.Sorted(maps.Keys(doc.commands)) {
		if e.sent[typ] == nil {
			t.Errorf("%s is listed and was not sent", typ)
		}
		for _, field := range doc.commands[typ] {
			if !slices.Contains(e.sent[typ], field) {
				t.Errorf("%s is listed with %q, which was not sent", typ, field)
			}
		}
	}
	for typ, to := range doc.updates {
		nobody := strings.Contains(to, "nobody")
		if nobody == e.seen[typ] {
			t.Errorf("%s, to %q: seen is %v", typ, strings.TrimSpace(to), e.seen[typ])
		}
	}
	for typ := range e.seen {
		if _, listed := doc.updates[typ]; !listed {
			t.Errorf("%s was seen and is not listed", typ)
		}
	}
	for _, name := range doc.queries {
		if !slices.Contains(e.queried, name) {
			t.Errorf("the query %s is listed and was not asked", name)
		}
	}
	for feature, fields := range doc.views {
		where := map[string]string{"reactions": "talk/evan", "channel": "channel/news"}[feature]
		if where == "" {
			where = e.room
		}
		var f told
		if err := f.read(h.must("/v1/rooms/"+where, e.owner.token, nil).body); err != nil {
			t.Fatal(err)
		}
		view, _ := f.View[feature].(object)
		for _, field := range fields {
			if _, ok := view[field]; !ok {
				t.Errorf("the view of %s is listed with %q and has %v", feature, field, slices.Sorted(maps.Keys(view)))
			}
		}
		for field := range view {
			if !slices.Contains(fields, field) && !(feature == "feed" && field == "review") {
				t.Errorf("the view of %s has %q, which is not listed", feature, field)
			}
		}
	}
}

// play goes through every command.
func (e *evening) play(display person) {
	bo, cy, di, ana := e.guest, e.other, e.cohost, e.owner
	in := func(who person, typ string, data object) reply {
		e.h.t.Helper()
		return e.says(who, e.room, typ, data)
	}
	service := person{"", apiKey}
	in(service, "people.join", object{"member": "m_late", "name": "Late", "role": "guest", "proof": strings.Repeat("ab", 32)})
	in(service, "people.join", object{"member": "m_late", "proof": strings.Repeat("cd", 32), "device": true})
	in(ana, "event.set", object{"name": "Ana & Tom & you", "features": object{"feed": true, "reactions": true, "people": true}, "moderation": "post"})
	in(ana, "people.role", object{"member": di.id, "role": "cohost"})
	in(ana, "people.role", object{"member": display.id, "role": "display"})
	in(bo, "people.rename", object{"name": "Bo B."})
	in(bo, "people.hide", object{"on": true})
	in(bo, "people.hide", object{"on": false})
	in(bo, "people.presence", object{"state": "idle"})
	in(service, "feed.upload", object{"member": bo.id, "photo": "ph_evening", "width": 2048, "height": 1365, "blob": strings.Repeat("ab", 32)})
	first := in(bo, "feed.post", object{"text": "hello", "photos": []string{"ph_evening"}}).text("post")
	in(bo, "feed.edit", object{"post": first, "text": "hello all"})
	in(bo, "feed.react", object{"post": first, "kind": "heart", "on": true})
	kept := in(bo, "feed.comment", object{"post": first, "text": "hi"}).text("comment")
	comment := in(cy, "feed.comment", object{"post": first, "text": "ho"}).text("comment")
	in(di, "feed.hide", object{"comment": comment})
	in(di, "feed.restore", object{"comment": comment})
	in(cy, "feed.delete", object{"comment": comment})
	in(di, "feed.pin", object{"post": first, "on": true})
	in(di, "event.set", object{"moderation": "pre"})
	yes := in(bo, "feed.post", object{"text": "please"}).text("post")
	no := in(bo, "feed.post", object{"text": "rather not"}).text("post")
	review := e.asks(di, e.room, "feed.review", object{"state": "pending", "limit": 20})
	seq := func(post string) any { return byID(review["posts"])[post]["seq"] }
	in(di, "feed.approve", object{"post": yes, "seq": seq(yes)})
	in(di, "feed.reject", object{"post": no, "seq": seq(no)})
	in(di, "event.set", object{"moderation": "post"})
	hidden := in(cy, "feed.post", object{"text": "maybe"}).text("post")
	in(di, "event.set", object{"moderation": "pre"})
	in(bo, "feed.post", object{"text": "waits for ever"})
	in(di, "event.set", object{"moderation": "post"})
	in(di, "feed.hide", object{"post": hidden})
	in(di, "feed.restore", object{"post": hidden})
	in(cy, "feed.delete", object{"post": hidden})
	in(di, "feed.hide", object{"post": yes})
	in(di, "feed.restore", object{"post": yes})
	in(ana, "people.mute", object{"member": cy.id, "minutes": 10})
	in(bo, "reactions.tap", object{"kind": "heart", "n": 3})
	e.says(person{}, "talk/evan", "reactions.tap", object{"kind": "clap", "n": 10})
	e.says(service, "channel/news", "channel.publish", object{"home": 1})
	e.says(service, "channel/news", "channel.publish", object{"home": 2})

	e.sockets[bo.token] = e.h.dials(bo.token)
	e.asks(bo, e.room, "feed.page", object{"limit": 20, "before": "100"})
	e.asks(bo, e.room, "feed.post", object{"post": first})
	if got := e.asks(bo, e.room, "feed.comments", object{"post": first, "limit": "50"}); len(got["comments"].([]any)) != 1 {
		e.h.t.Errorf("comments: %v, not only %s", got, kept)
	}
	e.asks(bo, e.room, "feed.photo", object{"photo": "ph_evening"})
	e.asks(bo, e.room, "people.page", object{"search": "an", "limit": "50"})

	in(di, "people.ban", object{"member": cy.id, "removeContent": true})
	in(ana, "event.lock", object{"on": true})
	in(ana, "event.lock", object{"on": false})
	in(ana, "event.close", object{})
}

// history notes the types of updates that somebody is told.
func (e *evening) history(t *testing.T) {
	for room, tokens := range map[string][]string{
		e.room: {e.owner.token, e.guest.token, e.cohost.token, apiKey}, "talk/evan": {""}, "channel/news": {""},
	} {
		for _, token := range tokens {
			var page struct{ Result struct{ Updates []happened } }
			a := e.h.must("/v1/rooms/"+room+"?query=history&limit=10000", token, nil)
			if err := json.Unmarshal(a.body, &page); err != nil {
				t.Fatal(err)
			}
			for _, u := range page.Result.Updates {
				e.seen[u.Type] = true
			}
		}
	}
}

// TestFramesAreAsWritten sends each frame that PROTOCOL.md shows a client
// send, and finds each shape that it shows a server send.
func TestFramesAreAsWritten(t *testing.T) {
	t.Parallel()
	doc := readProtocol(t)
	if len(doc.frames[0]) < 6 || len(doc.frames[1]) < 9 {
		t.Fatalf("the frames were not found: %v", doc.frames)
	}
	h := open(t)
	p := plays(h)
	post := p.do(p.guest, "feed.post", object{"text": "hello"}).text("post")
	pos := h.must(p.url()+"?only=feed,people", p.guest.token, nil).header.Get("Roomful-Position")
	p.do(p.owner, "feed.post", object{"text": "to catch up with"})
	l := h.dials("")
	for _, written := range doc.frames[0] {
		frame := strings.NewReplacer(
			`"token":"..."`, `"token":"`+p.guest.token+`"`, "event/ab12cd34", p.room, "k3:41.g", pos, `"post":"p9"`, `"post":"`+post+`"`,
		).Replace(written)
		l.say(frame)
		var asked told
		asked.read([]byte(frame))
		answer := l.must("the answer to "+frame, func(f *told) bool { return f.raw == "{}" || f.ID == asked.ID && asked.ID != 0 })
		if answer.Error != nil {
			t.Errorf("%s\nis answered %s", frame, answer.raw)
		}
		l.mu.Lock()
		l.frames = append(l.frames, answer)
		l.mu.Unlock()
	}

	// More of what a server says: a view, an error, presence that goes, a ban, a restart.
	l.last = 100
	l.ask("join", object{"room": p.room})
	view := l.must("a view", func(f *told) bool { return f.View != nil })
	refused := l.ask("send", object{"room": p.room, "type": "feed.approve", "data": object{"post": post}})
	signed := h.dials(p.owner.token)
	signed.join(p.room, "")
	p.do(p.guest, "people.hide", object{"on": true})
	gone := signed.must("presence that is gone", func(f *told) bool {
		v, ok := f.Signals["people.presence/"+p.guest.id]
		return ok && v == nil
	})
	signed.ask("send", object{"room": p.room, "type": "feed.post", "op": "c9f2:16", "data": object{"text": "signed"}})
	update := l.must("an update", func(f *told) bool { return len(f.Updates) > 0 && f.mentions("c9f2:16") })
	p.do(p.owner, "people.ban", object{"member": p.guest.id})
	banned := l.must("a ban", func(f *told) bool { return f.Bye != nil })
	if err := h.stop(); err != nil {
		t.Error(err)
	}
	restart := signed.must("a restart", func(f *told) bool { return f.Bye != nil })

	got := append(l.untaken(), view, refused, gone, update, banned, restart)
	for _, f := range got {
		if len(f.Updates) > 0 && f.Updates[0].Seq == seqOf(pos)+1 && f.Signals == nil {
			t.Errorf("the first frame after a resume has no signals: %s", f.raw)
		}
	}
	for _, written := range apart(doc.frames[1]) {
		if !slices.ContainsFunc(got, func(f told) bool { return shapeFits(t, written, f.raw) }) {
			t.Errorf("no frame was like\n%s\nin", written)
			for _, f := range got {
				t.Logf("%.300s", f.raw)
			}
		}
	}
}

// apart takes updates and signals apart: which come together is chance.
func apart(written []string) (out []string) {
	for _, w := range written {
		head, signals, ok := strings.Cut(w, `,"signals":`)
		if pos, _, isPush := strings.Cut(head, `,"updates":`); ok && isPush {
			out = append(out, head+"}", pos+`,"signals":`+signals)
			continue
		}
		out = append(out, w)
	}
	return out
}

// shapeFits reports whether a frame has the fields that the written one has,
// of the same types, down to two levels. The names of rooms and of signals are
// the evening's.
func shapeFits(t *testing.T, written, frame string) bool {
	var w, f object
	if err := json.Unmarshal([]byte(written), &w); err != nil {
		t.Fatalf("the document's frame is no JSON: %s", written)
	}
	json.Unmarshal([]byte(frame), &f)
	if len(w) == 0 || w["id"] == nil && f["id"] != nil {
		return len(w) == len(f)
	}
	return fits(w, f, 3)
}

func fits(written, got object, depth int) bool {
	for field, w := range written {
		if strings.Contains(field, "/") { // a signal of somebody
			continue
		}
		g, ok := got[field]
		if !ok || fmt.Sprintf("%T", w) != fmt.Sprintf("%T", g) {
			return false
		}
		switch w := w.(type) {
		case object:
			if depth > 0 && !fits(w, g.(object), depth-1) {
				return false
			}
		case []any:
			list := g.([]any)
			if depth > 0 && len(w) > 0 && (len(list) == 0 || !slices.ContainsFunc(list, func(x any) bool { return fits(w[0].(object), x.(object), depth-1) })) {
				return false
			}
		}
	}
	return true
}
