package netloop

import "time"

// bell is the poller of the portable path: its connections' goroutines post what
// they read, so there is nothing to poll.
type bell struct {
	rung  chan struct{} // holds one ring
	timer *time.Timer
}

func newBell() *bell {
	return &bell{rung: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
}

func (b *bell) wait(l *Loop, until time.Duration) error {
	if !l.inbox.fallAsleep() {
		return nil
	}
	defer l.inbox.asleep.Store(false)
	if until < 0 {
		<-b.rung
		return nil
	}
	b.timer.Reset(until - time.Since(l.group.start))
	select {
	case <-b.rung:
	case <-b.timer.C:
	}
	return nil
}

func (b *bell) wake() {
	select {
	case b.rung <- struct{}{}:
	default:
	}
}

func (b *bell) serve(*Loop) {}
func (b *bell) close()      { b.timer.Stop() }
