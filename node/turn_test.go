package node_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
)

func TestNothingIsToldBeforeItIsDurable(t *testing.T) {
	bubble(t, func(r *rig) {
		entry := r.join("", "")
		r.disk.gate = make(chan struct{})
		ask := r.ask("ana", "c:1", say("hello"))
		refused := r.ask("ana", "c:2", act{Refuse: "forbidden"})
		synctest.Wait()
		if len(ask) > 0 || entry.Tail.Head().Seq > 0 {
			t.Fatal("told while the commit is in flight")
		}
		close(r.disk.gate)
		out := wait(ask)
		if out.Err != nil || string(out.Reply) != `"said hello"` || out.Seq != 1 || entry.Tail.Head().Seq != 1 {
			t.Errorf("answered %+v, the tail is at %v", out, entry.Tail.Head())
		}
		r.wantCode("a refusal", wait(refused), room.Forbidden)
	})
}

func TestATurnTakesAllThatWaits(t *testing.T) {
	bubble(t, func(r *rig) {
		var asks []node.Await
		r.together(func() {
			for _, text := range []string{"a", "b", "c"} {
				asks = append(asks, r.ask("ana", "", say(text)))
			}
		})
		for _, a := range asks {
			r.wantCode("say", wait(a), "")
		}
		r.wantTexts("first a b c")
		if r.disk.appends != 2 {
			t.Errorf("%d commits, want 2", r.disk.appends)
		}
	})
}

func TestAFailedCommitIsUnavailableAndForgotten(t *testing.T) {
	bubble(t, func(r *rig) {
		entry := r.join("", "")
		r.do("ana", "c:1", say("one"))
		r.disk.append = times(1, errors.New("the disk is on fire"))
		r.wantCode("during the fault", r.do("ana", "c:2", say("two")), room.Unavailable)
		if entry.Tail.Head().Seq != 1 {
			t.Error("the tail was told what failed")
		}
		out := r.do("ana", "c:2", say("two"))
		if out.Err != nil || out.Seq != 2 {
			t.Errorf("retried: %+v", out)
		}
		r.wantTexts("one two")
	})
}

func TestWhatWasStoredThoughItFailedIsToldOnce(t *testing.T) {
	bubble(t, func(r *rig) {
		entry := r.join("", "")
		r.do("ana", "c:1", say("one"))
		r.disk.append = times(1, errStored)
		r.wantCode("during the fault", r.do("ana", "c:2", say("two")), room.Unavailable)
		out := r.do("ana", "c:2", say("two"))
		if out.Err != nil || out.Seq != 2 || string(out.Reply) != `"said two"` {
			t.Errorf("retried: %+v, want the reply of the stored one", out)
		}
		r.wantTexts("one two")
		if entry.Tail.Head().Seq != 2 {
			t.Errorf("the tail is at %v: the hole was not healed", entry.Tail.Head())
		}
	})
}

func TestAnUnknownOutcomeIsSettled(t *testing.T) {
	for name, stored := range map[string]error{"stored": errors.Join(errStored, journal.ErrUnknown), "not stored": journal.ErrUnknown} {
		bubble(t, func(r *rig) {
			r.do("ana", "c:1", say("one"))
			r.disk.append = times(1, stored)
			r.disk.settle = times(2, journal.ErrUnknown)
			out := r.do("ana", "c:2", say("two"))
			if out.Err != nil || out.Seq != 2 {
				t.Errorf("%s: %+v", name, out)
			}
			r.wantTexts("one two")
			r.disk.append, r.disk.settle = times(1, stored), times(1000, journal.ErrUnknown)
			r.wantCode("never settled, "+name, r.do("ana", "c:3", say("three")), room.Unavailable)
			r.disk.settle = nil
			r.wantCode("retried, "+name, r.do("ana", "c:3", say("three")), "")
			r.wantTexts("one two three")
		})
	}
}

func TestAnotherOwnerIsNoticed(t *testing.T) {
	bubble(t, func(r *rig) {
		entry := r.join("", "")
		r.do("ana", "c:1", say("one"))
		old := r.node
		r.start()
		r.do("bob", "c:1", say("two"))
		young := r.node
		r.node = old
		r.wantCode("from the old owner", r.do("ana", "c:2", say("three")), room.Unavailable)
		r.wantCode("again", r.do("ana", "c:2", say("three")), "")
		r.node = young
		r.wantCode("from the other", r.do("bob", "c:2", say("four")), room.Unavailable)
		r.wantTexts("one two three")
		if entry.Tail.Head().Seq != 3 {
			t.Errorf("the old owner's tail is at %v", entry.Tail.Head())
		}
	})
}

