package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/roomful/roomful/bench/load"
	"github.com/roomful/roomful/bench/machine"
)

// paced publishes so many messages a second.
func (c *contest) paced(perSecond int, for_ time.Duration) (s sample, err error) {
	if _, err := c.crowd.count(c.group); err != nil {
		return s, err
	}
	base := c.crowd.told(c.group)
	m := machine.Start(append([]int{c.pid}, c.crowd.pids()...)...)
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < for_; <-tick.C {
		if err := c.pub.publish(1); err != nil {
			return s, err
		}
		s.messages++
	}
	for began := time.Now(); int(c.crowd.told(c.group)-base) < s.messages*c.audience; time.Sleep(time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			return s, fmt.Errorf("%d of %d deliveries came", c.crowd.told(c.group)-base, s.messages*c.audience)
		}
	}
	s.Spent = m.Stop()
	if s.acks, err = c.pub.settle(); err != nil {
		return s, err
	}
	s.Report, err = c.crowd.count(c.group)
	return s, err
}

func latency(l *lab, s *sheet) error {
	n := l.scaled(10_000)
	d, err := l.duel(1, n, true)
	if err != nil {
		return err
	}
	o, err := d.pairs(l, "paced", func(c *contest) (sample, error) { return c.paced(10, 3*time.Second) })
	if err != nil {
		return err
	}
	ratio := o.ourP99.over(o.bareP99)
	s.add(row{
		Figure: fmt.Sprintf("10 messages/s to %d: p99 over all clients", n), Value: o.ourP99.String() + " ms", Ref: o.bareP99.String() + " ms",
		Ratio: ratio.String(), Aim: "≤ 1.3 x", Reached: reached(ratio.median() <= 1.3), Other: o.other.median(), Steal: o.steal.median(),
		Notes: fmt.Sprintf("From the moment the publisher sends, so the server's commit is in it: commands were answered after %s ms (p50). p50 %s ms (reference %s). "+
			"CPU per delivery %s µs (reference %s): times the deliveries wanted a second it has to stay well below the cores that others leave, or queues are measured.",
			o.ack, o.ourP50, o.bareP50, o.ours, o.bare),
	})
	return nil
}

// stall has a hundred readers stop reading.
func stall(l *lab, s *sheet) error {
	n, stuck := l.scaled(10_000), l.scaled(100)
	h, err := l.serve("")
	if err != nil {
		return err
	}
	c, err := l.crowd(2)
	if err != nil {
		return err
	}
	m, err := h.messages("channel/b%d", 1, 128)
	if err != nil {
		return err
	}
	if err := m.begin(); err != nil {
		return err
	}
	m.timed = true
	d := load.Dial{Addr: h.addr, Protocol: "ws", Room: "channel/b0", Parallel: 200, Goal: "joined", Strict: true, Timed: true}
	if _, err := c.dial(0, d, n-stuck); err != nil {
		return err
	}
	d.ReceiveBuffer, d.Timed = 4096, false
	if _, err := c.dial(1, d, stuck); err != nil {
		return err
	}
	our := &contest{c, 0, h.pid(), m, n - stuck}
	var free, with, other series
	run := func(to *series) error {
		for range l.pairs {
			got, err := our.paced(10, 2*time.Second)
			if err != nil {
				return err
			}
			*to, other = append(*to, ms(got.Latency.Quantile(.99))), append(other, got.Other)
		}
		return nil
	}
	if err := run(&free); err != nil {
		return err
	}
	before, err := h.rest()
	if err != nil {
		return err
	}
	if _, err := c.order(load.Order{Do: "stall", Group: 1, Count: stuck}); err != nil {
		return err
	}
	m.size = 4000
	for demoted := 0.0; demoted < float64(stuck); demoted = h.metric("roomful_demoted_total") {
		if _, err := our.flow(8, time.Second); err != nil { // until their sockets are full
			return err
		}
	}
	m.size = 128
	if err := run(&with); err != nil {
		return err
	}
	after, err := h.rest()
	if err != nil {
		return err
	}
	if got, _ := c.order(load.Order{Do: "count", Group: 1}); got.Lost > 0 {
		return fmt.Errorf("%d stalled readers were dropped meanwhile", got.Lost)
	}
	grown := float64(after-before) / 1e6
	s.add(row{
		Figure: fmt.Sprintf("%d of %d clients stalled: the others' p99", stuck, n), Value: with.String() + " ms", Ref: free.String() + " ms, all reading",
		Ratio: fmt.Sprintf("%.2f", with.median()/free.median()), Aim: "within the spread", Other: other.median(),
		Reached: reached(with.median() <= slices.Max(free)),
	})
	s.add(row{
		Figure: "the same: process memory", Value: fmt.Sprintf("%+.2f MB", grown), Aim: "< 1 MB more", Reached: reached(grown < 1), Other: other.median(),
		Notes: "After a collection, before and after. The kernel's buffers are not in it.",
	})
	return nil
}
