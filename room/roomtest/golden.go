package roomtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/roomful/roomful/room"
)

var update = flag.Bool("update", false, "write golden files instead of checking them")

// Case is one reader's stretch of a room: folding Updates into Start gives
// End. Golden files of cases are shared with the SDK, whose reducers must
// agree with the views.
type Case struct {
	Name    string        `json:"name"`
	Sight   room.Class    `json:"sight"`
	Member  room.MemberID `json:"member"`
	Start   Look          `json:"start"`
	Updates []Wire        `json:"updates"`
	End     Look          `json:"end"`

	room    *Room
	feature string
	caller  room.Caller
	after   int
}

// Look is what a reader sees of one feature.
type Look struct {
	View json.RawMessage `json:"view"`
	Mine json.RawMessage `json:"mine"`
}

// Wire is an update as readers get it.
type Wire struct {
	Seq  uint64          `json:"seq"`
	Type string          `json:"type"`
	At   room.Millis     `json:"at"`
	By   room.MemberID   `json:"by,omitempty"`
	Op   string          `json:"op,omitempty"`
	Data json.RawMessage `json:"data"`
}

// Follow begins a case: what c sees of feature from now on.
func (r *Room) Follow(name, feature string, c room.Caller) *Case {
	r.t.Helper()
	m, err := r.Identify(c)
	if err != nil {
		r.t.Fatalf("follow %s: %v", name, err)
	}
	return &Case{
		Name: name, Sight: room.SightOf(m, nil).Class, Member: m.ID,
		Start: r.look(c, feature), room: r, feature: feature, caller: c, after: len(r.log),
	}
}

func (r *Room) look(c room.Caller, feature string) Look {
	r.t.Helper()
	return Look{View: r.View(c, feature), Mine: r.Mine(c, feature)}
}

// Done ends a case, live: a reader who keeps up is told of everything, also
// of what is withdrawn later.
func (c *Case) Done() *Case {
	c.room.t.Helper()
	s := room.Sight{Class: c.Sight, Only: c.feature}
	for i := range c.room.log[c.after:] {
		if u := &c.room.log[c.after+i]; s.Sees(u, c.Member) {
			c.Updates = append(c.Updates, Wire{u.Seq, u.Type, u.At, u.By, u.Op, u.Data})
		}
	}
	c.End = c.room.look(c.caller, c.feature)
	return c
}

// Golden checks cases against testdata/golden.json, or writes it.
func Golden(t *testing.T, cases ...*Case) {
	t.Helper()
	path := filepath.Join("testdata", "golden.json")
	got := format(t, cases)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s is not what the feature does now: look at the change, then go test -run %s -update", path, t.Name())
	}
}

// format writes one case a block, one update a line, so that changes are
// readable.
func format(t *testing.T, cases []*Case) []byte {
	t.Helper()
	var b strings.Builder
	line := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	b.WriteString("[\n")
	for i, c := range cases {
		b.WriteString("{\"name\":" + line(c.Name) + ",\"sight\":" + line(c.Sight) + ",\"member\":" + line(c.Member) + ",\n")
		b.WriteString("\"start\":" + line(c.Start) + ",\n\"updates\":[\n")
		for j, u := range c.Updates {
			b.WriteString("  " + line(u) + comma(j, len(c.Updates)))
		}
		b.WriteString("],\n\"end\":" + line(c.End) + "}" + comma(i, len(cases)))
	}
	b.WriteString("]\n")
	return []byte(b.String())
}

func comma(i, n int) string {
	if i == n-1 {
		return "\n"
	}
	return ",\n"
}
