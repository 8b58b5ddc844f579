package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestNothingIsLostOnKill kills the server again and again under load, with
// readers on all four doors, and then compares what writers were told and
// what readers saw with the log.
func TestNothingIsLostOnKill(t *testing.T) {
	for _, sockets := range []string{"epoll", "portable"} {
		t.Run(sockets, func(t *testing.T) {
			h := open(t, "--portable-sockets="+fmt.Sprint(sockets == "portable"))
			ctx, cancel := context.WithCancel(context.Background())
			readers := []*follower{
				{name: "websocket", follow: followLive},
				{name: "sse", follow: followEvents},
				{name: "long-poll", follow: followPoll("25s")},
				{name: "poll", follow: followPoll("0s")},
			}
			var reading, writing sync.WaitGroup
			for _, r := range readers {
				reading.Go(func() { r.run(ctx, h) })
			}
			stop := make(chan struct{})
			writers := make([]*writer, 6)
			for i := range writers {
				writers[i] = &writer{client: fmt.Sprintf("w%d", i), acked: map[string]uint64{}}
				writing.Go(func() { writers[i].run(h, stop) })
			}
			for range kills(t) {
				wait(t, time.Duration(300+rand.IntN(400))*time.Millisecond)
				h.kill()
				h.start()
			}
			wait(t, 300*time.Millisecond)
			close(stop)
			writing.Wait()
			log := readLog(t, h)
			t.Logf("%d updates", len(log))
			last := uint64(len(log))
			for _, r := range readers {
				r.until(t, last)
			}
			cancel()
			reading.Wait()
			for _, w := range writers {
				w.check(t, log)
			}
			for _, r := range readers {
				r.check(t, log)
			}
		})
	}
}

// kills is how often the server is killed: 4 times, or ROOMFUL_KILLS as make
// soak sets it.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ROOMFUL_KILLS")
	if text == "" {
		return 4
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// wait lets the load go on for a while: what is tested is time passing.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	<-time.After(d)
}

// writer publishes one message after another, each until it is acknowledged.
type writer struct {
	client string
	acked  map[string]uint64 // op: seq
	errs   []string
}

func (w *writer) run(h *house, stop <-chan struct{}) {
	for n := 1; ; n++ {
		op := fmt.Sprintf("%s:%d", w.client, n)
		for {
			select {
			case <-stop:
				return
			default:
			}
			a, err := h.ask("/v1/rooms/channel/kill", apiKey, command{"channel.publish", op, map[string]int{"n": n}})
			if err == nil && a.status == http.StatusOK {
				var reply struct{ Seq uint64 }
				json.Unmarshal(a.body, &reply)
				w.acked[op] = reply.Seq
				break
			}
			if err == nil && a.status != http.StatusServiceUnavailable {
				w.errs = append(w.errs, a.String())
				return
			}
			<-time.After(10 * time.Millisecond) // refused while the server is down
		}
	}
}

func (w *writer) check(t *testing.T, log []logged) {
	t.Helper()
	if len(w.errs) > 0 {
		t.Errorf("writer %s: %v", w.client, w.errs)
	}
	seen := map[string]uint64{}
	for _, u := range log {
		if !strings.HasPrefix(u.Op, w.client+":") {
			continue
		}
		if seen[u.Op] != 0 {
			t.Errorf("op %s is in the log twice: %d and %d", u.Op, seen[u.Op], u.Seq)
		}
		seen[u.Op] = u.Seq
	}
	for op, seq := range w.acked {
		if seen[op] != seq {
			t.Errorf("op %s was acknowledged at %d, the log has it at %d", op, seq, seen[op])
		}
	}
	if len(w.acked) < 20 {
		t.Errorf("writer %s had only %d messages acknowledged", w.client, len(w.acked))
	}
}

// logged is an update of the log.
type logged struct {
	Seq uint64 `json:"seq"`
	Op  string `json:"op"`
}

func readLog(t *testing.T, h *house) (log []logged) {
	t.Helper()
	for {
		after := 0
		if len(log) > 0 {
			after = int(log[len(log)-1].Seq)
		}
		var page struct {
			Result struct {
				Updates []logged
				More    bool
			}
		}
		a := h.must(fmt.Sprintf("/v1/rooms/channel/kill?query=history&limit=1000&after=%d", after), "", nil)
		if err := json.Unmarshal(a.body, &page); err != nil {
			t.Fatal(err)
		}
		log = append(log, page.Result.Updates...)
		if !page.Result.More {
			break
		}
	}
	for i, u := range log {
		if u.Seq != uint64(i)+1 {
			t.Fatalf("the log has %d where %d should be", u.Seq, i+1)
		}
	}
	return log
}

