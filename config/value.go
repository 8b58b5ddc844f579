package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// value is how one type of setting is written. Errors say what was expected
// and never quote what was given, which may be a secret.
type value interface {
	Set(words ...string) error // one word, save for lists
	Words() []string           // what Set would take
}

// Size is a number of bytes, written with a unit: 64KiB, 25MiB, 1GiB, 100B.
type Size int64

type (
	text     string
	texts    []string
	prefixes []netip.Prefix
	count    int
	number   float64
	duration time.Duration
	toggle   bool
	level    slog.Level
)

// one unpacks the word of a setting that is no list.
func one(words []string) (string, error) {
	if len(words) != 1 {
		return "", errors.New("want one value")
	}
	return strings.TrimSpace(words[0]), nil
}

func (v *text) Set(words ...string) error {
	w, err := one(words)
	*v = text(w)
	return err
}

func (v *texts) Set(words ...string) error {
	list := make([]string, 0, len(words))
	for _, w := range words {
		if w = strings.TrimSpace(w); w == "" {
			return errors.New("has an empty value in its list")
		}
		list = append(list, w)
	}
	*v = list
	return nil
}

func (v *prefixes) Set(words ...string) error {
	list := make([]netip.Prefix, 0, len(words))
	for _, w := range words {
		p, err := parsePrefix(strings.TrimSpace(w))
		if err != nil {
			return errors.New("want addresses or networks, for example 10.0.0.0/8, fd00::/8, 192.0.2.7")
		}
		list = append(list, p)
	}
	*v = list
	return nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("not an address: %w", err)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

func (v *count) Set(words ...string) error {
	w, err := one(words)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(w)
	if err != nil || n < 0 {
		return errors.New("want a whole number, 0 or more")
	}
	*v = count(n)
	return nil
}

func (v *number) Set(words ...string) error {
	w, err := one(words)
	if err != nil {
		return err
	}
	n, err := strconv.ParseFloat(w, 64)
	if err != nil || !(n >= 0) || math.IsInf(n, 0) {
		return errors.New("want a number, 0 or more")
	}
	*v = number(n)
	return nil
}

func (v *duration) Set(words ...string) error {
	w, err := one(words)
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(w)
	if err != nil || d < 0 {
		return errors.New("want a duration with a unit, for example 500ms, 25s, 2m")
	}
	*v = duration(d)
	return nil
}

func (v *toggle) Set(words ...string) error {
	w, err := one(words)
	if err != nil {
		return err
	}
	b, err := strconv.ParseBool(w)
	if err != nil {
		return errors.New("want true or false")
	}
	*v = toggle(b)
	return nil
}

func (v *level) Set(words ...string) error {
	w, err := one(words)
	if err != nil {
		return err
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(w)); err != nil {
		return errors.New("want debug, info, warn or error")
	}
	*v = level(l)
	return nil
}

// units of Size, largest first.
var units = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

// Set reads a size; a fraction of a unit is fine, a number without one is not.
func (v *Size) Set(words ...string) error {
	w, err := one(words)
	if err != nil {
		return err
	}
	for _, u := range units {
		digits, ok := strings.CutSuffix(w, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !(n >= 0) || n*float64(u.bytes) >= 1<<62 {
			break
		}
		*v = Size(n * float64(u.bytes))
		return nil
	}
	return errors.New("want a size with a unit, for example 64KiB, 25MiB, 1GB")
}

// String writes the size in the largest binary unit that divides it.
func (v Size) String() string {
	for _, u := range units[:4] {
		if v != 0 && int64(v)%u.bytes == 0 {
			return strconv.FormatInt(int64(v)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(v), 10) + "B"
}

func (v *text) Words() []string  { return []string{string(*v)} }
func (v *texts) Words() []string { return *v }
func (v *prefixes) Words() []string {
	words := make([]string, 0, len(*v))
	for _, p := range *v {
		words = append(words, p.String())
	}
	return words
}
func (v *count) Words() []string    { return []string{strconv.Itoa(int(*v))} }
func (v *number) Words() []string   { return []string{strconv.FormatFloat(float64(*v), 'f', -1, 64)} }
func (v *duration) Words() []string { return []string{time.Duration(*v).String()} }
func (v *toggle) Words() []string   { return []string{strconv.FormatBool(bool(*v))} }
func (v *level) Words() []string    { return []string{strings.ToLower(slog.Level(*v).String())} }
func (v *Size) Words() []string     { return []string{v.String()} }

// isList reports whether v takes any number of words.
func isList(v value) bool {
	switch v.(type) {
	case *texts, *prefixes:
		return true
	}
	return false
}
