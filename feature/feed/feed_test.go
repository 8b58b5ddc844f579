package feed_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/roomful/roomful/feature/feed"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

// view is the feed's view as a client reads it.
type view struct {
	Posts, Pinned, Review []feed.Post
	More                  bool
	Counts                feed.Counts
}

func (p *party) view(c room.Caller) (v view) {
	if err := json.Unmarshal(p.View(c, "feed"), &v); err != nil {
		p.Fatalf("view: %v", err)
	}
	return v
}

func (p *party) mine(c room.Caller) (m struct {
	Posts  []feed.Post
	Chosen map[string][]string
}) {
	if err := json.Unmarshal(p.Mine(c, "feed"), &m); err != nil {
		p.Fatalf("mine: %v", err)
	}
	return m
}

// ask is a query's result, or its refusal's code.
func (p *party) ask(c room.Caller, name string, args room.Args) (string, room.Code) {
	result, err := p.Query(c, name, args)
	return string(result), room.CodeOf(err)
}

func TestHiddenPostIsUnreachable(t *testing.T) {
	p := newParty(t)
	photo := p.upload("m_ana", 1)
	post := p.post(p.ana, "Embarrassing", photo)
	comment := p.comment(p.bob, post, "Very embarrassing")
	p.react(p.bob, post, "heart", true)
	p.Do(p.mod, "feed.pin", thing{"post": post, "on": true})
	p.Do(p.mod, "feed.hide", thing{"post": post})

	for _, text := range []string{"mbarrassing", comment, photo} {
		p.MustNotTell(p.bob, text)
	}
	p.MustNotTell(p.ana, "Very embarrassing") // the author sees the post, nobody its comments
	for name, data := range map[string]thing{
		"feed.comment": {"post": post, "text": "Hi"},
		"feed.react":   {"post": post, "kind": "heart", "on": true},
		"feed.edit":    {"post": post, "text": "x"},
		"feed.delete":  {"comment": comment},
	} {
		p.Refuse(room.NotFound, p.bob, name, data)
	}
	p.Refuse(room.NotFound, p.mod, "feed.hide", thing{"comment": comment})
	p.Refuse(room.NotFound, p.mod, "feed.pin", thing{"post": post, "on": true})
	for name, args := range map[string]room.Args{
		"feed.post": {"post": post}, "feed.comments": {"post": post}, "feed.photo": {"photo": photo},
	} {
		if result, code := p.ask(p.bob, name, args); code != room.NotFound {
			t.Errorf("%s for a guest: %s %s", name, code, result)
		}
	}
	for _, c := range []room.Caller{p.ana, p.mod} {
		for name, args := range map[string]room.Args{"feed.post": {"post": post}, "feed.photo": {"photo": photo}} {
			if _, code := p.ask(c, name, args); code != "" {
				t.Errorf("%s for the author and staff: %s", name, code)
			}
		}
	}
	if v := p.view(p.bob); v.Counts != (feed.Counts{}) {
		t.Errorf("it is still counted: %+v", v.Counts)
	}
	if m := p.mine(p.ana); len(m.Posts) != 1 || m.Posts[0].State != feed.Hidden {
		t.Errorf("the author is not told: %+v", m.Posts)
	}
	if v := p.view(p.mod); len(v.Review) != 1 {
		t.Errorf("staff cannot find it: %+v", v.Review)
	}
}

func TestRestoringKeepsPlaceReactionsAndComments(t *testing.T) {
	p := newParty(t)
	first := p.post(p.ana, "First")
	p.post(p.ana, "Second")
	p.comment(p.bob, first, "One")
	p.react(p.bob, first, "heart", true)
	before := p.view(p.bob)
	p.Do(p.mod, "feed.hide", thing{"post": first})
	p.Do(p.mod, "feed.restore", thing{"post": first})
	after := p.view(p.bob)
	old, now := before.Posts[1], after.Posts[1]
	if now.ID != first || now.Published != old.Published || now.Reactions["heart"] != 1 || len(now.Latest) != 1 || after.Counts != before.Counts {
		t.Errorf("before %+v, after %+v", old, now)
	}
	if got := p.mine(p.bob).Chosen[first]; len(got) != 1 {
		t.Errorf("Bob's heart is %v", got)
	}
}

