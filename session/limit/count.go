package limit

import "sync"

// Count bounds how many of something a key has at once: the connections of an
// address. It remembers only keys that have any. It may be used by many
// goroutines at once. The zero Count is ready.
type Count struct {
	mu  sync.Mutex
	has map[string]int // guarded by mu; never 0
}

// Enter adds one to key and reports whether it may: not beyond most. 0 is no
// limit, but is counted all the same.
func (c *Count) Enter(key string, most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.has[key]
	if most > 0 && n >= most {
		return false
	}
	if c.has == nil {
		c.has = make(map[string]int)
	}
	c.has[key] = n + 1
	return true
}

// Leave takes back one Enter that returned true.
func (c *Count) Leave(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.has[key] <= 1 {
		delete(c.has, key)
		return
	}
	c.has[key]--
}

// Of is how many key has.
func (c *Count) Of(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.has[key]
}
