package reactions_test

import (
	"testing"

	"github.com/roomful/roomful/feature/reactions"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

func FuzzFeature(f *testing.F) {
	roomtest.Fuzz(f, roomtest.Play{
		Features: []room.Feature{reactions.New(reactions.Options{})},
		Open: func(*roomtest.Room) []room.Caller {
			return []room.Caller{guest, guest, {Member: "m_s", Role: room.Spectator}}
		},
		Lines: []string{
			`reactions.tap {"kind":"heart","n":$int}`,
			`reactions.tap {"kind":"clap","n":3}`,
			`reactions.tap {"kind":$text,"n":1}`,
		},
	})
}
