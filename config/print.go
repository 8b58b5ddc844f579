package config

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes a table of every setting: name, value, origin, meaning. Of
// secrets it says only how many there are.
func (c *Config) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tVALUE\tORIGIN\tMEANING")
	for _, s := range c.settings() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.name, s.shown(), c.Origin(s.name), s.meaning)
	}
	return t.Flush()
}

// Usage writes the flags and what they mean.
func Usage(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  --config FILE\ta TOML file of these settings")
	c := Default()
	for _, s := range c.settings() {
		fmt.Fprintf(t, "  --%s\t%s (default %s)\n", s.name, s.meaning, s.shown())
	}
	return t.Flush()
}

func (s setting) shown() string {
	words := s.value.Words()
	switch {
	case len(words) == 0 || len(words) == 1 && words[0] == "":
		return "-"
	case s.secret:
		return fmt.Sprintf("(%d set)", len(words))
	}
	return strings.Join(words, ",")
}

// hint names the setting that a wrong name was probably meant to be.
func hint(wrong string) string {
	plain := func(s string) string {
		return strings.TrimSuffix(strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)), "s")
	}
	for _, s := range new(Config).settings() {
		if plain(s.name) == plain(wrong) {
			return fmt.Sprintf(" (did you mean %s?)", s.name)
		}
	}
	return ""
}
