package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// reading is somebody reading a room through one door. It may move to
// another: all that it takes along is its position.
type reading struct {
	h     *house
	room  string
	token string
	only  string
	door  string
	screen

	live   *live
	stream *stream
}

var doors = []string{"websocket", "sse", "long-poll", "poll"}

// until reads on until the screen stands at seq.
func (r *reading) until(seq uint64) {
	r.h.t.Helper()
	for r.pos == "" || seqOf(r.pos) < seq {
		f := r.next()
		if f.Pos == "" {
			r.h.t.Fatalf("%s was told %s", r.door, f.raw)
		}
		r.take(&f)
	}
}

// move leaves the door for another.
func (r *reading) move(door string) {
	if r.live != nil {
		r.live.close()
	}
	if r.stream != nil {
		r.stream.end()
	}
	r.live, r.stream, r.door = nil, nil, door
}

func (r *reading) next() told {
	r.h.t.Helper()
	switch r.door {
	case "websocket":
		return r.nextFrame()
	case "sse":
		if r.stream == nil {
			r.stream = r.h.listens(r.path(nil), r.token, r.pos)
		}
		_, f := r.stream.must()
		return f
	case "long-poll":
		return r.poll(url.Values{"wait": {"25s"}})
	}
	return r.poll(url.Values{})
}

func (r *reading) nextFrame() told {
	if r.live == nil {
		r.live = r.h.dials(r.token)
		join := object{"room": r.room, "since": r.pos}
		if r.only != "" {
			join["only"] = strings.Split(r.only, ",")
		}
		if a := r.live.ask("join", join); a.OK == nil {
			return a
		}
	}
	return r.live.push(r.room)
}

func (r *reading) path(q url.Values) string {
	if q == nil {
		q = url.Values{}
	}
	if r.only != "" {
		q.Set("only", r.only)
	}
	return "/v1/rooms/" + r.room + "?" + q.Encode()
}

func (r *reading) poll(q url.Values) (f told) {
	r.h.t.Helper()
	if r.pos != "" {
		q.Set("since", r.pos)
	}
	a := r.h.must(r.path(q), r.token, nil)
	at := a.header.Get("Roomful-Position")
	if a.status == http.StatusNoContent {
		return told{Pos: at}
	}
	if err := f.read(a.body); err != nil {
		r.h.t.Fatal(err)
	}
	if f.Pos != at {
		r.h.t.Fatalf("the header says %q, the body %s", at, f.raw)
	}
	return f
}

// program is an evening of updates of every audience: everyone's, staff's,
// one member's, keyed ones, and removals.
type program struct {
	*party
	guest, other person
	posts        []string
}

func plays(h *house) *program {
	p := &program{party: h.opens("wedding")}
	p.guest, p.other = p.joins("Bo"), p.joins("Cy")
	return p
}

// act goes on with the evening and returns how far the log is.
func (p *program) act(n int) (head uint64) {
	post := p.do(p.guest, "feed.post", object{"text": fmt.Sprintf("first of act %d", n)}).text("post")
	p.do(p.owner, "feed.post", object{"text": "the owner's"})
	p.do(p.guest, "feed.react", object{"post": post, "kind": "heart", "on": true})
	p.do(p.other, "feed.react", object{"post": post, "kind": "heart", "on": true})
	p.do(p.other, "feed.react", object{"post": post, "kind": "joy", "on": true})
	p.do(p.other, "feed.react", object{"post": post, "kind": "heart", "on": false})
	comment := p.do(p.other, "feed.comment", object{"post": post, "text": "yes"}).text("comment")
	p.do(p.guest, "feed.comment", object{"post": post, "text": "no"})
	p.do(p.owner, "feed.hide", object{"comment": comment})
	p.do(p.owner, "event.set", object{"moderation": "pre", "name": fmt.Sprintf("Act %d", n)})
	waits := p.do(p.guest, "feed.post", object{"text": "waits"}).text("post")
	p.do(p.guest, "feed.post", object{"text": "waits for ever"})
	p.do(p.guest, "feed.edit", object{"post": waits, "text": "waited"})
	p.do(p.owner, "feed.approve", object{"post": waits})
	p.do(p.owner, "event.set", object{"moderation": "post"})
	gone := p.do(p.other, "feed.post", object{"text": "goes"}).text("post")
	p.do(p.guest, "feed.react", object{"post": gone, "kind": "clap", "on": true})
	p.do(p.owner, "feed.pin", object{"post": post, "on": n%2 == 0})
	p.do(p.other, "feed.delete", object{"post": gone})
	hidden := p.do(p.other, "feed.post", object{"text": "hidden"}).text("post")
	p.do(p.owner, "feed.hide", object{"post": hidden})
	p.do(p.owner, "people.mute", object{"member": p.other.id, "minutes": 10})
	p.do(p.owner, "people.mute", object{"member": p.other.id, "minutes": 0})
	return p.do(p.guest, "reactions.tap", object{"kind": "heart", "n": 2}).Seq
}

