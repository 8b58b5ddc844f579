// Package address says which address a request came from, through the proxies
// that an operator trusts and no others, and under which key an address is
// limited.
package address

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Finder finds the client's address. It may be used by many goroutines at
// once.
type Finder struct {
	trusted []netip.Prefix
}

// NewFinder trusts what proxies in these networks say about who asked them.
func NewFinder(trusted []netip.Prefix) *Finder { return &Finder{trusted: slices.Clone(trusted)} }

// Client is the address that a connection from remote ("192.0.2.1:4321", as
// in http.Request.RemoteAddr) stands for. It is the zero Addr if remote is no
// address, as on a Unix socket.
//
// Each proxy appends the address it was asked by, so what it says is read
// from the right: past the proxies that are trusted, the first other address
// is the client. Anything further left is what the client claims, and means
// nothing. A proxy writes either X-Forwarded-For or Forwarded (RFC 7239) and
// passes on the other as it came; where both are there and disagree one is
// forged, and the connection's own address is taken.
func (f *Finder) Client(remote string, h http.Header) netip.Addr {
	peer := parse(remote)
	if !f.trusts(peer) {
		return peer
	}
	legacy, standard := h.Values("X-Forwarded-For"), h.Values("Forwarded")
	if len(standard) == 0 {
		return f.behind(peer, hops(legacy))
	}
	client := f.behind(peer, forwardedHops(standard))
	if len(legacy) > 0 && f.behind(peer, hops(legacy)) != client {
		return peer
	}
	return client
}

// Of is Client for a request.
func (f *Finder) Of(r *http.Request) netip.Addr { return f.Client(r.RemoteAddr, r.Header) }

func (f *Finder) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(f.trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

// behind walks from the nearest hop, the last. A hop that is no address
// ("unknown", RFC 7239 section 6.2) ends the walk at who said so.
func (f *Finder) behind(peer netip.Addr, hops []string) netip.Addr {
	client := peer
	for _, hop := range slices.Backward(hops) {
		a := parse(hop)
		if !a.IsValid() {
			return client
		}
		client = a
		if !f.trusts(a) {
			return client
		}
	}
	return client
}

func hops(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	return strings.Split(strings.Join(lines, ","), ",")
}

// forwardedHops gives the for= of each element, "" for one without. It splits
// within quotes too: no address has a comma, and so a quote that a client left
// open cannot swallow what a proxy appended.
func forwardedHops(lines []string) []string {
	elements := hops(lines)
	for i, element := range elements {
		elements[i] = ""
		for pair := range strings.SplitSeq(element, ";") {
			name, v, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.EqualFold(name, "for") {
				elements[i] = unquote(v)
			}
		}
	}
	return elements
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// parse reads an address with or without a port and brackets.
func parse(s string) netip.Addr {
	s = strings.TrimSpace(s)
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		s, ok = strings.CutSuffix(inner, "]")
		if !ok {
			return netip.Addr{}
		}
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// Key is what limits are counted by: an IPv4 address, or the /64 of an IPv6
// one, since one phone has all of it (RFC 7934 section 3). It is "local" for
// the zero Addr.
func Key(a netip.Addr) string {
	if !a.IsValid() {
		return "local"
	}
	if a.Is4() || a.Is4In6() {
		return a.Unmap().String()
	}
	p, _ := a.WithZone("").Prefix(64) // fails only beyond 128 bits
	return p.String()
}