// follower reads a room through one door, and goes on from its position
// whenever the door is shut in its face.
type follower struct {
	name   string
	follow func(ctx context.Context, h *house, f *follower) error

	mu    sync.Mutex // guards the fields below
	pos   string
	seqs  []uint64 // updates, in the order they came; 0 marks a view
	near  []string // views that came though the position was near
	head  uint64
	moved chan struct{}
}

func (f *follower) run(ctx context.Context, h *house) {
	for ctx.Err() == nil {
		if err := f.follow(ctx, h, f); err != nil {
			<-time.After(10 * time.Millisecond) // the server is down
		}
	}
}

// frame is what any door tells, the room's name aside.
type frame struct {
	Pos     string          `json:"pos"`
	View    json.RawMessage `json:"view"`
	Updates []logged        `json:"updates"`
}

func (f *follower) take(fr frame) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fr.Pos == "" {
		return
	}
	from, before := f.pos, f.head
	f.pos = fr.Pos
	fmt.Sscanf(fr.Pos[strings.IndexByte(fr.Pos, ':')+1:], "%d", &f.head)
	if fr.View != nil {
		f.seqs = append(f.seqs, 0)
		if from != "" && f.head-before <= 500 {
			f.near = append(f.near, from+" -> "+fr.Pos)
		}
	}
	for _, u := range fr.Updates {
		f.seqs = append(f.seqs, u.Seq)
	}
	if f.moved != nil {
		close(f.moved)
		f.moved = nil
	}
}

func (f *follower) since() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pos
}

// until waits for the follower to have come to seq.
func (f *follower) until(t *testing.T, seq uint64) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		f.mu.Lock()
		if f.head >= seq {
			f.mu.Unlock()
			return
		}
		moved := make(chan struct{})
		f.moved = moved
		f.mu.Unlock()
		select {
		case <-moved:
		case <-deadline:
			t.Fatalf("%s stands at %s, the log at %d", f.name, f.since(), seq)
		}
	}
}

// check holds the rule: after its first view every update once, in order, no
// gap; another view only if it was more than 500 updates behind.
func (f *follower) check(t *testing.T, log []logged) {
	t.Helper()
	if len(f.seqs) == 0 || f.seqs[0] != 0 {
		t.Fatalf("%s did not begin with a view", f.name)
	}
	var last uint64
	for _, seq := range f.seqs {
		switch {
		case seq == 0:
			last = 0
		case last != 0 && seq != last+1:
			t.Fatalf("%s was told %d after %d", f.name, seq, last)
		}
		if seq != 0 {
			last = seq
		}
	}
	if f.near != nil {
		t.Errorf("%s was shown views though it was near: %v", f.name, f.near)
	}
	if f.head != uint64(len(log)) {
		t.Errorf("%s ended at %d, the log at %d", f.name, f.head, len(log))
	}
}

func followLive(ctx context.Context, h *house, f *follower) error {
	c, _, err := websocket.Dial(ctx, "ws://"+h.addr+"/v1/live", &websocket.DialOptions{Subprotocols: []string{"roomful.v1.json"}})
	if err != nil {
		return err
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 20)
	join := fmt.Sprintf(`{"id":1,"join":{"room":"channel/kill","since":%q}}`, f.since())
	if err := c.Write(ctx, websocket.MessageText, []byte(join)); err != nil {
		return err
	}
	for {
		_, text, err := c.Read(ctx)
		if err != nil {
			return err
		}
		var fr frame
		if err := json.Unmarshal(text, &fr); err != nil {
			return err
		}
		f.take(fr)
	}
}

func followEvents(ctx context.Context, h *house, f *follower) error {
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, h.url("/v1/rooms/channel/kill"), nil)
	req.Header.Set("Accept", "text/event-stream")
	if since := f.since(); since != "" {
		req.Header.Set("Last-Event-ID", since)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var fr frame
			if err := json.Unmarshal([]byte(data), &fr); err != nil {
				return err
			}
			f.take(fr)
		}
	}
	return fmt.Errorf("the stream ended: %v", lines.Err())
}

func followPoll(hold string) func(ctx context.Context, h *house, f *follower) error {
	return func(ctx context.Context, h *house, f *follower) error {
		url := h.url("/v1/rooms/channel/kill")
		if since := f.since(); since != "" {
			url += "?wait=" + hold + "&since=" + since
		}
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		a, err := do(req)
		if err != nil {
			return err
		}
		var fr frame
		if a.status == http.StatusOK {
			if err := json.Unmarshal(a.body, &fr); err != nil {
				return err
			}
			f.take(fr)
		}
		if hold == "0s" {
			<-time.After(20 * time.Millisecond) // a poll's own pace
		}
		return nil
	}
}
