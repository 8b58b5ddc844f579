package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// atOnce is how soon a right that was taken has to be gone: a second is the
// rule (G11), and a busy machine adds to it.
const atOnce = 3 * time.Second

// soon fails if what began at start took longer than it may.
func soon(t *testing.T, what string, start time.Time) {
	t.Helper()
	if took := time.Since(start); took > atOnce {
		t.Errorf("%s took %v", what, took)
	}
}

// TestBanEndsEverythingAtOnce: on every door, and for those who come back.
func TestBanEndsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	bo, cy := p.joins("Bo"), p.joins("Cy")
	post := p.do(bo, "feed.post", object{"text": "mine"}).text("post")
	l := h.dials(bo.token)
	pos := l.join(p.room, "").Pos
	s := h.listens(p.url(), bo.token, "")
	s.must()
	held := make(chan answer, 1)
	go func() {
		a, _ := h.ask(p.url()+"?wait=25s&since="+url.QueryEscape(pos), bo.token, nil)
		held <- a
	}()
	watching := h.dials(cy.token)
	watching.join(p.room, "")

	start := time.Now()
	p.do(p.owner, "people.ban", object{"member": bo.id, "removeContent": true})
	if bye := l.bye(p.room); bye.Code != "banned" || bye.Message == "" {
		t.Errorf("the WebSocket was told %+v", bye)
	}
	soon(t, "ending the WebSocket's reading", start)
	var name string
	var f told
	for name != "bye" {
		name, f = s.must()
		for _, u := range f.Updates {
			if u.Type == "feed.removed" {
				t.Errorf("the stream went on with %s", f.raw)
			}
		}
	}
	if f.Bye.Code != "banned" {
		t.Errorf("the stream was told %+v", f.Bye)
	}
	if _, f, err := s.next(); err == nil {
		t.Errorf("the stream went on with %s", f.raw)
	}
	soon(t, "ending the stream", start)
	// The poll may have been on its way when the ban came: then the next one.
	a := <-held
	if a.status != http.StatusForbidden {
		a, _ = h.ask(p.url()+"?wait=25s&since="+url.QueryEscape(pos), bo.token, nil)
	}
	if a.status != http.StatusForbidden || a.field("code") != "banned" {
		t.Errorf("the long-poll was answered %v", a)
	}
	soon(t, "ending the long-poll", start)

	for verb, args := range map[string]object{
		"send":  {"room": p.room, "type": "feed.post", "data": object{"text": "again"}},
		"query": {"room": p.room, "name": "feed.page"},
		"join":  {"room": p.room, "since": pos},
	} {
		if a := l.ask(verb, args); a.Error == nil || a.Error.Code != "banned" {
			t.Errorf("%s: %s", verb, a.raw)
		}
	}
	if a := p.try(bo, "feed.comment", object{"post": post, "text": "?"}); a.status != http.StatusForbidden || a.field("code") != "banned" {
		t.Errorf("POST: %v", a)
	}
	if back := h.listens(p.url(), bo.token, pos); back.res.StatusCode != http.StatusNoContent {
		t.Errorf("a returning EventSource was answered %d, not 204", back.res.StatusCode)
	}
	if fresh := h.listens(p.url(), bo.token, ""); fresh.res.StatusCode != http.StatusForbidden {
		t.Errorf("a new EventSource was answered %d", fresh.res.StatusCode)
	}
	if a, _ := h.ask("/v1/events/"+p.code+"/join", bo.token, object{"name": "Bo"}); a.status != http.StatusForbidden {
		t.Errorf("joining again: %v", a)
	}
	removed := watching.must("the removal", func(f *told) bool {
		for _, u := range f.Updates {
			if u.Type == "feed.removed" && u.Data["post"] == post {
				return true
			}
		}
		return false
	})
	if strings.Contains(removed.raw, `"mine"`) && strings.Contains(removed.raw, `"text":"mine"`) {
		t.Errorf("the removal carries what it removes: %s", removed.raw)
	}
	for _, f := range l.untaken() {
		if f.Pos != "" && seqOf(f.Pos) > seqOf(pos)+1 {
			t.Errorf("the banned was told %s", f.raw)
		}
	}
}

