package sim

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// disk is the journal as one process sees it: slow, and faulty while the world
// is. It dies with its process.
type disk struct {
	w    *world
	life *life
}

var (
	errDied  = errors.New("the process died")
	errFault = errors.New("the disk is on fire")
)

// chance is the randomness of one call: of what it is about and when it comes,
// so that it does not depend on the order of other calls.
func (d *disk) chance(what string, id room.ID, n uint64) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, what, id, n, time.Now().UnixNano()) // never fails
	return rand.New(rand.NewPCG(d.w.seed, h.Sum64()))
}

// wait takes as long as a disk does, and fails as often.
func (d *disk) wait(r *rand.Rand, faults float64) error {
	time.Sleep(time.Duration(20_000 + r.IntN(4_000_000)))
	if d.life.dead() {
		return errDied
	}
	if d.w.faulty() && r.Float64() < faults {
		return errFault
	}
	return nil
}

func (d *disk) Append(ctx context.Context, id room.ID, head journal.Head, rec journal.Record) (journal.Head, error) {
	r := d.chance("append", id, head.Token)
	if err := d.wait(r, 0.02); err != nil {
		return journal.Head{}, err
	}
	fault := r.Float64()
	if !d.w.faulty() {
		fault = 1
	}
	if fault < 0.02 {
		return journal.Head{}, journal.ErrUnknown
	}
	if fault < 0.03 {
		return journal.Head{}, journal.ErrFull
	}
	head, err := d.w.store.Append(ctx, id, head, rec)
	if err != nil {
		return head, err
	}
	d.w.stored(id, &rec)
	switch {
	case fault < 0.05: // stored, but reported failed
		return journal.Head{}, errFault
	case fault < 0.07:
		return journal.Head{}, journal.ErrUnknown
	}
	time.Sleep(time.Duration(1 + r.IntN(100_000)))
	if d.life.dead() {
		return journal.Head{}, errDied
	}
	return head, nil
}

func (d *disk) Settle(ctx context.Context, id room.ID, head journal.Head, rec journal.Record) (journal.Head, error) {
	r := d.chance("settle", id, head.Token)
	if err := d.wait(r, 0); err != nil {
		return journal.Head{}, err
	}
	if r.IntN(3) == 0 {
		return journal.Head{}, journal.ErrUnknown
	}
	settled, err := d.w.store.Settle(ctx, id, head, rec)
	if err == nil {
		d.w.stored(id, &rec)
	}
	return settled, err
}

func (d *disk) Load(ctx context.Context, id room.ID) (journal.Loaded, error) {
	if err := d.wait(d.chance("load", id, 0), 0.03); err != nil {
		return journal.Loaded{}, err
	}
	return d.w.store.Load(ctx, id)
}

func (d *disk) Read(ctx context.Context, id room.ID, after uint64) iter.Seq2[room.Update, error] {
	return func(yield func(room.Update, error) bool) {
		if err := d.wait(d.chance("read", id, after), 0.03); err != nil {
			yield(room.Update{}, err)
			return
		}
		d.w.store.Read(ctx, id, after)(yield)
	}
}

func (d *disk) Save(ctx context.Context, id room.ID, s journal.Snapshot) error {
	if err := d.wait(d.chance("save", id, s.Seq), 0.1); err != nil {
		return err
	}
	return d.w.store.Save(ctx, id, s)
}

func (d *disk) Trim(ctx context.Context, id room.ID, upTo uint64) error {
	if err := d.wait(d.chance("trim", id, upTo), 0.1); err != nil {
		return err
	}
	return d.w.store.Trim(ctx, id, upTo)
}

func (d *disk) Due(ctx context.Context, t room.Millis) iter.Seq2[room.ID, error] {
	return d.w.store.Due(ctx, t)
}

func (d *disk) Rooms(ctx context.Context, after room.ID) iter.Seq2[room.ID, error] {
	return d.w.store.Rooms(ctx, after)
}

func (d *disk) Full() bool { return d.w.full.Load() }

func (d *disk) Close() error { return nil }
