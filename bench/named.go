package main

import (
	"fmt"
	"time"

	"github.com/roomful/roomful/bench/load"
	"github.com/roomful/roomful/bench/machine"
)

// named measures updates for few in a room of many.
func named(l *lab, s *sheet) error {
	n := l.scaled(10_000)
	big, err := l.toOne(n)
	if err != nil {
		return err
	}
	l.endAll()
	small, err := l.toOne(100)
	if err != nil {
		return err
	}
	l.endAll()
	ratio := big.over(small)
	s.add(row{
		Figure: fmt.Sprintf("one update to 1 named member of %d: server CPU", n), Value: big.String() + " µs", Ref: small.String() + " µs, member of 100",
		Ratio: ratio.String(), Aim: "the names, not the room", Reached: reached(ratio.median() <= 2),
		Notes: "A guest's post that waits for approval: told to its author by name (and to no staff, for none is here); the command, its commit and its answer are in it. 100 a second.",
	})
	return l.sights(s, n)
}

// toOne has members post under pre-moderation: each is told of it alone.
func (l *lab) toOne(n int) (cost series, err error) {
	name := fmt.Sprintf("named-%d", n)
	h, err := l.serve("")
	if err != nil {
		return nil, err
	}
	p, err := h.party(n, 0)
	if err != nil {
		return nil, err
	}
	if err := h.post("/v1/rooms/"+p.room, p.token, `{"type":"event.set","data":{"moderation":"pre"}}`, nil); err != nil {
		return nil, err
	}
	file, err := l.tokenFile(p)
	if err != nil {
		return nil, err
	}
	c, err := l.crowd(2)
	if err != nil {
		return nil, err
	}
	d := load.Dial{Addr: h.addr, Protocol: "ws", Room: p.room, Parallel: 200, Goal: "joined", Tokens: []string{file}}
	if _, err := c.dial(0, d, n); err != nil {
		return nil, err
	}
	time.Sleep(6 * time.Second) // presence settles
	for range l.pairs {
		if _, err := c.order(load.Order{Do: "count"}); err != nil {
			return nil, err
		}
		const posts = 200
		m := machine.Start(h.pid())
		if _, err := c.orders(func(i int) load.Order {
			return load.Order{Do: "send", Every: 20 * time.Millisecond, Text: `{"id":9,"send":{"room":"` + p.room + `","type":"feed.post","data":{"text":"hello"}}}`}
		}); err != nil {
			return nil, err
		}
		run := func() error { time.Sleep(posts * 10 * time.Millisecond); return nil }
		if len(cost) == 1 {
			err = h.profiled(name, run)
		} else {
			err = run()
		}
		spent := m.Stop()
		if err != nil {
			return nil, err
		}
		if _, err := c.order(load.Order{Do: "send"}); err != nil {
			return nil, err
		}
		r, err := c.order(load.Order{Do: "count"})
		if err != nil {
			return nil, err
		}
		if r.Oks < posts/2 || r.Delivered > 4*r.Oks {
			return nil, fmt.Errorf("%d posts, %d deliveries: %s", r.Oks, r.Delivered, r.Refused)
		}
		cost = append(cost, float64(spent.CPU[0].Microseconds())/float64(r.Oks))
	}
	return cost, nil
}

// sights has readers wish for different parts of a room.
func (l *lab) sights(s *sheet, n int) error {
	h, err := l.serve("")
	if err != nil {
		return err
	}
	p, err := h.party(100, 0)
	if err != nil {
		return err
	}
	for i := range n - 100 {
		p.tokens = append(p.tokens, p.tokens[i%100])
	}
	file, err := l.tokenFile(p)
	if err != nil {
		return err
	}
	c, err := l.crowd(2)
	if err != nil {
		return err
	}
	var costs [2]series
	var built [2]float64
	wishes := [2][][]string{{{"feed"}}, fifty()}
	for i, only := range wishes {
		d := load.Dial{Addr: h.addr, Protocol: "ws", Room: p.room, Parallel: 200, Goal: "joined", Tokens: []string{file}, Wishes: only}
		if _, err := c.dial(0, d, n); err != nil {
			return err
		}
		time.Sleep(3 * time.Second)
		for range l.pairs {
			if _, err := c.order(load.Order{Do: "count"}); err != nil {
				return err
			}
			const posts = 6
			frames := h.metric("roomful_frames_built_total")
			m := machine.Start(h.pid())
			for range posts {
				if err := h.post("/v1/rooms/"+p.room, p.token, `{"type":"feed.post","data":{"text":"`+filler[:100]+`"}}`, nil); err != nil {
					return err
				}
				time.Sleep(600 * time.Millisecond) // one person's rate of posts
			}
			time.Sleep(300 * time.Millisecond)
			spent := m.Stop()
			r, err := c.order(load.Order{Do: "count"})
			if err != nil {
				return err
			}
			costs[i] = append(costs[i], float64(spent.CPU[0].Nanoseconds())/1e3/float64(r.Frames))
			built[i] = (h.metric("roomful_frames_built_total") - frames) / posts
		}
		if _, err := c.order(load.Order{Do: "drop"}); err != nil {
			return err
		}
		if err := h.empty(0); err != nil {
			return err
		}
	}
	ratio := costs[1].over(costs[0])
	s.add(row{
		Figure: fmt.Sprintf("50 `only` sets in a room of %d: server CPU per frame", n), Value: costs[1].String() + " µs", Ref: costs[0].String() + " µs, one set",
		Ratio: ratio.String(), Aim: "bounded", Reached: reached(ratio.median() <= 1.5),
		Notes: fmt.Sprintf("%.1f frames built for an update, with one set %.1f. A room serves at most 16 distinct sights; `only` is a wish.", built[1], built[0]),
	})
	return nil
}

// fifty is fifty lists of the event's features: all sets of them, in several
// orders.
func fifty() (sets [][]string) {
	all := []string{"event", "people", "feed", "reactions"}
	for turn := 0; len(sets) < 50; turn++ {
		for mask := 1; mask < 16 && len(sets) < 50; mask++ {
			var set []string
			for i := range all {
				if f := all[(i+turn)%4]; mask>>((i+turn)%4)&1 == 1 {
					set = append(set, f)
				}
			}
			sets = append(sets, set)
		}
	}
	return sets
}
