package address

import (
	"net/http"
	"net/netip"
	"testing"
)

var finder = NewFinder([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")})

func TestClient(t *testing.T) {
	const nginx = "10.0.0.1:4000"
	for name, c := range map[string]struct {
		remote   string
		xff, fwd []string
		want     string
	}{
		"direct":                             {remote: "192.0.2.1:4000", want: "192.0.2.1"},
		"direct IPv6":                        {remote: "[2001:db8::1]:4000", want: "2001:db8::1"},
		"direct, mapped":                     {remote: "[::ffff:192.0.2.1]:4000", want: "192.0.2.1"},
		"direct, with a zone":                {remote: "[fe80::1%eth0]:4000", want: "fe80::1"},
		"stranger claims to be another":      {remote: "192.0.2.1:4000", xff: []string{"203.0.113.9"}, fwd: []string{"for=203.0.113.9"}, want: "192.0.2.1"},
		"stranger claims to be a proxy":      {remote: "192.0.2.1:4000", xff: []string{"203.0.113.9, 10.0.0.2"}, want: "192.0.2.1"},
		"one proxy":                          {remote: nginx, xff: []string{"192.0.2.1"}, want: "192.0.2.1"},
		"proxy says nothing":                 {remote: nginx, want: "10.0.0.1"},
		"mapped proxy":                       {remote: "[::ffff:10.0.0.1]:4000", xff: []string{"192.0.2.1"}, want: "192.0.2.1"},
		"two proxies":                        {remote: nginx, xff: []string{"192.0.2.1, 10.0.0.2"}, want: "192.0.2.1"},
		"two lines are one list":             {remote: nginx, xff: []string{"203.0.113.9", "192.0.2.1, 10.0.0.2"}, want: "192.0.2.1"},
		"forged before the real one":         {remote: nginx, xff: []string{"203.0.113.9, 10.0.0.7, 192.0.2.1"}, want: "192.0.2.1"},
		"all are proxies":                    {remote: nginx, xff: []string{"10.0.0.3, 10.0.0.2"}, want: "10.0.0.3"},
		"garbage nearest":                    {remote: nginx, xff: []string{"192.0.2.1, <script>"}, want: "10.0.0.1"},
		"garbage behind a proxy":             {remote: nginx, xff: []string{"unknown, 10.0.0.2"}, want: "10.0.0.2"},
		"empty header":                       {remote: nginx, xff: []string{""}, want: "10.0.0.1"},
		"commas":                             {remote: nginx, xff: []string{",,,"}, want: "10.0.0.1"},
		"with a port":                        {remote: nginx, xff: []string{"192.0.2.1:5555"}, want: "192.0.2.1"},
		"IPv6 with a port":                   {remote: nginx, xff: []string{"[2001:db8::1]:5555"}, want: "2001:db8::1"},
		"IPv6 in brackets":                   {remote: nginx, xff: []string{"[2001:db8::1]"}, want: "2001:db8::1"},
		"IPv6 bare":                          {remote: nginx, xff: []string{"2001:db8::1"}, want: "2001:db8::1"},
		"a bracket left open":                {remote: nginx, xff: []string{"[2001:db8::1"}, want: "10.0.0.1"},
		"Forwarded":                          {remote: nginx, fwd: []string{`proto=https;For="[2001:db8::1]:47011";by=10.0.0.1`}, want: "2001:db8::1"},
		"Forwarded twice":                    {remote: nginx, fwd: []string{"for=203.0.113.9", "for=192.0.2.1, for=10.0.0.2"}, want: "192.0.2.1"},
		"Forwarded without for":              {remote: nginx, fwd: []string{"for=192.0.2.1, proto=https"}, want: "10.0.0.1"},
		"Forwarded hidden":                   {remote: nginx, fwd: []string{"for=_hidden"}, want: "10.0.0.1"},
		"Forwarded with a comma in a string": {remote: nginx, fwd: []string{`for="192.0.2.1, for=203.0.113.9"`}, want: "10.0.0.1"},
		"Forwarded with a quote left open":   {remote: nginx, fwd: []string{`for="203.0.113.9`, "for=192.0.2.1"}, want: "192.0.2.1"},
		"both agree":                         {remote: nginx, xff: []string{"192.0.2.1"}, fwd: []string{"for=192.0.2.1"}, want: "192.0.2.1"},
		"Forwarded forged":                   {remote: nginx, xff: []string{"192.0.2.1"}, fwd: []string{"for=203.0.113.9"}, want: "10.0.0.1"},
		"X-Forwarded-For forged":             {remote: nginx, xff: []string{"203.0.113.9"}, fwd: []string{"for=192.0.2.1"}, want: "10.0.0.1"},
		"Unix socket":                        {remote: "@", xff: []string{"192.0.2.1"}, want: "invalid IP"},
	} {
		h := http.Header{"X-Forwarded-For": c.xff, "Forwarded": c.fwd}
		if got := finder.Client(c.remote, h); got.String() != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestNoProxyIsTrustedByDefault(t *testing.T) {
	r := &http.Request{RemoteAddr: "127.0.0.1:80", Header: http.Header{"X-Forwarded-For": {"192.0.2.1"}}}
	if got := NewFinder(nil).Of(r); got != netip.MustParseAddr("127.0.0.1") {
		t.Fatal(got)
	}
}

func TestKey(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := Key(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
	if got := Key(netip.Addr{}); got != "local" {
		t.Error(got)
	}
}

func FuzzClientNeverLeavesAValidPeer(f *testing.F) {
	f.Add("192.0.2.1, 10.0.0.2", `for="[2001:db8::1]"`)
	f.Fuzz(func(t *testing.T, xff, fwd string) {
		h := http.Header{"X-Forwarded-For": {xff}, "Forwarded": {fwd}}
		if a := finder.Client("10.0.0.1:1", h); !a.IsValid() || a.Is4In6() || a.Zone() != "" {
			t.Errorf("%q %q: %v", xff, fwd, a)
		}
	})
}
