package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/roomful/roomful/bench/load"
	"github.com/roomful/roomful/bench/machine"
)

// lab is the processes of a run and where they are.
type lab struct {
	options
	dir    string // everything that the run writes
	server string // the binary
	self   string

	mu   sync.Mutex // guards all
	all  []*process
	port int
}

// process is one of ours.
type process struct {
	*exec.Cmd
	ended chan struct{}
}

func (p *process) pid() int { return p.Process.Pid }

func (p *process) stop(sig syscall.Signal) {
	p.Process.Signal(sig)
	select {
	case <-p.ended:
	case <-time.After(25 * time.Second):
		p.Process.Kill()
		<-p.ended
	}
}

func newLab(o options) (*lab, error) {
	l := &lab{options: o, port: 20_000 + os.Getpid()%9000}
	var err error
	if l.dir, err = os.MkdirTemp(o.data, "roomful-bench-"); err != nil {
		return nil, err
	}
	if l.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if l.binary != "" {
		l.server, err = filepath.Abs(l.binary)
		return l, err
	}
	l.server = filepath.Join(l.dir, "roomful")
	return l, l.build()
}

// build makes the server with the probe in it.
func (l *lab) build() error {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("find the module: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(out)))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(root, "cmd/roomful/probe.go"): filepath.Join(root, "bench/probe/probe.go.txt"),
	}})
	if err != nil {
		return err
	}
	file := filepath.Join(l.dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-overlay", file, "-o", l.server, "./cmd/roomful")
	build.Dir, build.Stderr = root, os.Stderr
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	return build.Run()
}

// start runs one of ours, which is killed with this process.
func (l *lab) start(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{Cmd: cmd, ended: make(chan struct{})}
	go func() { // ends with the process
		cmd.Wait()
		close(p.ended)
	}()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, p)
	return p, nil
}

// endAll ends all processes.
func (l *lab) endAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.all {
		p.Process.Kill()
	}
	for _, p := range l.all {
		<-p.ended
	}
	l.all = nil
}

// close ends the run and takes away what it wrote.
func (l *lab) close() {
	l.endAll()
	os.RemoveAll(l.dir)
}

// addr is a free loopback address.
func (l *lab) addr() string {
	for {
		l.port++
		addr := "127.0.0.1:" + strconv.Itoa(l.port)
		if n, err := net.Listen("tcp", addr); err == nil {
			n.Close()
			return addr
		}
	}
}

// scaled is a number of connections or rooms.
func (l *lab) scaled(n int) int { return max(10, int(float64(n)*l.scale)) }

const apiKey = "bench-key-0123456789abcdef"

// house is a running server.
type house struct {
	*process
	lab    *lab
	scheme string
	addr   string
	probe  string
	data   string
}

// serve starts a server on fresh data, or on data that another left.
func (l *lab) serve(data string, flags ...string) (*house, error) {
	if data == "" {
		var err error
		if data, err = os.MkdirTemp(l.dir, "data-"); err != nil {
			return nil, err
		}
	}
	h := &house{lab: l, scheme: "http", addr: l.addr(), probe: l.addr(), data: data}
	args := []string{"serve", "--addr", h.addr, "--data", data, "--api-key", apiKey, "--log-level", "warn",
		"--address-joins", "0", "--address-connections", "0", "--loops", strconv.Itoa(l.loops)}
	if slices.Contains(flags, "--tls-cert") {
		h.scheme = "https"
	}
	cmd := exec.Command(l.server, append(args, flags...)...)
	cmd.Env = append(os.Environ(), "BENCH_PROBE="+h.probe)
	var err error
	if h.process, err = l.start(cmd); err != nil {
		return nil, err
	}
	return h, h.await()
}

// insecure trusts the certificate that a run makes for itself.
var insecure = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}

// await waits until the server is ready.
func (h *house) await() error {
	for began := time.Now(); time.Since(began) < 30*time.Second; time.Sleep(time.Millisecond) {
		select {
		case <-h.ended:
			return errors.New("the server ended")
		default:
		}
		r, err := insecure.Get(h.scheme + "://" + h.addr + "/readyz")
		if err != nil {
			continue
		}
		r.Body.Close()
		if r.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.New("the server does not get ready")
}

// collect has the server collect its garbage and give back the memory.
func (h *house) collect() error {
	r, err := http.Get("http://" + h.probe + "/gc")
	if err != nil {
		return err
	}
	return r.Body.Close()
}

// rest is the server's memory once it is collected and quiet.
func (h *house) rest() (int64, error) {
	for range 2 {
		if err := h.collect(); err != nil {
			return 0, err
		}
		time.Sleep(200 * time.Millisecond)
	}
	return machine.Resident(h.pid()), nil
}

// profiled runs f and writes what the server did meanwhile, if wanted.
func (h *house) profiled(name string, f func() error) error {
	if h.lab.profile == "" {
		return f()
	}
	done := make(chan error, 1)
	go func() { done <- h.writeProfile(name, "/debug/pprof/profile?seconds=3") }()
	err := f()
	return errors.Join(err, <-done)
}

func (h *house) writeProfile(name, path string) error {
	r, err := http.Get("http://" + h.probe + path)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	os.MkdirAll(h.lab.profile, 0o755)
	f, err := os.Create(filepath.Join(h.lab.profile, name+".pprof"))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, r.Body)
	return err
}

