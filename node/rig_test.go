package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roomful/roomful/backend/memory"
	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
)

// script is a feature whose commands say what it does.
type script struct {
	Lines  []string          `json:"lines"`
	Values map[string]string `json:"values"`
	Rang   int               `json:"rang"`
}

// act is the data of script.do, script.refuse and so on.
type act struct {
	Say    []line `json:"say"`
	Reply  string `json:"reply,omitempty"`
	Alarm  int    `json:"alarm,omitempty"`  // seconds from now; negative clears it
	Signal string `json:"signal,omitempty"` // own presence
	Panic  bool   `json:"panic,omitempty"`
	Refuse string `json:"refuse,omitempty"`
}

type line struct {
	Text   string        `json:"text"`
	To     room.Audience `json:"to,omitempty"`
	Key    string        `json:"key,omitempty"`
	About  string        `json:"about,omitempty"`
	Covers string        `json:"covers,omitempty"`
	Broken bool          `json:"broken,omitempty"`
}

func (s *script) Handle(tx *room.Tx, cmd room.Command) error {
	var a act
	if err := room.Decode(cmd, &a); err != nil {
		return err
	}
	if a.Panic {
		panic("as asked")
	}
	s.record(tx, a)
	if a.Alarm > 0 {
		tx.Alarm("script/bell", tx.Now().Add(time.Duration(a.Alarm)*time.Second))
	}
	if a.Alarm < 0 {
		tx.Alarm("script/bell", time.Time{})
	}
	if a.Signal != "" {
		tx.Signal("script.presence/"+string(cmd.By.ID), map[string]string{"state": a.Signal})
	}
	if a.Reply != "" {
		tx.Reply(a.Reply)
	}
	if a.Refuse != "" {
		return room.Errorf(room.Code(a.Refuse), "As asked.")
	}
	return nil
}

func (s *script) record(tx *room.Tx, a act) {
	for _, l := range a.Say {
		tx.Record("script.said", l, func(u *room.Update) {
			u.To, u.Key, u.About, u.Covers = l.To, l.Key, l.About, l.Covers
		})
	}
}

func (s *script) Apply(u room.Update) error {
	if u.Type == "script.rang" {
		s.Rang++
		return nil
	}
	var l line
	if err := json.Unmarshal(u.Data, &l); err != nil {
		return err
	}
	switch {
	case l.Broken:
		return errors.New("will not fold")
	case l.Key != "":
		s.Values[l.Key+"@"+string(l.To)] = l.Text
	default:
		s.Lines = append(s.Lines, l.Text)
	}
	return nil
}

func (s *script) Alarm(tx *room.Tx, _ string) error {
	tx.Record("script.rang", struct{}{})
	return nil
}

func (s *script) View(room.Sight) (any, error) { return s, nil }

func (s *script) Mine(room.Member) (any, error) { return nil, nil }

func (s *script) Query(_ room.Member, name string, _ room.Args) (any, error) {
	if name == "script.panic" {
		panic("as asked")
	}
	return s.Lines, nil
}

func (s *script) Snapshot() ([]byte, error) { return json.Marshal(s) }

func (s *script) Restore(b []byte) error { return json.Unmarshal(b, s) }

// disk is a journal that does as it is told.
type disk struct {
	*memory.Journal
	mu      sync.Mutex    // guards append while a node runs beside the test
	append  func() error  // what an Append returns instead; after storing if it is errStored
	settle  func() error  // the same for Settle
	gate    chan struct{} // not nil: every Append waits for a send
	full    bool
	appends int
}

var errStored = errors.New("stored, but reported failed")

func (d *disk) Append(ctx context.Context, id room.ID, head journal.Head, rec journal.Record) (journal.Head, error) {
	d.mu.Lock()
	d.appends++
	d.mu.Unlock()
	if d.gate != nil {
		<-d.gate
	}
	d.mu.Lock()
	fault := d.append
	d.mu.Unlock()
	return d.try(fault, func() (journal.Head, error) { return d.Journal.Append(ctx, id, head, rec) })
}

func (d *disk) Settle(ctx context.Context, id room.ID, head journal.Head, rec journal.Record) (journal.Head, error) {
	return d.try(d.settle, func() (journal.Head, error) { return d.Journal.Settle(ctx, id, head, rec) })
}

func (d *disk) try(fault func() error, do func() (journal.Head, error)) (journal.Head, error) {
	var err error
	if fault != nil {
		err = fault()
	}
	if err != nil && !errors.Is(err, errStored) {
		return journal.Head{}, err
	}
	head, doErr := do()
	if doErr != nil {
		return head, doErr
	}
	return head, err
}

