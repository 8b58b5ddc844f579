package sim

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roomful/roomful/backend/memory"
	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/feature/event"
	"github.com/roomful/roomful/feature/feed"
	"github.com/roomful/roomful/feature/people"
	"github.com/roomful/roomful/feature/reactions"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
)

const (
	party = room.ID("event/sim")
	talk  = room.ID("talk/sim")
)

// busy is how long, of the bubble's time, people act; then everything that is
// owed is told, and held to the promises.
const busy = 7 * time.Second

// world is one seed's run.
type world struct {
	t     *testing.T
	seed  uint64
	store *memory.Journal // what is on disk: outlives every process
	tails fanout.Limits
	skew  atomic.Int64 // of the node's clock, nanoseconds
	calm  atomic.Bool  // no more faults
	full  atomic.Bool  // the disk has no space
	left  atomic.Bool  // all readers are to leave
	over  chan struct{}
	all   sync.WaitGroup

	mu    sync.Mutex // guards the fields below; never held over a wait or a call into what is tested
	life  *life
	rooms map[room.ID]*history
	seen  []look
	trace []string
	wrong []string
	posts []string // ids that somebody was told
	notes []string // the same of comments
	made  int
}

// life is one process: a node and its loops.
type life struct {
	w     *world
	n     int
	node  *node.Node
	loops []*loop
	died  chan struct{}
	stop  context.CancelFunc
}

func (l *life) dead() bool {
	select {
	case <-l.died:
		return true
	default:
		return false
	}
}

// Result is what a run left behind.
type Result struct {
	Trace []string // what happened, in order
	Wrong []string // promises that were broken
	Stats string
}

// Run runs one seed.
func Run(t *testing.T, seed uint64) (result Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, seed: seed, store: memory.New(), over: make(chan struct{}), rooms: map[room.ID]*history{}}
		r := w.random("world", 0)
		w.tails = fanout.Limits{
			RingUpdates: 8 << r.IntN(8), RingBytes: 512 << 10, FrameBytes: 700 << r.IntN(7), Sights: 3 + r.IntN(6),
		}
		w.rooms[party], w.rooms[talk] = newHistory(party), newHistory(talk)
		w.play()
		result = Result{w.trace, w.wrong, w.stats()}
	})
	return result
}

// random is a source of the seed's for one purpose.
func (w *world) random(what string, n int) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, c := range []byte(fmt.Sprint(what, n)) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(w.seed, h))
}

func (w *world) play() {
	r := w.random("fate", 0)
	w.boot()
	cast := w.open()
	readers := w.readers(cast)
	for _, a := range cast {
		w.all.Go(a.run)
	}
	for end := time.Now().Add(busy); time.Now().Before(end); {
		pause(r, 10*time.Millisecond, time.Second)
		w.fate(r)
	}
	w.calm.Store(true)
	w.full.Store(false)
	w.skew.Add(int64(24 * time.Hour)) // past every earlier jump: absence is measured on a clock that only rises
	close(w.over)
	time.Sleep(20 * time.Second) // retries end, stalls clear, paced flushes come
	w.settle(readers)
	w.die()
	w.all.Wait()
	w.judge()
}

// fate is what happens to the process.
func (w *world) fate(r *rand.Rand) {
	l := w.now()
	switch r.IntN(12) {
	case 0, 1, 2, 3:
		w.note("retire")
		l.node.Retire(-time.Hour)
	case 4:
		w.note("crash")
		w.die()
		pause(r, time.Millisecond, time.Second)
		w.boot()
	case 5:
		w.note("close")
		l.stop()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		_ = l.node.Close(ctx)
		cancel()
		pause(r, time.Microsecond, time.Millisecond) // not in the instant of the last turn
		w.die()
		w.boot()
	case 6, 7:
		w.skew.Add(int64(time.Duration(r.IntN(7200)-3600) * time.Second))
		w.note("clock")
	case 8:
		w.full.Store(true)
		pause(r, time.Millisecond, 300*time.Millisecond)
		w.full.Store(false)
	}
}

// boot starts a process.
func (w *world) boot() {
	w.mu.Lock()
	n := 0
	if w.life != nil {
		n = w.life.n + 1
	}
	w.mu.Unlock()
	l := &life{w: w, n: n, died: make(chan struct{})}
	var seeds atomic.Uint64
	nd, err := node.New(node.Options{
		Kinds: kinds(), Journal: &disk{w, l}, Tails: w.tails,
		Now:    func() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) },
		Seed:   func() uint64 { return w.random("node", n<<32|int(seeds.Add(1))).Uint64() },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	l.node = nd
	for i := range 2 {
		l.loops = append(l.loops, newLoop(i, l, w.random("loop", n<<8|i)))
	}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	w.all.Go(func() { nd.Run(ctx) })
	w.mu.Lock()
	w.life = l
	w.mu.Unlock()
}

// die ends the process without a word: what is in flight is lost.
func (w *world) die() {
	l := w.now()
	w.mu.Lock()
	close(l.died)
	w.mu.Unlock()
	l.stop()
}

func (w *world) now() *life {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.life
}

func kinds() []room.Kind {
	return []room.Kind{
		{
			Name: "event", Made: true, Presence: "people.presence",
			Features: []room.Feature{event.New(), people.New(), feed.New(), reactions.New(reactions.Options{})},
		},
		{Name: "talk", Public: true, Features: []room.Feature{reactions.New(reactions.Options{Anyone: true})}},
	}
}

func (w *world) faulty() bool { return !w.calm.Load() }

func (w *world) ended() bool {
	select {
	case <-w.over:
		return true
	default:
		return false
	}
}

// pause waits between least and most: never twice the same.
func pause(r *rand.Rand, least, most time.Duration) {
	time.Sleep(least + time.Duration(r.Int64N(int64(most-least))))
}

// note adds to the trace.
func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noted(format, args...)
}

// noted and broken need mu.
func (w *world) noted(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%d ", time.Now().UnixNano())+fmt.Sprintf(format, args...))
}

func (w *world) broken(format string, args ...any) {
	w.noted("BROKEN "+format, args...)
	if len(w.wrong) < 8 {
		w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
	}
}

func (w *world) stats() string {
	return fmt.Sprintf("%d updates, %d frames, %d lives", len(w.rooms[party].updates)+len(w.rooms[talk].updates), len(w.seen), w.life.n+1)
}
