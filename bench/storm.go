package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/roomful/roomful/bench/load"
	"github.com/roomful/roomful/bench/machine"
)

// empty waits until the server has no connections but so many.
func (h *house) empty(left float64) error {
	for began := time.Now(); h.metric("roomful_connections") > left; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			return fmt.Errorf("%v connections stay", h.metric("roomful_connections"))
		}
	}
	return nil
}

// handshakes measures how fast connections come.
func handshakes(l *lab, s *sheet) error {
	n := l.scaled(10_000)
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
	for range 3 {
		if err := m.begin(); err != nil {
			return err
		}
	}
	for _, t := range []struct {
		goal, what string
		aim        float64
	}{{"open", "up to the 101", 10_000}, {"joined", "up to the first view of a joined room", 6000}} {
		var rate, cpu, p99, other series
		for i := range l.pairs {
			d := load.Dial{Addr: h.addr, Protocol: "ws", Room: "channel/b0", Parallel: 200, Goal: t.goal}
			var r load.Report
			var spent machine.Spent
			one := func() (err error) {
				meter := machine.Start(append([]int{h.pid()}, c.pids()...)...)
				r, err = c.dial(0, d, n)
				spent = meter.Stop()
				return err
			}
			if i == 1 {
				err = h.profiled("handshakes-"+t.goal, one)
			} else {
				err = one()
			}
			if err != nil {
				return err
			}
			rate, other = append(rate, float64(n)/r.Took.Seconds()), append(other, spent.Other)
			cpu, p99 = append(cpu, float64(spent.CPU[0].Microseconds())/float64(n)), append(p99, ms(r.Latency.Quantile(.99)))
			if _, err := c.order(load.Order{Do: "drop"}); err != nil {
				return err
			}
			if err := h.empty(1); err != nil {
				return err
			}
		}
		s.add(row{
			Figure: fmt.Sprintf("handshakes, 200 at a time, %s", t.what), Value: rate.String() + " /s", Aim: "≥ " + short(t.aim) + " /s",
			Reached: reached(rate.median() >= t.aim), Other: other.median(),
			Notes: fmt.Sprintf("%d connections; server's CPU %s µs each, p99 %s ms; clients share the cores.", n, cpu, p99),
		})
	}
	return nil
}

// reconnect has everybody come back at once.
func reconnect(l *lab, s *sheet) error {
	if err := l.behind(s); err != nil {
		return err
	}
	l.endAll()
	return l.views(s)
}

// behind is 10,000 who missed 200 updates.
func (l *lab) behind(s *sheet) error {
	n := l.scaled(10_000)
	h, err := l.serve("")
	if err != nil {
		return err
	}
	c, err := l.crowd(2)
	if err != nil {
		return err
	}
	m, err := h.messages("channel/b%d", 1, 200)
	if err != nil {
		return err
	}
	if err := m.begin(); err != nil {
		return err
	}
	d := load.Dial{Addr: h.addr, Protocol: "ws", Room: "channel/b0", Parallel: 200, Goal: "joined", Strict: true}
	if _, err := c.dial(0, d, n); err != nil {
		return err
	}
	head := uint64(1)
	for _, t := range []struct {
		what    string
		restart syscall.Signal
	}{{"", 0}, {", right after a restart", syscall.SIGTERM}, {", right after kill -9", syscall.SIGKILL}} {
		var took, other series
		for i := range max(1, l.pairs*3/5) {
			if _, err := c.order(load.Order{Do: "drop"}); err != nil {
				return err
			}
			if err := m.missed(200); err != nil {
				return err
			}
			head += 200
			if t.restart != 0 {
				h.stop(t.restart)
				if h, err = l.serve(h.data); err != nil {
					return err
				}
				if m, err = h.messages("channel/b%d", 1, 200); err != nil {
					return err
				}
			}
			d.Resume, d.Goal, d.Until, d.Addr = true, "seq", head, h.addr
			var r load.Report
			one := func() (err error) { r, err = c.dial(0, d, n); return err }
			meter := machine.Start(append([]int{h.pid()}, c.pids()...)...)
			if i == 0 && t.restart == 0 {
				err = h.profiled("reconnect", one)
			} else {
				err = one()
			}
			if err != nil {
				return err
			}
			other = append(other, meter.Stop().Other)
			if r.Missing+r.Doubled+r.Lost+r.Views > 0 || r.Delivered != 200*n {
				return fmt.Errorf("%d told of %d, %d missing, %d twice, %d lost, %d got a view", r.Delivered, 200*n, r.Missing, r.Doubled, r.Lost, r.Views)
			}
			took = append(took, r.Took.Seconds())
		}
		s.add(row{
			Figure: fmt.Sprintf("%d reconnect, 200 updates behind%s", n, t.what), Value: took.String() + " s", Aim: "≤ 3 s",
			Reached: reached(took.median() <= 3), Other: other.median(), Notes: "200-byte data, 200 handshakes at a time; every connection got each of the 200 once, none a view.",
		})
	}
	return nil
}

