package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestBadFramesCloseNothing unless they break RFC 6455 or are too long.
func TestBadFramesCloseNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	l := h.dials(p.owner.token)
	l.join(p.room, "")
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, c := range map[string]struct{ text, code string }{
		"no JSON":             {"hello", "invalid"},
		"half JSON":           {`{"id":1,"join":`, "invalid"},
		"a number":            {"42", "invalid"},
		"a text":              {`"join"`, "invalid"},
		"nothing":             {" ", "invalid"},
		"two values":          {`{"id":1}{"id":2}`, "invalid"},
		"deep":                {`{"id":1,"send":{"room":"` + p.room + `","type":"feed.post","data":` + deep(100) + `}}`, "invalid"},
		"very deep":           {deep(30_000), "invalid"},
		"an unknown verb":     {`{"id":1,"dance":{}}`, "invalid"},
		"a negative id":       {`{"id":-1,"join":{}}`, "invalid"},
		"an id of text":       {`{"id":"a","join":{}}`, "invalid"},
		"a join of nothing":   {`{"id":1,"join":{}}`, "invalid"},
		"a join of a path":    {`{"id":1,"join":{"room":"event/../x"}}`, "invalid"},
		"an unknown kind":     {`{"id":1,"join":{"room":"cellar/x"}}`, "not_found"},
		"an unknown room":     {`{"id":1,"join":{"room":"event/nowhere1"}}`, "not_found"},
		"an unknown feature":  {`{"id":1,"send":{"room":"` + p.room + `","type":"dance.now"}}`, "invalid"},
		"an unknown command":  {`{"id":1,"send":{"room":"` + p.room + `","type":"feed.dance"}}`, "invalid"},
		"no command":          {`{"id":1,"send":{"room":"` + p.room + `"}}`, "invalid"},
		"an unknown query":    {`{"id":1,"query":{"room":"` + p.room + `","name":"feed.dance"}}`, ""},
		"args that are a map": {`{"id":1,"query":{"room":"` + p.room + `","name":"feed.page","args":{"limit":{}}}}`, "invalid"},
		"data of a wrong type": {
			`{"id":1,"send":{"room":"` + p.room + `","type":"feed.post","data":[1]}}`, "invalid"},
		"65 frames":       {"[" + strings.Repeat(`{"id":9},`, 64) + `{"id":9}]`, "too_large"},
		"an op of n 0":    {`{"id":1,"send":{"room":"` + p.room + `","type":"event.lock","op":"a:0","data":{"on":false}}}`, "invalid"},
		"an op of 2^53":   {`{"id":1,"send":{"room":"` + p.room + `","type":"event.lock","op":"a:9007199254740992","data":{"on":false}}}`, "invalid"},
		"an op of spaces": {`{"id":1,"send":{"room":"` + p.room + `","type":"event.lock","op":"a b:1","data":{"on":false}}}`, "invalid"},
		"data too large": {
			`{"id":1,"send":{"room":"` + p.room + `","type":"feed.post","data":{"text":"` + strings.Repeat("x", 60_000) + `"}}}`, ""},
	} {
		l.say(c.text)
		f := l.must(name, func(f *told) bool { return f.Error != nil || f.ID != 0 })
		if f.Error == nil || c.code != "" && f.Error.Code != c.code || f.Error.Message == "" {
			t.Errorf("%s: %s", name, f.raw)
		}
	}
	l.say("[" + strings.Repeat(`{"id":9,"leave":{}},`, 63) + `{"id":10,"leave":{}}]`)
	l.must("the answer to the last of 64", func(f *told) bool { return f.ID == 10 && f.OK != nil })
	l.say("{}")
	if f := l.must("a pong", func(f *told) bool { return f.raw == "{}" }); f.raw != "{}" {
		t.Error(f.raw)
	}
	if a := l.ask("send", object{"room": p.room, "type": "feed.post", "data": object{"text": "still here"}}); a.OK == nil {
		t.Error(a.raw)
	}
}

