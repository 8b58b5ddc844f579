package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFullDiskRefusesBeforeDeciding: with no room left, commands and uploads
// are refused in words, reading and joining go on, and all is well again when
// there is room.
func TestFullDiskRefusesBeforeDeciding(t *testing.T) {
	t.Parallel()
	disk, small := smallDisk(t)
	h := &house{t: t, addr: freeAddr(t), data: filepath.Join(disk, "data")}
	if small {
		h.args = []string{"--free-disk-floor", "8MiB"}
	}
	h.start()
	t.Cleanup(h.kill)
	p := h.opens("wedding")
	bo := p.joins("Bo")
	first := p.do(bo, "feed.post", object{"text": "before"})
	reader := h.dials(bo.token)
	pos := reader.join(p.room, "").Pos
	whole := picture(t, 40, 30)

	var makeRoom func()
	if small {
		padding := filepath.Join(disk, "padding")
		file, err := os.Create(padding)
		if err != nil {
			t.Fatal(err)
		}
		block := make([]byte, 1<<20)
		for { // until the disk is full
			if _, err := file.Write(block); err != nil {
				break
			}
		}
		file.Close()
		makeRoom = func() { os.Remove(padding) }
	} else {
		h.kill()
		h.args = []string{"--free-disk-floor", "1000TiB"}
		h.start()
		makeRoom = func() {
			h.kill()
			h.args = nil
			h.start()
		}
	}

	full := command{"feed.post", "phone:1", object{"text": "while it is full"}}
	eventually(t, "commands are refused", func() bool {
		a, err := h.ask(p.url(), bo.token, command{"people.rename", "", object{"name": "Bo"}})
		return err == nil && a.status == http.StatusServiceUnavailable
	})
	a, err := h.ask(p.url(), bo.token, full)
	if err != nil || a.field("code") != "unavailable" || !strings.Contains(a.field("message"), "disk is full") || a.header.Get("Retry-After") == "" {
		t.Errorf("a command: %v %v", a, err)
	}
	if a := p.upload(bo.token, whole); a.status != http.StatusServiceUnavailable && a.status != http.StatusTooManyRequests {
		t.Errorf("an upload: %v", a)
	}
	if a, err := h.ask("/v1/events", "", object{"name": "x", "preset": "wedding"}); err != nil || a.status != http.StatusServiceUnavailable {
		t.Errorf("opening: %v %v", a, err)
	}
	if a := h.must(p.url(), bo.token, nil); !strings.Contains(string(a.body), "before") || strings.Contains(string(a.body), "while it is full") {
		t.Errorf("reading: %v", a)
	}
	again := h.dials(bo.token)
	if f := again.ask("join", object{"room": p.room, "since": pos}); f.OK["resumed"] != true {
		t.Errorf("resuming: %s", f.raw)
	}
	if f := again.ask("query", object{"room": p.room, "name": "history"}); f.OK == nil {
		t.Errorf("history: %s", f.raw)
	}

	makeRoom()
	eventually(t, "commands are taken again", func() bool {
		a, err := h.ask(p.url(), bo.token, full)
		return err == nil && a.status == http.StatusOK
	})
	if photo := p.uploads(bo, whole); photo == "" {
		t.Error("no upload")
	}
	h.kill()
	h.start()
	a = h.must(p.url()+"?query=history&limit=1000", bo.token, nil)
	if n := strings.Count(string(a.body), `"phone:1"`); n != 1 || !strings.Contains(string(a.body), fmt.Sprintf(`"seq":%d`, first.Seq)) {
		t.Errorf("the post is %d times in the log: %v", n, a)
	}
}