// missed publishes while nobody listens.
func (m *messages) missed(n int) error {
	for range n {
		if err := m.publish(1); err != nil {
			return err
		}
	}
	_, err := m.settle()
	return err
}

// party is an event with members.
type party struct {
	room   string
	token  string   // the owner's
	tokens []string // the members'
}

// party opens an event and has n members join it, one of so many a moderator,
// 0 for none.
func (h *house) party(n, staff int) (*party, error) {
	var o struct{ Room, Token string }
	if err := h.post("/v1/events", apiKey, `{"name":"Bench","preset":"house-party"}`, &o); err != nil {
		return nil, err
	}
	w, err := h.dial(apiKey)
	if err != nil {
		return nil, err
	}
	defer w.conn.Close()
	p := &party{room: o.Room, token: o.Token}
	for i := range n {
		member, secret, role := fmt.Sprintf("m_%d", i), fmt.Sprintf("secret-%d", i), "guest"
		if staff > 0 && i%staff == 0 {
			role = "moderator"
		}
		w.send(o.Room, "people.join", fmt.Sprintf(`{"member":"%s","name":"Guest %d","role":"%s","proof":"%x"}`, member, i, role, sha256.Sum256([]byte(secret))))
		p.tokens = append(p.tokens, "rfm."+o.Room+"."+member+"."+secret)
		if i%200 == 199 || i == n-1 {
			if err := w.flush(); err != nil {
				return nil, err
			}
			if err := w.settle(); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

func (h *house) post(path, token, body string, into any) error {
	r, err := http.NewRequest("POST", "http://"+h.addr+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err == nil && a.StatusCode >= 300 {
		err = fmt.Errorf("POST %s: %s", path, b)
	}
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// tokenFile writes the members' tokens for the clients.
func (l *lab) tokenFile(p *party) (string, error) {
	name := filepath.Join(l.dir, "tokens")
	return name, os.WriteFile(name, []byte(strings.Join(p.tokens, "\n")), 0o600)
}

// views is 10,000 members who each need a view of 50 kB.
func (l *lab) views(s *sheet) error {
	n := l.scaled(10_000)
	h, err := l.serve("")
	if err != nil {
		return err
	}
	p, err := h.party(n, 10)
	if err != nil {
		return err
	}
	post := `{"type":"feed.post","data":{"text":"` + strings.Repeat("🎉", 499) + `"}}`
	for range 30 {
		if err := h.post("/v1/rooms/"+p.room, p.token, post, nil); err != nil {
			return err
		}
	}
	file, err := l.tokenFile(p)
	if err != nil {
		return err
	}
	c, err := l.crowd(2)
	if err != nil {
		return err
	}
	d := load.Dial{Addr: h.addr, Protocol: "ws", Room: p.room, Parallel: 200, Goal: "joined", Tokens: []string{file}}
	var took, size, other series
	for i := range l.pairs {
		var r load.Report
		one := func() (err error) { r, err = c.dial(0, d, n); return err }
		meter := machine.Start(append([]int{h.pid()}, c.pids()...)...)
		if i == 1 {
			err = h.profiled("views", one)
		} else {
			err = one()
		}
		if err != nil {
			return err
		}
		other = append(other, meter.Stop().Other)
		if r.Views != n || r.Lost > 0 {
			return fmt.Errorf("%d views to %d, %d lost", r.Views, n, r.Lost)
		}
		took, size = append(took, r.Took.Seconds()), append(size, float64(r.Bytes)/float64(n))
		if _, err := c.order(load.Order{Do: "drop"}); err != nil {
			return err
		}
		if err := h.empty(0); err != nil {
			return err
		}
	}
	s.add(row{
		Figure: fmt.Sprintf("%d reconnect, all need a view", n), Value: took.String() + " s", Aim: "≤ 5 s", Reached: reached(took.median() <= 5), Other: other.median(),
		Notes: fmt.Sprintf("%s bytes each; a tenth are staff and see another view, each has a part of its own (mine); 200 handshakes at a time.", size),
	})
	return nil
}