func TestAFullDiskRefusesBeforeDeciding(t *testing.T) {
	bubble(t, func(r *rig) {
		r.do("ana", "c:1", say("one"))
		r.disk.full = true
		before := r.disk.appends
		out := r.do("ana", "c:2", act{Panic: true})
		r.wantCode("a command", out, room.Unavailable)
		if r.disk.appends != before || out.Err.RetryAfter == 0 {
			t.Errorf("%d appends, %+v", r.disk.appends-before, out.Err)
		}
		if e := r.join("ana", ""); e.Seq != 1 {
			t.Errorf("a join is let in at %d", e.Seq)
		}
		r.wantCode("a query", r.query("ana", "script.lines", nil), "")
		r.disk.full, r.disk.append = false, times(1, journal.ErrFull)
		r.wantCode("full in between", r.do("ana", "c:2", say("two")), room.Unavailable)
		r.wantCode("when space is back", r.do("ana", "c:2", say("two")), "")
		r.wantTexts("one two")
	})
}

func TestAPanicIsContained(t *testing.T) {
	for name, bad := range map[string]act{
		"panic in Handle":     {Panic: true},
		"update won't fold":   {Say: []line{{Text: "x"}, {Text: "y", Broken: true}}},
		"panic after another": {Say: []line{{Text: "x"}}, Panic: true},
	} {
		bubble(t, func(r *rig) {
			var before, after, broken node.Await
			r.together(func() {
				before = r.ask("ana", "c:1", say("before"))
				broken = r.ask("bob", "c:1", bad)
				after = r.ask("cem", "c:1", say("after"))
			})
			out := wait(broken)
			r.wantCode(name, out, room.Internal)
			if out.Err != nil && (!strings.Contains(out.Err.Message, "e-") || strings.Contains(out.Err.Message, "asked")) {
				t.Errorf("%s: people are told %q", name, out.Err.Message)
			}
			r.wantCode("before", wait(before), "")
			r.wantCode("after", wait(after), "")
			r.wantTexts("first before after")
			if n := r.node.Stats().Panics.Load(); n != 1 {
				t.Errorf("%s: %d panics are counted", name, n)
			}
		})
	}
	bubble(t, func(r *rig) {
		r.do("ana", "c:1", say("one"))
		r.wantCode("a query that panics", r.query("ana", "script.panic", nil), room.Internal)
		r.wantCode("the next", r.query("ana", "script.lines", nil), "")
	})
}

func TestAKeyedUpdateTakesThePlaceOfAnOlderOneOfItsTurn(t *testing.T) {
	bubble(t, func(r *rig) {
		keyed := func(text string, to room.Audience) act {
			return act{Say: []line{{Text: text, Key: "k", To: to}}}
		}
		r.together(func() {
			r.ask("ana", "", keyed("k1", ""))
			r.ask("ana", "", say("between"))
			r.ask("ana", "", keyed("s1", room.ToStaff))
			r.ask("ana", "", keyed("k2", ""))
		})
		r.wantTexts("first k2 between s1")
		out := r.do("ana", "", keyed("k3", ""))
		if out.Seq != 5 {
			t.Errorf("in another turn it has seq %d, want its own", out.Seq)
		}
	})
}

// What a removal withdrew does not come back, and what is new after it is not
// withdrawn by it.
func TestAKeyedUpdateDoesNotSlipBehindARemovalOfItsTurn(t *testing.T) {
	bubble(t, func(r *rig) {
		chose := func(text string) act { return act{Say: []line{{Text: text, Key: "chose/1", About: "post/1"}}} }
		r.together(func() {
			r.ask("ana", "", chose("old"))
			r.ask("ana", "", act{Say: []line{{Text: "removed", Covers: "post/1"}}})
			r.ask("ana", "", act{Say: []line{{Text: "restored", About: "post/1"}}})
			r.ask("ana", "", chose("new"))
		})
		out := r.query("ana", "history", room.Args{"limit": "100"})
		if !strings.Contains(string(out.Result), `"new"`) || strings.Contains(string(out.Result), `"old"`) {
			t.Errorf("the history tells %s", out.Result)
		}
	})
}