func (d *disk) Full() bool { return d.full }

func (d *disk) fail(fault func() error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.append = fault
}

// times returns a fault for the next n calls.
func times(n int, err error) func() error {
	return func() error {
		if n--; n >= 0 {
			return err
		}
		return nil
	}
}

// rig is a node in a bubble.
type rig struct {
	t    *testing.T
	disk *disk
	node *node.Node
	kind room.Kind
	skew atomic.Int64 // of the node's clock
	seed uint64
}

const hall = room.ID("hall/a")

func bubble(t *testing.T, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, disk: &disk{Journal: memory.New()}}
		r.kind = room.Kind{
			Name: "hall", Public: true, Presence: "script.presence",
			Features: []room.Feature{{Name: "script", New: func() room.Behavior { return &script{Values: map[string]string{}} }}},
		}
		r.start()
		f(r)
	})
}

// start makes a new node on the same journal, as after a crash.
func (r *rig) start() {
	n, err := node.New(node.Options{
		Kinds: []room.Kind{r.kind}, Journal: r.disk,
		Now:    func() time.Time { return time.Now().Add(time.Duration(r.skew.Load())) },
		Seed:   func() uint64 { r.seed++; return r.seed * 0x9e3779b97f4a7c15 },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.node = n
}

// ask sends a command and returns where its outcome comes.
func (r *rig) ask(member room.MemberID, op string, data any) node.Await {
	r.t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		r.t.Fatal(err)
	}
	o, err := room.ParseOp(op)
	if err != nil {
		r.t.Fatal(err)
	}
	a := node.NewAwait()
	r.node.Do(hall, node.Command{Caller: caller(member), Type: "script.do", Op: o, Data: text}, a, 0)
	return a
}

func caller(member room.MemberID) room.Caller {
	if strings.HasPrefix(string(member), "staff") {
		return room.Caller{Member: member, Role: room.Moderator}
	}
	if member == "" {
		return room.Caller{}
	}
	return room.Caller{Member: member, Role: room.Guest}
}

func (r *rig) do(member room.MemberID, op string, data any) node.Outcome {
	r.t.Helper()
	return wait(r.ask(member, op, data))
}

func wait(a node.Await) node.Outcome { return <-a }

func (r *rig) join(member room.MemberID, since string, only ...string) *node.Entry {
	r.t.Helper()
	a := node.NewAwait()
	r.node.Join(hall, node.Join{Caller: caller(member), Since: since, Only: only}, a, 0)
	out := wait(a)
	if out.Err != nil {
		r.t.Fatalf("join by %q: %v", member, out.Err)
	}
	return out.Entry
}

func (r *rig) query(member room.MemberID, name string, args room.Args) node.Outcome {
	a := node.NewAwait()
	r.node.Query(hall, node.Query{Caller: caller(member), Name: name, Args: args}, a, 0)
	return wait(a)
}

// together runs asks as one turn: while another one's commit is in flight.
func (r *rig) together(asks func()) {
	r.disk.gate = make(chan struct{})
	first := r.ask("opener", "", act{Say: []line{{Text: "first"}}})
	synctest.Wait()
	asks()
	close(r.disk.gate)
	wait(first)
	synctest.Wait()
	r.disk.gate = nil
}

// log is what the journal has of the hall.
func (r *rig) log() (updates []room.Update) {
	for u, err := range r.disk.Journal.Read(context.Background(), hall, 0) {
		if err != nil {
			r.t.Fatal(err)
		}
		updates = append(updates, u)
	}
	return updates
}

func (r *rig) texts() string {
	var all []string
	for _, u := range r.log() {
		var l line
		_ = json.Unmarshal(u.Data, &l)
		all = append(all, l.Text)
	}
	return strings.Join(all, " ")
}

func say(text string) act { return act{Say: []line{{Text: text}}, Reply: "said " + text} }

func (r *rig) wantTexts(want string) {
	r.t.Helper()
	if got := r.texts(); got != want {
		r.t.Errorf("the log has %q, want %q", got, want)
	}
}

func (r *rig) wantCode(what string, out node.Outcome, want room.Code) {
	r.t.Helper()
	got := room.Code("")
	if out.Err != nil {
		got = out.Err.Code
	}
	if got != want {
		r.t.Errorf("%s: got %q (%v), want %q", what, got, out.Err, want)
	}
}

func opN(n int) string { return fmt.Sprint("c:", n) }