// TestAllDoorsShowTheSame plays an evening before readers on every door. At
// the end each stands where a newcomer of the same rights does, though it
// came there by another way; some moved between doors on the way.
func TestAllDoorsShowTheSame(t *testing.T) {
	for _, sockets := range []string{"epoll", "portable"} {
		t.Run(sockets, func(t *testing.T) {
			t.Parallel()
			h := open(t, "--portable-sockets="+fmt.Sprint(sockets == "portable"))
			p := plays(h)
			var readers []*reading
			names := map[*reading]string{}
			for who, token := range map[string]string{"guest": p.guest.token, "staff": p.owner.token, "other": p.other.token} {
				for i, door := range doors {
					stays := &reading{h: h, room: p.room, token: token, door: door}
					moves := &reading{h: h, room: p.room, token: token, door: door}
					names[stays], names[moves] = who+" at "+door, fmt.Sprintf("%s from door %d on", who, i)
					readers = append(readers, stays, moves)
				}
			}
			for n := range 4 {
				head := p.act(n)
				for i, r := range readers {
					if i%2 == 1 { // of those who move
						r.move(doors[(i/2+n)%len(doors)])
					}
					r.until(head)
				}
			}
			for _, r := range readers {
				newcomer := &reading{h: h, room: p.room, token: r.token, door: "poll"}
				newcomer.until(seqOf(r.pos))
				if got, want := r.String(), newcomer.String(); got != want {
					t.Errorf("%s sees\n%s\nand a newcomer\n%s", names[r], got, want)
				}
				if r.faux != nil {
					t.Errorf("%s: %v", names[r], r.faux)
				}
				if r.pos != newcomer.pos {
					t.Errorf("%s stands at %s, a newcomer at %s", names[r], r.pos, newcomer.pos)
				}
			}
			if t.Failed() || p.posts != nil {
				return
			}
			same := readers[0].String()
			for _, r := range readers[:2*len(doors)] {
				if r.token == readers[0].token && r.String() != same {
					t.Errorf("%s and %s differ", names[r], names[readers[0]])
				}
			}
		})
	}
}

// TestAnonymousReadersAtAllDoors holds for the kinds that anyone may read.
func TestAnonymousReadersAtAllDoors(t *testing.T) {
	t.Parallel()
	h := open(t)
	var readers []*reading
	for _, door := range doors {
		readers = append(readers, &reading{h: h, room: "channel/news", door: door})
	}
	told := map[*reading][]string{}
	for n := 1; n <= 20; n++ {
		h.must("/v1/rooms/channel/news", apiKey, command{"channel.publish", "", object{"n": n}})
		for i, r := range readers {
			if n%5 == 0 {
				r.move(doors[(i+n)%4])
			}
			for r.pos == "" || seqOf(r.pos) < uint64(n) {
				f := r.next()
				for _, u := range f.Updates {
					told[r] = append(told[r], fmt.Sprint(u.Seq, u.Data["n"]))
				}
				r.take(&f)
			}
		}
	}
	want := ""
	for n := 2; n <= 20; n++ { // the first is in the view
		want += fmt.Sprint(n, n) + " "
	}
	for _, r := range readers {
		if got := strings.Join(told[r], " ") + " "; got != want {
			t.Errorf("a reader, last at %s, was told\n%s, not\n%s", r.door, got, want)
		}
	}
}

