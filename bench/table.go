package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/roomful/roomful/bench/machine"
)

// row is a figure: what was measured, against what, and what it should be.
type row struct {
	Figure  string  `json:"figure"`
	Value   string  `json:"value"`
	Ref     string  `json:"reference,omitempty"`
	Ratio   string  `json:"ratio,omitempty"`
	Aim     string  `json:"aim"`
	Reached string  `json:"reached"` // "yes", "no", "" if it is only told
	Notes   string  `json:"notes,omitempty"`
	Other   float64 `json:"otherLoadCores"`
	Steal   float64 `json:"stolenCores"`
	Repeat  string  `json:"repeat"`
	At      string  `json:"at"`
}

// series is repeated measurements of one thing.
type series []float64

func (s series) median() float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	c := slices.Sorted(slices.Values(s))
	if n := len(c); n%2 == 0 {
		return (c[n/2-1] + c[n/2]) / 2
	}
	return c[len(c)/2]
}

// String is the median and the range: 0.61 [0.55..0.7].
func (s series) String() string {
	return fmt.Sprintf("%s [%s..%s]", short(s.median()), short(slices.Min(s)), short(slices.Max(s)))
}

// over divides pair by pair.
func (s series) over(ref series) (ratio series) {
	for i := range min(len(s), len(ref)) {
		ratio = append(ratio, s[i]/ref[i])
	}
	return ratio
}

func short(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e6:
		return fmt.Sprintf("%.2f M", v/1e6)
	case a >= 1e4:
		return fmt.Sprintf("%.0f k", v/1e3)
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func reached(ok bool) string {
	if ok {
		return "yes"
	}
	return "no"
}

// sheet is the table of a run.
type sheet struct {
	Machine string `json:"machine"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	Rows    []row  `json:"rows"`
}

func (s *sheet) add(r row) {
	r.At = time.Now().UTC().Format("2006-01-02 15:04")
	s.Rows = append(s.Rows, r)
	fmt.Printf("%-44s %-28s ref %-26s ratio %-22s aim %-18s %s\n    %s (other load %.2f, stolen %.2f)\n",
		r.Figure, r.Value, r.Ref, r.Ratio, r.Aim, r.Reached, r.Notes, r.Other, r.Steal)
}

// write writes name.md and name.json, with the rows of earlier runs that this
// one did not measure again.
func (s *sheet) write(name string) error {
	var old sheet
	if b, err := os.ReadFile(name + ".json"); err == nil {
		if err := json.Unmarshal(b, &old); err != nil {
			return err
		}
	}
	for _, r := range s.Rows {
		i := slices.IndexFunc(old.Rows, func(o row) bool { return o.Figure == r.Figure })
		if i < 0 {
			old.Rows = append(old.Rows, r)
		} else {
			old.Rows[i] = r
		}
	}
	old.Machine, old.Commit, old.Go = s.Machine, s.Commit, s.Go
	b, err := json.MarshalIndent(&old, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".json", append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(name+".md", []byte(old.markdown()), 0o644)
}

func (s *sheet) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Measured\n\n%s, %s. Clients, server and references share the machine; over loopback the\nsender's CPU holds the receiving half of TCP.\n"+
		"Values are medians [least..most] of the repeated pairs; a ratio is the median of the pairs' ratios. \"Other\" is the\ncores that "+
		"processes of others kept busy meanwhile: above 0.3 take rates and latencies as a lower bound.\n\n", s.Machine, s.Go)
	b.WriteString("| figure | measured | reference | ratio | aim | reached | other | when, UTC | how |\n|---|---|---|---|---|---|--:|---|---|\n")
	for _, r := range s.Rows {
		other := "–" // not measured
		if r.Other > 0 {
			other = fmt.Sprintf("%.2f", r.Other)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | `%s` |\n", r.Figure, r.Value, r.Ref, r.Ratio, r.Aim, r.Reached, other, r.At, r.Repeat)
	}
	b.WriteString("\n## Notes\n\n")
	for _, r := range s.Rows {
		if r.Notes != "" {
			fmt.Fprintf(&b, "- **%s**: %s\n", r.Figure, r.Notes)
		}
	}
	return b.String()
}

func now() int64 { return machine.Now() }
