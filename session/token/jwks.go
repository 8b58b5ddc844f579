package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	maxSetBytes  = 256 << 10
	fetchTimeout = 5 * time.Second

	// refreshAfter is how old a set may get before it is fetched again, so
	// that a key that was taken out stops working.
	refreshAfter = 10 * time.Minute
	// betweenFetches bounds what strangers with made-up kids can have us ask.
	betweenFetches = 10 * time.Second
	// staleAfter ends the use of a set that cannot be fetched any more.
	staleAfter = 24 * time.Hour
)

// remote is the JWKS at a URL, cached. It may be used by many goroutines at
// once: one fetches, those that cannot do without wait for it.
type remote struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex // guards all below; never held while fetching
	keys    []key
	fetched time.Time     // last success
	tried   time.Time     // last attempt
	busy    chan struct{} // closed when the fetch under way ends, nil if there is none
	err     error         // of the last attempt
}

// cached returns the keys, fetched again if they are old. An old set is used
// when that fails, until it is stale; the error is for when there is none.
func (r *remote) cached(ctx context.Context) ([]key, error) {
	r.mu.Lock()
	age := r.now().Sub(r.fetched)
	usable := !r.fetched.IsZero() && age < staleAfter
	fetching := r.busy != nil
	r.mu.Unlock()
	if !usable || age >= refreshAfter && !fetching {
		r.refresh(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fetched.IsZero() || r.now().Sub(r.fetched) >= staleAfter {
		return nil, fmt.Errorf("keys of %s: %w", r.url, r.err)
	}
	return r.keys, nil
}

// refresh fetches the set unless that was tried just now, or waits for the
// fetch under way.
func (r *remote) refresh(ctx context.Context) {
	r.mu.Lock()
	if busy := r.busy; busy != nil {
		r.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
		}
		return
	}
	now := r.now()
	if !r.tried.IsZero() && now.Sub(r.tried) < betweenFetches {
		r.mu.Unlock()
		return
	}
	busy := make(chan struct{})
	r.busy, r.tried = busy, now
	r.mu.Unlock()

	keys, err := r.fetch(ctx)

	r.mu.Lock()
	r.busy, r.err = nil, err
	if err == nil {
		r.keys, r.fetched = keys, r.now()
	}
	r.mu.Unlock()
	close(busy)
}

// fetch goes on when the caller has left: others wait for it, and nobody may
// try again for a while.
func (r *remote) fetch(ctx context.Context) ([]key, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %s", res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxSetBytes+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxSetBytes {
		return nil, errors.New("answered with more than a set of keys")
	}
	return parseSet(body)
}