// TestMessagesThatEndAConnection and with which code.
func TestMessagesThatEndAConnection(t *testing.T) {
	t.Parallel()
	h := open(t)
	for name, c := range map[string]struct {
		send func(*websocket.Conn) error
		code int
	}{
		"64 KiB and one": {func(c *websocket.Conn) error {
			return c.Write(context.Background(), websocket.MessageText, make([]byte, 64<<10+1))
		}, 1009},
		"binary": {func(c *websocket.Conn) error {
			return c.Write(context.Background(), websocket.MessageBinary, []byte("{}"))
		}, 1003},
		"no UTF-8": {func(c *websocket.Conn) error {
			return c.Write(context.Background(), websocket.MessageText, []byte("{\"id\":1,\"a\":\"\xff\xfe\"}"))
		}, 1007},
	} {
		l := h.dials("")
		c.send(l.conn) // may fail: the server may have hung up in the middle
		if code := l.closed(); code != c.code {
			t.Errorf("%s: closed with %d, not %d", name, code, c.code)
		}
	}
	l := h.dials("")
	l.say(strings.Repeat(" ", 64<<10-2) + "{}")
	l.must("the answer to 64 KiB", func(f *told) bool { return f.raw == "{}" })
}

// TestFloodsAreLimited: rooms of a connection, frames of a connection, and
// what a flooder does not read is not kept for it.
func TestFloodsAreLimited(t *testing.T) {
	t.Parallel()
	h := open(t)
	l := h.dials("")
	for n := 1; n <= 64; n++ {
		l.join(fmt.Sprintf("talk/t%d", n), "")
	}
	if a := l.ask("join", object{"room": "talk/t65"}); a.Error == nil || a.Error.Code != "too_large" {
		t.Errorf("the 65th room: %s", a.raw)
	}
	l.ask("leave", object{"room": "talk/t1"})
	l.join("talk/t65", "")

	flood := h.dials("")
	for range 40 {
		flood.say("[" + strings.Repeat(`{"id":7,"leave":{}},`, 63) + `{"id":7,"leave":{}}]`)
	}
	f := flood.must("a refusal", func(f *told) bool { return f.Error != nil })
	if f.Error.Code != "rate_limited" || f.Error.RetryAfterMs <= 0 {
		t.Errorf("a flood is answered %s", f.raw)
	}
	// So are messages that are no frames at all.
	junk := h.dials("")
	for range 1000 {
		junk.say("x")
	}
	if f := junk.must("a refusal of junk", func(f *told) bool { return f.Error != nil && f.Error.Code == "rate_limited" }); f.Error.RetryAfterMs <= 0 {
		t.Error(f.raw)
	}
	l.ask("leave", object{"room": "talk/t65"}) // others do not notice
}

// drip writes text a byte at a time, and reports how long the server took to
// give up on it.
func drip(t *testing.T, addr, head, text string) time.Duration {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer conn.Close()
	start := time.Now()
	conn.Write([]byte(head))
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, conn)
		close(ended)
	}()
	for i := 0; ; i++ {
		if i < len(text) {
			conn.Write([]byte(text[i : i+1]))
		}
		select {
		case <-ended:
			return time.Since(start)
		case <-time.After(400 * time.Millisecond):
			if time.Since(start) > 35*time.Second {
				return time.Since(start)
			}
		}
	}
}

// TestDrippingIsGivenUpOn: a header, a body, an upload or a frame that comes
// a byte at a time does not hold a connection for long.
func TestDrippingIsGivenUpOn(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 25 seconds")
	}
	t.Parallel()
	h := open(t)
	for name, c := range map[string]struct {
		head, text string
		most       time.Duration
	}{
		"header": {"", "GET /v1/rooms/talk/x HTTP/1.1\r\nHost: x\r\nX-Padding: " + strings.Repeat("a", 1000), 15 * time.Second},
		"body": {"POST /v1/rooms/talk/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
			strings.Repeat(" ", 1000), 15 * time.Second},
		"frame": {"GET /v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
			"\x81\xfe\x01\x00aaaa" + strings.Repeat("a", 250), 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if took := drip(t, h.addr, c.head, c.text); took > c.most {
				t.Errorf("it was held for %v", took)
			}
		})
	}
}

