package machine

import (
	"os"
	"time"
)

// Meter measures an interval: what chosen processes spent, and what everybody
// else did.
type Meter struct {
	pids   []int
	began  time.Time
	cpu    []time.Duration
	own    time.Duration
	busy   time.Duration
	stolen time.Duration
}

// Spent is what a Meter saw.
type Spent struct {
	Wall  time.Duration
	CPU   []time.Duration // of each process
	Own   time.Duration   // of this process
	Other float64         // cores that processes other than ours kept busy
	Steal float64         // cores that the host took
}

// Start begins an interval. The calling process is one of ours without being
// named.
func Start(pids ...int) *Meter {
	m := &Meter{pids: pids, began: time.Now()}
	for _, pid := range pids {
		m.cpu = append(m.cpu, CPU(pid))
	}
	m.own = CPU(os.Getpid())
	m.busy, m.stolen = Busy()
	return m
}

// Stop ends it.
func (m *Meter) Stop() Spent {
	s := Spent{Wall: time.Since(m.began)}
	s.Own = CPU(os.Getpid()) - m.own
	ours := s.Own
	for i, pid := range m.pids {
		d := CPU(pid) - m.cpu[i]
		s.CPU = append(s.CPU, d)
		ours += d
	}
	busy, stolen := Busy()
	s.Other = max(0, float64(busy-m.busy-ours)/float64(s.Wall))
	s.Steal = float64(stolen-m.stolen) / float64(s.Wall)
	return s
}
