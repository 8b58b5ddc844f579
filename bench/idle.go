package main

import (
	"fmt"
	"time"

	"github.com/roomful/roomful/bench/load"
	"github.com/roomful/roomful/bench/machine"
)

// idle measures what a connection costs that does nothing.
func idle(l *lab, s *sheet) error {
	n := l.scaled(18_000)
	for _, t := range []struct {
		what, protocol string
		rooms          int
		aim            float64
	}{
		{"WebSocket, one room", "ws", 1, 1000},
		{"WebSocket, rooms of 10", "ws", n / 10, 1000},
		{"SSE, one room", "sse", 1, 1200},
	} {
		d := load.Dial{Protocol: t.protocol, Room: "channel/b%d", Rooms: t.rooms, Parallel: 200, Goal: "joined"}
		if err := idleRow(l, s, t.what, d, n, t.aim); err != nil {
			return err
		}
		l.endAll()
	}
	return nil
}

func idleRow(l *lab, s *sheet, what string, d load.Dial, n int, aim float64) error {
	h, err := l.serve("", "--idle", "2s") // so that the rooms sleep before we look
	if err != nil {
		return err
	}
	c, err := l.crowd(2)
	if err != nil {
		return err
	}
	empty, err := h.rest()
	if err != nil {
		return err
	}
	m := machine.Start(append([]int{h.pid()}, c.pids()...)...)
	d.Addr = h.addr
	r, err := c.dial(0, d, n)
	if err != nil {
		return err
	}
	spent := m.Stop()
	natural := machine.Resident(h.pid())
	time.Sleep(4 * time.Second)
	full, err := h.rest()
	if err != nil {
		return err
	}
	if l.profile != "" {
		if err := h.writeProfile("heap-"+d.Protocol, "/debug/pprof/heap?gc=1"); err != nil {
			return err
		}
	}
	if r, err = c.count(0); err != nil {
		return err
	} else if r.Conns != n {
		return fmt.Errorf("%d of %d connections are there", r.Conns, n)
	}
	per := float64(full-empty) / float64(n)
	s.add(row{
		Figure: fmt.Sprintf("idle connection, %s (%d): process memory", what, n), Value: fmt.Sprintf("%.0f B", per), Aim: fmt.Sprintf("≤ %.0f B", aim),
		Reached: reached(per <= aim), Other: spent.Other, Steal: spent.Steal,
		Notes: fmt.Sprintf("After a collection; %.0f B right after the flood. The empty server has %.1f MB.",
			float64(natural-empty)/float64(n), float64(empty)/1e6),
	})
	return nil
}
