package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// fromFile takes over what the TOML file at path sets. All keys are at the
// top level; their values may be written as TOML's own types or as strings.
func (c *Config) fromFile(path string, read func(string) ([]byte, error)) []error {
	body, err := read(path)
	if err != nil {
		return []error{fmt.Errorf("config file: %w", err)}
	}
	var file map[string]any
	if err := toml.Unmarshal(body, &file); err != nil {
		return []error{syntaxError(path, err)}
	}
	var errs []error
	for _, s := range c.settings() {
		v, ok := file[s.name]
		if !ok {
			continue
		}
		delete(file, s.name)
		words, err := fileWords(s.value, v)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", path, s.name, err))
			continue
		}
		if err := s.value.Set(words...); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", path, s.name, err))
			continue
		}
		c.origins[s.name] = path
	}
	for _, name := range slices.Sorted(maps.Keys(file)) {
		errs = append(errs, fmt.Errorf("%s: %s: there is no such setting%s", path, name, hint(name)))
	}
	return errs
}

// syntaxError says where, not what: the line may hold a secret.
func syntaxError(path string, err error) error {
	var at *toml.DecodeError
	if errors.As(err, &at) {
		row, column := at.Position()
		return fmt.Errorf("%s:%d:%d: not valid TOML", path, row, column)
	}
	return fmt.Errorf("%s: not valid TOML", path)
}

func fileWords(kind value, v any) ([]string, error) {
	list, isArray := v.([]any)
	switch {
	case isArray && !isList(kind):
		return nil, errors.New("want one value, not a list")
	case !isArray && isList(kind):
		return nil, errors.New(`want a list, for example ["one", "two"]`)
	case !isArray:
		list = []any{v}
	}
	words := make([]string, 0, len(list))
	for _, item := range list {
		switch item := item.(type) {
		case string:
			words = append(words, item)
		case bool, int64:
			words = append(words, fmt.Sprint(item))
		case float64:
			words = append(words, strconv.FormatFloat(item, 'g', -1, 64))
		default:
			return nil, errors.New("want a string, a number or true or false")
		}
	}
	return words, nil
}

// Sample writes a file that says what Default does: every setting with its
// meaning, commented out, so that later defaults still apply.
func Sample(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Roomful settings. Each may be given as a flag (--data) or in the\n" +
		"# environment (ROOMFUL_DATA) too, which win over this file.\n")
	c := Default()
	for _, s := range c.settings() {
		fmt.Fprintf(&b, "\n# %s\n#%s = %s\n", s.meaning, s.name, tomlValue(s.value))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func tomlValue(v value) string {
	words := v.Words()
	switch v.(type) {
	case *count, *number, *toggle:
		return words[0]
	}
	quoted := make([]string, 0, len(words))
	for _, w := range words {
		quoted = append(quoted, strconv.Quote(w))
	}
	if isList(v) {
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return quoted[0]
}
