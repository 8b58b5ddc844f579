package transport

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/roomful/roomful/netloop"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session"
)

// Options configure the doors. Registry and Sockets are required.
type Options struct {
	Registry *session.Registry
	Sockets  *netloop.Group
	Address  func(*http.Request) string // of the client; nil: RemoteAddr's host

	PublicURL      string   // our own origin, besides the Host of each request
	AllowedOrigins []string // other origins whose pages may use the member cookie
	MaxBody        int64    // bytes of a command's body; 0: 64 KiB
	MaxWait        time.Duration
	Logger         *slog.Logger
}

// Doors serve /v1/rooms/ and /v1/live.
type Doors struct {
	opts Options
	log  *slog.Logger
}

// New makes the doors.
func New(opts Options) *Doors {
	if opts.MaxBody == 0 {
		opts.MaxBody = 64 << 10
	}
	if opts.MaxWait == 0 {
		opts.MaxWait = 25 * time.Second
	}
	d := &Doors{opts: opts, log: opts.Logger}
	if d.log == nil {
		d.log = slog.Default()
	}
	return d
}

// ServeHTTP serves one request to /v1/live or /v1/rooms/{kind}/{name}.
func (d *Doors) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	if origin := r.Header.Get("Origin"); d.allowed(origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Vary", "Origin")
	}
	h.Set("Access-Control-Expose-Headers", "Roomful-Position, ETag, Retry-After")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if r.URL.Path == "/v1/live" {
		d.live(w, r)
		return
	}
	id, err := room.ParseID(strings.TrimPrefix(r.URL.Path, "/v1/rooms/"))
	if err != nil {
		d.Fail(w, err)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		d.get(w, r, id)
	case http.MethodPost:
		d.post(w, r, id)
	default:
		h.Set("Allow", "GET, HEAD, POST, OPTIONS")
		d.fail(w, http.StatusMethodNotAllowed, room.Errorf(room.Invalid, "A room takes GET and POST."))
	}
}

// Identify says who makes a request: an Authorization header, else the member
// cookies if the request comes from a page of ours.
func (d *Doors) Identify(r *http.Request) (*session.Identity, error) {
	who := &session.Identity{Address: d.address(r)}
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, text, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "bearer") || text == "" {
			return nil, room.Errorf(room.Unauthenticated, "Authorization is Bearer and a token or API key.")
		}
		return who, d.opts.Registry.Authenticate(r.Context(), text, who)
	}
	if !d.Ours(r) {
		return who, nil
	}
	for _, c := range r.Cookies() {
		if !strings.HasPrefix(c.Name, CookiePrefix) || len(who.Credentials) >= maxCookies {
			continue
		}
		if credential, ok := session.ParseCredential(c.Value); ok && CookieName(credential.Room) == c.Name {
			who.Credentials = append(who.Credentials, credential)
		}
	}
	return who, nil
}

// CookiePrefix begins the names of member cookies, one per event, so that
// joining another event forgets none.
const CookiePrefix = "roomful_m_"

const maxCookies = 64

// CookieName is the name of a room's member cookie.
func CookieName(id room.ID) string { return CookiePrefix + id.Name() }

// Ours reports whether the request's cookies count: it comes from our own
// pages, an allowed origin, or no page at all.
func (d *Doors) Ours(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "none", "same-origin":
			return true
		}
		return false
	}
	if origin == d.opts.PublicURL || d.allowed(origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && u.Host == r.Host
}

// allowed reports whether config lets pages of origin use the member cookie.
func (d *Doors) allowed(origin string) bool { return slices.Contains(d.opts.AllowedOrigins, origin) }

func (d *Doors) address(r *http.Request) string {
	if d.opts.Address != nil {
		return d.opts.Address(r)
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}
