// Command roomful serves live events.
//
//	roomful serve     run the server (flags: roomful serve --help)
//	roomful config    show each setting: meaning, value, origin
//	roomful version   say which build this is
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/roomful/roomful/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "roomful:", err)
		os.Exit(1)
	}
}

const usage = `Roomful serves live events.

  roomful serve     run the server
  roomful config    show each setting: meaning, value, origin
  roomful version   say which build this is

Settings are flags (--addr), environment (ROOMFUL_ADDR) or a file (ROOMFUL_CONFIG); roomful config lists them.
`

func run(ctx context.Context, args []string) error {
	verb := ""
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	switch verb {
	case "serve", "config":
		cfg, err := config.Parse(args, os.Getenv, os.ReadFile)
		if errors.Is(err, flag.ErrHelp) {
			return config.Usage(os.Stdout)
		}
		if err != nil {
			return err
		}
		if verb == "config" {
			return cfg.Print(os.Stdout)
		}
		return serve(ctx, cfg)
	case "version":
		fmt.Println(version())
		return nil
	case "", "help", "-h", "--help":
		fmt.Print(usage)
		return nil
	}
	return fmt.Errorf("there is no command %q; try roomful help", verb)
}

// version names the build: the module's version, or the commit it was made
// from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "roomful (unknown build)"
	}
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+"
		}
	}
	if commit == "" {
		commit = info.Main.Version
	}
	return fmt.Sprintf("roomful %s%s, %s", commit, dirty, info.GoVersion)
}
