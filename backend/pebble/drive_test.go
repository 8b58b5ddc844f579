package pebble

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// What the crash tests write and check: everything in a room follows from its
// id and seq, so a checker needs to know only how far was acknowledged.

const drivenRooms = 30

func drivenRoom(i int) room.ID { return room.ID(fmt.Sprintf("event/driven%d", i)) }

func drivenUpdate(id room.ID, seq uint64) room.Update {
	r := rand.New(rand.NewPCG(seq, hashOf(id)))
	text := make([]byte, r.IntN(300))
	for i := range text {
		text[i] = 'a' + byte(r.IntN(26))
	}
	return room.Update{
		Seq:  seq,
		Type: "feed.posted",
		At:   room.Millis(1_700_000_000_000 + seq),
		Data: json.RawMessage(fmt.Sprintf(`{"seq":%d,"text":%q}`, seq, text)),
	}
}

func drivenSnapshot(id room.ID, seq uint64) []byte {
	state := fmt.Appendf(nil, "%s at %d ", id, seq)
	size := 2000
	if seq%5 == 0 {
		size = maxInlineBytes + 2000 // a file
	}
	return bytes.Repeat(state, size/len(state))
}

func hashOf(id room.ID) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id)) // never fails
	return h.Sum64()
}

// drive writes to one room until an error: records of 0 to 7 updates, now and
// then a snapshot and a trim. acked is told each seq once it is durable.
func drive(ctx context.Context, j journal.Journal, id room.ID, acked func(room.ID, uint64)) error {
	loaded, err := j.Load(ctx, id)
	if err != nil {
		return err
	}
	head := loaded.Head
	r := rand.New(rand.NewPCG(head.Token, hashOf(id)))
	for {
		rec := journal.Record{Epoch: "k3", Nonce: r.Uint64(), Due: room.Millis(r.IntN(3))}
		for i := range r.IntN(8) {
			rec.Updates = append(rec.Updates, drivenUpdate(id, head.Seq+1+uint64(i)))
		}
		if head, err = j.Append(ctx, id, head, rec); err != nil {
			return err
		}
		acked(id, head.Seq)
		if r.IntN(50) > 0 {
			continue
		}
		if err := j.Save(ctx, id, journal.Snapshot{Seq: head.Seq, Data: drivenSnapshot(id, head.Seq)}); err != nil {
			return err
		}
		if err := j.Trim(ctx, id, head.Seq-min(head.Seq, 40)); err != nil {
			return err
		}
	}
}

// driveAll drives all rooms until they fail, and returns the first error.
func driveAll(ctx context.Context, j journal.Journal, acked func(room.ID, uint64)) error {
	var wait sync.WaitGroup
	errs := make([]error, drivenRooms)
	for i := range errs {
		wait.Go(func() { errs[i] = drive(ctx, j, drivenRoom(i), acked) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// checkDriven checks that every acknowledged update is there, that what is
// there is right and has no gap, and that the room can go on.
func checkDriven(t *testing.T, j *Journal, acked map[room.ID]uint64) {
	t.Helper()
	total := uint64(0)
	for i := range drivenRooms {
		id := drivenRoom(i)
		loaded, err := j.Load(t.Context(), id)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if loaded.Head.Seq < acked[id] {
			t.Errorf("%s ends at %d, but %d was acknowledged", id, loaded.Head.Seq, acked[id])
		}
		total += acked[id]
		checkDrivenRoom(t, j, id, loaded)
	}
	t.Logf("%d updates were acknowledged and found", total)
}

func checkDrivenRoom(t *testing.T, j *Journal, id room.ID, loaded journal.Loaded) {
	t.Helper()
	if s := loaded.Snapshot; s.Data != nil && !bytes.Equal(s.Data, drivenSnapshot(id, s.Seq)) {
		t.Errorf("%s: the snapshot at %d is not what was saved", id, s.Seq)
	}
	if loaded.Head.Token == 0 {
		return
	}
	next := loaded.First
	for u, err := range j.Read(t.Context(), id, next-1) {
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		want := drivenUpdate(id, next)
		if u.Seq != want.Seq || !bytes.Equal(u.Data, want.Data) {
			t.Errorf("%s: update %d is not what was appended", id, next)
			return
		}
		next++
	}
	if next != loaded.Head.Seq+1 {
		t.Errorf("%s: Read ends at %d, the head is %d", id, next-1, loaded.Head.Seq)
	}
	rec := journal.Record{Epoch: loaded.Head.Epoch, Updates: []room.Update{drivenUpdate(id, next)}}
	if _, err := j.Append(t.Context(), id, loaded.Head, rec); err != nil {
		t.Errorf("the room cannot go on: %v", err)
	}
}

// ackLog remembers how far each room was acknowledged.
type ackLog struct {
	mu    sync.Mutex // guards seqs
	seqs  map[room.ID]uint64
	total chan struct{} // one token per acknowledgement, as far as it has room
}

// join adds what a later run acknowledged to what earlier ones did.
func join(acked, later map[room.ID]uint64) {
	for id, seq := range later {
		acked[id] = max(acked[id], seq)
	}
}

func newAckLog() *ackLog {
	return &ackLog{seqs: make(map[room.ID]uint64), total: make(chan struct{}, 1<<16)}
}

func (a *ackLog) add(id room.ID, seq uint64) {
	a.mu.Lock()
	a.seqs[id] = seq
	a.mu.Unlock()
	select {
	case a.total <- struct{}{}:
	default:
	}
}

// wait returns after n further acknowledgements.
func (a *ackLog) wait(n int) {
	for range n {
		<-a.total
	}
}

func (a *ackLog) snapshot() map[room.ID]uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.seqs)
}
