package channel_test

import (
	"testing"

	"github.com/roomful/roomful/feature/channel"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

func FuzzFeature(f *testing.F) {
	roomtest.Fuzz(f, roomtest.Play{
		Features: []room.Feature{channel.New()},
		Open:     func(*roomtest.Room) []room.Caller { return []room.Caller{roomtest.Server(), roomtest.Server()} },
		Lines: []string{
			`channel.publish {"price":$int}`,
			`channel.publish $text`,
			`channel.publish  [ $int , $text ] `,
		},
	})
}
