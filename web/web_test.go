package web

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestEveryPageRenders(t *testing.T) {
	app, err := New()
	if err != nil {
		t.Fatal(err)
	}
	view := json.RawMessage(`{"room":"event/ab","pos":"k:1","view":{"event":{"name":"</script><b>&"}}}`)
	for _, c := range []struct {
		page Page
		want string
	}{
		{CreatePage{Presets: []string{"house-party", "wedding"}, Preset: "wedding", Error: "Give it a name."}, `value="wedding" checked`},
		{ReadyPage{Code: "ab12cd34", Name: "A & B", URL: "http://x/e/ab12cd34", QR: "<svg></svg>", HostURL: "http://x/e/ab12cd34/host#s"}, `href="http://x/e/ab12cd34/host#s"`},
		{ClaimPage{Code: "ab12cd34", Name: "A"}, `data-code="ab12cd34"`},
		{JoinPage{Code: "ab12cd34", Name: "A", Online: 42}, `42 here now`},
		{JoinPage{Code: "ab12cd34", Name: "A", Count: 1, Closed: true}, `1 person was here.`},
		{EventPage{Code: "ab12cd34", Name: "A", View: view}, `"name":"\u003c/script\u003e\u003cb\u003e\u0026"`},
		{TalkPage{ID: "evan"}, `<script type="application/json" id="view"> null </script>`},
		{LostPage{Code: "<x>"}, `&lt;x&gt;`},
		{TroublePage{Title: "No.", Text: "Try later."}, `Try later.`},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", themeCookie+"=light")
		if err := app.Render(w, r, 200, c.page); err != nil {
			t.Errorf("%T: %v", c.page, err)
			continue
		}
		for _, want := range []string{c.want, `data-theme="light"`} {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%T: no %q in\n%s", c.page, want, w.Body)
			}
		}
		if strings.Contains(w.Body.String(), " style=") {
			t.Errorf("%T: an inline style, which the content security policy refuses", c.page)
		}
	}
}

func TestOnlyAssetsAreServed(t *testing.T) {
	app, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/.keep", "/assets/", "/assets/../.keep", "/.vite/manifest.json"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = path
		app.ServeHTTP(w, r)
		if w.Code != 404 {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
}
