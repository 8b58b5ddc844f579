package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// proxy starts nginx before the server, with the site that the guide shows.
func proxy(t *testing.T, h *house) (addr string) {
	t.Helper()
	nginx := "/usr/sbin/nginx"
	if found, err := exec.LookPath("nginx"); err == nil {
		nginx = found
	}
	guide, err := os.ReadFile("../../docs/guide/running.md")
	if err != nil {
		t.Fatal(err)
	}
	site := regexp.MustCompile("(?s)```nginx\n(.*?)```").FindSubmatch(guide)
	if site == nil {
		t.Fatal("the guide has no configuration for nginx")
	}
	addr = freeAddr(t)
	dir := t.TempDir()
	os.Chmod(dir, 0o755)
	written := strings.NewReplacer(
		"127.0.0.1:8080", h.addr, "listen 443 ssl;", "listen "+addr+";",
		"ssl_certificate ", "# ssl_certificate ", "ssl_certificate_key ", "# ssl_certificate_key ",
	).Replace(string(site[1]))
	config := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 512; }
http {
access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
gzip on; gzip_types application/json; gzip_proxied any; gzip_min_length 1;
%[2]s
}`, dir, written)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(nginx, "-e", filepath.Join(dir, "error.log"), "-p", dir, "-c", path)
	if err := cmd.Start(); err != nil {
		t.Fatalf("nginx, which scripts/install installs: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	eventually(t, "nginx answers", func() bool {
		res, err := http.Get("http://" + addr + "/healthz")
		if err == nil {
			res.Body.Close()
		}
		return err == nil && res.StatusCode == http.StatusOK
	})
	return addr
}

// TestBehindNginx: the doors work behind the proxy that the guide sets up,
// live ones without a wait, and the client's own address counts.
func TestBehindNginx(t *testing.T) {
	t.Parallel()
	h := open(t, "--trusted-proxies", "127.0.0.1", "--public-url", "https://party.example")
	front := &house{t: t, addr: proxy(t, h)}
	p := front.opens("wedding")
	bo := p.joins("Bo")

	var readers []*reading
	for _, door := range doors {
		readers = append(readers, &reading{h: front, room: p.room, token: bo.token, door: door})
	}
	pos := ""
	for _, r := range readers {
		f := r.next()
		r.take(&f)
		pos = r.pos
	}
	// One after another and at once: nothing waits in a buffer of the proxy's.
	for n := range 5 {
		start := time.Now()
		head := p.do(bo, "feed.post", object{"text": fmt.Sprint("post ", n)}).Seq
		for _, r := range readers {
			r.until(head)
		}
		soon(t, "telling readers behind nginx", start)
	}
	for _, r := range readers {
		if len(r.posts) != 5 || r.faux != nil {
			t.Errorf("%s behind nginx shows %d posts of 5: %v", r.door, len(r.posts), r.faux)
		}
	}
	// nginx compresses, and so weakens the tag; asked with that, nothing new is said.
	header := headerOf(bo.token, "")
	header.Set("Accept-Encoding", "gzip")
	a := front.get("GET", p.url(), header)
	header.Set("If-None-Match", a.header.Get("ETag"))
	if b := front.get("GET", p.url(), header); b.status != http.StatusNotModified {
		t.Errorf("with the ETag %s: %d", a.header.Get("ETag"), b.status)
	}
	if photo := p.uploads(bo, picture(t, 2000, 1500)); photo == "" {
		t.Error("no upload")
	}
	if a := front.get("GET", "/metrics", nil); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
		t.Errorf("the metrics are shown to everyone: %d", a.status)
	}
	old := readers[1]
	old.move("sse")
	old.pos = pos
	if f := old.next(); f.View != nil || len(f.Updates) != 5 {
		t.Errorf("coming back behind nginx: %.200s", f.raw)
	}
}

// TestAddressesComeFromTrustedProxiesOnly: what a stranger claims to be does
// not free it from its own limits.
func TestAddressesComeFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	open100 := func(h *house, address func(n int) string) (opened int) {
		for n := range 30 {
			req, _ := http.NewRequest("POST", h.url("/v1/events"), strings.NewReader(`{"name":"x","preset":"wedding"}`))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Forwarded-For", address(n))
			if a, err := do(req); err == nil && a.status == http.StatusCreated {
				opened++
			}
		}
		return opened
	}
	each := func(n int) string { return fmt.Sprintf("203.0.113.%d", n) }
	if got := open100(open(t), each); got > 25 {
		t.Errorf("a stranger with 30 claimed addresses opened %d events", got)
	}
	trusting := open(t, "--trusted-proxies", "127.0.0.1")
	if got := open100(trusting, each); got != 30 {
		t.Errorf("30 clients of a trusted proxy opened %d events", got)
	}
	behind := &house{t: t, addr: proxy(t, trusting)}
	if got := open100(behind, each); got > 25 {
		t.Errorf("a client of nginx with 30 claimed addresses opened %d events", got)
	}
}
