package feed_test

import (
	"testing"

	"github.com/roomful/roomful/feature/event"
	"github.com/roomful/roomful/feature/feed"
	"github.com/roomful/roomful/feature/people"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

func FuzzFeature(f *testing.F) {
	roomtest.Fuzz(f, roomtest.Play{
		Features: []room.Feature{event.New(), people.New(), feed.New()},
		Open: func(r *roomtest.Room) []room.Caller {
			r.Opened("wedding")
			ana, bob := r.Join("m_ana", "Ana", room.Guest), r.Join("m_bob", "Bob", room.Guest)
			return []room.Caller{
				ana, ana, bob, r.Join("m_host", "Tom", room.Owner), r.Join("m_mod", "Mia", room.Moderator),
				r.Join("m_eve", "Eve", room.Guest), r.Join("m_tv", "Screen", room.Display),
			}
		},
		Lines: []string{
			`feed.post {"text":"Hello"}`,
			`feed.post {"text":$text,"photos":[$ph]}`,
			`feed.post {"text":"Look","photos":[$ph,$ph]}`,
			`feed.upload {"member":$member,"photo":$photo,"width":640,"height":480,"blob":$blob}`,
			`feed.edit {"post":$p,"text":$text}`,
			`feed.delete {"post":$p}`,
			`feed.delete {"comment":$c}`,
			`feed.hide {"post":$p}`,
			`feed.hide {"comment":$c}`,
			`feed.restore {"post":$p}`,
			`feed.restore {"comment":$c}`,
			`feed.approve {"post":$p}`,
			`feed.approve {"post":$p,"seq":20}`,
			`feed.reject {"post":$p}`,
			`feed.comment {"post":$p,"text":$text}`,
			`feed.comment {"post":$p,"text":"Nice"}`,
			`feed.comment {"post":$p,"text":"Very"}`,
			`feed.react {"post":$p,"kind":$kind,"on":$bool}`,
			`feed.react {"post":$p,"kind":"heart","on":true}`,
			`feed.pin {"post":$p,"on":$bool}`,
			`event.set {"moderation":$mode}`,
			`people.ban {"member":$eve,"removeContent":true}`,
			`people.mute {"member":$member,"minutes":2}`,
			`people.role {"member":$eve,"role":"moderator"}`,
		},
		Asks: []string{
			`feed.page before=$int limit=$int`,
			`feed.post post=$p`,
			`feed.comments post=$p after=$int limit=$int`,
			`feed.review before=$p state=$state`,
			`feed.photo photo=$ph`,
		},
		Words: map[string][]string{
			"member": {`"m_ana"`, `"m_bob"`, `"m_eve"`, `"m_nobody"`},
			"eve":    {`"m_eve"`, `"m_bob"`},
			"photo":  {`"ph_1"`, `"ph_2"`, `"ph_3"`, `"ph_4"`, `"ph_5"`, `"ph/6"`},
			"blob": {
				`"00000000000000000000000000000000000000000000000000000000000000aa"`,
				`"00000000000000000000000000000000000000000000000000000000000000bb"`, `"x"`,
			},
			"kind":  {`"heart"`, `"joy"`, `"tear"`, `"nope"`},
			"mode":  {`"pre"`, `"pre"`, `"post"`},
			"state": {`"pending"`, `"hidden"`, `""`, `"x"`},
		},
		Then: func(r *roomtest.Room) {
			checkTallies(r)
			checkFollowers(r, known("m_ana"), known("m_host"), known("m_tv"))
		},
	})
}

// known is a member that Open let in.
func known(id room.MemberID) room.Caller {
	return room.Caller{Member: id, Proof: roomtest.ProofOf(string(id))}
}
