package server

import (
	"io"
	"net/http"
	"time"
)

// bodyTimeout is how long a body of 64 KiB may take to arrive: one that drips
// holds a goroutine.
const bodyTimeout = 10 * time.Second

// body is a request's, which may be slow but has to go on, and to end.
type body struct {
	io.ReadCloser
	conn  *http.ResponseController
	stall time.Duration
	end   time.Time
}

// allow sets how long it may stall, and how long it may take from now.
func (b *body) allow(stall, whole time.Duration) {
	b.stall, b.end = stall, time.Now().Add(whole)
	b.bound()
}

func (b *body) bound() {
	next := time.Now().Add(b.stall)
	if next.After(b.end) {
		next = b.end
	}
	b.conn.SetReadDeadline(next)
}

func (b *body) Read(p []byte) (int, error) {
	b.bound()
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF { // anything else leaves the bound: what is left is not waited for
		b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}
