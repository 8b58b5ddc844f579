package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/roomful/roomful/backend/pebble"
	"github.com/roomful/roomful/config"
	"github.com/roomful/roomful/media"
	"github.com/roomful/roomful/netloop"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/server"
	"github.com/roomful/roomful/session"
	"github.com/roomful/roomful/session/address"
	"github.com/roomful/roomful/session/token"
	"github.com/roomful/roomful/transport"
)

// drainBudget is how long an orderly stop may take; supervisors usually wait
// 30 s before they kill.
const drainBudget = 20 * time.Second

// serve runs the server until ctx ends, then stops in the reverse order of
// its start.
func serve(ctx context.Context, cfg *config.Config) error {
	log := newLogger(cfg)
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)

	journal, err := pebble.Open(filepath.Join(cfg.Data, "journal"), pebble.Options{
		FreeFloorBytes: uint64(cfg.FreeDiskFloor),
		Logger:         log,
		Fatal:          func(err error) { fail(fmt.Errorf("the journal can not write any more: %w", err)) },
	})
	if err != nil {
		return err
	}
	defer journal.Close()

	kinds := kinds(cfg)
	rooms, err := node.New(node.Options{Kinds: kinds, Journal: journal, Idle: cfg.Idle, Logger: log})
	if err != nil {
		return err
	}
	sockets, err := netloop.New(netloop.Options{
		Loops: cfg.Loops, Portable: cfg.PortableSockets, MaxMessageBytes: int(cfg.MaxMessage), Logger: log,
	})
	if err != nil {
		return err
	}
	tokens, err := newVerifier(cfg)
	if err != nil {
		return err
	}
	registry := session.NewRegistry(session.Options{
		Node: rooms, Sockets: sockets, Tokens: tokens, Keys: token.NewAPIKeys(cfg.APIKeys),
		AddressJoins: cfg.AddressJoins, AddressConnections: cfg.AddressConnections,
		MaxConnections: cfg.MaxConnections, Logger: log,
	}, kinds)
	finder := address.NewFinder(cfg.TrustedProxies)
	doors := transport.New(transport.Options{
		Registry: registry, Sockets: sockets,
		Address:   func(r *http.Request) string { return address.Key(finder.Of(r)) },
		PublicURL: cfg.PublicURL, AllowedOrigins: cfg.AllowedOrigins,
		MaxBody: int64(cfg.MaxMessage), Logger: log,
	})
	store, err := media.OpenStore(filepath.Join(cfg.Data, "media"), journal.Full)
	if err != nil {
		return err
	}
	defer store.Close()
	front, err := server.New(server.Options{
		Node: rooms, Registry: registry, Doors: doors,
		Photos: server.Photos{
			Preparer: media.NewPreparer(media.Options{MaxBytes: int64(cfg.PhotoMax), Spool: store.Spool(), Full: journal.Full}),
			Store:    store,
		},
		Metrics: server.NewMetrics(rooms, sockets, registry), PublicURL: cfg.PublicURL, Logger: log,
	})
	if err != nil {
		return err
	}
	// Sockets have their own signs of life (netloop), requests their timeouts:
	// without keep-alives a handshake has four system calls less.
	quiet := net.ListenConfig{KeepAlive: -1}
	listener, err := quiet.Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return err
	}

	httpServer := &http.Server{
		Handler:           front,
		ReadHeaderTimeout: 10 * time.Second, // a header that drips holds a goroutine
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	running, halt := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	work.Go(func() { rooms.Run(running) })
	work.Go(func() {
		if err := accept(cfg, httpServer, listener); !errors.Is(err, http.ErrServerClosed) {
			fail(fmt.Errorf("serve: %w", err))
		}
	})
	front.SetReady(true)
	log.Info("serving", "addr", listener.Addr().String(), "data", cfg.Data)

	<-ctx.Done()
	log.Info("stopping")
	budget, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainBudget)
	defer cancel()
	front.SetReady(false)
	registry.Drain(cfg.DrainWindow)
	stopped := errors.Join(sockets.Close(budget), httpServer.Shutdown(budget))
	halt()
	work.Wait()
	stopped = errors.Join(stopped, rooms.Close(budget))
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return stopped
}

func newLogger(cfg *config.Config) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, opts))
}

// newVerifier reads the keys of integrators' tokens.
func newVerifier(cfg *config.Config) (*token.Verifier, error) {
	files := make(map[string][]byte, len(cfg.TokenKeys))
	for _, path := range cfg.TokenKeys {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read token key: %w", err)
		}
		files[path] = data
	}
	return token.New(token.Options{
		Secrets: cfg.TokenHMACSecrets, KeyFiles: files, JWKSURL: cfg.JWKSURL, Audience: cfg.TokenAudience,
		Client: &http.Client{Timeout: 5 * time.Second},
	})
}

// accept serves until the server is shut down, with TLS if there is a
// certificate.
func accept(cfg *config.Config, s *http.Server, l net.Listener) error {
	if cfg.TLSCert == "" {
		return s.Serve(l)
	}
	s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	return s.ServeTLS(netloop.Listen(l), cfg.TLSCert, cfg.TLSKey)
}
