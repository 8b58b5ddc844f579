package server

import (
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/session"
	"github.com/roomful/roomful/transport"
	"github.com/roomful/roomful/web"
)

// Options configure a Server. Doors, Registry and Node are required.
type Options struct {
	Node      *node.Node
	Registry  *session.Registry
	Doors     *transport.Doors
	Photos    Photos
	Metrics   prometheus.Gatherer
	PublicURL string                   // "https://party.example"; "" means the Host of each request
	Secure    func(*http.Request) bool // whether the browser speaks TLS; nil: r.TLS
	Logger    *slog.Logger
}

// Server answers everything on the public address.
type Server struct {
	opts  Options
	log   *slog.Logger
	app   *web.App
	mux   *http.ServeMux
	ready atomic.Bool
}

// New makes a Server; it is not ready until SetReady.
func New(opts Options) (*Server, error) {
	app, err := web.New()
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, log: opts.Logger, app: app, mux: http.NewServeMux()}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.routes()
	return s, nil
}

func (s *Server) routes() {
	m := s.mux
	m.Handle("/v1/rooms/", s.opts.Doors)
	m.Handle("/v1/live", s.opts.Doors)
	m.HandleFunc("POST /v1/events", s.postEvents)
	m.HandleFunc("POST /v1/events/{code}/join", s.postJoin)
	m.HandleFunc("POST /v1/rooms/event/{code}/photos", s.postPhoto)
	m.HandleFunc("GET /media/event/{code}/{photo}/{size}", s.getPhoto)

	m.HandleFunc("GET /{$}", s.createPage)
	m.HandleFunc("POST /{$}", s.createForm)
	m.HandleFunc("GET /e/{code}", s.eventPage)
	m.HandleFunc("GET /e/{code}/host", s.hostPage)
	m.HandleFunc("POST /e/{code}/join", s.joinForm)
	m.HandleFunc("GET /t/{id}", s.talkPage)
	m.Handle("GET /assets/", s.app)
	m.HandleFunc("/", s.lostPage)

	m.HandleFunc("GET /healthz", s.healthz)
	m.HandleFunc("GET /readyz", s.readyz)
	if s.opts.Metrics != nil {
		m.Handle("GET /metrics", metricsHandler(s.opts.Metrics))
	}
}

// policy keeps a page to itself: no script or picture of anybody else's, no
// third party learns who came.
const policy = "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/v1/") {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Robots-Tag", "noindex")
	}
	if r.ContentLength != 0 {
		b := &body{ReadCloser: r.Body, conn: http.NewResponseController(w)}
		b.allow(bodyTimeout, bodyTimeout)
		r.Body = b
	}
	s.mux.ServeHTTP(w, r)
}

// SetReady says whether /readyz is.
func (s *Server) SetReady(ready bool) { s.ready.Store(ready) }

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	w.Write([]byte("ok\n"))
}

// readyz says that it takes connections.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	if !s.ready.Load() || s.opts.Registry.Draining() {
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write([]byte("draining\n"))
		return
	}
	w.Write([]byte("ready\n"))
}

// origin is how a browser reaches us: "https://party.example".
func (s *Server) origin(r *http.Request) string {
	if s.opts.PublicURL != "" {
		return strings.TrimSuffix(s.opts.PublicURL, "/")
	}
	if s.secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Server) secure(r *http.Request) bool {
	if s.opts.Secure != nil {
		return s.opts.Secure(r)
	}
	return r.TLS != nil
}
