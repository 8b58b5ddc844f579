package sim

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

var (
	seeds = flag.Int("seeds", 16, "how many seeds to run; SEEDS sets it too")
	stop  = flag.Bool("stop", false, "stop at the first seed that fails")
	first = flag.Uint64("seed", 0, "run this seed alone, and print its trace with -v")
)

// kept are seeds that failed once.
func kept(t *testing.T) (list []uint64) {
	t.Helper()
	f, err := os.Open("testdata/seeds.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		text, _, _ := strings.Cut(s.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, seed)
	}
	return list
}

func TestSimulation(t *testing.T) {
	var list []uint64
	n := *seeds
	if text := os.Getenv("SEEDS"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	switch {
	case *first > 0:
		list = []uint64{*first}
	default:
		list = kept(t)
		for seed := range uint64(n) {
			list = append(list, seed+1)
		}
	}
	for _, seed := range list {
		if *stop { // one after the other
			if hold(t, seed); t.Failed() {
				return
			}
			continue
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			hold(t, seed)
		})
	}
}

// hold runs a seed and fails with what to type to see it again.
func hold(t *testing.T, seed uint64) Result {
	t.Helper()
	r := Run(t, seed)
	if *first > 0 {
		t.Log(r.Stats + "\n" + strings.Join(r.Trace, "\n"))
	}
	if len(r.Wrong) > 0 {
		t.Errorf("seed %d (%s):\n%s\nagain: go test ./sim -run TestSimulation -v -seed %d", seed, r.Stats, strings.Join(r.Wrong, "\n"), seed)
	}
	return r
}

func TestASeedReplaysExactly(t *testing.T) {
	for seed := range uint64(5) {
		a, b := Run(t, seed+1), Run(t, seed+1)
		for i := range min(len(a.Trace), len(b.Trace)) {
			if a.Trace[i] != b.Trace[i] {
				t.Fatalf("seed %d parts after %s\ninto\t%s\nand\t%s", seed+1, strings.Join(a.Trace[max(0, i-9):i], "\n\t"), strings.Join(a.Trace[i:min(i+3, len(a.Trace))], "\n\t"), strings.Join(b.Trace[i:min(i+3, len(b.Trace))], "\n\t"))
			}
		}
		if len(a.Trace) != len(b.Trace) || len(a.Trace) == 0 {
			t.Fatalf("seed %d: traces of %d and %d lines", seed+1, len(a.Trace), len(b.Trace))
		}
	}
}