// TestOnlyNarrows: only= leaves out what was not asked for, on every door.
func TestOnlyNarrows(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := plays(h)
	var readers []*reading
	for _, door := range doors {
		r := &reading{h: h, room: p.room, token: p.guest.token, door: door, only: "reactions,event"}
		f := r.next()
		if len(f.View) != 2 || f.View["event"] == nil || f.View["reactions"] == nil {
			t.Fatalf("%s: a view of two features is %s", door, f.raw)
		}
		r.take(&f)
		readers = append(readers, r)
	}
	head := p.act(0)
	for _, r := range readers {
		for seqOf(r.pos) < head {
			f := r.next()
			for _, u := range f.Updates {
				if !strings.HasPrefix(u.Type, "event.") && !strings.HasPrefix(u.Type, "reactions.") {
					t.Errorf("%s was told %s", r.door, u.Type)
				}
			}
			r.take(&f)
		}
		if r.name != "Act 0" || r.taps["heart"] != 2.0 {
			t.Errorf("%s shows %s", r.door, r)
		}
		if whole := (&reading{h: h, room: p.room, token: p.guest.token, door: "poll"}); true {
			whole.pos = r.pos
			if f := whole.next(); f.View == nil {
				t.Errorf("the position of a narrow sight was taken for the whole room's: %s", f.raw)
			}
		}
	}
	if a, _ := h.ask(p.url()+"?only=nonsense", p.guest.token, nil); a.status != http.StatusBadRequest {
		t.Errorf("only=nonsense: %v", a)
	}
}

// get asks with headers of the test's choice.
func (h *house) get(method, path string, header http.Header) answer {
	h.t.Helper()
	req, err := http.NewRequest(method, h.url(path), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	res, err := http.DefaultTransport.RoundTrip(req) // follows nothing
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	body.ReadFrom(res.Body)
	return answer{res.StatusCode, res.Header, body.Bytes()}
}

// TestReadHeaders: who may keep an answer, what it depends on, where the
// reader is, and that nothing new costs nothing.
func TestReadHeaders(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	h.must("/v1/rooms/channel/news", apiKey, command{"channel.publish", "", 1})
	token := headerOf(p.owner.token, "")
	for name, c := range map[string]struct {
		path   string
		header http.Header
		cache  string
	}{
		"anonymous, of a public kind": {"/v1/rooms/channel/news", http.Header{}, "public, no-cache"},
		"a service's":                 {"/v1/rooms/channel/news", headerOf(apiKey, ""), "private, no-cache"},
		"a member's":                  {p.url(), token, "private, no-cache"},
	} {
		a := h.get("GET", c.path, c.header)
		if got := a.header.Get("Cache-Control"); got != c.cache {
			t.Errorf("%s: Cache-Control %q, not %q", name, got, c.cache)
		}
		tag, pos := a.header.Get("ETag"), a.header.Get("Roomful-Position")
		if tag != `"`+pos+`"` || pos == "" {
			t.Errorf("%s: ETag %s at position %s", name, tag, pos)
		}
		for _, what := range []string{"Accept", "Authorization", "Cookie", "Origin"} {
			if !strings.Contains(a.header.Get("Vary"), what) {
				t.Errorf("%s: Vary %q lacks %s", name, a.header.Get("Vary"), what)
			}
		}
		for _, match := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} { // RFC 9110 section 13.1.2
			again := c.header.Clone()
			again.Set("If-None-Match", match)
			if b := h.get("GET", c.path, again); b.status != http.StatusNotModified || len(b.body) > 0 || b.header.Get("ETag") != tag || b.header.Get("Roomful-Position") != pos {
				t.Errorf("%s: If-None-Match %s: %v %v", name, match, b, b.header)
			}
		}
		again := c.header.Clone()
		again.Set("If-None-Match", `"other"`)
		if b := h.get("GET", c.path, again); b.status != http.StatusOK {
			t.Errorf("%s: another's ETag: %v", name, b)
		}
		none := h.get("GET", c.path+"?since="+url.QueryEscape(pos), c.header)
		if none.status != http.StatusNoContent || none.header.Get("Roomful-Position") != pos || none.header.Get("Cache-Control") == "" {
			t.Errorf("%s: nothing new: %v %v", name, none, none.header)
		}
		head := h.get("HEAD", c.path, c.header)
		if head.status != http.StatusOK || len(head.body) > 0 || head.header.Get("ETag") != tag {
			t.Errorf("%s: HEAD: %v %v", name, head, head.header)
		}
		for _, query := range []string{"history"} {
			q := h.get("GET", c.path+"?query="+query, c.header)
			if q.status != http.StatusOK || q.header.Get("Roomful-Position") == "" {
				t.Errorf("%s: query: %v %v", name, q, q.header)
			}
		}
	}
	listening := token.Clone()
	listening.Set("Accept", "text/event-stream")
	if a := h.get("HEAD", p.url(), listening); a.status != http.StatusOK || a.header.Get("Content-Type") != "text/event-stream" || a.header.Get("Connection") != "" {
		t.Errorf("HEAD of a stream: %v %v", a, a.header)
	}
	if got := h.gauge(`roomful_connections{transport="sse"}`); got != "0" {
		t.Errorf("HEAD opened %s streams", got)
	}
	s := h.listens(p.url(), p.owner.token, "")
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
		if got := s.res.Header.Get(name); got != want {
			t.Errorf("a stream's %s is %q", name, got)
		}
	}
}

