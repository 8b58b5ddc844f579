package main

import (
	"fmt"
	"time"

	"github.com/roomful/roomful/bench/load"
	"github.com/roomful/roomful/bench/machine"
)

// contest is one server or reference with its audience.
type contest struct {
	crowd    *crowd
	group    int
	pid      int
	pub      publisher
	audience int // readers of each message
}

// sample is one measurement of a contest.
type sample struct {
	load.Report
	machine.Spent
	messages int
	acks     load.Hist // of the publisher's commands
}

// perDelivery is the server's CPU in microseconds for each update told.
func (s *sample) perDelivery() float64 {
	return float64(s.CPU[0].Nanoseconds()) / 1e3 / float64(s.Delivered)
}

// perWrite is how many updates came in one piece.
func (s *sample) perWrite() float64 { return float64(s.Delivered) / float64(s.Frames) }

func (s *sample) rate() float64 { return float64(s.Delivered) / s.Wall.Seconds() }

// flow publishes for a while with at most window messages that not everybody
// has, and counts that everybody got everything once.
func (c *contest) flow(window int, for_ time.Duration) (s sample, err error) {
	if _, err := c.crowd.count(c.group); err != nil {
		return s, err
	}
	base := c.crowd.told(c.group)
	m := machine.Start(append([]int{c.pid}, c.crowd.pids()...)...)
	began := time.Now()
	for {
		told := int(c.crowd.told(c.group) - base)
		ending := time.Since(began) > for_
		if told >= s.messages*c.audience && ending {
			break
		}
		if time.Since(began) > for_+20*time.Second {
			return s, fmt.Errorf("%d of %d deliveries came", told, s.messages*c.audience)
		}
		if free := window - (s.messages - told/c.audience); free > 0 && !ending {
			if err := c.pub.publish(free); err != nil {
				return s, err
			}
			s.messages += free
			continue
		}
		time.Sleep(200 * time.Microsecond)
	}
	s.Spent = m.Stop()
	if s.acks, err = c.pub.settle(); err != nil {
		return s, err
	}
	s.Report, err = c.crowd.count(c.group)
	if err == nil && s.Delivered != s.messages*c.audience {
		err = fmt.Errorf("%d deliveries of %d messages to %d", s.Delivered, s.messages, c.audience)
	}
	return s, err
}

// duel is a server and a bare broadcaster with equal audiences in the same
// client processes.
type duel struct {
	house *house
	ours  *contest
	bare  *contest
}

// channelFrame is about what one 128-byte message is on the wire.
const channelFrame = 250

// duel connects both audiences: rooms with so many readers each.
func (l *lab) duel(rooms, readers int, timed bool, how ...string) (*duel, error) {
	h, err := l.serve("")
	if err != nil {
		return nil, err
	}
	if rooms == 1 {
		how = append(how, "spread")
	}
	ref, err := l.broadcaster(how...)
	if err != nil {
		return nil, err
	}
	c, err := l.crowd(2)
	if err != nil {
		return nil, err
	}
	m, err := h.messages("channel/b%d", rooms, 128)
	if err != nil {
		return nil, err
	}
	if err := m.begin(); err != nil {
		return nil, err
	}
	total := rooms * readers
	d := load.Dial{Addr: h.addr, Protocol: "ws", Room: "channel/b%d", Rooms: rooms, Parallel: 200, Goal: "joined", Strict: true, Timed: timed}
	if _, err := c.dial(0, d, total); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	d.Addr, d.Protocol = ref.addr, "bare"
	if _, err := c.dial(1, d, total); err != nil {
		return nil, fmt.Errorf("broadcaster: %w", err)
	}
	m.timed = timed
	f := &frames{to: ref.feed, rooms: rooms, size: channelFrame, timed: timed}
	return &duel{
		house: h,
		ours:  &contest{c, 0, h.pid(), m, readers},
		bare:  &contest{c, 1, ref.pid(), f, readers},
	}, nil
}

// outcome is the pairs of a duel.
type outcome struct {
	ours, bare       series // CPU µs per delivery
	rate, bareRate   series
	write, bareWrite series // messages per write
	size, clientCPU  series
	other, steal     series
	ourP99, bareP99  series // ms
	ourP50, bareP50  series
	ack              series // p50 of the publisher's commands, ms
}

