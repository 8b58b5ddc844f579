// Package web is the app inside the binary: the page templates and the files
// that `npm run build` makes from src.
//
// Every page is complete HTML before any script runs: forms are plain forms,
// and the event page carries the first view of its room. The package knows no
// rooms and keeps no state; it may be used concurrently.
package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strings"
)

//go:embed templates/*.html
var templates embed.FS

// dist holds .keep until the app is built; the pages then come without styles
// and scripts, and still work as plain HTML.
//
//go:embed all:dist
var dist embed.FS

// App renders pages and serves the files they name.
type App struct {
	pages    *template.Template
	manifest manifest
	files    http.Handler
}

// New reads the templates and the build's manifest.
func New() (*App, error) {
	a := &App{}
	built, err := dist.ReadFile("dist/.vite/manifest.json")
	switch {
	case errors.Is(err, fs.ErrNotExist): // not built yet
	case err != nil:
		return nil, fmt.Errorf("read the app's manifest: %w", err)
	default:
		if err := json.Unmarshal(built, &a.manifest); err != nil {
			return nil, fmt.Errorf("read the app's manifest: %w", err)
		}
	}
	a.pages, err = template.New("").Funcs(template.FuncMap{
		"assets": a.manifest.tags,
		"plural": plural,
		"long":   func(name string) bool { return len(name) > longName },
	}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("read the page templates: %w", err)
	}
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, err
	}
	a.files = http.FileServerFS(root)
	return a, nil
}

// themeCookie is written by the page when a person chooses; without it the
// system's choice holds.
const themeCookie = "roomful_theme"

// Render answers with one page. It sets the content type, and no other header.
func (a *App) Render(w http.ResponseWriter, r *http.Request, status int, page Page) error {
	theme := ""
	if c, err := r.Cookie(themeCookie); err == nil && slices.Contains([]string{"light", "dark"}, c.Value) {
		theme = c.Value
	}
	var out bytes.Buffer
	err := a.pages.ExecuteTemplate(&out, page.template(), struct {
		Theme string
		Page  Page
	}{theme, page})
	if err != nil {
		return fmt.Errorf("render %s: %w", page.template(), err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err = w.Write(out.Bytes())
	return err
}

// ServeHTTP serves /assets/...: names carry a hash of their content, so they
// may be kept for ever.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/assets/") || strings.HasSuffix(r.URL.Path, "/") {
		http.NotFound(w, r)
		return
	}
	if _, err := fs.Stat(dist, "dist"+r.URL.Path); err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	a.files.ServeHTTP(w, r)
}

// manifest is Vite's: source file -> what it became and what it needs.
type manifest map[string]struct {
	File    string   `json:"file"`
	CSS     []string `json:"css"`
	Imports []string `json:"imports"`
}

// tags are the head's links for one entry: styles, preloads, the script.
func (m manifest) tags(entry string) template.HTML {
	chunk, ok := m[entry]
	if !ok {
		return ""
	}
	var styles, preloads, seen []string
	var visit func(key string)
	visit = func(key string) {
		if slices.Contains(seen, key) {
			return
		}
		seen = append(seen, key)
		for _, need := range m[key].Imports {
			visit(need)
			preloads = append(preloads, m[need].File)
		}
		styles = append(styles, m[key].CSS...)
	}
	visit(entry)

	var out strings.Builder
	if icon, ok := m["src/icon.svg"]; ok {
		fmt.Fprintf(&out, `<link rel="icon" type="image/svg+xml" href="/%s">`, icon.File)
	}
	if font, ok := m["src/font/bricolage-latin.woff2"]; ok {
		fmt.Fprintf(&out, `<link rel="preload" as="font" type="font/woff2" crossorigin href="/%s">`, font.File)
	}
	for _, css := range unique(styles) {
		fmt.Fprintf(&out, `<link rel="stylesheet" href="/%s">`, css)
	}
	for _, js := range unique(preloads) {
		fmt.Fprintf(&out, `<link rel="modulepreload" href="/%s">`, js)
	}
	fmt.Fprintf(&out, `<script type="module" src="/%s"></script>`, chunk.File)
	return template.HTML(out.String())
}

func unique(names []string) []string {
	var once []string
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}
