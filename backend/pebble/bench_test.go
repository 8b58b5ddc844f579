package pebble

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// The benchmarks run the journal and, as the limit of what the disk and the
// codec allow, a plain log: see plainlog_test.go. Compare updates/s.
//
//	go test -run '^$' -bench . -benchtime 2s ./backend/pebble

// appender is what both can do.
type appender interface {
	Append(ctx context.Context, id room.ID, head journal.Head, rec journal.Record) (journal.Head, error)
	Close() error
}

func engines(b *testing.B, run func(b *testing.B, open func() appender)) {
	b.Run("pebble", func(b *testing.B) {
		dir := b.TempDir()
		run(b, func() appender { return mustOpen(b, dir, quiet()) })
	})
	b.Run("plainlog", func(b *testing.B) {
		dir := b.TempDir()
		run(b, func() appender { return openPlainLog(b, dir) })
	})
}

// benchRecord is n updates of 200 bytes that do not compress.
func benchRecord(head journal.Head, n int) journal.Record {
	rec := journal.Record{Epoch: "k3f9", At: 1_700_000_000_000, Nonce: head.Token}
	r := rand.New(rand.NewPCG(head.Token, 1))
	for i := range n {
		data := make([]byte, 0, 200)
		for len(data) < 200 {
			data = fmt.Appendf(data, "%016x", r.Uint64())
		}
		rec.Updates = append(rec.Updates, room.Update{
			Seq: head.Seq + 1 + uint64(i), Type: "feed.posted", At: rec.At, By: "m_7k2f", Op: "c9:17", Data: json.RawMessage(data),
		})
	}
	return rec
}

func renumber(rec *journal.Record, head journal.Head) {
	rec.Nonce = head.Token
	for i := range rec.Updates {
		rec.Updates[i].Seq = head.Seq + 1 + uint64(i)
	}
}

func BenchmarkHotRoom(b *testing.B) {
	for _, n := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("%dUpdates", n), func(b *testing.B) {
			engines(b, func(b *testing.B, open func() appender) { benchAppend(b, open(), 1, n) })
		})
	}
}

func BenchmarkThousandRooms(b *testing.B) {
	for _, n := range []int{1, 16} {
		b.Run(fmt.Sprintf("%dUpdates", n), func(b *testing.B) {
			engines(b, func(b *testing.B, open func() appender) { benchAppend(b, open(), 1000, n) })
		})
	}
}

// benchAppend has rooms append n updates at a time, each after its last.
func benchAppend(b *testing.B, j appender, rooms, n int) {
	defer j.Close()
	rooms = min(rooms, b.N)
	recs := make([]journal.Record, rooms)
	for i := range recs {
		recs[i] = benchRecord(journal.Head{}, n)
	}
	var wait sync.WaitGroup
	b.ResetTimer()
	for i := range rooms {
		times := b.N / rooms
		if i < b.N%rooms {
			times++
		}
		id := room.ID(fmt.Sprintf("event/b%d", i))
		wait.Go(func() {
			head, rec := journal.Head{}, recs[i]
			for range times {
				renumber(&rec, head)
				var err error
				if head, err = j.Append(b.Context(), id, head, rec); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "updates/s")
}

// BenchmarkColdLoad loads rooms of 500 updates in records of 5, among 2,000
// of them, that nothing has in memory but the system's page cache.
func BenchmarkColdLoad(b *testing.B) {
	const rooms = 2000
	dir := b.TempDir()
	fill(b, dir, rooms, 100, 5)
	b.Run("pebble", func(b *testing.B) {
		j := mustOpen(b, dir, quiet())
		defer j.Close()
		r := rand.New(rand.NewPCG(1, 2))
		b.ResetTimer()
		for range b.N {
			loaded, err := j.Load(b.Context(), room.ID(fmt.Sprintf("event/b%d", r.IntN(rooms))))
			if err != nil || loaded.Head.Seq != 500 {
				b.Fatalf("%+v, %v", loaded.Head, err)
			}
		}
	})
	b.Run("codec", func(b *testing.B) {
		rec := benchRecord(journal.Head{}, 5)
		encoded := journal.AppendRecord(nil, &rec)
		for range b.N {
			for range 100 {
				if _, err := journal.ParseRecord(encoded); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// fill writes rooms of so many records, each of n updates, round by round.
func fill(b testing.TB, dir string, rooms, records, n int) {
	b.Helper()
	j := mustOpen(b, dir, quiet())
	defer j.Close()
	const writers = 64
	heads := make([]journal.Head, rooms)
	for range records {
		var wait sync.WaitGroup
		for w := range writers {
			wait.Go(func() {
				for i := w; i < rooms; i += writers {
					rec := benchRecord(heads[i], n)
					head, err := j.Append(context.Background(), room.ID(fmt.Sprintf("event/b%d", i)), heads[i], rec)
					if err != nil {
						b.Error(err)
						return
					}
					heads[i] = head
				}
			})
		}
		wait.Wait()
	}
}