func TestApprovalPublishesNow(t *testing.T) {
	p := newParty(t)
	p.Do(p.host, "event.set", thing{"moderation": "pre"})
	waiting := p.post(p.ana, "May I?")
	p.MustNotTell(p.bob, "May I?")
	direct := p.post(p.mod, "Staff waits for nobody")
	p.Do(p.mod, "feed.approve", thing{"post": waiting})
	v := p.view(p.bob)
	if len(v.Posts) != 2 || v.Posts[0].ID != waiting || v.Posts[1].ID != direct {
		t.Errorf("an approved post is not on top: %+v", v.Posts)
	}
}

func TestTheSecondDecisionIsToldOfTheFirst(t *testing.T) {
	p := newParty(t)
	p.Do(p.host, "event.set", thing{"moderation": "pre"})
	post := p.post(p.ana, "May I?")
	do := func(typ string) error {
		_, err := p.Try(p.mod, typ, thing{"post": post})
		return err
	}
	for _, step := range []struct {
		allowed string
		refused []string
	}{
		{"", []string{"feed.hide", "feed.restore"}},
		{"feed.reject", []string{"feed.reject", "feed.hide", "feed.restore"}},
		{"feed.approve", []string{"feed.approve", "feed.reject", "feed.restore"}},
		{"feed.hide", []string{"feed.hide", "feed.approve", "feed.reject"}},
		{"feed.restore", []string{"feed.restore", "feed.approve"}},
	} {
		if step.allowed != "" {
			if err := do(step.allowed); err != nil {
				t.Fatalf("%s: %v", step.allowed, err)
			}
		}
		for _, typ := range step.refused {
			if err := do(typ); room.CodeOf(err) != room.Conflict {
				t.Errorf("%s after %s: got %v, want conflict", typ, step.allowed, err)
			}
		}
	}
}

func TestADecisionIsAboutWhatStaffSaw(t *testing.T) {
	p := newParty(t)
	p.Do(p.host, "event.set", thing{"moderation": "pre"})
	post := p.post(p.ana, "Nice")
	seen := p.view(p.mod).Review[0].Seq
	p.Do(p.ana, "feed.edit", thing{"post": post, "text": "Nasty"})
	p.Refuse(room.Conflict, p.mod, "feed.approve", thing{"post": post, "seq": seen})
	p.Do(p.mod, "feed.approve", thing{"post": post, "seq": p.view(p.mod).Review[0].Seq})
	p.Refuse(room.Forbidden, p.ana, "feed.edit", thing{"post": post, "text": "Nasty after all"})
}

func TestWhoMayDoWhat(t *testing.T) {
	p := newParty(t)
	tv := p.Join("m_tv", "Screen", room.Display)
	fan := p.Join("m_fan", "Fan", room.Spectator)
	post := p.post(p.ana, "Mine")
	comment := p.comment(p.ana, post, "Mine too")
	for name, row := range map[string]struct {
		by   room.Caller
		typ  string
		data thing
	}{
		"guest hides":                 {p.bob, "feed.hide", thing{"post": post}},
		"guest hides own":             {p.ana, "feed.hide", thing{"post": post}},
		"guest restores":              {p.bob, "feed.restore", thing{"post": post}},
		"guest approves":              {p.ana, "feed.approve", thing{"post": post}},
		"guest rejects":               {p.bob, "feed.reject", thing{"post": post}},
		"guest pins":                  {p.bob, "feed.pin", thing{"post": post, "on": true}},
		"guest deletes another's":     {p.bob, "feed.delete", thing{"post": post}},
		"guest deletes a comment":     {p.bob, "feed.delete", thing{"comment": comment}},
		"moderator deletes":           {p.mod, "feed.delete", thing{"post": post}},
		"moderator deletes a comment": {p.mod, "feed.delete", thing{"comment": comment}},
		"host edits another's":        {p.host, "feed.edit", thing{"post": post, "text": "x"}},
		"display posts":               {tv, "feed.post", thing{"text": "x"}},
		"spectator posts":             {fan, "feed.post", thing{"text": "x"}},
		"spectator comments":          {fan, "feed.comment", thing{"post": post, "text": "x"}},
		"spectator reacts":            {fan, "feed.react", thing{"post": post, "kind": "heart", "on": true}},
		"nobody in particular posts":  {roomtest.Server(), "feed.post", thing{"text": "x"}},
		"guest uploads by itself":     {p.ana, "feed.upload", thing{}},
	} {
		t.Run(name, func(t *testing.T) { p.Refuse(room.Forbidden, row.by, row.typ, row.data) })
	}
	p.Do(p.host, "feed.delete", thing{"comment": comment})
	p.Do(roomtest.Server(), "feed.delete", thing{"post": post})
}

