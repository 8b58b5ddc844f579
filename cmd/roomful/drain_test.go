package main

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDrainTellsEveryoneWhenToComeBack: a planned restart says bye on every
// door, spreads the returns, saves, ends with 0, and nobody's place is lost.
func TestDrainTellsEveryoneWhenToComeBack(t *testing.T) {
	t.Parallel()
	h := open(t, "--drain-window", "10s")
	p := h.opens("wedding")
	bo := p.joins("Bo")
	p.do(bo, "feed.post", object{"text": "before"})
	var sockets []*live
	var streams []*stream
	pos := ""
	for range 12 {
		l := h.dials(bo.token)
		pos = l.join(p.room, "").Pos
		sockets = append(sockets, l)
		s := h.listens(p.url(), bo.token, "")
		s.must()
		streams = append(streams, s)
	}
	held := make(chan answer, 1)
	go func() {
		a, _ := h.ask(p.url()+"?wait=25s&since="+url.QueryEscape(pos), bo.token, nil)
		held <- a
	}()
	<-time.After(200 * time.Millisecond) // the poll is on its way; nothing tells when it is held

	start := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- h.stop() }()
	slots := map[int64]bool{}
	for _, l := range sockets {
		bye := l.bye("")
		if bye.Code != "drain" || bye.Message == "" || bye.RetryAfterMs < 0 || bye.RetryAfterMs > 10_000 {
			t.Errorf("bye %+v", bye)
		}
		slots[bye.RetryAfterMs] = true
		if code := l.closed(); code != 1012 {
			t.Errorf("closed with %d", code)
		}
	}
	for _, s := range streams {
		var name string
		var f told
		for name != "bye" {
			name, f = s.must()
		}
		if f.Bye.Code != "drain" || s.retry == "" {
			t.Errorf("the stream was told %+v, retry %q", f.Bye, s.retry)
		}
		slots[f.Bye.RetryAfterMs] = true
	}
	if len(slots) < 12 {
		t.Errorf("24 readers come back in %d slots", len(slots))
	}
	if a := <-held; a.status != http.StatusServiceUnavailable || a.field("code") != "drain" || a.header.Get("Retry-After") == "" {
		t.Errorf("the long-poll was answered %v %v", a, a.header)
	}
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v\n%s", err, h.log)
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("stopping took %v", took)
	}

	h.start()
	p.do(bo, "feed.post", object{"text": "after"})
	for _, door := range doors {
		r := &reading{h: h, room: p.room, token: bo.token, door: door}
		r.pos = pos
		f := r.next()
		if f.View != nil || !f.mentions("after") || f.mentions("before") {
			t.Errorf("coming back to %s: %s", door, f.raw)
		}
	}
}

// refuses runs the binary, which has to end with an error that says words.
func refuses(t *testing.T, args []string, words ...string) {
	t.Helper()
	cmd := exec.Command(roomful, args...)
	cmd.Env = append(os.Environ(), "ROOMFUL_LOG_LEVEL=error")
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.CombinedOutput()
	if _, failed := err.(*exec.ExitError); !failed || cmd.ProcessState.ExitCode() < 1 {
		t.Errorf("%v ended with %v: %s", args, err, out)
	}
	for _, w := range words {
		if !strings.Contains(string(out), w) {
			t.Errorf("%v says nothing of %q:\n%s", args, w, out)
		}
	}
	if strings.Contains(string(out), "goroutine ") {
		t.Errorf("%v shows a stack:\n%s", args, out)
	}
}

// TestOneProcessPerFolder: a second one is told so and does no harm.
func TestOneProcessPerFolder(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	refuses(t, []string{"serve", "--addr", freeAddr(t), "--data", h.data}, "roomful:", h.data)
	p.do(p.owner, "feed.post", object{"text": "still here"})
	h.kill()
	h.start()
	if a := h.must(p.url(), p.owner.token, nil); !strings.Contains(string(a.body), "still here") {
		t.Errorf("after a second process: %v", a)
	}
	refuses(t, []string{"serve", "--addr", h.addr, "--data", t.TempDir()}, "address already in use")
}

// TestNewerDataIsLeftAlone: a version does not touch what a newer one wrote.
func TestNewerDataIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	format := filepath.Join(h.data, "journal", "FORMAT")
	was, err := os.ReadFile(format)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(format, []byte("roomful journal 99\n"), 0o600)
	refuses(t, []string{"serve", "--addr", h.addr, "--data", h.data}, "newer Roomful", "99")
	os.WriteFile(format, was, 0o600)
	h.start()
	h.must(p.url(), p.owner.token, nil)
}

// TestACopyOfTheFolderIsABackup: stop, copy, start elsewhere.
func TestACopyOfTheFolderIsABackup(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	p.do(p.owner, "feed.post", object{"text": "kept"})
	photo := p.uploads(p.owner, picture(t, 40, 30))
	p.do(p.owner, "feed.post", object{"photos": []string{photo}})
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	elsewhere := &house{t: t, addr: freeAddr(t), data: t.TempDir()}
	if err := os.CopyFS(elsewhere.data, os.DirFS(h.data)); err != nil {
		t.Fatal(err)
	}
	elsewhere.start()
	t.Cleanup(elsewhere.kill)
	if a := elsewhere.must(p.url(), p.owner.token, nil); !strings.Contains(string(a.body), "kept") {
		t.Errorf("the copy has %v", a)
	}
	elsewhere.must("/media/"+p.room+"/"+photo+"/320", p.owner.token, nil)
}
