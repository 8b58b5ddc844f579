package pebble

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// slow is a disk whose log syncs wait for leave while it is held.
type slow struct {
	held    atomic.Bool
	waiting chan struct{} // one for each sync that begins to wait
	leave   chan struct{}
}

func newSlow() (*slow, vfs.FS) {
	s := &slow{waiting: make(chan struct{}, 100), leave: make(chan struct{})}
	return s, errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if s.held.Load() && ofLog(op) && isSync(op) {
			s.waiting <- struct{}{}
			<-s.leave
		}
		return nil
	}))
}

func (s *slow) release() {
	s.held.Store(false)
	close(s.leave)
}

func TestNobodySeesWhatIsNotDurable(t *testing.T) {
	disk, fs := newSlow()
	j := mustOpenIn(t, fs, "data", quiet())
	defer j.Close()
	id := room.ID("event/a")
	head := appendTo(t, j, id, journal.Head{}, 2)

	disk.held.Store(true)
	done := make(chan journal.Head)
	go func() {
		head, err := j.Append(t.Context(), id, head, drivenRecord(id, head, 3))
		if err != nil {
			t.Error(err)
		}
		done <- head
	}()
	<-disk.waiting
	checkSeen(t, j, id, head)
	disk.release()
	checkSeen(t, j, id, <-done)
}

// checkSeen checks that readers see the room's log up to head and no further.
func checkSeen(t *testing.T, j *Journal, id room.ID, head journal.Head) {
	t.Helper()
	loaded, err := j.Load(t.Context(), id)
	if err != nil || loaded.Head != head || len(loaded.Records) != int(head.Token) {
		t.Errorf("Load has %d records and the head %+v, %v; want %+v", len(loaded.Records), loaded.Head, err, head)
	}
	seen := uint64(0)
	for _, err := range j.Read(t.Context(), id, 0) {
		must(t, err)
		seen++
	}
	if seen != head.Seq {
		t.Errorf("Read has %d updates, want %d", seen, head.Seq)
	}
}

func TestWhatWaitsSharesOneSync(t *testing.T) {
	disk, fs := newSlow()
	j := mustOpenIn(t, fs, "data", quiet())
	defer j.Close()
	before := j.Metrics()
	disk.held.Store(true)
	var wait sync.WaitGroup
	first := func(id room.ID) {
		if _, err := j.Append(t.Context(), id, journal.Head{}, drivenRecord(id, journal.Head{}, 1)); err != nil {
			t.Error(err)
		}
	}
	wait.Go(func() { first("event/first") })
	<-disk.waiting
	const rooms = 200
	for i := range rooms {
		id := room.ID(fmt.Sprintf("event/r%d", i))
		wait.Go(func() { first(id) })
	}
	for queued(j) < rooms {
		runtime.Gosched()
	}
	disk.release()
	wait.Wait()
	m := j.Metrics()
	if commits, records := m.Commits-before.Commits, m.Records-before.Records; commits != 2 || records != rooms+1 {
		t.Errorf("%d records took %d commits, want %d and 2", records, commits, rooms+1)
	}
	if got := m.RecordsPerCommit.Sum; got != float64(m.Records) {
		t.Errorf("the histogram counts %v records, want %d", got, m.Records)
	}
	if m.SyncSeconds.Sum <= 0 || m.Bytes == 0 || m.HeadMisses == 0 {
		t.Errorf("metrics are %+v", m)
	}
}

func queued(j *Journal) int {
	j.writes.mu.Lock()
	defer j.writes.mu.Unlock()
	return len(j.writes.queue)
}

func TestCanceledAppendIsSettled(t *testing.T) {
	disk, fs := newSlow()
	j := mustOpenIn(t, fs, "data", quiet())
	defer j.Close()
	id := room.ID("event/a")
	disk.held.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	rec := drivenRecord(id, journal.Head{}, 2)
	failed := make(chan error)
	go func() {
		_, err := j.Append(ctx, id, journal.Head{}, rec)
		failed <- err
	}()
	<-disk.waiting
	cancel()
	if err := <-failed; !errors.Is(err, journal.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("Append: %v, want ErrUnknown", err)
	}
	settled := make(chan journal.Head)
	go func() {
		head, err := j.Settle(t.Context(), id, journal.Head{}, rec)
		if err != nil {
			t.Error(err)
		}
		settled <- head
	}()
	disk.release()
	head := <-settled
	if head.Seq != 2 || head.Token != 1 {
		t.Errorf("settled at %+v, want the one record", head)
	}
	checkSeen(t, j, id, head)
}

func TestCloseWaitsForAppends(t *testing.T) {
	disk, fs := newSlow()
	j := mustOpenIn(t, fs, "data", quiet())
	disk.held.Store(true)
	failed := make(chan error)
	go func() {
		_, err := j.Append(t.Context(), "event/a", journal.Head{}, drivenRecord("event/a", journal.Head{}, 1))
		failed <- err
	}()
	<-disk.waiting
	closed := make(chan error)
	go func() { closed <- j.Close() }()
	for j.calls.enter() { // until Close has closed the gate
		j.calls.leave()
		runtime.Gosched()
	}
	select {
	case err := <-closed:
		t.Errorf("Close returned while an append was in flight: %v", err)
	default:
	}
	disk.release()
	if err := <-failed; err != nil {
		t.Errorf("Append: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	j = mustOpenIn(t, fs, "data", quiet())
	defer j.Close()
	checkSeen(t, j, "event/a", journal.Head{Epoch: "k3", Seq: 1, Token: 1})
}

// TestForgottenHeadsStayExact makes rooms fall out of memory while they are
// written.
func TestForgottenHeadsStayExact(t *testing.T) {
	opts := quiet()
	opts.CachedHeads = 4
	j := mustOpenIn(t, vfs.NewMem(), "data", opts)
	defer j.Close()
	var wait sync.WaitGroup
	for i := range drivenRooms {
		id := drivenRoom(i)
		for range 2 { // two owners of each room
			wait.Go(func() { contend(t, j, id) })
		}
	}
	wait.Wait()
	for i := range drivenRooms {
		loaded, err := j.Load(t.Context(), drivenRoom(i))
		must(t, err)
		if loaded.Head.Token != 2*contendWins {
			t.Errorf("%s has %d records, want %d", drivenRoom(i), loaded.Head.Token, 2*contendWins)
		}
		checkDrivenRoom(t, j, drivenRoom(i), loaded)
	}
}

const contendWins = 20

// contend appends until it has won contendWins times, reloading when fenced.
func contend(t *testing.T, j *Journal, id room.ID) {
	head := journal.Head{}
	for wins := 0; wins < contendWins; {
		next, err := j.Append(t.Context(), id, head, drivenRecord(id, head, 1))
		if err == nil {
			head, wins = next, wins+1
			continue
		}
		if !errors.Is(err, journal.ErrFenced) {
			t.Error(err)
			return
		}
		loaded, err := j.Load(t.Context(), id)
		if err != nil {
			t.Error(err)
			return
		}
		head = loaded.Head
	}
}
