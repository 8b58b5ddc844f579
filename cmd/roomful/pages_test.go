package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestPagesForWhoAsks: the app for members, the way in for others, and for
// codes that do not exist a page that says so.
func TestPagesForWhoAsks(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	bo := p.joins("Bo")
	cookie := func(who person) http.Header {
		return http.Header{"Cookie": {"roomful_m_" + p.code + "=" + who.token}}
	}
	for name, c := range map[string]struct {
		path   string
		header http.Header
		status int
		word   string
	}{
		"a member":              {"/e/" + p.code, cookie(bo), 200, p.room},
		"a stranger":            {"/e/" + p.code, nil, 200, "Ana &amp; Tom"},
		"the host's page":       {"/e/" + p.code + "/host", cookie(p.owner), 200, "/e/" + p.code},
		"a guest's host page":   {"/e/" + p.code + "/host", cookie(bo), 200, "Ana &amp; Tom"},
		"nobody's host page":    {"/e/" + p.code + "/host", nil, 200, "Ana &amp; Tom"},
		"a wrong code":          {"/e/nowhere1", nil, 404, "nowhere1"},
		"a wrong code's host":   {"/e/nowhere1/host", nil, 404, "nowhere1"},
		"no code at all":        {"/e/%3Cscript%3E", nil, 404, "&lt;script&gt;"},
		"a talk":                {"/t/evan", nil, 200, "talk/evan"},
		"an address of nothing": {"/nothing", nil, 404, ""},
	} {
		a := h.get("GET", c.path, c.header)
		if a.status != c.status || !strings.Contains(string(a.body), c.word) || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d, %q in %.300s", name, a.status, c.word, a.body)
		}
		if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", name, policy)
		}
		if strings.Contains(string(a.body), "<script>") && strings.Contains(c.path, "script") {
			t.Errorf("%s: the page runs what is in its address", name)
		}
	}
}

// TestThePrivateLinkMakesADeviceAHost, and only the right one.
func TestThePrivateLinkMakesADeviceAHost(t *testing.T) {
	t.Parallel()
	h := open(t)
	a := h.must("/v1/events", "", object{"name": "Ana & Tom", "preset": "wedding"})
	_, secret, _ := strings.Cut(a.field("host"), "#")
	join := "/v1/events/" + a.field("code") + "/join"
	device := h.must(join, "", object{"host": secret})
	if device.field("member") != a.field("member") || device.field("token") == a.field("token") {
		t.Errorf("the second device is %v", device)
	}
	h.must("/v1/rooms/"+a.field("room"), device.field("token"), command{"event.lock", "", object{"on": true}})
	for _, wrong := range []string{secret + "x", a.field("member") + ".", "." + secret, "m_other." + secret, secret[:20]} {
		if b, _ := h.ask(join, "", object{"host": wrong}); b.status != http.StatusForbidden {
			t.Errorf("%q: %v", wrong, b)
		}
	}
}
