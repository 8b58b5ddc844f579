package main

import (
	"fmt"
	"time"

	"github.com/roomful/roomful/bench/load"
	"github.com/roomful/roomful/bench/machine"
)

// hearts is a talk that everybody taps in.
func hearts(l *lab, s *sheet) error {
	watchers, tappers := l.scaled(1000), 100
	h, err := l.serve("", "--reactions-burst", "1000000000", "--reactions-per-second", "1000000000")
	if err != nil {
		return err
	}
	c, err := l.crowd(2)
	if err != nil {
		return err
	}
	if err := h.post("/v1/rooms/talk/t", apiKey, `{"type":"reactions.tap","data":{"kind":"heart","n":1}}`, nil); err != nil {
		return err
	}
	d := load.Dial{Addr: h.addr, Protocol: "ws", Room: "talk/t", Parallel: 200, Goal: "joined"}
	if _, err := c.dial(0, d, watchers); err != nil {
		return err
	}
	if _, err := c.dial(2, d, 10); err != nil { // who come back at the end
		return err
	}
	d.Goal = "open"
	if _, err := c.dial(1, d, tappers); err != nil {
		return err
	}
	if _, err := c.order(load.Order{Do: "drop", Group: 2}); err != nil {
		return err
	}
	began := time.Now()
	var frames, taps series
	var fastest float64
	var cpu, other float64
	for _, perSecond := range []int{500, 5000, 50_000, 80_000} {
		every := time.Duration(len(c.members)) * time.Second / time.Duration(perSecond/10)
		if _, err := c.order(load.Order{Do: "send", Group: 1, Every: every,
			Text: `{"id":1,"send":{"room":"talk/t","type":"reactions.tap","data":{"kind":"heart","n":10}}}`}); err != nil {
			return err
		}
		time.Sleep(time.Second)
		for g := range 2 {
			if _, err := c.count(g); err != nil {
				return err
			}
		}
		m := machine.Start(append([]int{h.pid()}, c.pids()...)...)
		run := func() error { time.Sleep(10 * time.Second); return nil }
		if perSecond == 50_000 {
			err = h.profiled("hearts", run)
		} else {
			err = run()
		}
		if err != nil {
			return err
		}
		seen, err := c.count(0)
		if err != nil {
			return err
		}
		did, err := c.count(1)
		if err != nil {
			return err
		}
		spent := m.Stop()
		rate := float64(did.Oks*10) / spent.Wall.Seconds()
		taps, frames = append(taps, rate), append(frames, float64(seen.Frames)/float64(watchers)/spent.Wall.Seconds())
		if rate > fastest {
			fastest, cpu, other = rate, float64(spent.CPU[0])/float64(spent.Wall), spent.Other
		}
	}
	if _, err := c.order(load.Order{Do: "send", Group: 1}); err != nil {
		return err
	}
	if rest := 61*time.Second - time.Since(began); rest > 0 {
		time.Sleep(rest)
	}
	d.Goal, d.Resume = "joined", true
	back, err := c.dial(2, d, 10)
	if err != nil {
		return err
	}
	s.add(row{
		Figure: fmt.Sprintf("hearts, one room, %d watching", watchers), Value: short(fastest) + " taps/s", Aim: "≥ 50 k taps/s", Reached: reached(fastest >= 50_000), Other: other,
		Notes: fmt.Sprintf("10 taps a command over %d anonymous connections; server's CPU %.2f cores.", tappers, cpu),
	})
	s.add(row{
		Figure: "the same: frames to each watcher a second", Value: fmt.Sprintf("%.2f, %.2f, %.2f, %.2f", frames[0], frames[1], frames[2], frames[3]),
		Aim: "independent of the rate", Reached: reached(frames[3] <= frames[0]*1.2), Other: other,
		Notes: fmt.Sprintf("at %s, %s, %s, %s taps/s.", short(taps[0]), short(taps[1]), short(taps[2]), short(taps[3])),
	})
	s.add(row{
		Figure: "the same: back after 60 s", Value: fmt.Sprintf("%d views to 10", back.Views), Aim: "goes on from its position", Reached: reached(back.Views == 0), Other: other,
	})
	return nil
}
