package memory_test

import (
	"testing"
	"testing/synctest"

	"github.com/roomful/roomful/backend/memory"
	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/journal/journaltest"
	"github.com/roomful/roomful/room"
)

func TestConformance(t *testing.T) {
	open := func(testing.TB, string) journal.Journal { return memory.New() }
	journaltest.Run(t, open, journaltest.Volatile)
}

func TestRunsInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := memory.New()
		rec := journal.Record{Epoch: "k3", Updates: []room.Update{{Seq: 1, Type: "feed.posted"}}}
		for range 3 {
			go func() { _, _ = j.Append(t.Context(), "event/a", journal.Head{}, rec) }()
		}
		synctest.Wait()
		loaded, err := j.Load(t.Context(), "event/a")
		if err != nil || loaded.Head.Token != 1 {
			t.Errorf("after three owners raced: %+v, %v; want one record", loaded.Head, err)
		}
	})
}
