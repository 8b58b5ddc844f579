package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
)

// kindPattern is that of room.NewID.
var kindPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

const (
	minMessage = 1 << 10  // less than this and a hello with a token does not fit
	maxMessage = 16 << 20 // more is an upload; each connection may make us hold one
	maxPhoto   = 256 << 20
)

// Validate reports all that cannot work, whichever way c was made.
func (c *Config) Validate() error {
	var errs []error
	wrong := func(name, want string) {
		errs = append(errs, fmt.Errorf("%s (from %s): %s", name, c.Origin(name), want))
	}
	check := func(ok bool, name, want string) {
		if !ok {
			wrong(name, want)
		}
	}
	check(isAddr(c.Addr), "addr", "want host:port, for example 127.0.0.1:8080 or :8080")
	check(c.Data != "", "data", "want a folder")
	check(c.PublicURL == "" || isOrigin(c.PublicURL), "public-url", "want a URL without a path, for example https://party.example")
	if (c.TLSCert == "") != (c.TLSKey == "") {
		wrong("tls-cert", "want tls-cert and tls-key, or neither")
	}
	check(c.JWKSURL == "" || isKeyURL(c.JWKSURL), "jwks-url", "want an https URL without a password (http only for this machine)")
	for _, o := range c.AllowedOrigins {
		check(isOrigin(o), "allowed-origins", fmt.Sprintf("%q is not an origin; want for example https://blog.example", o))
	}
	for _, k := range c.ReadAnonymously {
		check(kindPattern.MatchString(k), "read-anonymously", fmt.Sprintf("%q is not a kind of room", k))
	}
	check(c.MaxConnections > 0, "max-connections", "want at least 1")
	check(c.AddressJoins == 0 || c.AddressJoins >= 1, "address-joins", "want at least 1, or 0 for any number")
	check(c.ReactionsBurst >= 1, "reactions-burst", "want at least 1")
	check(c.ReactionsPerSecond > 0, "reactions-per-second", "want more than 0")
	check(c.MaxMessage >= minMessage && c.MaxMessage <= maxMessage, "max-message", "want 1KiB to 16MiB")
	check(c.PhotoMax > 0 && c.PhotoMax <= maxPhoto, "photo-max", "want 1B to 256MiB")
	check(c.Idle > 0, "idle", "want more than 0")
	check(c.Loops <= 1024, "loops", "want 1024 at most")
	check(c.LogFormat == "text" || c.LogFormat == "json", "log-format", "want text or json")
	return errors.Join(errs...)
}

func isAddr(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isOrigin reports whether s is scheme, host and port alone, as RFC 6454
// section 6.2 writes it.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return false
	}
	return (u.Scheme == "https" || u.Scheme == "http") && s == u.Scheme+"://"+u.Host
}

func isKeyURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && local
}