// slowly is a body that takes its time.
type slowly struct {
	io.Reader
	piece int
	pause time.Duration
}

func (s *slowly) Read(b []byte) (int, error) {
	<-time.After(s.pause)
	return s.Reader.Read(b[:min(len(b), s.piece)])
}

// TestUploadsMayBeSlow: longer than a command may take.
func TestUploadsMayBeSlow(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	whole := picture(t, 64, 48)
	pieces := &slowly{strings.NewReader(string(whole)), len(whole)/11 + 1, time.Second}
	req, _ := http.NewRequest("POST", h.url(p.url()+"/photos"), pieces)
	req.ContentLength, req.Header = int64(len(whole)), headerOf(p.owner.token, "")
	start := time.Now()
	if a, err := do(req); err != nil || a.status != http.StatusCreated {
		t.Errorf("after %v: %v %v", time.Since(start), a, err)
	}
	if took := time.Since(start); took < 11*time.Second {
		t.Errorf("it took only %v", took)
	}
}

// post sends a body as it is.
func (h *house) post(path, token, kind string, body string) answer {
	h.t.Helper()
	req, err := http.NewRequest("POST", h.url(path), strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// TestBadRequestsAreProblems: every refusal over HTTP is problem+json with a
// code and a sentence, and says nothing of the inside.
func TestBadRequestsAreProblems(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	token := p.owner.token
	const js = "application/json"
	lock := func(op string) string { return `{"type":"event.lock","op":"` + op + `","data":{"on":false}}` }
	h.must(p.url(), token, command{"event.lock", "dup:1", object{"on": true}})
	h.must(p.url(), token, command{"event.lock", "dup:40", object{"on": false}})
	for name, c := range map[string]struct {
		answer answer
		status int
		code   string
	}{
		"no JSON":              {h.post(p.url(), token, js, "hello"), 400, "invalid"},
		"nothing":              {h.post(p.url(), token, js, ""), 400, "invalid"},
		"an array":             {h.post(p.url(), token, js, "[]"), 400, "invalid"},
		"more behind it":       {h.post(p.url(), token, js, lock("x:1")+"{}"), 400, "invalid"},
		"deep":                 {h.post(p.url(), token, js, `{"type":"feed.post","data":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+"}"), 400, "invalid"},
		"too large":            {h.post(p.url(), token, js, `{"type":"feed.post","data":"`+strings.Repeat("x", 64<<10)+`"}`), 413, "too_large"},
		"data too large":       {h.post(p.url(), token, js, `{"type":"feed.post","data":{"text":"`+strings.Repeat("x", 60_000)+`"}}`), 413, "too_large"},
		"a form":               {h.post(p.url(), token, "application/x-www-form-urlencoded", "type=event.lock"), 400, "invalid"},
		"no such command":      {h.post(p.url(), token, js, `{"type":"feed.dance"}`), 400, "invalid"},
		"the same op, changed": {h.post(p.url(), token, js, lock("dup:1")), 409, "conflict"},
		"a stale op":           {h.post(p.url(), token, js, lock("dup:2")), 409, "stale"},
		"an op of 2^53":        {h.post(p.url(), token, js, lock("dup:9007199254740992")), 400, "invalid"},
		"an unknown kind":      {h.post("/v1/rooms/cellar/x", token, js, lock("x:1")), 404, "not_found"},
		"an unknown event":     {h.post("/v1/rooms/event/nowhere1", token, js, lock("x:1")), 404, "not_found"},
		"no kind":              {h.get("GET", "/v1/rooms/x", nil), 400, "invalid"},
		"no room":              {h.get("GET", "/v1/rooms/", nil), 400, "invalid"},
		"a long name":          {h.get("GET", "/v1/rooms/talk/"+strings.Repeat("a", 65), nil), 400, "invalid"},
		"an odd name":          {h.get("GET", "/v1/rooms/talk/a%20b", nil), 400, "invalid"},
		"a path for a name":    {h.get("GET", "/v1/rooms/talk/..%2f..%2fx", nil), 400, "invalid"},
		"a nul":                {h.get("GET", "/v1/rooms/talk/a%00", nil), 400, "invalid"},
		"a folder":             {h.get("GET", "/v1/rooms/talk/a/b", nil), 400, "invalid"},
		"a bad wait":           {h.get("GET", "/v1/rooms/talk/a?wait=soon", nil), 400, "invalid"},
		"a negative wait":      {h.get("GET", "/v1/rooms/talk/a?wait=-5s", nil), 400, "invalid"},
		"a bad limit":          {h.get("GET", "/v1/rooms/talk/a?query=history&limit=-1", nil), 400, "invalid"},
		"a bad after":          {h.get("GET", "/v1/rooms/talk/a?query=history&after=18446744073709551615", nil), 400, "invalid"},
		"no query":             {h.get("GET", "/v1/rooms/talk/a?query=", nil), 400, "invalid"},
		"another method":       {h.get("DELETE", "/v1/rooms/talk/a", nil), 405, "invalid"},
		"no WebSocket":         {h.get("GET", "/v1/live", nil), 426, "invalid"},
		"a bad scheme":         {h.get("GET", "/v1/rooms/talk/a", http.Header{"Authorization": {"Basic YTpi"}}), 401, "unauthenticated"},
		"a bad token":          {h.get("GET", "/v1/rooms/talk/a", http.Header{"Authorization": {"Bearer x"}}), 401, "unauthenticated"},
		"nobody":               {h.get("GET", p.url(), nil), 401, "unauthenticated"},
		"no such address":      {h.get("GET", "/v1/nothing", nil), 404, "not_found"},
		"opening by GET":       {h.get("GET", "/v1/events", nil), 404, "not_found"},
		"an unknown preset":    {h.post("/v1/events", "", js, `{"name":"x","preset":"funeral"}`), 400, "invalid"},
		"an event of no name":  {h.post("/v1/events", "", js, `{"name":" ","preset":"wedding"}`), 400, "invalid"},
		"joining nowhere":      {h.post("/v1/events/nowhere1/join", "", js, `{"name":"x"}`), 404, "not_found"},
		"joining a path":       {h.post("/v1/events/..%2fx/join", "", js, `{"name":"x"}`), 404, "not_found"},
		"a wrong private link": {h.post("/v1/events/"+p.code+"/join", "", js, `{"host":"`+p.owner.id+`.wrong"}`), 403, "forbidden"},
	} {
		a := c.answer
		if a.status != c.status || a.field("code") != c.code || a.field("status") != strconv.Itoa(c.status) ||
			a.header.Get("Content-Type") != "application/problem+json" || !strings.HasSuffix(a.field("message"), ".") {
			t.Errorf("%s: %v (%s), not %d %s", name, a, a.header.Get("Content-Type"), c.status, c.code)
		}
	}
	// The highest op there is: everything after it is stale or a repetition.
	top := command{"event.lock", "top:9007199254740991", object{"on": true}}
	first, again := h.must(p.url(), token, top), h.must(p.url(), token, top)
	if string(first.body) != string(again.body) {
		t.Errorf("the same op: %v and %v", first, again)
	}
}

// TestOpsAreExactlyOnceAcrossDoors: the same op by POST and by WebSocket, in
// an array, at the same time, is one update.
func TestOpsAreExactlyOnceAcrossDoors(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	bo := p.joins("Bo")
	send := `{"id":%d,"send":{"room":"` + p.room + `","type":"feed.post","op":"phone:1","data":{"text":"once"}}}`
	l, other := h.dials(bo.token), h.dials(bo.token)
	answers := make(chan answer, 8)
	for range 8 {
		go func() {
			a, _ := h.ask(p.url(), bo.token, command{"feed.post", "phone:1", object{"text": "once"}})
			answers <- a
		}()
	}
	l.say("[" + fmt.Sprintf(send, 1) + "," + fmt.Sprintf(send, 2) + "]")
	other.say(fmt.Sprintf(send, 3))
	replies := map[string]bool{}
	for range 8 {
		a := <-answers
		replies[string(a.body)] = true
	}
	for id, conn := range map[uint64]*live{1: l, 2: l, 3: other} {
		f := conn.must("the reply", func(f *told) bool { return f.ID == id })
		body := strings.TrimSuffix(strings.TrimPrefix(f.raw, fmt.Sprintf(`{"id":%d,"ok":`, id)), "}")
		replies[body] = true
	}
	if len(replies) != 1 {
		t.Errorf("one op has %d replies: %v", len(replies), replies)
	}
	if a := h.must(p.url(), bo.token, nil); strings.Count(string(a.body), `"text":"once"`) != 1 {
		t.Errorf("posted: %s", a.body)
	}
}

// TestPositionsThatDoNotFitGetAView on every door, whatever they are.
func TestPositionsThatDoNotFitGetAView(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	bo := p.joins("Bo")
	pos := h.must(p.url(), bo.token, nil).header.Get("Roomful-Position")
	epoch, rest, _ := strings.Cut(pos, ":")
	for name, since := range map[string]string{
		"of another epoch": "zzzzzz:" + rest, "of staff": strings.Replace(pos, ".g", ".s", 1), "of everyone": strings.TrimSuffix(pos, ".g"),
		"of the future": epoch + ":999999.g", "beyond 2^64": epoch + ":99999999999999999999.g", "negative": epoch + ":-1.g",
		"garbage": "garbage", "long": strings.Repeat("a", 4000), "markup": `"><script>`, "a number": "41", "of no epoch": ":5.g",
		"of a narrow sight": pos + "-5f2a91c3",
	} {
		for _, door := range doors {
			r := &reading{h: h, room: p.room, token: bo.token, door: door}
			r.pos = since
			if f := r.next(); f.View == nil || f.Pos != pos {
				t.Errorf("a position %s at %s: %.200s", name, door, f.raw)
			}
			r.move("")
		}
	}
}

// TestForeignCookiesAreNobody: another event's, a forged one, one under
// another's name.
func TestForeignCookiesAreNobody(t *testing.T) {
	t.Parallel()
	h := open(t)
	p, other := h.opens("wedding"), h.opens("wedding")
	bo, di := p.joins("Bo"), other.joins("Di")
	for name, cookie := range map[string]string{
		"another event's":          "roomful_m_" + other.code + "=" + di.token,
		"another event's, renamed": "roomful_m_" + p.code + "=" + di.token,
		"forged":                   "roomful_m_" + p.code + "=rfm." + p.room + "." + bo.id + ".AAAA",
		"of the owner, no secret":  "roomful_m_" + p.code + "=rfm." + p.room + "." + p.owner.id + ".",
		"garbage":                  "roomful_m_" + p.code + "=%00;;;=",
		"long":                     "roomful_m_" + p.code + "=rfm." + strings.Repeat("a", 5000),
	} {
		if a := h.get("GET", p.url(), http.Header{"Cookie": {cookie}}); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %v", name, a)
		}
	}
	many := ""
	for n := range 200 {
		many += fmt.Sprintf("roomful_m_x%d=rfm.event/x%d.m_1.secret; ", n, n)
	}
	if a := h.get("GET", p.url(), http.Header{"Cookie": {many}}); a.status >= 500 {
		t.Errorf("200 cookies: %v", a)
	}
}

// TestGuessingCodesGetsSlowed: whoever tries codes is soon told to wait, and
// by then a code that exists looks like one that does not. Members go on.
func TestGuessingCodesGetsSlowed(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	bo := p.joins("Bo")
	forged := "rfm.event/%s.m_x.secret"
	tries := map[string]func(code string) answer{
		"GET": func(code string) answer { return h.get("GET", "/v1/rooms/event/"+code, nil) },
		"forging": func(code string) answer {
			return h.get("GET", "/v1/rooms/event/"+code, headerOf(fmt.Sprintf(forged, code), ""))
		},
		"stream": func(code string) answer {
			return h.get("GET", "/v1/rooms/event/"+code, http.Header{"Accept": {"text/event-stream"}})
		},
		"query": func(code string) answer { return h.get("GET", "/v1/rooms/event/"+code+"?query=history", nil) },
		"POST": func(code string) answer {
			return h.post("/v1/rooms/event/"+code, "", "application/json", `{"type":"feed.post"}`)
		},
		"photo":  func(code string) answer { return h.get("GET", "/media/event/"+code+"/ph_x/320", nil) },
		"upload": func(code string) answer { return h.post("/v1/rooms/event/"+code+"/photos", "", "image/jpeg", "x") },
		"page":   func(code string) answer { return h.get("GET", "/e/"+code, nil) },
		"host":   func(code string) answer { return h.get("GET", "/e/"+code+"/host", nil) },
		"join": func(code string) answer {
			return h.post("/v1/events/"+code+"/join", "", "application/json", `{"name":"Guess"}`)
		},
		"form": func(code string) answer {
			return h.post("/e/"+code+"/join", "", "application/x-www-form-urlencoded", "name=Guess")
		},
		"WebSocket": func(code string) answer {
			l := h.dials("")
			defer l.close()
			a := l.ask("join", object{"room": "event/" + code})
			if a.Error != nil && a.Error.Code == "rate_limited" {
				return answer{status: 429}
			}
			return answer{status: 404}
		},
	}
	limited := false
	for n := 0; n < 400 && !limited; n++ {
		limited = tries["GET"](fmt.Sprintf("guess%03d", n)).status == 429
	}
	if !limited {
		t.Fatal("400 guesses were answered")
	}
	for name, try := range tries {
		// One more token may come in at any time: spend it.
		for range 5 {
			tries["GET"]("guessagain")
		}
		if a := try("nowhere1"); a.status != 429 && a.status != 422 {
			t.Errorf("%s of a code that does not exist: %d", name, a.status)
		}
		for range 5 {
			tries["GET"]("guessagain")
		}
		if a := try(p.code); a.status != 429 && a.status != 422 {
			t.Errorf("%s of a code that does: %d %.200s", name, a.status, a.body)
		}
	}
	if a := h.must(p.url(), bo.token, nil); a.status != 200 {
		t.Errorf("a member meanwhile: %v", a)
	}
	p.do(bo, "feed.post", object{"text": "all is well"})
	h.dials(bo.token).join(p.room, "")
	if a, _ := h.ask("/v1/events/"+p.code+"/join", bo.token, object{"name": "Bo"}); a.field("member") != bo.id {
		t.Errorf("a member joining again meanwhile: %v", a)
	}
	a := tries["GET"]("nowhere2")
	for ; a.status != 429; a = tries["GET"]("nowhere2") {
	}
	if a.header.Get("Retry-After") == "" || a.field("code") != "rate_limited" {
		t.Errorf("a guesser is told %v %v", a, a.header)
	}
}

// TestNothingLeaks: after connections that end in every way there are, none
// is counted, and the server has the goroutines it began with.
func TestNothingLeaks(t *testing.T) {
	for _, sockets := range []string{"epoll", "portable"} {
		t.Run(sockets, func(t *testing.T) {
			t.Parallel()
			h := open(t, "--portable-sockets="+fmt.Sprint(sockets == "portable"))
			p := h.opens("wedding")
			transport := &http.Transport{}
			client := &http.Client{Transport: transport}
			goroutines := func() int { n, _ := strconv.Atoi(h.gauge("go_goroutines")); return n }
			before := goroutines()
			for range 10 {
				bo := p.joins("Bo")
				// A WebSocket that is dropped, one that is closed, one that breaks the rules.
				dropped, closes, breaks := h.dials(bo.token), h.dials(bo.token), h.dials(bo.token)
				pos := dropped.join(p.room, "").Pos
				closes.join(p.room, "")
				dropped.close()
				closes.conn.Close(websocket.StatusNormalClosure, "")
				breaks.conn.Write(context.Background(), websocket.MessageBinary, []byte("x"))
				breaks.closed()
				// A stream that is dropped, a long-poll that is dropped.
				s := listens(t, client, h.url(p.url()), headerOf(bo.token, ""))
				s.must()
				s.end()
				ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
				req, _ := http.NewRequestWithContext(ctx, "GET", h.url(p.url()+"?wait=25s&since="+url.QueryEscape(pos)), nil)
				req.Header = headerOf(bo.token, "")
				if res, err := client.Do(req); err == nil {
					res.Body.Close()
				}
				cancel()
				// A handshake that is half, and a request that is.
				for _, half := range []string{"GET /v1/live HTTP/1.1\r\nHost: x\r\nUpgr", "POST " + p.url() + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"} {
					conn, err := net.Dial("tcp", h.addr)
					if err != nil {
						t.Fatal(err)
					}
					conn.Write([]byte(half))
					conn.Close()
				}
			}
			transport.CloseIdleConnections()
			http.DefaultTransport.(*http.Transport).CloseIdleConnections()
			for _, kind := range []string{"websocket", "sse"} {
				eventually(t, kind+" connections are gone", func() bool { return h.gauge(`roomful_connections{transport="`+kind+`"}`) == "0" })
			}
			eventually(t, "the goroutines are gone", func() bool { return goroutines() <= before+8 })
			eventually(t, "nothing is held", func() bool { return h.gauge("roomful_held_bytes") == "0" })
		})
	}
}

// TestPublishedTextIsAlwaysUTF8: what is no UTF-8 would end every WebSocket
// that it is sent to, for ever.
func TestPublishedTextIsAlwaysUTF8(t *testing.T) {
	t.Parallel()
	h := open(t)
	l := h.dials("")
	l.join("channel/news", "")
	a := h.post("/v1/rooms/channel/news", apiKey, "application/json", "{\"type\":\"channel.publish\",\"data\":{\"text\":\"\xff\xfe\"}}")
	if a.status != http.StatusBadRequest || a.field("code") != "invalid" {
		t.Errorf("bytes that are no text: %v", a)
	}
	h.must("/v1/rooms/channel/news", apiKey, command{"channel.publish", "", object{"text": "fine"}})
	l.must("what came after", func(f *told) bool { return f.mentions("fine") })
	h.post("/v1/rooms/channel/news", apiKey, "application/json", `{"type":"channel.publish","data":{"text":"\ud800 lone \u0000 </script>"}}`)
	h.must("/v1/rooms/channel/news", apiKey, command{"channel.publish", "", object{"text": "finer"}})
	l.must("what came after a lone surrogate", func(f *told) bool { return f.mentions("finer") })
	s := h.listens("/v1/rooms/channel/news", "", "")
	if _, f := s.must(); !f.mentions("finer") {
		t.Error(f.raw)
	}
}

// TestNewlinesDoNotSplitEvents: JSON may be written over several lines, an
// event's data may not.
func TestNewlinesDoNotSplitEvents(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.listens("/v1/rooms/channel/news", "", "")
	s.must()
	a := h.post("/v1/rooms/channel/news", apiKey, "application/json", "{\"type\":\"channel.publish\",\n\"data\":{\n\"a\":1,\r\n\n\"b\":[\n2]}}")
	if a.status != http.StatusOK {
		t.Fatal(a)
	}
	_, f := s.must()
	if len(f.Updates) != 1 || fmt.Sprint(f.Updates[0].Data) != "map[a:1 b:[2]]" {
		t.Errorf("%q", f.raw)
	}
	view := h.listens("/v1/rooms/channel/news", "", "")
	if _, f := view.must(); f.View == nil || strings.ContainsAny(f.raw, "\r\n") {
		t.Errorf("%q", f.raw)
	}
	lines := bufio.NewScanner(strings.NewReader(f.raw))
	for n := 0; lines.Scan(); n++ {
		if n > 0 {
			t.Error("an event's data has two lines")
		}
	}
}
