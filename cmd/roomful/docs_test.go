package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// fences returns the code blocks of a language in a document.
func fences(t *testing.T, path, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(m[1]))
	}
	return blocks
}

// TestReadmeExamplesWork runs the README's curl lines as they stand there,
// against the real server.
func TestReadmeExamplesWork(t *testing.T) {
	h := open(t)
	var lines []string
	for _, block := range fences(t, "../../README.md", "sh") {
		if strings.HasPrefix(block, "curl") {
			lines = append(lines, block)
		}
	}
	if len(lines) != 5 {
		t.Fatalf("the README has %d examples with curl, not five", len(lines))
	}
	publish, get, poll, live, history := lines[0], lines[1], lines[2], lines[3], lines[4]
	position := ""
	curl := func(line string, wait time.Duration) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		defer cancel()
		cmd := exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail; "+line)
		cmd.Env = append(os.Environ(), "ROOMFUL="+h.url(""), "KEY="+apiKey, "POSITION="+position)
		cmd.WaitDelay = time.Second
		out, err := cmd.Output()
		if err != nil && ctx.Err() == nil {
			t.Fatalf("%s\n%v", line, err)
		}
		return string(out)
	}
	want := func(got, part string) {
		t.Helper()
		if !strings.Contains(got, part) {
			t.Fatalf("%q is not in the answer:\n%s", part, got)
		}
	}

	want(curl(publish, 10*time.Second), `"seq":1`)
	want(curl(publish, 10*time.Second), `"seq":1`) // the same op: the same reply
	shown := curl(get, 10*time.Second)
	want(shown, `{"home":1,"away":0}`)
	position = regexp.MustCompile(`(?i)roomful-position: (\S+)`).FindStringSubmatch(shown)[1]

	held := make(chan string)
	go func() { held <- curl(poll, 20*time.Second) }()
	streamed := make(chan string)
	go func() { streamed <- curl(live, 4*time.Second) }()
	waitForReaders(t, h, "channel/scores")
	curl(strings.ReplaceAll(publish, "backend:1", "backend:2"), 10*time.Second)
	want(<-held, `"seq":2`)
	want(<-streamed, `"seq":2`)
	want(curl(history, 10*time.Second), `"more":false`)
}

// waitForReaders waits until the live stream is connected: the long-poll was
// started before it.
func waitForReaders(t *testing.T, h *house, _ string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		a := h.must("/metrics", "", nil)
		if bytes.Contains(a.body, []byte(`roomful_connections{transport="sse"} 1`)) {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	t.Fatal("nobody is connected")
}

// TestReadmeWebSocketExampleWorks runs the README's script in Node, with a
// WebSocket like the browser's.
func TestReadmeWebSocketExampleWorks(t *testing.T) {
	blocks := fences(t, "../../README.md", "js")
	if len(blocks) != 1 {
		t.Fatalf("the README has %d scripts, not one", len(blocks))
	}
	h := open(t)
	h.must("/v1/rooms/channel/scores", apiKey, command{"channel.publish", "", map[string]int{"home": 2}})
	script := `const { WebSocket } = await import("ws"); const ROOMFUL = process.env.ROOMFUL;` + blocks[0]
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--input-type=module", "-e", script)
	cmd.Dir = "../../sdk" // has ws
	cmd.Env = append(os.Environ(), "ROOMFUL="+h.url(""))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cancel()
	var got bytes.Buffer
	buf := make([]byte, 4096)
	for !strings.Contains(got.String(), `{"home":2}`) {
		n, err := out.Read(buf)
		got.Write(buf[:n])
		if err != nil {
			t.Fatalf("the script ended with %v after: %s", err, &got)
		}
	}
}

// TestHealth says what a supervisor sees.
func TestHealth(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if a := h.must(path, "", nil); a.status != http.StatusOK {
			t.Errorf("%s: %v", path, a)
		}
	}
}
