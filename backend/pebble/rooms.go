package pebble

import (
	"context"
	"fmt"
	"iter"
	"slices"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// pageKeys is how many keys are read at a time. Between pages nothing of the
// store is held, so a caller may take its time over a million rooms.
const pageKeys = 1000

// Due implements journal.Journal.
func (j *Journal) Due(ctx context.Context, t room.Millis) iter.Seq2[room.ID, error] {
	upper := dueKey(t+1, "")
	return j.ids(ctx, dueKey(0, ""), upper, func(key []byte) (room.ID, error) {
		if id, ok := dueRoom(key); ok {
			return id, nil
		}
		return "", fmt.Errorf("%w: strange key %q", journal.ErrCorrupt, key)
	})
}

// Rooms implements journal.Journal.
func (j *Journal) Rooms(ctx context.Context, after room.ID) iter.Seq2[room.ID, error] {
	lower := []byte{roomTag}
	if after != "" {
		lower = append(roomKey(after), 0)
	}
	return j.ids(ctx, lower, []byte{roomTag + 1}, func(key []byte) (room.ID, error) {
		return room.ID(key[1:]), nil
	})
}

// ids yields the ids in the keys from lower to upper, page by page.
func (j *Journal) ids(ctx context.Context, lower, upper []byte, idOf func([]byte) (room.ID, error)) iter.Seq2[room.ID, error] {
	return func(yield func(room.ID, error) bool) {
		for from := lower; from != nil; {
			keys, err := j.page(ctx, from, upper)
			if err != nil {
				yield("", err)
				return
			}
			for _, key := range keys {
				if id, err := idOf(key); !yield(id, err) || err != nil {
					return
				}
			}
			from = nil
			if len(keys) == pageKeys {
				from = append(keys[pageKeys-1], 0)
			}
		}
	}
}

func (j *Journal) page(ctx context.Context, lower, upper []byte) (keys [][]byte, err error) {
	if err := j.enter(ctx); err != nil {
		return nil, err
	}
	defer j.calls.leave()
	it, err := j.db.NewIter(&lsm.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, corrupt(err)
	}
	for valid := it.First(); valid && len(keys) < pageKeys; valid = it.Next() {
		keys = append(keys, slices.Clone(it.Key()))
	}
	if err := it.Close(); err != nil {
		return nil, corrupt(err)
	}
	return keys, nil
}
