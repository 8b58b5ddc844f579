package netloop

import "time"

// alarm is one entry of a loop's timed wake-up list.
type alarm struct {
	at   time.Duration // on the loop's clock
	seq  uint64        // keeps alarms of one moment in the order they were set
	task Task
}

func (a alarm) before(b alarm) bool {
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

// alarms is a binary heap with the soonest first.
type alarms struct {
	heap []alarm
	seq  uint64
}

func (a *alarms) push(at time.Duration, t Task) {
	a.seq++
	a.heap = append(a.heap, alarm{at, a.seq, t})
	for i := len(a.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !a.heap[i].before(a.heap[up]) {
			return
		}
		a.heap[i], a.heap[up] = a.heap[up], a.heap[i]
		i = up
	}
}

// due is when the soonest alarm comes, or negative.
func (a *alarms) due() time.Duration {
	if len(a.heap) == 0 {
		return -1
	}
	return a.heap[0].at
}

// pop returns the soonest task if it is due.
func (a *alarms) pop(now time.Duration) (Task, bool) {
	if len(a.heap) == 0 || a.heap[0].at > now {
		return nil, false
	}
	t := a.heap[0].task
	last := len(a.heap) - 1
	a.heap[0] = a.heap[last]
	a.heap[last] = alarm{}
	a.heap = a.heap[:last]
	a.sink()
	return t, true
}

func (a *alarms) sink() {
	for i := 0; ; {
		least := i
		for _, down := range [...]int{2*i + 1, 2*i + 2} {
			if down < len(a.heap) && a.heap[down].before(a.heap[least]) {
				least = down
			}
		}
		if least == i {
			return
		}
		a.heap[i], a.heap[least] = a.heap[least], a.heap[i]
		i = least
	}
}
