package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestIdleRoomsSleep: a quiet room leaves memory though people read it, and
// is there at once when somebody acts.
func TestIdleRoomsSleep(t *testing.T) {
	t.Parallel()
	h := open(t, "--idle", "1s")
	rooms := func(state string) string { return h.gauge(`roomful_rooms{state="` + state + `"}`) }
	var readers []*live
	for n := range 5 {
		l := h.dials("")
		l.join(fmt.Sprintf("talk/t%d", n), "")
		readers = append(readers, l)
	}
	for n := range 8 { // nobody reads these
		h.must(fmt.Sprintf("/v1/rooms/talk/quiet%d", n), "", command{"reactions.tap", "", object{"kind": "heart", "n": 1}})
	}
	eventually(t, "every room sleeps, and only those that are read are known", func() bool { return rooms("awake") == "0" && rooms("asleep") == "5" })
	for n, l := range readers {
		h.must(fmt.Sprintf("/v1/rooms/talk/t%d", n), "", command{"reactions.tap", "", object{"kind": "heart", "n": 2}})
		if f := l.push(fmt.Sprintf("talk/t%d", n)); !f.mentions(`"heart":2`) {
			t.Errorf("a reader of a room that slept was told %s", f.raw)
		}
	}
	if a := h.must("/v1/rooms/talk/quiet7", "", nil); !strings.Contains(string(a.body), `"heart":1`) {
		t.Errorf("after its sleep: %v", a)
	}
}

// TestHeartsAreFewFrames: a thousand taps are a handful of frames to each
// reader, the total is exact, and it outlives a kill.
func TestHeartsAreFewFrames(t *testing.T) {
	t.Parallel()
	h := open(t, "--reactions-burst", "1000", "--reactions-per-second", "1000")
	reader := h.dials("")
	reader.join("talk/evan", "")
	taps := h.dials("")
	var accepted int
	for n := range 10 {
		text := "["
		for i := range 10 {
			text += fmt.Sprintf(`{"id":%d,"send":{"room":"talk/evan","type":"reactions.tap","op":"p:%d","data":{"kind":"heart","n":10}}},`, n*10+i+1, n*10+i+1)
		}
		taps.say(strings.TrimSuffix(text, ",") + "]")
	}
	for n := range 100 {
		f := taps.must("a reply", func(f *told) bool { return f.ID == uint64(n+1) })
		got, _ := f.OK["reply"].(object)["accepted"].(float64)
		accepted += int(got)
	}
	if accepted != 1000 {
		t.Errorf("%d taps of 1000 were accepted", accepted)
	}
	frames := 0
	for total := ""; total != "1000"; frames++ {
		f := reader.push("talk/evan")
		if n := len(f.Updates); n > 0 {
			total = fmt.Sprint(f.Updates[n-1].Data["counts"].(object)["heart"])
		}
	}
	if frames > 20 {
		t.Errorf("1000 taps in 100 commands were %d frames", frames)
	}
	h.kill()
	h.start()
	if a := h.must("/v1/rooms/talk/evan", "", nil); !strings.Contains(string(a.body), `"heart":1000`) {
		t.Errorf("after the kill: %v", a)
	}
}

// TestTapsBeyondTheLimitAreAbsorbed: a wild finger is no error, and not all
// of it counts.
func TestTapsBeyondTheLimitAreAbsorbed(t *testing.T) {
	t.Parallel()
	h := open(t)
	accepted := 0
	l := h.dials("")
	for range 10 {
		a := l.ask("send", object{"room": "talk/evan", "type": "reactions.tap", "data": object{"kind": "heart", "n": 10}})
		if a.OK == nil {
			t.Fatal(a.raw)
		}
		accepted += int(a.OK["reply"].(object)["accepted"].(float64))
	}
	if accepted < 20 || accepted > 60 {
		t.Errorf("of 100 taps at once %d count", accepted)
	}
	if a := h.must("/v1/rooms/talk/evan", "", nil); !strings.Contains(string(a.body), fmt.Sprintf(`"heart":%d`, accepted)) {
		t.Errorf("%d were accepted, the total is %v", accepted, a)
	}
	for name, data := range map[string]any{
		"none": object{"kind": "heart", "n": 0}, "less than none": object{"kind": "heart", "n": -5},
		"half a tap": object{"kind": "heart", "n": 0.5}, "no kind": object{"n": 1}, "an unknown kind": object{"kind": "<b>", "n": 1}, "a list": []int{1},
	} {
		if a, _ := h.ask("/v1/rooms/talk/evan", "", command{"reactions.tap", "", data}); a.status != http.StatusBadRequest || a.field("code") != "invalid" {
			t.Errorf("%s: %v", name, a)
		}
	}
}