func TestJoinSeesNoGap(t *testing.T) {
	bubble(t, func(r *rig) {
		var entry *node.Entry
		r.together(func() {
			a := node.NewAwait()
			r.node.Join(hall, node.Join{}, a, 0)
			r.ask("ana", "", say("same turn"))
			go func() { entry = wait(a).Entry }()
		})
		if entry == nil || entry.Seq != 2 || !strings.Contains(string(entry.View), "same turn") {
			t.Fatalf("let in with %+v", entry)
		}
		r.do("ana", "", say("later"))
		if push, told, ok := entry.Tail.Read(entry.Seq, entry.Reader(nil)); !ok || told != 1 || push.Pos.Seq != 3 {
			t.Errorf("read on: %d updates, %v", told, ok)
		}
	})
}

func TestAPositionThatDoesNotFitGetsAView(t *testing.T) {
	bubble(t, func(r *rig) {
		for range 3 {
			r.do("ana", "", say("x"))
		}
		pos := r.join("ana", "").Position().String()
		for since, resumes := range map[string]bool{
			pos: true, strings.Replace(pos, ":3", ":0", 1): true, "": false, "junk": false,
			strings.Replace(pos, ":3", ":4", 1): false, strings.TrimSuffix(pos, ".g"): false, pos + "-5f": false,
			"other" + pos: false,
		} {
			if e := r.join("ana", since); e.Resumed != resumes {
				t.Errorf("since %q resumes: %v", since, e.Resumed)
			}
		}
		if e := r.join("staff", pos); e.Resumed {
			t.Error("a guest's position resumes as staff")
		}
		if e := r.join("ana", pos, "script"); e.Resumed {
			t.Error("a position of everything resumes narrowed")
		}
	})
}

func TestResumeReachesBackThroughSleepAndRestart(t *testing.T) {
	bubble(t, func(r *rig) {
		r.do("ana", "", say("a"))
		pos := r.join("ana", "").Position().String()
		for range 20 {
			r.do("ana", "", say("x"))
		}
		r.start()
		e := r.join("ana", pos)
		if push, told, ok := e.Tail.Read(e.Seq, e.Reader(nil)); !e.Resumed || !ok || told != 20 || push.More {
			t.Errorf("resumed %v, told %d", e.Resumed, told)
		}
		for range 500 {
			r.do("ana", "", say("x"))
		}
		r.start()
		if e := r.join("ana", pos); e.Resumed {
			t.Error("520 updates back is not answered with a view")
		}
	})
}

func TestAnAlarmRingsAtLeastOnceAndIsCleared(t *testing.T) {
	bubble(t, func(r *rig) {
		ctx, cancel := context.WithCancel(context.Background())
		go r.node.Run(ctx)
		r.do("ana", "", act{Say: []line{{Text: "set"}}, Alarm: 60})
		time.Sleep(59 * time.Second)
		if n := len(r.log()); n != 1 {
			t.Fatalf("rang too soon: %d updates", n)
		}
		r.disk.fail(times(2, errors.New("the disk is on fire")))
		time.Sleep(10 * time.Second)
		if n := len(r.log()); n != 2 {
			t.Errorf("%d updates after the alarm, want 2", n)
		}
		time.Sleep(time.Hour)
		if n := len(r.log()); n != 2 {
			t.Errorf("it rang %d times", n-1)
		}
		cancel()
		synctest.Wait()

		r.start() // another process finds what the first has set
		r.do("ana", "", act{Alarm: 5})
		r.start()
		ctx, cancel = context.WithCancel(context.Background())
		go r.node.Run(ctx)
		time.Sleep(8 * time.Second)
		if n := len(r.log()); n != 3 {
			t.Errorf("after a restart: %d updates, want 3", n)
		}
		r.do("ana", "", act{Alarm: 5})
		r.do("ana", "", act{Alarm: -1})
		time.Sleep(time.Minute)
		if n := len(r.log()); n != 3 {
			t.Errorf("a cleared alarm rang")
		}
		cancel()
		synctest.Wait()
	})
}

func TestTimeNeverGoesBack(t *testing.T) {
	bubble(t, func(r *rig) {
		r.do("ana", "", say("a"))
		r.skew.Store(int64(-time.Hour))
		r.do("ana", "", say("b"))
		r.start()
		r.do("ana", "", say("c"))
		log := r.log()
		if log[1].At < log[0].At || log[2].At < log[1].At {
			t.Errorf("times are %d, %d, %d", log[0].At, log[1].At, log[2].At)
		}
	})
}