func TestADemotedModeratorSeesNoMoreThanGuests(t *testing.T) {
	p := newParty(t)
	post := p.post(p.ana, "Hidden words")
	p.Do(p.mod, "feed.hide", thing{"post": post})
	p.Do(p.host, "people.role", thing{"member": "m_mod", "role": "guest"})
	p.MustNotTell(p.mod, "Hidden words")
	p.Refuse(room.Forbidden, p.mod, "feed.restore", thing{"post": post})
}

func TestTexts(t *testing.T) {
	p := newParty(t)
	family := "👨‍👩‍👧‍👦"
	for name, row := range map[string]struct{ in, want string }{ // want "" means refused
		"markup is text":   {`<script>alert(1)</script> **b** =cmd()`, `<script>alert(1)</script> **b** =cmd()`},
		"override":         {"a\u202Eb", "ab"},
		"NUL":              {"a\x00b", "ab"},
		"lines":            {"a\r\nb", "a\nb"},
		"500 characters":   {strings.Repeat("é", 500), strings.Repeat("é", 500)},
		"160 families":     {strings.Repeat(family, 160), strings.Repeat(family, 160)},
		"zalgo":            {"a" + strings.Repeat("\u0336", 3000), "a" + strings.Repeat("\u0336", 5)},
		"501 characters":   {strings.Repeat("é", 501), ""},
		"10,000 families":  {strings.Repeat(family, 10_000), ""},
		"1 MB":             {strings.Repeat("x", 1<<20), ""},
		"only spaces":      {" \n\t\u3000", ""},
		"only invisible":   {"\u200B\uFEFF", ""},
		"empty":            {"", ""},
		"traversal":        {"../../x", "../../x"},
		"looks like an id": {"p_0123456789", "p_0123456789"},
	} {
		t.Run(name, func(t *testing.T) {
			if row.want == "" {
				p.Refuse(room.Invalid, p.ana, "feed.post", thing{"text": row.in})
				return
			}
			p.post(p.ana, row.in)
			if got := p.view(p.bob).Posts[0].Text; got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
	if post := p.post(p.ana, "   ", p.upload("m_ana", 1)); p.view(p.bob).Posts[0].ID != post {
		t.Error("a photo needs no words")
	}
}

func TestPhotosArePostedOnceByWhoseTheyAre(t *testing.T) {
	p := newParty(t)
	own := p.upload("m_ana", 1)
	if again := p.upload("m_ana", 1); again != own {
		t.Errorf("the same picture has two ids: %s, %s", own, again)
	}
	if other := p.ID("photo", roomtest.Server(), "feed.upload", thing{
		"member": "m_bob", "photo": "ph_x", "width": 1, "height": 1, "blob": fmt.Sprintf("%064x", 1),
	}); other == own {
		t.Error("another's picture is not mine, even if it is the same")
	}
	p.Refuse(room.NotFound, p.bob, "feed.post", thing{"photos": []string{own}})
	p.Refuse(room.NotFound, p.ana, "feed.post", thing{"photos": []string{"ph_none"}})
	p.Refuse(room.Invalid, p.ana, "feed.post", thing{"photos": []string{own, own}})
	p.Refuse(room.Invalid, p.ana, "feed.post", thing{"photos": make([]string, 11)})
	if _, code := p.ask(p.bob, "feed.photo", room.Args{"photo": own}); code != room.NotFound {
		t.Errorf("an unposted photo is shown to others: %q", code)
	}
	post := p.post(p.ana, "", own)
	p.Refuse(room.Conflict, p.ana, "feed.post", thing{"photos": []string{own}})
	if _, code := p.ask(p.bob, "feed.photo", room.Args{"photo": own}); code != "" {
		t.Errorf("a posted photo is not shown: %s", code)
	}
	p.Do(p.ana, "feed.delete", thing{"post": post})
	if _, code := p.ask(p.host, "feed.photo", room.Args{"photo": own}); code != room.NotFound {
		t.Errorf("a deleted photo is still there: %q", code)
	}
}

func TestBadUploadsAreRefused(t *testing.T) {
	p := newParty(t)
	good := func() thing {
		return thing{"member": "m_ana", "photo": "ph_1", "width": 10, "height": 10, "blob": strings.Repeat("a", 64)}
	}
	for field, values := range map[string][]any{
		"member": {"", "m,x", 7}, "photo": {"", "1", "ph_", "ph_../x", "ph_" + strings.Repeat("x", 65)},
		"width": {0, -1, 100_001, 1.5, "10"}, "height": {0, -1, 1e9}, "blob": {"", "xyz", strings.Repeat("A", 64), strings.Repeat("a", 65)},
	} {
		for _, value := range values {
			data := good()
			data[field] = value
			p.Refuse(room.Invalid, roomtest.Server(), "feed.upload", data)
		}
	}
	p.Do(roomtest.Server(), "feed.upload", good())
	taken := good()
	taken["blob"] = strings.Repeat("b", 64)
	p.Refuse(room.Conflict, roomtest.Server(), "feed.upload", taken)
	p.Do(p.mod, "people.ban", thing{"member": "m_bob"})
	banned := good()
	banned["member"] = "m_bob"
	p.Refuse(room.Banned, roomtest.Server(), "feed.upload", banned)
}

func TestUnpostedUploadsAreBounded(t *testing.T) {
	p := newParty(t)
	first := p.upload("m_ana", 0)
	for i := range 40 {
		p.upload("m_ana", i+1)
	}
	p.Refuse(room.NotFound, p.ana, "feed.post", thing{"photos": []string{first}})
}

func TestReactionsAreRegisters(t *testing.T) {
	p := newParty(t)
	post := p.post(p.ana, "Cake")
	for range 3 {
		p.react(p.bob, post, "heart", true)
	}
	p.react(p.bob, post, "joy", true)
	p.react(p.ana, post, "heart", true)
	p.react(p.ana, post, "tear", false)
	if got := p.view(p.bob).Posts[0].Reactions; got["heart"] != 2 || got["joy"] != 1 || len(got) != 2 {
		t.Errorf("reactions are %v", got)
	}
	p.react(p.bob, post, "heart", false)
	p.react(p.ana, post, "heart", false)
	if got := p.view(p.bob).Posts[0].Reactions; got["joy"] != 1 || len(got) != 1 {
		t.Errorf("reactions are %v", got)
	}
	for _, kind := range []any{"", "party", "HEART", 1, nil} {
		p.Refuse(room.Invalid, p.bob, "feed.react", thing{"post": post, "kind": kind, "on": true})
	}
	p.MustNotTell(p.ana, `"kinds":["joy"]`) // what Bob chose
}

func TestManyReactionsInATurnAreOneUpdateForAll(t *testing.T) {
	p := newParty(t)
	post := p.post(p.ana, "Cake")
	before := len(p.Log())
	p.Turn(func() {
		for _, c := range []room.Caller{p.ana, p.bob, p.mod, p.host} {
			p.react(c, post, "heart", true)
			p.react(c, post, "heart", false)
			p.react(c, post, "heart", true)
		}
	})
	if n := len(p.Log()) - before; n != 5 {
		t.Errorf("%d updates, want one for each and one for all", n)
	}
	if got := p.view(p.bob).Posts[0].Reactions["heart"]; got != 4 {
		t.Errorf("%d hearts, want 4", got)
	}
}

func TestABanTakesAllTheyPosted(t *testing.T) {
	p := newParty(t)
	eve := p.Join("m_eve", "Eve", room.Guest)
	cake := p.post(p.ana, "Cake")
	p.comment(p.bob, cake, "Yes")
	spam := p.post(eve, "Spam", p.upload("m_eve", 1))
	p.comment(p.bob, spam, "Go away")
	p.comment(eve, spam, "Spam spam")
	p.comment(eve, cake, "Spam here")
	p.comment(eve, cake, "Spam there")
	p.Do(p.host, "event.set", thing{"moderation": "pre"})
	p.post(eve, "Spam again")
	p.Do(p.mod, "people.ban", thing{"member": "m_eve", "removeContent": true})

	for _, text := range []string{"Spam", "spam"} {
		p.MustNotTell(p.bob, text)
	}
	v := p.view(p.bob)
	if v.Counts != (feed.Counts{Posts: 1, Comments: 1}) || v.Posts[0].Comments != 1 || v.Posts[0].Latest[0].Text != "Yes" {
		t.Errorf("left are %+v, %+v", v.Counts, v.Posts)
	}
	p.Do(p.mod, "feed.restore", thing{"post": spam}) // a ban by mistake
	if got := p.view(p.bob).Posts[0]; got.Comments != 1 || got.Latest[0].Text != "Go away" {
		t.Errorf("restored is %+v", got)
	}
}

func TestABanAloneLeavesWhatTheyPosted(t *testing.T) {
	p := newParty(t)
	p.post(p.bob, "Cake")
	p.Do(p.mod, "people.ban", thing{"member": "m_bob"})
	if v := p.view(p.ana); len(v.Posts) != 1 {
		t.Errorf("posts are %+v", v.Posts)
	}
}

func TestTheMutedAndTheLockedOutDoNotPost(t *testing.T) {
	p := newParty(t)
	post := p.post(p.ana, "Cake")
	p.Do(p.mod, "people.mute", thing{"member": "m_ana", "minutes": 10})
	p.Refuse(room.Forbidden, p.ana, "feed.post", thing{"text": "x"})
	p.Refuse(room.Forbidden, p.ana, "feed.react", thing{"post": post, "kind": "heart", "on": true})
	p.Do(p.ana, "feed.delete", thing{"post": post})
	p.Do(p.host, "event.lock", thing{"on": true})
	p.Refuse(room.Forbidden, p.bob, "feed.post", thing{"text": "x"})
	p.post(p.mod, "We go on in five minutes")
	p.Do(p.host, "event.close", nil)
	p.Refuse(room.Gone, p.host, "feed.post", thing{"text": "x"})
	p.Do(p.host, "feed.delete", thing{"post": p.view(p.bob).Posts[0].ID})
}

func TestPagingReachesEveryPostOnce(t *testing.T) {
	p := newParty(t)
	for i := range 45 {
		p.post(p.bob, fmt.Sprint(i))
	}
	v := p.view(p.ana)
	if len(v.Posts) != 20 || !v.More || v.Counts.Posts != 45 {
		t.Fatalf("%d posts of %d, more %v", len(v.Posts), v.Counts.Posts, v.More)
	}
	p.Do(p.mod, "feed.hide", thing{"post": v.Posts[19].ID}) // the reader's last one goes meanwhile
	checkTallies(p.Room)
	for want, args := range map[room.Code]room.Args{
		room.Invalid: {"before": "-1"}, "": {"before": "99999999999999", "limit": "0"},
	} {
		if _, code := p.ask(p.ana, "feed.page", args); code != want {
			t.Errorf("%v: %q, want %q", args, code, want)
		}
	}
	if _, code := p.ask(p.ana, "feed.review", nil); code != room.Forbidden {
		t.Errorf("guests page through review: %q", code)
	}
	if _, code := p.ask(p.ana, "feed.everything", nil); code != room.NotFound {
		t.Errorf("unknown query: %q", code)
	}
}

func TestAViewOfLongPostsStaysSmall(t *testing.T) {
	p := newParty(t)
	long := strings.Repeat("👨‍👩‍👧‍👦", 160)
	p.Do(p.host, "event.set", thing{"moderation": "pre"})
	for range 25 {
		p.post(p.ana, long)
		p.post(p.host, long)
	}
	for i, post := range p.view(p.bob).Posts {
		p.comment(p.bob, post.ID, long)
		if i < 5 {
			p.Do(p.mod, "feed.pin", thing{"post": post.ID, "on": true})
		}
	}
	for _, c := range []room.Caller{p.bob, p.mod} {
		if n := len(p.View(c, "feed")); n > 49<<10 {
			t.Errorf("%d bytes for %s", n, c.Member)
		}
		if v := p.view(c); !v.More || len(v.Pinned) == 0 {
			t.Errorf("%d pinned, more %v", len(v.Pinned), v.More)
		}
	}
}

func TestBadDataIsRefused(t *testing.T) {
	p := newParty(t)
	for _, typ := range []string{"post", "edit", "delete", "hide", "restore", "approve", "reject", "comment", "react", "pin", "upload"} {
		for _, data := range []any{
			`[]`, `"x"`, `{`, `7`, strings.Repeat(`{"a":`, 20_000),
			`{"text":7,"post":7,"comment":{},"kind":[],"on":"x","photos":"ph_1","width":"1","member":1}`,
		} {
			p.Refuse(room.Invalid, p.host, "feed."+typ, data)
		}
	}
	for _, typ := range []string{"feed.delete", "feed.hide", "feed.restore"} {
		p.Refuse(room.Invalid, p.host, typ, thing{})
		p.Refuse(room.Invalid, p.host, typ, thing{"post": "p_1", "comment": "c_1"})
	}
	p.Refuse(room.Invalid, p.host, "feed.explode", nil)
	p.Do(p.ana, "feed.post", `{"text":"unknown fields are fine","later":{"x":[1]},"text":"the last one counts"}`)
}

func TestUnknownThingsAreNotFound(t *testing.T) {
	p := newParty(t)
	for _, typ := range []string{"edit", "delete", "hide", "restore", "approve", "reject", "comment", "react", "pin"} {
		p.Refuse(room.NotFound, p.host, "feed."+typ, thing{"post": "p_0000000000", "text": "x", "kind": "heart", "on": true})
	}
	for _, typ := range []string{"delete", "hide", "restore"} {
		p.Refuse(room.NotFound, p.host, "feed."+typ, thing{"comment": "c_0000000000"})
	}
}

// TestTenThousandPosts holds a view to not walking them all.
func TestTenThousandPosts(t *testing.T) {
	feature := feed.New()
	state := feature.New()
	data := func(i int) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"id":"p_%d","state":"visible","by":{"id":"m_%d","name":"Ana"},"at":%d,"text":"Number %d","photos":[]}`, i, i%100, i, i))
	}
	for i := range 10_000 {
		if err := state.Apply(room.Update{Seq: uint64(i + 1), Type: "feed.posted", Data: data(i)}); err != nil {
			t.Fatal(err)
		}
	}
	viewer := state.(room.Viewer)
	allocs := testing.AllocsPerRun(3, func() {
		if _, err := viewer.View(room.Sight{}); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 1000 { // 20 posts encoded; walking all takes 50,000
		t.Errorf("a view takes %.0f allocations", allocs)
	}
}
