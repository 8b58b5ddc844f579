package feed_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/roomful/roomful/feature/event"
	"github.com/roomful/roomful/feature/feed"
	"github.com/roomful/roomful/feature/people"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

// party is an open event with people in it.
type party struct {
	*roomtest.Room
	host, mod, ana, bob room.Caller
}

func newParty(t testing.TB) *party {
	t.Helper()
	r := roomtest.New(t, event.New(), people.New(), feed.New()).Opened("wedding")
	return &party{
		Room: r,
		host: r.Join("m_host", "Tom", room.Owner),
		mod:  r.Join("m_mod", "Mia", room.Moderator),
		ana:  r.Join("m_ana", "Ana", room.Guest),
		bob:  r.Join("m_bob", "Bob", room.Guest),
	}
}

func (p *party) post(c room.Caller, text string, photos ...string) string {
	return p.ID("post", c, "feed.post", map[string]any{"text": text, "photos": photos})
}

func (p *party) comment(c room.Caller, post, text string) string {
	return p.ID("comment", c, "feed.comment", map[string]string{"post": post, "text": text})
}

func (p *party) react(c room.Caller, post, kind string, on bool) {
	p.Do(c, "feed.react", map[string]any{"post": post, "kind": kind, "on": on})
}

func (p *party) upload(member room.MemberID, n int) string {
	return p.ID("photo", roomtest.Server(), "feed.upload", map[string]any{
		"member": member, "photo": fmt.Sprintf("ph_%s%d", member, n), "width": 2048, "height": 1365,
		"blob": fmt.Sprintf("%064x", n),
	})
}

// follow is the same stretch as a guest, another guest and staff see it.
func (p *party) follow(name string, happens func()) []*roomtest.Case {
	cases := []*roomtest.Case{
		p.Follow(name+", for the author", "feed", p.ana),
		p.Follow(name+", for a guest", "feed", p.bob),
		p.Follow(name+", for staff", "feed", p.mod),
	}
	happens()
	for _, c := range cases {
		c.Done()
	}
	return cases
}

type thing = map[string]any

func TestGolden(t *testing.T) {
	var cases []*roomtest.Case
	for _, story := range []func(*party) []*roomtest.Case{
		talking, removing, moderating, pinning, banning, commentsComeAndGo, manyPosts,
	} {
		cases = append(cases, story(newParty(t))...)
	}
	roomtest.Golden(t, cases...)
}

func talking(p *party) []*roomtest.Case {
	return p.follow("posts, comments and reactions", func() {
		photo := p.upload("m_ana", 1)
		first := p.post(p.ana, "Cake! 🎂", photo)
		p.post(p.bob, "Where is everybody?")
		p.comment(p.bob, first, "Save me some")
		p.comment(p.ana, first, "Too late")
		p.react(p.bob, first, "heart", true)
		p.Turn(func() {
			p.react(p.ana, first, "heart", true)
			p.react(p.mod, first, "joy", true)
			p.react(p.ana, first, "clap", true)
		})
		p.react(p.bob, first, "heart", false)
		p.Do(p.ana, "feed.edit", thing{"post": first, "text": "Cake, all gone"})
	})
}

func removing(p *party) []*roomtest.Case {
	first := p.post(p.ana, "First", p.upload("m_ana", 1))
	second := p.post(p.ana, "Second")
	p.comment(p.bob, first, "Nice")
	p.react(p.ana, first, "fire", true)
	return p.follow("hidden, restored, deleted", func() {
		p.Do(p.mod, "feed.hide", thing{"post": first})
		p.post(p.bob, "Third")
		p.Do(p.host, "feed.restore", thing{"post": first})
		p.Do(p.ana, "feed.delete", thing{"post": second})
	})
}

func moderating(p *party) []*roomtest.Case {
	p.Do(p.host, "event.set", thing{"moderation": "pre"})
	return p.follow("waiting for the host", func() {
		first := p.post(p.ana, "May I?")
		second := p.post(p.ana, "And this?")
		third := p.post(p.bob, "Me too")
		p.post(p.host, "Mine needs nobody")
		p.Do(p.ana, "feed.edit", thing{"post": first, "text": "May I, please?"})
		p.Do(p.mod, "feed.approve", thing{"post": first})
		p.Do(p.mod, "feed.reject", thing{"post": second})
		p.Do(p.ana, "feed.delete", thing{"post": p.post(p.ana, "Never mind")})
		p.Do(p.mod, "feed.reject", thing{"post": third})
		p.Do(p.host, "feed.approve", thing{"post": third})
	})
}

func pinning(p *party) []*roomtest.Case {
	first := p.post(p.host, "The programme")
	p.comment(p.bob, first, "When is dinner?")
	second := p.post(p.ana, "Hello")
	return p.follow("pinned", func() {
		p.Do(p.mod, "feed.pin", thing{"post": first, "on": true})
		p.Do(p.mod, "feed.pin", thing{"post": second, "on": true})
		p.react(p.ana, first, "wow", true)
		p.Do(p.mod, "feed.pin", thing{"post": second, "on": false})
		p.Do(p.mod, "feed.hide", thing{"post": first})
	})
}

func banning(p *party) []*roomtest.Case {
	eve := p.Join("m_eve", "Eve", room.Guest)
	p.post(eve, "Buy my things", p.upload("m_eve", 1))
	cake := p.post(p.ana, "Cake")
	p.comment(p.bob, cake, "Yes")
	p.comment(eve, cake, "Buy my things")
	return p.follow("banned with all they posted", func() {
		p.Do(p.mod, "people.ban", thing{"member": "m_eve", "removeContent": true})
	})
}

func commentsComeAndGo(p *party) []*roomtest.Case {
	post := p.post(p.ana, "Cake")
	first := p.comment(p.bob, post, "One")
	return p.follow("comments hidden, restored, deleted", func() {
		second := p.comment(p.bob, post, "Two")
		p.Do(p.mod, "feed.hide", thing{"comment": second})
		third := p.comment(p.ana, post, "Three")
		p.Do(p.mod, "feed.restore", thing{"comment": second})
		p.Do(p.ana, "feed.delete", thing{"comment": third})
		p.Do(p.host, "feed.delete", thing{"comment": first})
	})
}

func manyPosts(p *party) []*roomtest.Case {
	var posts []string
	for i := range 25 {
		posts = append(posts, p.post(p.bob, fmt.Sprintf("Number %d", i)))
	}
	p.Advance(time.Minute)
	return p.follow("more posts than a view has", func() {
		p.post(p.ana, "On top")
		p.react(p.bob, posts[0], "heart", true) // not in the view
		p.comment(p.bob, posts[1], "Old one")
		p.Do(p.mod, "feed.hide", thing{"post": posts[2]})
		p.Do(p.mod, "feed.restore", thing{"post": posts[2]})
		p.Do(p.mod, "feed.pin", thing{"post": posts[1], "on": true})
		p.Do(p.mod, "feed.hide", thing{"post": posts[24]})
	})
}
