package fanout

import "sync/atomic"

// counter is a count that loops add to once per pass, not once per delivery.
type counter struct{ n atomic.Uint64 }

func (c *counter) add(n int) { c.n.Add(uint64(n)) }

// Load returns the count.
func (c *counter) Load() uint64 { return c.n.Load() }
