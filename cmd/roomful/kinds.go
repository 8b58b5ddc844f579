package main

import (
	"slices"

	"github.com/roomful/roomful/config"
	"github.com/roomful/roomful/feature/channel"
	"github.com/roomful/roomful/feature/event"
	"github.com/roomful/roomful/feature/feed"
	"github.com/roomful/roomful/feature/people"
	"github.com/roomful/roomful/feature/reactions"
	"github.com/roomful/roomful/room"
)

// kinds says which features make which kind of room. This is the whole list.
func kinds(cfg *config.Config) []room.Kind {
	list := []room.Kind{
		{
			Name:     "event",
			Features: []room.Feature{event.New(), people.New(), feed.New(), taps(cfg, false)},
			Made:     true,
			Presence: "people.presence",
		},
		{
			Name:     "talk",
			Features: []room.Feature{taps(cfg, true)},
		},
		{
			Name:            "channel",
			Features:        []room.Feature{channel.New()},
			MaxCommandBytes: int(cfg.MaxMessage),
			History:         100_000, // updates; a ticker is not an archive
		},
	}
	for i := range list {
		list[i].Public = slices.Contains(cfg.ReadAnonymously, list[i].Name)
	}
	return list
}

// taps is the reactions feature with the configured limits.
func taps(cfg *config.Config, anyone bool) room.Feature {
	f := reactions.New(reactions.Options{Anyone: anyone})
	for i := range f.Limits {
		f.Limits[i].Burst, f.Limits[i].PerSecond = cfg.ReactionsBurst, cfg.ReactionsPerSecond
	}
	return f
}
