package netloop

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// dial is the reference client.
func dial(t *testing.T, s *httptest.Server, deflate bool) *websocket.Conn {
	t.Helper()
	opts := &websocket.DialOptions{HTTPClient: s.Client()}
	if deflate {
		opts.CompressionMode = websocket.CompressionNoContextTakeover
		opts.CompressionThreshold = 1
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, s.URL, opts)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body != nil {
		resp.Body.Close()
	}
	t.Cleanup(func() { c.CloseNow() })
	c.SetReadLimit(1 << 20)
	return c
}

func TestReferenceClientIsEchoed(t *testing.T) {
	starts := map[string]func(*httptest.Server){
		"plain":  (*httptest.Server).Start,
		"tls1.3": (*httptest.Server).StartTLS,
		"tls1.2": func(s *httptest.Server) {
			s.TLS = &tls.Config{MaxVersion: tls.VersionTLS12}
			s.StartTLS()
		},
	}
	for name, start := range starts {
		for _, deflate := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/deflate=%t", name, deflate), func(t *testing.T) {
				onBothPaths(t, func(t *testing.T, opts Options) {
					echo := newEcho()
					s := serveWebSockets(t, startGroup(t, opts), deflate, func() Handler { return echo })
					start(s)
					checkEcho(t, dial(t, s, deflate), echo)
				})
			})
		}
	}
}

func checkEcho(t *testing.T, c *websocket.Conn, echo *recorder) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, size := range []int{0, 1, 125, 126, 4096, 65535, 65536} {
		sent := strings.Repeat("é", size/2) + strings.Repeat("x", size%2)
		if err := c.Write(ctx, websocket.MessageText, []byte(sent)); err != nil {
			t.Fatal(err)
		}
		_, got, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != sent {
			t.Fatalf("%d bytes came back as %d others", len(sent), len(got))
		}
	}
	go c.Read(ctx) // Ping needs a reader
	if err := c.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Fatal(err)
	}
	end := receive(t, "Closed", echo.closed)
	if end.Cause != ByPeer || end.Code != 1000 || end.Reason != "bye" {
		t.Errorf("closed with %v", end)
	}
}

// TestForeignTLSIsServed: a *tls.Conn that did not come through Listen works,
// by goroutines.
func TestForeignTLSIsServed(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		echo := newEcho()
		g := startGroup(t, opts)
		s := httptest.NewTLSServer(http.HandlerFunc(upgrade(t, g, false, func() Handler { return echo })))
		t.Cleanup(s.Close)
		checkEcho(t, dial(t, s, false), echo)
	})
}
