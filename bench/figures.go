package main

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"

	"github.com/roomful/roomful/bench/machine"
)

// figure is one thing to measure.
type figure struct {
	name  string
	about string
	run   func(l *lab, s *sheet) error
}

// figures are all, in the order of "all".
func figures() []figure {
	return []figure{
		{"fanout", "one room of 10,000: CPU per delivery, one in flight and flat out", fanout},
		{"rooms", "1,000 rooms of 10: CPU per delivery", rooms},
		{"latency", "10 messages/s to 10,000: from publishing to the clients", latency},
		{"stall", "100 of 10,000 clients stop reading", stall},
		{"named", "an update to one member; many `only` sets", named},
		{"handshakes", "connections a second", handshakes},
		{"reconnect", "10,000 come back at once", reconnect},
		{"commands", "durable commands, in process and through WebSockets", commands},
		{"wake", "loading a room of 500 updates", wake},
		{"hearts", "taps in one room with 1,000 watching", hearts},
		{"million", "1,000,000 rooms that exist", million},
		{"bytes", "bytes on the wire", wireBytes},
		{"idle", "memory of an idle connection: WebSocket, SSE", idle},
		{"tls", "memory of an idle connection over TLS", idleTLS},
	}
}

func chosen(args []string) (list []figure, err error) {
	all := figures()
	for _, a := range args {
		found := false
		for _, f := range all {
			if a == f.name || a == "all" {
				list, found = append(list, f), true
			}
		}
		if !found {
			err = fmt.Errorf("there is no figure %q", a)
		}
	}
	if len(list) == 0 || err != nil {
		for _, f := range all {
			fmt.Printf("  %-12s %s\n", f.name, f.about)
		}
	}
	return list, err
}

// measure runs figures and writes the table after each. One that fails does not
// keep the others from being measured.
func measure(l *lab, list []figure) error {
	s := &sheet{Machine: machine.Facts(), Go: runtime.Version(), Commit: commit()}
	var failed error
	for _, f := range list {
		if err := f.run(l, s); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", f.name, err))
		}
		for i := range s.Rows {
			if s.Rows[i].Repeat == "" {
				s.Rows[i].Repeat = l.repeat(f.name)
			}
		}
		if l.out != "" {
			if err := s.write(l.out); err != nil {
				return err
			}
		}
		l.endAll()
	}
	return failed
}

// repeat is the command that measures a figure again as it was.
func (o *options) repeat(name string) string {
	text := "go run ./bench "
	if o.pairs != 5 {
		text += fmt.Sprintf("-pairs %d ", o.pairs)
	}
	if o.scale != 1 {
		text += fmt.Sprintf("-scale %v ", o.scale)
	}
	return text + name
}

func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
