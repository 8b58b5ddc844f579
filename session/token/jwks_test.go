package token

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/roomful/roomful/room"
)

// site is what answers for the JWKS URL; it is the client's transport.
type site struct {
	mu     sync.Mutex
	status int
	body   []byte
	asked  atomic.Int32
	hold   chan struct{} // if set, answers wait for it
}

func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return &http.Response{StatusCode: s.status, Status: http.StatusText(s.status), Body: io.NopCloser(bytes.NewReader(s.body))}, nil
}

func (s *site) serve(status int, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, body
}

// remoteVerifier has a clock that moves only with *at.
func remoteVerifier(t *testing.T, s *site, at *time.Time) *Verifier {
	t.Helper()
	return newVerifier(t, Options{
		JWKSURL: "https://keys.example/jwks", Client: &http.Client{Transport: s}, Now: func() time.Time { return *at },
	})
}

func long(exp time.Duration) jwt.Claims {
	return claims(map[string]any{"exp": now.Add(exp).Unix()})
}

func TestUnknownKeyIsFetched(t *testing.T) {
	at := now
	s := &site{status: 200, body: setOf(jwkOf(t, "a", edPublic))}
	v := remoteVerifier(t, s, &at)
	first := sign(t, jwt.SigningMethodEdDSA, edPrivate, "a", long(time.Hour))
	for range 5 {
		accepted(t, v, "first key", first)
	}
	if n := s.asked.Load(); n != 1 {
		t.Fatalf("asked %d times for one key", n)
	}

	s.serve(200, setOf(jwkOf(t, "a", edPublic), jwkOf(t, "b", &ecKey.PublicKey)))
	at = at.Add(betweenFetches)
	accepted(t, v, "a key added since", sign(t, jwt.SigningMethodES256, ecKey, "b", long(time.Hour)))
	if n := s.asked.Load(); n != 2 {
		t.Fatalf("asked %d times, want 2", n)
	}
}

func TestMadeUpKeysAskSeldom(t *testing.T) {
	at := now
	s := &site{status: 200, body: setOf(jwkOf(t, "a", edPublic))}
	v := remoteVerifier(t, s, &at)
	for range 100 {
		refused(t, v, "made-up kid", sign(t, jwt.SigningMethodEdDSA, edOtherKey, "x", long(time.Hour)))
		refused(t, v, "no kid", sign(t, jwt.SigningMethodEdDSA, edOtherKey, "", long(time.Hour)))
		refused(t, v, "HS256", sign(t, jwt.SigningMethodHS256, []byte(edPublic), "x", long(time.Hour)))
		refused(t, v, "garbage", "a.b.c")
		at = at.Add(time.Second)
	}
	if n := s.asked.Load(); n > 11 {
		t.Fatalf("asked %d times in 100 s, want once in %v", n, betweenFetches)
	}
}

func TestRemovedKeyStopsWorking(t *testing.T) {
	at := now
	s := &site{status: 200, body: setOf(jwkOf(t, "a", edPublic))}
	v := remoteVerifier(t, s, &at)
	text := sign(t, jwt.SigningMethodEdDSA, edPrivate, "a", long(48*time.Hour))
	accepted(t, v, "before", text)
	s.serve(200, setOf(jwkOf(t, "b", edOther)))
	at = at.Add(refreshAfter)
	refused(t, v, "after", text)
}

func TestSetOutlivesAnOutageForADay(t *testing.T) {
	at := now
	s := &site{status: 200, body: setOf(jwkOf(t, "a", edPublic))}
	v := remoteVerifier(t, s, &at)
	text := sign(t, jwt.SigningMethodEdDSA, edPrivate, "a", long(48*time.Hour))
	accepted(t, v, "before", text)
	s.serve(500, nil)
	at = at.Add(staleAfter - time.Second)
	accepted(t, v, "within a day", text)
	at = at.Add(time.Second)
	_, err := v.Verify(t.Context(), text)
	if room.CodeOf(err) != room.Unavailable {
		t.Fatalf("after a day: %v, want unavailable", err)
	}
}

func TestKeysThatCannotBeFetched(t *testing.T) {
	text := sign(t, jwt.SigningMethodEdDSA, edPrivate, "a", long(time.Hour))
	for what, s := range map[string]*site{
		"an error":       {status: 503, body: setOf(jwkOf(t, "a", edPublic))},
		"a page":         {status: 200, body: []byte("<html>")},
		"no set":         {status: 200, body: jwkOf(t, "a", edPublic)},
		"an endless set": {status: 200, body: append(setOf(jwkOf(t, "a", edPublic)), bytes.Repeat([]byte(" "), maxSetBytes)...)},
	} {
		at := now
		v := remoteVerifier(t, s, &at)
		var e *room.Error
		if _, err := v.Verify(t.Context(), text); !errors.As(err, &e) || e.Code != room.Unavailable || e.RetryAfter != betweenFetches {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A public set may name a symmetric key; it must never verify anything. Keys
// of other kinds stand beside ours and are passed over.
func TestSetFromElsewhereGivesNoSecrets(t *testing.T) {
	at := now
	s := &site{status: 200, body: setOf(jwkOf(t, "s", []byte(secret)), []byte(`{"kty":"new"}`), jwkOf(t, "p", edPrivate), jwkOf(t, "a", edPublic))}
	v := remoteVerifier(t, s, &at)
	accepted(t, v, "the Ed25519 key", sign(t, jwt.SigningMethodEdDSA, edPrivate, "a", long(time.Hour)))
	refused(t, v, "the symmetric key", sign(t, jwt.SigningMethodHS256, []byte(secret), "s", long(time.Hour)))
}

func TestOneFetchForACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := now
		s := &site{status: 200, body: setOf(jwkOf(t, "a", edPublic)), hold: make(chan struct{})}
		v := remoteVerifier(t, s, &at)
		text := sign(t, jwt.SigningMethodEdDSA, edPrivate, "a", long(time.Hour))
		leaver, leave := context.WithCancel(t.Context())
		go func() { _, _ = v.Verify(leaver, text) }()
		synctest.Wait()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { accepted(t, v, "one of a crowd", text) })
		}
		synctest.Wait()
		leave() // the one who fetches for all
		synctest.Wait()
		close(s.hold)
		wg.Wait()
		if n := s.asked.Load(); n != 1 {
			t.Fatalf("asked %d times for a crowd", n)
		}
	})
}

func TestFetchHasATimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := now
		s := &site{hold: make(chan struct{})}
		v := remoteVerifier(t, s, &at)
		start := time.Now()
		_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, edPrivate, "a", long(time.Hour)))
		if room.CodeOf(err) != room.Unavailable || time.Since(start) != fetchTimeout {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
	})
}