// TestPositionMovesPastWhatIsNotYours: a guest who polls is not told staff's
// updates, and does not ask for them again.
func TestPositionMovesPastWhatIsNotYours(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	bo, cy := p.joins("Bo"), p.joins("Cy")
	p.do(p.owner, "event.set", object{"moderation": "pre"})
	a := h.must(p.url(), cy.token, nil)
	pos := a.header.Get("Roomful-Position")
	p.do(bo, "feed.post", object{"text": "for the host to see"})
	a = h.must(p.url()+"?since="+url.QueryEscape(pos), cy.token, nil)
	if after := a.header.Get("Roomful-Position"); a.status != http.StatusNoContent || seqOf(after) <= seqOf(pos) {
		t.Errorf("%v, from %s to %s", a, pos, after)
	}
}

// TestOtherSites: pages of other sites are anonymous unless they bring a
// token; those in config may use the cookie.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	h := open(t, "--allowed-origins", "https://blog.example")
	p := h.opens("wedding")
	bo := p.joins("Bo")
	cookie := "roomful_m_" + p.code + "=" + bo.token
	for name, c := range map[string]struct {
		header http.Header
		member bool
	}{
		"no page":              {http.Header{"Cookie": {cookie}}, true},
		"our page":             {http.Header{"Cookie": {cookie}, "Origin": {"http://" + h.addr}}, true},
		"typed in":             {http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"none"}}, true},
		"our page's GET":       {http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"same-origin"}}, true},
		"allowed":              {http.Header{"Cookie": {cookie}, "Origin": {"https://blog.example"}}, true},
		"foreign":              {http.Header{"Cookie": {cookie}, "Origin": {"https://evil.example"}}, false},
		"foreign, on our port": {http.Header{"Cookie": {cookie}, "Origin": {"http://evil.example:80"}}, false},
		"sandboxed":            {http.Header{"Cookie": {cookie}, "Origin": {"null"}}, false},
		"foreign GET":          {http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"cross-site"}}, false},
		"sister's GET":         {http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"same-site"}}, false},
		"foreign with a token": {http.Header{"Authorization": {"Bearer " + bo.token}, "Origin": {"https://evil.example"}}, true},
	} {
		a := h.get("GET", p.url(), c.header)
		if member := a.status == http.StatusOK; member != c.member || !member && a.status != http.StatusUnauthorized {
			t.Errorf("%s: GET %v", name, a)
		}
		l := h.dialsWith(c.header)
		if joined := l.ask("join", object{"room": p.room}); (joined.OK != nil) != c.member {
			t.Errorf("%s: WebSocket %s", name, joined.raw)
		}
		l.close()
		allow, credentials := a.header.Get("Access-Control-Allow-Origin"), a.header.Get("Access-Control-Allow-Credentials")
		switch {
		case name == "allowed" && (allow != "https://blog.example" || credentials != "true"):
			t.Errorf("an allowed page can not read the answer: %v", a.header)
		case name != "allowed" && (allow != "*" || credentials != ""):
			t.Errorf("%s: %v", name, a.header)
		}
	}
	ask := http.Header{"Origin": {"https://any.example"}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization,content-type"}}
	a := h.get("OPTIONS", p.url(), ask)
	if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "Authorization") || !strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("preflight: %v %v", a, a.header)
	}
}

// TestFormsCanNotCommand: what a form of another site can send is not taken
// for a command.
func TestFormsCanNotCommand(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain; application/json"} {
		req, _ := http.NewRequest("POST", h.url(p.url()), strings.NewReader(`{"type":"event.lock","data":{"on":true}}`))
		req.Header.Set("Cookie", "roomful_m_"+p.code+"="+p.owner.token)
		if kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		if a, err := do(req); err != nil || a.status != http.StatusBadRequest || a.field("code") != "invalid" {
			t.Errorf("%q: %v %v", kind, a, err)
		}
	}
	req, _ := http.NewRequest("POST", h.url(p.url()), strings.NewReader(`{"type":"event.lock","data":{"on":true}}`))
	req.Header.Set("Cookie", "roomful_m_"+p.code+"="+p.owner.token)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if a, err := do(req); err != nil || a.status != http.StatusOK {
		t.Errorf("JSON: %v %v", a, err)
	}
}