// mentions reports whether a frame has a word anywhere.
func (f *told) mentions(word string) bool { return strings.Contains(f.raw, word) }

// TestRoleChangesWhatOneSees: whoever stops being staff gets a guest's view
// and nothing of staff's any more; whoever becomes staff gets a view with it.
func TestRoleChangesWhatOneSees(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	bo, cy := p.joins("Bo"), p.joins("Cy")
	p.do(p.owner, "event.set", object{"moderation": "pre"})
	p.do(p.owner, "people.role", object{"member": bo.id, "role": "cohost"})
	p.do(cy, "feed.post", object{"text": "secret one"})
	l, s := h.dials(bo.token), h.listens(p.url(), bo.token, "")
	first := l.join(p.room, "")
	if !first.mentions("secret one") {
		t.Fatalf("a co-host does not see what waits: %s", first.raw)
	}
	s.must()
	view := func(what string, next func() told) told {
		t.Helper()
		for {
			if f := next(); f.View != nil {
				return f
			}
		}
	}
	frames := func() told { return l.push(p.room) }
	events := func() told { _, f := s.must(); return f }

	start := time.Now()
	p.do(p.owner, "people.role", object{"member": bo.id, "role": "guest"})
	var at string
	for what, next := range map[string]func() told{"WebSocket": frames, "stream": events} {
		f := view(what, next)
		if feed := f.View["feed"].(object); feed["review"] != nil || f.mentions("secret one") || !strings.HasSuffix(f.Pos, ".g") {
			t.Errorf("%s: the demoted was shown %s", what, f.raw)
		}
		at = f.Pos
	}
	soon(t, "demoting", start)
	p.do(cy, "feed.post", object{"text": "secret two"})
	last := p.do(p.owner, "event.set", object{"name": "over"}).Seq
	for what, next := range map[string]func() told{"WebSocket": frames, "stream": events} {
		for done := false; !done; {
			f := next()
			if f.mentions("secret") {
				t.Errorf("%s: the demoted was told %s", what, f.raw)
			}
			done = seqOf(f.Pos) >= last
		}
	}
	// Staff's position does not fit a guest, on any door.
	for _, since := range []string{first.Pos, strings.TrimSuffix(at, ".g") + ".s", strings.TrimSuffix(at, ".g")} {
		a := h.must(p.url()+"?since="+url.QueryEscape(since), bo.token, nil)
		var f told
		if f.read(a.body); f.View == nil || f.mentions("secret") {
			t.Errorf("a guest coming with %s was told %s", since, f.raw)
		}
	}
	if a, _ := h.ask(p.url()+"?query=feed.review", bo.token, nil); a.status != http.StatusForbidden {
		t.Errorf("feed.review of a guest: %v", a)
	}
	if a := h.must(p.url()+"?query=history&limit=1000", bo.token, nil); strings.Contains(string(a.body), "secret") {
		t.Errorf("the history of a guest: %v", a)
	}

	p.do(p.owner, "people.role", object{"member": bo.id, "role": "moderator"})
	for what, next := range map[string]func() told{"WebSocket": frames, "stream": events} {
		if f := view(what, next); !f.mentions("secret one") || !f.mentions("secret two") || !strings.HasSuffix(f.Pos, ".s") {
			t.Errorf("%s: the promoted was shown %s", what, f.raw)
		}
	}
	p.do(cy, "feed.post", object{"text": "secret three"})
	if f := l.push(p.room); !f.mentions("secret three") {
		t.Errorf("the promoted was told %s", f.raw)
	}
}

const tokenSecret = "a secret of at least thirty-two bytes."

