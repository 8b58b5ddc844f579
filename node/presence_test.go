package node_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/room"
)

// table is the signals that a newcomer gets.
func table(t *testing.T, tail *fanout.Tail) map[string]string {
	t.Helper()
	text, _ := tail.Signals(room.Sight{})
	var rows map[string]json.RawMessage
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for k, v := range rows {
		out[k] = string(v)
	}
	return out
}

func arrive(r *rig, id room.MemberID) { r.node.Arrive(hall, room.Member{ID: id, Role: room.Guest}) }

func TestPresenceIsKeptForAWhileAfterTheLastConnection(t *testing.T) {
	bubble(t, func(r *rig) {
		ctx, cancel := context.WithCancel(context.Background())
		go r.node.Run(ctx)
		defer func() { cancel(); synctest.Wait() }()
		tail := r.join("", "").Tail
		arrive(r, "ana")
		arrive(r, "ana")
		arrive(r, "bob")
		r.node.Depart(hall, "ana")
		time.Sleep(time.Minute)
		if got := table(t, tail); got["script.presence/ana"] == "" || got["script.online"] != `{"count":2}` {
			t.Errorf("with one connection left: %v", got)
		}
		r.node.Depart(hall, "ana")
		time.Sleep(29 * time.Second)
		if got := table(t, tail); got["script.presence/ana"] == "" {
			t.Errorf("29s after the last: %v", got)
		}
		arrive(r, "ana")
		time.Sleep(10 * time.Second)
		if got := table(t, tail); got["script.presence/ana"] == "" {
			t.Errorf("back again: %v", got)
		}
		r.node.Depart(hall, "ana")
		time.Sleep(31 * time.Second)
		if got := table(t, tail); got["script.presence/ana"] != "" || got["script.online"] != `{"count":1}` || r.node.Online(hall) != 1 {
			t.Errorf("31s after the last: %v", got)
		}
	})
}

func TestPresenceSaysWhatTheMemberSaid(t *testing.T) {
	bubble(t, func(r *rig) {
		tail := r.join("", "").Tail
		r.do("bob", "", act{Signal: "idle"}) // without a connection
		arrive(r, "ana")
		r.do("ana", "", act{Signal: "idle"})
		if got := table(t, tail); got["script.presence/ana"] != `{"state":"idle"}` || got["script.presence/bob"] != "" {
			t.Errorf("%v", got)
		}
		r.node.Arrive(hall, room.Member{ID: "cem", Role: room.Guest, Hidden: true})
		if got := table(t, tail); got["script.presence/cem"] != "" || got["script.online"] != `{"count":2}` {
			t.Errorf("a hidden one is told: %v", got)
		}
	})
}

func TestALargeRoomTellsTheCountOnly(t *testing.T) {
	bubble(t, func(r *rig) {
		ctx, cancel := context.WithCancel(context.Background())
		go r.node.Run(ctx)
		defer func() { cancel(); synctest.Wait() }()
		tail := r.join("", "").Tail
		for i := range 201 {
			arrive(r, room.MemberID(fmt.Sprint("m_", i)))
		}
		if got := table(t, tail); len(got) != 1 || got["script.online"] != `{"count":201}` {
			t.Errorf("%d rows for 201, count %s", len(got), got["script.online"])
		}
		for i := range 150 {
			r.node.Depart(hall, room.MemberID(fmt.Sprint("m_", i)))
		}
		time.Sleep(time.Minute)
		if got := table(t, tail); len(got) != 52 || got["script.online"] != `{"count":51}` {
			t.Errorf("%d rows for 51, count %s", len(got), got["script.online"])
		}
	})
}

func TestANewTailKnowsWhoIsHere(t *testing.T) {
	bubble(t, func(r *rig) {
		arrive(r, "ana")
		if got := table(t, r.join("", "").Tail); got["script.presence/ana"] == "" || got["script.online"] != `{"count":1}` {
			t.Errorf("%v", got)
		}
	})
}
