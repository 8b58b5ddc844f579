package channel_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/roomful/roomful/feature/channel"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

func TestGolden(t *testing.T) {
	r := roomtest.New(t, channel.New())
	first := r.Follow("anything is published", "channel", room.Caller{})
	for _, data := range []string{`{"price":12.5}`, `[1,2,{"deep":null}]`, `"text"`, `0`, `true`, `null`} {
		r.Do(roomtest.Server(), "channel.publish", data)
	}
	first.Done()
	for i := range 95 {
		r.Do(roomtest.Server(), "channel.publish", fmt.Sprint(i))
	}
	full := r.Follow("the oldest make room", "channel", room.Caller{})
	r.Do(roomtest.Server(), "channel.publish", `{"last":true}`)
	roomtest.Golden(t, first, full.Done())
}

func TestOnlyServicesPublish(t *testing.T) {
	r := roomtest.New(t, channel.New())
	for _, role := range []room.Role{"", room.Guest, room.Owner, room.Display} {
		r.Refuse(room.Forbidden, room.Caller{Role: role}, "channel.publish", `{}`)
	}
	for _, data := range []any{nil, "", "{", "NaN", `{"a":1}{}`, "\xff"} {
		r.Refuse(room.Invalid, roomtest.Server(), "channel.publish", data)
	}
}

func TestAViewStaysSmall(t *testing.T) {
	r := roomtest.New(t, channel.New())
	big := `"` + strings.Repeat("x", 10_000) + `"`
	for range 10 {
		r.Do(roomtest.Server(), "channel.publish", big)
	}
	var view channel.View
	if err := json.Unmarshal(r.View(room.Caller{}, "channel"), &view); err != nil {
		t.Fatal(err)
	}
	if len(view.Recent) != 4 || view.Recent[3].Seq != 10 {
		t.Errorf("%d entries, want the newest 4", len(view.Recent))
	}
	r.Do(roomtest.Server(), "channel.publish", `"`+strings.Repeat("x", 60_000)+`"`)
	if len(r.View(room.Caller{}, "channel")) < 60_000 {
		t.Error("the newest one is always shown")
	}
}