// profileSelf profiles this process until the returned function is called.
func (l *lab) profileSelf(name string) (stop func()) {
	if l.profile == "" {
		return func() {}
	}
	os.MkdirAll(l.profile, 0o755)
	f, err := os.Create(filepath.Join(l.profile, name+".pprof"))
	if err != nil || pprof.StartCPUProfile(f) != nil {
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}
}

// metric is one number of /metrics, summed over labels.
func (h *house) metric(name string) float64 {
	r, err := http.Get("http://" + h.addr + "/metrics")
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	sum := 0.0
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		full, value, ok := strings.Cut(lines.Text(), " ")
		if base, _, _ := strings.Cut(full, "{"); ok && base == name {
			v, _ := strconv.ParseFloat(value, 64)
			sum += v
		}
	}
	return sum
}

// crowd is client processes that act as one.
type crowd struct {
	lab     *lab
	members []*clients
}

// clients is one client process.
type clients struct {
	*process
	in     *json.Encoder
	out    *json.Decoder
	page   *[load.Groups]atomic.Uint64
	source string
}

// crowd starts n client processes.
func (l *lab) crowd(n int) (*crowd, error) {
	c := &crowd{lab: l}
	for i := range n {
		page := filepath.Join(l.dir, fmt.Sprintf("page-%d-%d", l.port, i))
		l.port++
		cmd := exec.Command(l.self, "clients", page)
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC=400")
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		p, err := l.start(cmd)
		if err != nil {
			return nil, err
		}
		m := &clients{process: p, in: json.NewEncoder(in), out: json.NewDecoder(out), source: fmt.Sprintf("127.0.0.%d", 11+i)}
		if m.page, err = load.Map(page); err != nil {
			return nil, err
		}
		c.members = append(c.members, m)
	}
	return c, nil
}

func (c *crowd) pids() (pids []int) {
	for _, m := range c.members {
		pids = append(pids, m.pid())
	}
	return pids
}

// told is how many deliveries a group has had since the beginning.
func (c *crowd) told(group int) (n uint64) {
	for _, m := range c.members {
		n += m.page[group].Load()
	}
	return n
}

// order has every process do the same and sums up what they report.
func (c *crowd) order(o load.Order) (load.Report, error) {
	return c.orders(func(int) load.Order { return o })
}

func (c *crowd) orders(of func(i int) load.Order) (load.Report, error) {
	sum := load.Report{Latency: load.Hist{}, Lowest: ^uint64(0)}
	for i, m := range c.members {
		if err := m.in.Encode(of(i)); err != nil {
			return sum, fmt.Errorf("client process: %w", err)
		}
	}
	for _, m := range c.members {
		var r load.Report
		if err := m.out.Decode(&r); err != nil {
			return sum, fmt.Errorf("client process: %w", err)
		}
		add(&sum, &r)
	}
	if sum.Err != "" {
		return sum, errors.New(sum.Err)
	}
	return sum, nil
}

func add(sum, r *load.Report) {
	sum.Took = max(sum.Took, r.Took)
	sum.Conns += r.Conns
	sum.Delivered += r.Delivered
	sum.Frames += r.Frames
	sum.Reads += r.Reads
	sum.Bytes += r.Bytes
	sum.Views += r.Views
	sum.Rejoined += r.Rejoined
	sum.Missing += r.Missing
	sum.Doubled += r.Doubled
	sum.Lost += r.Lost
	sum.Oks += r.Oks
	sum.Lowest, sum.Highest = min(sum.Lowest, r.Lowest), max(sum.Highest, r.Highest)
	sum.Latency.Merge(r.Latency)
	if sum.Refused == "" {
		sum.Refused = r.Refused
	}
	if sum.Err == "" {
		sum.Err = r.Err
	}
}

// dial opens count connections of a group, shared out among the processes.
func (c *crowd) dial(group int, d load.Dial, count int) (load.Report, error) {
	n := len(c.members)
	parallel := max(1, d.Parallel/n)
	return c.orders(func(i int) load.Order {
		mine := d
		mine.Source, mine.Parallel = c.members[i].source, parallel
		mine.First = count * i / n
		mine.Count = count*(i+1)/n - mine.First
		return load.Order{Do: "dial", Group: group, Dial: &mine, Limit: 60 * time.Second}
	})
}

// count reports a group, and faults that fail a run.
func (c *crowd) count(group int) (load.Report, error) {
	r, err := c.order(load.Order{Do: "count", Group: group})
	if err == nil {
		err = faults(&r)
	}
	return r, err
}

func faults(r *load.Report) error {
	if r.Missing+r.Doubled+r.Lost+r.Rejoined == 0 && r.Refused == "" {
		return nil
	}
	return fmt.Errorf("%d missing, %d twice, %d connections lost, %d told anew: %s", r.Missing, r.Doubled, r.Lost, r.Rejoined, r.Refused)
}

// stand is a running reference.
type stand struct {
	*process
	addr string
	feed net.Conn
}

// broadcaster starts a bare broadcaster.
func (l *lab) broadcaster(how ...string) (*stand, error) {
	s := &stand{addr: l.addr()}
	feed := l.addr()
	loops := l.loops
	if loops == 0 {
		loops = 2
	}
	cmd := exec.Command(l.self, append([]string{"broadcaster", s.addr, feed, strconv.Itoa(loops)}, how...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if s.process, err = l.start(cmd); err != nil {
		return nil, err
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, err
	}
	s.feed, err = net.Dial("tcp", feed)
	return s, err
}
