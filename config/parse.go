package config

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
)

// envPrefix begins the name of each setting in the environment.
const envPrefix = "ROOMFUL_"

// EnvName is the environment's name of a setting: ROOMFUL_FREE_DISK_FLOOR.
func EnvName(name string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// Parse makes a Config from a program's arguments, its environment (os.Getenv)
// and the file that --config or ROOMFUL_CONFIG names, which read opens
// (os.ReadFile). The error joins everything that is wrong, each a line for
// the operator; it is flag.ErrHelp alone if help was asked for.
//
// Lists are given by repeating a flag or with commas, in the file as arrays. A
// list replaces that of a lower source. An empty variable is an unset one.
func Parse(args []string, env func(string) string, read func(string) ([]byte, error)) (*Config, error) {
	flags, errs := parseArgs(args)
	if slices.Contains(errs, flag.ErrHelp) {
		return nil, flag.ErrHelp
	}
	c := Default()
	c.origins = make(map[string]string)

	path := env(EnvName("config"))
	if words := flags["config"]; len(words) > 0 {
		path = words[len(words)-1]
	}
	if path != "" {
		errs = append(errs, c.fromFile(path, read)...)
	}
	for _, s := range c.settings() {
		if w := env(EnvName(s.name)); w != "" {
			errs = append(errs, c.set(s, EnvName(s.name), split(s, w)))
		}
		if words, ok := flags[s.name]; ok {
			errs = append(errs, c.set(s, "--"+s.name, split(s, words...)))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &c, nil
}

// set gives s its words and remembers where they came from.
func (c *Config) set(s setting, origin string, words []string) error {
	if err := s.value.Set(words...); err != nil {
		return fmt.Errorf("%s: %w", origin, err)
	}
	c.origins[s.name] = origin
	return nil
}

// split takes lists apart at commas. A setting that is no list and was given
// twice is as its last word says, as it is for most programs.
func split(s setting, words ...string) []string {
	if !isList(s.value) {
		return words[len(words)-1:]
	}
	var all []string
	for _, w := range words {
		if w != "" {
			all = append(all, strings.Split(w, ",")...)
		}
	}
	return all
}

// parseArgs collects the words of each flag: --name value, --name=value, and
// --name alone for a switch.
func parseArgs(args []string) (flags map[string][]string, errs []error) {
	kinds := map[string]value{"config": new(text)}
	for _, s := range new(Config).settings() {
		kinds[s.name] = s.value
	}
	flags = make(map[string][]string)
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if !strings.HasPrefix(arg, "-") || strings.Trim(arg, "-") == "" {
			errs = append(errs, fmt.Errorf("%q is not a flag", arg))
			continue
		}
		name, word, given := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		kind, known := kinds[name]
		_, isSwitch := kind.(*toggle)
		switch {
		case name == "h" || name == "help":
			return nil, []error{flag.ErrHelp}
		case !given && isSwitch:
			word = "true"
		case !given && len(args) > 0 && (known || !strings.HasPrefix(args[0], "-")):
			word, args = args[0], args[1:]
		case !given && known:
			errs = append(errs, fmt.Errorf("--%s: needs a value", name))
			continue
		}
		if !known {
			errs = append(errs, fmt.Errorf("--%s: there is no such flag%s", name, hint(name)))
			continue
		}
		flags[name] = append(flags[name], word)
	}
	return flags, errs
}
