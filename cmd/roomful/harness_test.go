package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// These tests drive the real binary: real store, real sockets, real signals.

const apiKey = "test-key-of-the-house"

var roomful string // the binary

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "roomful-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	roomful = filepath.Join(dir, "roomful")
	if out, err := exec.Command("go", "build", "-o", roomful, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// house is a running server and its data, which outlives it.
type house struct {
	t    testing.TB
	args []string
	addr string
	data string
	env  []string

	scheme string       // "" is http
	client *http.Client // nil is the default one

	cmd  *exec.Cmd
	log  *logTail
	done chan error
}

// open starts a server on a fresh data folder and a free port, ended with the
// test.
func open(t testing.TB, args ...string) *house {
	t.Helper()
	h := &house{t: t, args: args, addr: freeAddr(t), data: t.TempDir()}
	h.start()
	t.Cleanup(h.kill)
	return h
}

// freeAddr finds a port below those the system gives to clients, so that it
// is still free when the server comes back after a kill.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// start runs the server and returns once it is ready.
func (h *house) start() {
	h.t.Helper()
	if err := h.launch(); err != nil {
		h.t.Fatal(err)
	}
	select {
	case <-h.log.serving:
	case err := <-h.done:
		h.done <- err
		h.t.Fatalf("the server ended before it was ready: %v\n%s", err, h.log)
	case <-time.After(30 * time.Second):
		h.t.Fatalf("the server is not ready\n%s", h.log)
	}
}

// launch runs the server without waiting for it.
func (h *house) launch() error {
	args := append([]string{"serve", "--addr", h.addr, "--data", h.data, "--api-key", apiKey}, h.args...)
	h.cmd = exec.Command(roomful, args...)
	h.cmd.Env = append(os.Environ(), h.env...)
	h.log = newLogTail()
	stderr, err := h.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := h.cmd.Start(); err != nil {
		return err
	}
	h.done = make(chan error, 1)
	go func() {
		h.log.follow(stderr)
		h.done <- h.cmd.Wait()
	}()
	return nil
}

// kill ends the server as a power switch would.
func (h *house) kill() {
	if h.cmd.ProcessState == nil {
		h.cmd.Process.Kill()
		err := <-h.done
		h.done <- err
	}
}

// stop asks the server to end and returns how it did.
func (h *house) stop() error {
	h.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-h.done:
		h.done <- err
		return err
	case <-time.After(30 * time.Second):
		return fmt.Errorf("the server does not stop\n%s", h.log)
	}
}

func (h *house) url(path string) string {
	if h.scheme != "" {
		return h.scheme + "://" + h.addr + path
	}
	return "http://" + h.addr + path
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// field reads one field of a JSON body.
func (a answer) field(name string) string {
	var fields map[string]any
	json.Unmarshal(a.body, &fields)
	if fields[name] == nil {
		return ""
	}
	return fmt.Sprint(fields[name])
}

// ask makes a request; body nil is a GET. token is "" for nobody.
func (h *house) ask(path, token string, body any) (answer, error) {
	method, reader := http.MethodGet, io.Reader(nil)
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		method, reader = http.MethodPost, bytes.NewReader(encoded)
	}
	req, err := http.NewRequest(method, h.url(path), reader)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if h.client != nil {
		return doWith(h.client, req)
	}
	return do(req)
}

func do(req *http.Request) (answer, error) { return doWith(http.DefaultClient, req) }

func doWith(client *http.Client, req *http.Request) (answer, error) {
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, got}, err
}

// must is ask for what has to go well.
func (h *house) must(path, token string, body any) answer {
	h.t.Helper()
	a, err := h.ask(path, token, body)
	if err != nil || a.status >= 300 {
		h.t.Fatalf("%s: %v, %v", path, a, err)
	}
	return a
}

// command is a command's body.
type command struct {
	Type string `json:"type"`
	Op   string `json:"op,omitempty"`
	Data any    `json:"data,omitempty"`
}

// logTail keeps what the server says.
type logTail struct {
	serving chan struct{}

	mu   sync.Mutex // guards text
	text bytes.Buffer
}

var servingLine = regexp.MustCompile(`msg=serving`)

func newLogTail() *logTail { return &logTail{serving: make(chan struct{})} }

func (l *logTail) follow(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	ready := false
	for lines.Scan() {
		l.mu.Lock()
		l.text.Write(lines.Bytes())
		l.text.WriteByte('\n')
		l.mu.Unlock()
		if !ready && servingLine.Match(lines.Bytes()) {
			ready = true
			close(l.serving)
		}
	}
}

func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
