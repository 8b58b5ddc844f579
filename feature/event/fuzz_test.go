package event_test

import (
	"testing"

	"github.com/roomful/roomful/feature/event"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

func FuzzFeature(f *testing.F) {
	roomtest.Fuzz(f, roomtest.Play{
		Features: []room.Feature{event.New()},
		Open:     func(*roomtest.Room) []room.Caller { return []room.Caller{host, host, mod, guest} },
		Lines: []string{
			`event.open {"name":$text,"preset":$preset}`,
			`event.open {"name":"Party"}`,
			`event.set {"name":$text}`,
			`event.set {"moderation":$mode}`,
			`event.set {"features":{"feed":$bool,"people":$bool}}`,
			`event.set {"features":{$text:$bool}}`,
			`event.lock {"on":$bool}`,
			`event.close {}`,
			`event.nothing {}`,
		},
		Words: map[string][]string{
			"preset": {`"wedding"`, `"quiz-night"`, `""`, `"rave"`},
			"mode":   {`"pre"`, `"post"`, `""`, `1`},
		},
	})
}
