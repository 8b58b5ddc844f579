package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/roomful/roomful/backend/pebble"
	"github.com/roomful/roomful/bench/load"
	"github.com/roomful/roomful/bench/machine"
	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// million measures a server with many rooms of which few are awake.
func million(l *lab, s *sheet) error {
	n, awake := l.scaled(1_000_000), l.scaled(1000)
	data, err := os.MkdirTemp(l.dir, "data-")
	if err != nil {
		return err
	}
	if err := populate(data+"/journal", n); err != nil {
		return err
	}
	h, err := l.serve(data)
	if err != nil {
		return err
	}
	c, err := l.crowd(1)
	if err != nil {
		return err
	}
	d := load.Dial{Addr: h.addr, Protocol: "ws", Room: "channel/b%d", Rooms: awake, Parallel: 50, Goal: "joined"}
	if _, err := c.dial(0, d, awake); err != nil {
		return err
	}
	m, err := h.messages("channel/b%d", awake, 200)
	if err != nil {
		return err
	}
	if err := m.begin(); err != nil {
		return err
	}
	rss, err := h.rest()
	if err != nil {
		return err
	}
	s.add(row{
		Figure: fmt.Sprintf("%d rooms exist, %d awake: process memory at rest", n, awake), Value: fmt.Sprintf("%.0f MB", float64(rss)/1e6),
		Aim: "≤ 300 MB", Reached: reached(rss <= 300e6),
	})
	for _, t := range []struct {
		what   string
		signal syscall.Signal
		aim    float64
	}{{"a clean stop", syscall.SIGTERM, 3}, {"kill -9 under load", syscall.SIGKILL, 6}} {
		var took, other series
		for range max(1, l.pairs*3/5) {
			if t.signal == syscall.SIGKILL {
				if err := m.loaded(2 * time.Second); err != nil {
					return err
				}
			}
			c.order(load.Order{Do: "drop"})
			h.stop(t.signal)
			meter := machine.Start()
			began := time.Now()
			if h, err = l.serve(data); err != nil {
				return err
			}
			if m, err = h.messages("channel/b%d", awake, 200); err != nil {
				return err
			}
			if err := m.missed(1); err != nil { // the first command is answered
				return err
			}
			took = append(took, time.Since(began).Seconds())
			other = append(other, meter.Stop().Other)
		}
		s.add(row{
			Figure: fmt.Sprintf("the same: serving after %s", t.what), Value: took.String() + " s", Aim: fmt.Sprintf("≤ %.0f s", t.aim),
			Reached: reached(took.median() <= t.aim), Other: other.median(), Notes: "From the start of the process to the answer of a first durable command.",
		})
	}
	return nil
}

// loaded publishes as fast as it is answered.
func (m *messages) loaded(for_ time.Duration) error {
	for began := time.Now(); time.Since(began) < for_; {
		if err := m.publish(1000); err != nil {
			return err
		}
		if _, err := m.settle(); err != nil {
			return err
		}
	}
	return m.publish(1000) // in flight when it dies
}

// populate writes rooms of two updates each into a journal.
func populate(dir string, rooms int) error {
	j, err := pebble.Open(dir, pebble.Options{Logger: quiet})
	if err != nil {
		return err
	}
	defer j.Close()
	const writers = 256
	var wait sync.WaitGroup
	errs := make(chan error, writers)
	for w := range writers {
		wait.Go(func() {
			for i := w; i < rooms; i += writers {
				id := room.ID(fmt.Sprintf("channel/b%d", i))
				rec := journal.Record{Epoch: "k3", At: room.ToMillis(time.Now()), Nonce: uint64(i)}
				for seq := range uint64(2) {
					rec.Updates = append(rec.Updates, room.Update{Seq: seq + 1, Type: "channel.published", At: rec.At, Data: []byte(payload(100, false))})
				}
				if _, err := j.Append(context.Background(), id, journal.Head{}, rec); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wait.Wait()
	close(errs)
	return <-errs
}
