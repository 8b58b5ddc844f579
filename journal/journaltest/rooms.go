package journaltest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/roomful/roomful/room"
)

func (s *suite) testDue(t *testing.T) {
	t.Run("MovesClearsAndOrder", func(t *testing.T) {
		b := s.start(t)
		a, c, d := b.writer("event/a"), b.writer("event/c"), b.writer("event/d")
		b.checkDue(1<<60, nil)
		a.appendDue(300)
		c.appendDue(100)
		d.appendDue(200)
		b.checkDue(1<<60, []room.ID{"event/c", "event/d", "event/a"})
		b.checkDue(99, nil)
		b.checkDue(200, []room.ID{"event/c", "event/d"})
		b.reopen()
		b.checkDue(200, []room.ID{"event/c", "event/d"})

		c.appendDue(400)
		a.appendDue(150)
		b.checkDue(1<<60, []room.ID{"event/a", "event/d", "event/c"})
		d.appendDue(0)
		b.checkDue(1<<60, []room.ID{"event/a", "event/c"})
		b.reopen()
		a.append(2) // keeps its due time
		b.checkDue(1<<60, []room.ID{"event/a", "event/c"})
		a.check()
		d.appendDue(1)
		b.checkDue(1<<60, []room.ID{"event/d", "event/a", "event/c"})
	})
	t.Run("SurvivesTrim", func(t *testing.T) {
		w := s.start(t).writer("event/kept")
		w.append(1)
		w.appendDue(500)
		w.save(1, []byte("s"))
		w.trim(1)
		w.reopen()
		w.checkDue(500, []room.ID{"event/kept"})
		if due := w.load().Head.Due; due != 500 {
			t.Errorf("head is due at %d, want 500", due)
		}
	})
	t.Run("ManyAtOneTime", func(t *testing.T) {
		b := s.start(t)
		var want []room.ID
		for i := range 50 {
			id := room.ID(fmt.Sprintf("event/%02d", i))
			b.writer(id).appendDue(777)
			want = append(want, id)
		}
		got := all(t, b.j.Due(t.Context(), 777))
		slices.Sort(got) // rooms due at the same time come in any order
		b.same("Due", want, got)
	})
}

// appendDue stores a record without updates that leaves the room due at at.
func (w *writer) appendDue(at room.Millis) {
	w.Helper()
	rec := w.next(0)
	rec.Alarms = []room.Alarm{{Name: "feed/close", At: at}}
	rec.Due = at
	w.store(rec)
}

func (b *bench) checkDue(t room.Millis, want []room.ID) {
	b.Helper()
	b.same(fmt.Sprintf("Due at %d", t), want, all(b.TB, b.j.Due(b.Context(), t)))
}

func (s *suite) testRooms(t *testing.T) {
	b := s.start(t)
	// Ids that an engine's keys could confuse: prefixes, '-' before '/'.
	want := []room.ID{"a-b/x", "a/1", "a/10", "a/1a", "a/B", "a/_", "a/b", "event/r", "talk/r"}
	for i := range want {
		w := b.writer(want[len(want)-1-i])
		w.append(i % 3)
		w.append(1)
	}
	b.checkRooms("", want)
	b.reopen()
	b.checkRooms("", want)
	b.checkRooms("a/1", want[2:])
	b.checkRooms("a/0", want[1:])
	b.checkRooms("talk/r", nil)
	b.checkRooms("zzz/z", nil)
	t.Run("Pages", func(t *testing.T) {
		var got []room.ID
		for after := room.ID(""); ; after = got[len(got)-1] {
			page := b.page(after, 2)
			got = append(got, page...)
			if len(page) < 2 {
				break
			}
		}
		b.same("pages", want, got)
	})
	t.Run("LogsStayApart", func(t *testing.T) {
		for _, id := range want {
			w := b.writer(id)
			for _, rec := range w.load().Records {
				for _, u := range rec.Updates {
					b.same("update of "+string(id), makeUpdate(id, u.Seq, rec.At), u)
				}
			}
		}
	})
}

func (b *bench) page(after room.ID, limit int) []room.ID {
	var ids []room.ID
	for id, err := range b.j.Rooms(b.Context(), after) {
		if err != nil {
			b.Fatal(err)
		}
		if ids = append(ids, id); len(ids) == limit {
			break
		}
	}
	return ids
}

func (b *bench) checkRooms(after room.ID, want []room.ID) {
	b.Helper()
	b.same(fmt.Sprintf("Rooms after %q", after), want, all(b.TB, b.j.Rooms(b.Context(), after)))
}