// signs makes a token as an integrator's backend does.
func signs(claims object) string {
	part := func(v any) string {
		text, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	body := part(object{"alg": "HS256", "typ": "JWT"}) + "." + part(claims)
	mac := hmac.New(sha256.New, []byte(tokenSecret))
	mac.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func grants(subject string, until time.Time, match, role string) string {
	return signs(object{"sub": subject, "name": "Kim " + subject, "exp": until.Unix(), "rooms": []object{{"match": match, "role": role}}})
}

// TestTokensGiveRolesInRooms: the roles that an integrator's token names, in
// the rooms that it names.
func TestTokensGiveRolesInRooms(t *testing.T) {
	t.Parallel()
	h := open(t, "--token-hmac-secrets", tokenSecret)
	p := h.opens("conference-talk") // posts wait for staff
	bo := p.joins("Bo")
	post := p.do(bo, "feed.post", object{"text": "waits"}).text("post")
	later := time.Now().Add(time.Hour)
	for role, may := range map[string]struct{ read, review, approve bool }{
		"spectator": {read: true}, "display": {read: true}, "guest": {read: true},
		"moderator": {true, true, true}, "cohost": {true, true, true}, "service": {true, true, true},
	} {
		token := grants("kim-"+role, later, p.room, role)
		a, _ := h.ask(p.url(), token, nil)
		if read := a.status == http.StatusOK; read != may.read {
			t.Errorf("%s reads: %v", role, a)
		}
		if review := strings.Contains(string(a.body), "waits"); review != may.review {
			t.Errorf("%s sees what waits: %v", role, review)
		}
		a, _ = h.ask(p.url(), token, command{"feed.pin", "", object{"post": post, "on": true}})
		if refused := a.field("code") == "forbidden"; refused == may.approve {
			t.Errorf("%s pins: %v", role, a)
		}
		l := h.dials("")
		if hello := l.ask("hello", object{"token": token}); hello.OK["member"] != "u_kim-"+role {
			t.Errorf("hello of %s: %s", role, hello.raw)
		}
		if f := l.join(p.room, ""); f.View == nil {
			t.Errorf("join of %s: %s", role, f.raw)
		}
	}
	for what, token := range map[string]string{
		"another room's":  grants("kim", later, "event/other", "owner"),
		"another kind's":  grants("kim", later, "talk/*", "owner"),
		"expired":         grants("kim", time.Now().Add(-time.Minute), p.room, "owner"),
		"without exp":     signs(object{"sub": "kim", "rooms": []object{{"match": p.room, "role": "owner"}}}),
		"with a bad sum":  grants("kim", later, p.room, "owner") + "A",
		"of no algorithm": base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + strings.TrimLeft(grants("kim", later, p.room, "owner"), "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9") + ".",
		"garbage":         "garbage",
	} {
		if a, _ := h.ask(p.url(), token, nil); a.status != http.StatusUnauthorized || a.field("code") != "unauthenticated" {
			t.Errorf("a token %s: %v", what, a)
		}
		l := h.dials("")
		l.ask("hello", object{"token": token})
		if joined := l.ask("join", object{"room": p.room}); joined.Error == nil || joined.Error.Code != "unauthenticated" {
			t.Errorf("join with a token %s: %s", what, joined.raw)
		}
	}
	// A subject may look like a guest's id, and is another member all the same.
	if a, _ := h.ask(p.url(), grants(strings.TrimPrefix(bo.id, "u_"), later, p.room, "guest"), command{"feed.delete", "", object{"post": post}}); a.status == http.StatusOK {
		t.Error("a token took over a guest's post")
	}
}

// TestTokensExpire: what is live ends at exp, on every door, unless the token
// was renewed by another hello.
func TestTokensExpire(t *testing.T) {
	t.Parallel()
	h := open(t, "--token-hmac-secrets", tokenSecret)
	p := h.opens("wedding")
	end := time.Now().Add(3 * time.Second).Truncate(time.Second)
	token := grants("kim", end, p.room, "guest")
	ends, renews := h.dials(token), h.dials("")
	pos := ends.join(p.room, "").Pos
	renews.ask("hello", object{"token": token})
	renews.join(p.room, "")
	s := h.listens(p.url(), token, "")
	s.must()
	held := make(chan answer, 1)
	go func() {
		a, _ := h.ask(p.url()+"?wait=25s&since="+url.QueryEscape(pos), token, nil)
		held <- a
	}()
	if a := renews.ask("hello", object{"token": grants("kim", end.Add(time.Hour), p.room, "guest")}); a.OK == nil {
		t.Fatal(a.raw)
	}

	if bye := ends.bye(""); bye.Code != "unauthenticated" {
		t.Errorf("bye %+v", bye)
	}
	if code := ends.closed(); code != 4401 {
		t.Errorf("closed with %d", code)
	}
	if time.Now().Before(end) {
		t.Error("it ended too early")
	}
	soon(t, "ending the WebSocket", end)
	if name, f := s.must(); name != "bye" || f.Bye.Code != "unauthenticated" {
		t.Errorf("the stream was told %s %s", name, f.raw)
	}
	soon(t, "ending the stream", end)
	if a := <-held; a.status != http.StatusUnauthorized {
		t.Errorf("the long-poll was answered %v", a)
	}
	soon(t, "ending the long-poll", end)
	p.do(p.owner, "event.set", object{"name": "later"})
	if f := renews.must("an update after the old token's end", func(f *told) bool { return f.mentions("later") }); f.Pos == "" {
		t.Error(f.raw)
	}
	if a := renews.ask("send", object{"room": p.room, "type": "reactions.tap", "data": object{"kind": "heart", "n": 1}}); a.OK == nil {
		t.Errorf("a command after the old token's end: %s", a.raw)
	}
}

// TestAPIKeyIsServiceEverywhere and nothing else is.
func TestAPIKeyIsServiceEverywhere(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("conference-talk")
	bo := p.joins("Bo")
	post := p.do(bo, "feed.post", object{"text": "waits"}).text("post")
	h.must(p.url(), apiKey, command{"feed.approve", "", object{"post": post}})
	l := h.dials(apiKey)
	if f := l.join(p.room, ""); !strings.HasSuffix(f.Pos, ".s") {
		t.Errorf("an API key sees %s", f.raw)
	}
	for what, token := range map[string]string{"nobody": "", "a guest": bo.token, "the owner": p.owner.token, "another key": apiKey + "x"} {
		a, _ := h.ask("/v1/rooms/channel/news", token, command{"channel.publish", "", 1})
		if a.status != http.StatusForbidden && a.status != http.StatusUnauthorized {
			t.Errorf("%s publishes: %v", what, a)
		}
		for _, typ := range []string{"people.join", "feed.upload", "event.open"} {
			if a, _ := h.ask(p.url(), token, command{typ, "", object{"member": "m_x", "name": "X", "role": "owner", "proof": strings.Repeat("ab", 32)}}); a.status == http.StatusOK || a.status >= 500 {
				t.Errorf("%s gives %s: %v", what, typ, a)
			}
		}
	}
}

// TestLockedAndClosed: a lock stops guests, the end stops everyone, and both
// can still be looked at.
func TestLockedAndClosed(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	bo := p.joins("Bo")
	post := p.do(bo, "feed.post", object{"text": "before"}).text("post")
	p.do(p.owner, "event.lock", object{"on": true})
	for typ, data := range map[string]object{
		"feed.post": {"text": "x"}, "feed.react": {"post": post, "kind": "heart", "on": true}, "feed.delete": {"post": post},
		"reactions.tap": {"kind": "heart", "n": 1}, "people.rename": {"name": "Bob"}, "feed.comment": {"post": post, "text": "x"},
	} {
		if a := p.try(bo, typ, data); a.status != http.StatusForbidden || a.field("code") != "forbidden" {
			t.Errorf("%s while locked: %v", typ, a)
		}
	}
	p.do(p.owner, "feed.post", object{"text": "staff may"})
	p.do(p.owner, "event.lock", object{"on": false})
	p.do(bo, "feed.comment", object{"post": post, "text": "open again"})
	p.do(p.owner, "event.close", object{})
	for typ, data := range map[string]object{
		"feed.post": {"text": "x"}, "event.lock": {"on": true}, "people.rename": {"name": "A"}, "reactions.tap": {"kind": "heart", "n": 1},
	} {
		for who, person := range map[string]person{"a guest": bo, "the owner": p.owner} {
			if a := p.try(person, typ, data); a.status != http.StatusGone || a.field("code") != "gone" {
				t.Errorf("%s by %s after the end: %v", typ, who, a)
			}
		}
	}
	if a := h.must(p.url(), bo.token, nil); !strings.Contains(string(a.body), "open again") || !strings.Contains(string(a.body), `"life":"closed"`) {
		t.Errorf("the album: %v", a)
	}
	if a, _ := h.ask("/v1/events/"+p.code+"/join", "", object{"name": "Late"}); a.status != http.StatusGone {
		t.Errorf("joining after the end: %v", a)
	}
	p.do(bo, "feed.delete", object{"post": post})
}
