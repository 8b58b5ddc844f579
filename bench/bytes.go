package main

import (
	"fmt"
	"time"

	"github.com/roomful/roomful/bench/load"
)

// wireBytes counts what a client's line carries.
func wireBytes(l *lab, s *sheet) error {
	h, err := l.serve("")
	if err != nil {
		return err
	}
	c, err := l.crowd(1)
	if err != nil {
		return err
	}
	for _, t := range []struct {
		what, protocol string
		deflate        bool
	}{{"WebSocket", "ws", false}, {"WebSocket, deflated", "ws", true}, {"SSE", "sse", false}} {
		var sizes []string
		for i, size := range []int{128, 1000} {
			for j, together := range []int{1, 10} {
				room := fmt.Sprintf("channel/%s%t%d%d", t.protocol, t.deflate, i, j)
				m, err := h.messages(room, 1, size)
				if err != nil {
					return err
				}
				if err := m.begin(); err != nil {
					return err
				}
				d := load.Dial{Addr: h.addr, Protocol: t.protocol, Room: room, Parallel: 10, Goal: "joined", Deflate: t.deflate, Strict: true}
				if _, err := c.dial(0, d, 10); err != nil {
					return err
				}
				for range 20 {
					if err := m.publish(together); err != nil {
						return err
					}
					time.Sleep(30 * time.Millisecond)
				}
				if _, err := m.settle(); err != nil {
					return err
				}
				time.Sleep(100 * time.Millisecond)
				r, err := c.count(0)
				if err != nil {
					return err
				}
				sizes = append(sizes, fmt.Sprintf("%d B, %.1f a frame: %.0f", size, float64(r.Delivered)/float64(r.Frames), float64(r.Bytes)/float64(r.Delivered)))
				if i+j < 2 {
					if _, err := c.order(load.Order{Do: "drop"}); err != nil {
						return err
					}
				}
			}
		}
		const watch = 52 * time.Second // two pings
		time.Sleep(watch)
		r, err := c.count(0)
		if err != nil {
			return err
		}
		s.add(row{
			Figure: "bytes on the wire, " + t.what, Value: fmt.Sprint(sizes), Aim: "told",
			Notes: fmt.Sprintf("Bytes of the stream to the client for each update of so many bytes of JSON (random letters, the same in each). Idle: %.0f bytes an hour down, and as many pongs up; TCP and IP heads not in it.",
				float64(r.Bytes)/float64(max(r.Conns, 1))*float64(time.Hour)/float64(watch)),
		})
		if _, err := c.order(load.Order{Do: "drop"}); err != nil {
			return err
		}
	}
	return nil
}