// pairs measures in turn: the server, then the broadcaster with frames of the
// size that the server's were for each update.
func (d *duel) pairs(l *lab, name string, one func(c *contest) (sample, error)) (o outcome, err error) {
	if _, err := one(d.ours); err != nil { // warms both up
		return o, fmt.Errorf("server: %w", err)
	}
	if _, err := one(d.bare); err != nil {
		return o, fmt.Errorf("broadcaster: %w", err)
	}
	for i := range l.pairs {
		var a, b sample
		first := func() error {
			if a, err = one(d.ours); err != nil {
				return fmt.Errorf("server: %w", err)
			}
			return nil
		}
		if i == 0 {
			err = d.house.profiled(name, first)
		} else {
			err = first()
		}
		if err != nil {
			return o, err
		}
		d.bare.pub.(*frames).size = a.Bytes / a.Delivered
		if b, err = one(d.bare); err != nil {
			return o, fmt.Errorf("broadcaster: %w", err)
		}
		o.add(&a, &b)
		if l.verbose {
			fmt.Printf("  %s: %.3f us, %.0f k/s, %.1f a write, p99 %v, acks %v %v; bare %.3f us, %.0f k/s, %.1f a write, p99 %v; other %.2f\n", name,
				a.perDelivery(), a.rate()/1e3, a.perWrite(), a.Latency.Quantile(.99), a.acks.Quantile(.5), a.acks.Quantile(.99), b.perDelivery(), b.rate()/1e3, b.perRead(), b.Latency.Quantile(.99), a.Other)
		}
	}
	return o, nil
}

// perRead is how many updates came in one read of a client: what one write of
// a broadcaster holds, if clients keep up.
func (s *sample) perRead() float64 { return float64(s.Delivered) / float64(s.Reads) }

func (o *outcome) add(a, b *sample) {
	o.ours = append(o.ours, a.perDelivery())
	o.bare = append(o.bare, b.perDelivery())
	o.rate = append(o.rate, a.rate())
	o.bareRate = append(o.bareRate, b.rate())
	o.write = append(o.write, a.perWrite())
	o.bareWrite = append(o.bareWrite, b.perRead())
	o.size = append(o.size, float64(a.Bytes)/float64(a.Delivered))
	o.clientCPU = append(o.clientCPU, float64((a.CPU[1]+a.CPU[2]).Nanoseconds())/1e3/float64(a.Delivered))
	o.other = append(o.other, a.Other, b.Other)
	o.steal = append(o.steal, a.Steal, b.Steal)
	o.ourP99 = append(o.ourP99, ms(a.Latency.Quantile(.99)))
	o.bareP99 = append(o.bareP99, ms(b.Latency.Quantile(.99)))
	o.ourP50 = append(o.ourP50, ms(a.Latency.Quantile(.5)))
	o.bareP50 = append(o.bareP50, ms(b.Latency.Quantile(.5)))
	o.ack = append(o.ack, ms(a.acks.Quantile(.5)))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// cpuRow is the row of CPU per delivery.
func (o *outcome) cpuRow(figure string, aim float64) row {
	ratio := o.ours.over(o.bare)
	return row{
		Figure: figure, Value: o.ours.String() + " µs", Ref: o.bare.String() + " µs", Ratio: ratio.String(),
		Aim: fmt.Sprintf("≤ %.2f x", aim), Reached: reached(ratio.median() <= aim),
		Notes: fmt.Sprintf("%s deliveries/s (reference %s), %s messages per write (reference %s), %s bytes per delivery, clients' CPU %s µs.",
			o.rate, o.bareRate, o.write, o.bareWrite, o.size, o.clientCPU),
		Other: o.other.median(), Steal: o.steal.median(),
	}
}

func fanout(l *lab, s *sheet) error {
	n := l.scaled(10_000)
	d, err := l.duel(1, n, false)
	if err != nil {
		return err
	}
	o, err := d.pairs(l, "one", func(c *contest) (sample, error) { return c.flow(1, 2*time.Second) })
	if err != nil {
		return err
	}
	s.add(o.cpuRow(fmt.Sprintf("1 room x %d, one message in flight: CPU per delivery", n), 1.25))
	l.endAll()

	if d, err = l.duel(1, n, false, "coalesce"); err != nil {
		return err
	}
	if o, err = d.pairs(l, "flat", func(c *contest) (sample, error) { return c.flow(16, 3*time.Second) }); err != nil {
		return err
	}
	s.add(o.cpuRow(fmt.Sprintf("1 room x %d, flat out, durable: CPU per delivery, against coalescing", n), 1.25))
	s.add(row{
		Figure: "the same: CPU and deliveries a second", Value: fmt.Sprintf("%s µs, %s /s", o.ours, o.rate), Aim: "≤ 0.8 µs, ≥ 1 M/s on a quiet machine",
		Reached: reached(o.ours.median() <= .8 && o.rate.median() >= 1e6), Notes: fmt.Sprintf("%s messages per write", o.write), Other: o.other.median(), Steal: o.steal.median(),
	})
	return nil
}

func rooms(l *lab, s *sheet) error {
	n := l.scaled(1000)
	d, err := l.duel(n, 10, false)
	if err != nil {
		return err
	}
	o, err := d.pairs(l, "rooms", func(c *contest) (sample, error) { return c.flow(n, 2*time.Second) })
	if err != nil {
		return err
	}
	s.add(o.cpuRow(fmt.Sprintf("%d rooms x 10, flat out, durable: CPU per delivery", n), 1.4))
	return nil
}