func TestRoomsSleepUnderTheirReaders(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.join("ana", "")
		r.do("ana", "", say("a"))
		time.Sleep(time.Minute)
		r.node.Retire(30 * time.Second)
		if n := r.node.Stats().Awake.Load(); n != 0 {
			t.Fatalf("%d rooms are awake", n)
		}
		r.do("bob", "", say("b"))
		if e.Tail.Head().Seq != 2 {
			t.Error("who read on is not told after the sleep")
		}
		e.Tail.Release()
		time.Sleep(time.Minute)
		r.node.Retire(30 * time.Second)
		if n := r.node.Rooms(); n != 0 {
			t.Errorf("%d rooms are kept for nobody", n)
		}
		r.wantCode("after that", r.do("bob", "", say("c")), "")
		r.wantTexts("a b c")
	})
}

func TestCloseSavesAndRefuses(t *testing.T) {
	bubble(t, func(r *rig) {
		r.do("ana", "", say("a"))
		if err := r.node.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		r.wantCode("after Close", r.do("ana", "", say("b")), room.Drain)
		if l, _ := r.disk.Load(context.Background(), hall); l.Snapshot.Seq != 1 {
			t.Errorf("the snapshot is at %d", l.Snapshot.Seq)
		}
	})
}

func TestHistoryIsPagedAndPassesOverTheCovered(t *testing.T) {
	bubble(t, func(r *rig) {
		for _, l := range []line{
			{Text: "1", About: "post/1"}, {Text: "2", To: room.ToStaff}, {Text: "3", About: "post/2,comment/1"},
			{Text: "4", To: room.ToMembers("ana")}, {Text: "5", Covers: "post/1"}, {Text: "6", Covers: "comment/1"}, {Text: "7"},
		} {
			r.do("ana", "", act{Say: []line{l}})
		}
		texts := func(member room.MemberID, args room.Args) string {
			t.Helper()
			out := r.query(member, "history", args)
			if out.Err != nil {
				t.Fatal(out.Err)
			}
			got := ""
			for _, part := range strings.Split(string(out.Result), `"text":"`)[1:] {
				got += part[:1]
			}
			if strings.Contains(string(out.Result), `"more":true`) {
				got += "+"
			}
			return got
		}
		for _, c := range []struct {
			member room.MemberID
			args   room.Args
			want   string
		}{
			{"", nil, "567"}, {"ana", nil, "4567"}, {"staff", nil, "2567"},
			{"ana", room.Args{"limit": "2"}, "45+"}, {"ana", room.Args{"after": "5"}, "67"}, {"ana", room.Args{"after": "99"}, ""},
		} {
			if got := texts(c.member, c.args); got != c.want {
				t.Errorf("%q %v is told %q, want %q", c.member, c.args, got, c.want)
			}
		}
		r.start()
		if got := texts("ana", nil); got != "4567" {
			t.Errorf("after a restart %q", got)
		}
	})
}

func TestSnapshotsReplaceTheLogThatAKindDoesNotKeep(t *testing.T) {
	bubble(t, func(r *rig) {
		r.kind.History = 10
		r.start()
		big := strings.Repeat("x", 4000)
		for i := range 200 {
			out := r.do("ana", opN(i+1), act{Say: []line{{Text: big}}})
			r.wantCode("say", out, "")
		}
		l, err := r.disk.Load(context.Background(), hall)
		// Each update is a line of the state: the log may be four times as long.
		if err != nil || l.Snapshot.Seq == 0 || l.First == 1 || len(l.Records) > 4*int(l.Snapshot.Seq) {
			t.Fatalf("snapshot at %d, first %d, %d records", l.Snapshot.Seq, l.First, len(l.Records))
		}
		r.start()
		out := r.do("ana", opN(200), act{Say: []line{{Text: big}}})
		if out.Err != nil || out.Seq != 200 {
			t.Errorf("the newest op again: %+v", out)
		}
		if e := r.join("ana", ""); e.Seq != 200 || strings.Count(string(e.View), big) != 200 {
			t.Errorf("the view at %d has %d lines", e.Seq, strings.Count(string(e.View), big))
		}
		out = r.query("ana", "history", room.Args{"limit": "1"})
		if !strings.Contains(string(out.Result), `"first":`) || strings.HasPrefix(string(out.Result), `{"first":1,`) {
			t.Errorf("the history says %.40s", out.Result)
		}
	})
}
