package sim

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mutant is a small fault: one text of one file, which must be there exactly
// once, and what stands there instead.
type mutant struct {
	name     string
	file     string
	old, new string
	tests    string // the package whose tests must notice, "" for the simulation
}

var mutants = []mutant{
	{
		name: "a frame is dropped", file: "fanout/seats.go",
		old: "		if !c.sink.Send(bytes) {\n",
		new: "		if s.tail.stats.Told.Load()%17 == 5 {\n			g.next++\n			continue\n		}\n		if !c.sink.Send(bytes) {\n",
	},
	{
		name: "an update is told before an older one", file: "fanout/tail.go",
		old: "		texts = append(texts, e.text)\n",
		new: "		if texts = append(texts, e.text); len(texts) == 3 {\n			texts[1], texts[2] = texts[2], texts[1]\n		}\n",
	},
	{
		name: "an op is forgotten", file: "node/ops.go",
		old: "	c.kept = append(c.kept, *op)\n",
		new: "	if op.Op.N%5 != 0 {\n		c.kept = append(c.kept, *op)\n	} else {\n		c.high--\n	}\n",
	},
	{
		name: "ops are left out of the snapshot", file: "node/state.go",
		old: "st.ops.save()", new: "[]savedClient(nil)",
	},
	{
		name: "a commit is skipped", file: "node/turn.go",
		old: "	head, err := h.node.opts.Journal.Append(ctx, h.id, h.state.head, rec)\n",
		new: "	if rec.Nonce%11 == 0 {\n		return h.state.head.After(&rec), nil\n	}\n	head, err := h.node.opts.Journal.Append(ctx, h.id, h.state.head, rec)\n",
	},
	{
		name: "it is told before it is committed", file: "node/turn.go",
		old: "		head, err := h.commit(ctx, t.rec)\n", new: "		h.tell(ctx, t)\n		head, err := h.commit(ctx, t.rec)\n",
	},
	{
		name: "a resume does not compare the sight", file: "node/read.go",
		old: " || p.Sight != e.Sight.Code()", new: "",
	},
	{
		name: "something covered is told", file: "fanout/ring.go",
		old: "u.IsAbout(subject) {", new: "u.IsAbout(subject) && i%3 > 0 {",
	},
	{
		name: "a refill tells what was covered", file: "node/state.go",
		old: "		if covered[subject] > u.Seq {\n", new: "		if covered[subject] > u.Seq+40 {\n",
	},
	{
		name: "a value takes the place of another audience's", file: "fanout/ring.go",
		old: "r.replace(conflation{u.Key, u.To}, u.Seq)", new: "r.replace(conflation{u.Key, \"\"}, u.Seq)",
	},
	{
		name: "the same within a turn", file: "node/turn.go",
		old: "	c := conflation{u.Key, u.To}\n", new: "	c := conflation{u.Key, \"\"}\n", tests: "node",
	},
	{
		name: "an answer older than the rights is let in", file: "fanout/cursor.go",
		old: "	late := s.tail.rights.changed(c.member, r.Asked)\n", new: "	late := false\n", tests: "fanout",
	},
	{
		name: "who comes from behind is left without a value", file: "fanout/cursor.go",
		old: "	if c.owed || t.owes(c.at.seq, upTo.seq, g.sight, c.member) {\n", new: "	if c.owed {\n",
	},
}

// Each small fault must fail the tests, or they hold nothing.
func TestMutantsAreCaught(t *testing.T) {
	if testing.Short() || os.Getenv("MUTANTS") == "0" {
		t.Skip("builds the tests anew for each of them")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		t.Run(strings.ReplaceAll(m.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			binary := m.build(t, root)
			out, caught := m.caught(binary, root)
			if !caught {
				t.Errorf("nobody noticed that %s\n%s", m.name, out)
			}
			t.Logf("%.300s", out)
		})
	}
}

// build makes the tests with the fault in them.
func (m *mutant) build(t *testing.T, root string) (binary string) {
	t.Helper()
	path := filepath.Join(root, m.file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		t.Fatalf("%s has this %d times, not once:\n%s", m.file, n, m.old)
	}
	dir := t.TempDir()
	patched, overlay := filepath.Join(dir, "patched.go"), filepath.Join(dir, "overlay.json")
	write(t, patched, []byte(strings.Replace(string(text), m.old, m.new, 1)))
	paths, _ := json.Marshal(map[string]map[string]string{"Replace": {path: patched}})
	write(t, overlay, paths)
	binary = filepath.Join(dir, "tests")
	build := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, "./"+m.folder())
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

func (m *mutant) folder() string {
	if m.tests != "" {
		return m.tests
	}
	return "sim"
}

// caught runs a few seeds after the other until one fails.
func (m *mutant) caught(binary, root string) (output string, caught bool) {
	args := []string{"-test.timeout", "100s"}
	if m.tests == "" {
		args = append(args, "-test.run", "TestSimulation", "-stop", "-seeds", "30")
	}
	run := exec.Command(binary, args...)
	run.Dir = filepath.Join(root, m.folder())
	run.WaitDelay = time.Second
	out, err := run.CombinedOutput()
	text := string(out)
	return text[:min(len(text), 2000)], err != nil && strings.Contains(text, "--- FAIL") && !strings.Contains(text, "test timed out")
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
