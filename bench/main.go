// Command bench measures the server against the least that does the same to
// the kernel, in the same run, over loopback.
//
//	bench FIGURE...     measure; "all" for everything, "list" for what there is
//
// Clients, references and the server are processes of their own and end with
// this one. See README.md for the method and results/ for what was recorded.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/roomful/roomful/bench/bare"
	"github.com/roomful/roomful/bench/load"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 {
		switch args[0] { // processes of ours
		case "clients":
			return load.Run(os.Stdin, os.Stdout, args[1])
		case "broadcaster":
			return broadcaster(args[1:])
		}
	}
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.pairs, "pairs", 5, "measurements of each, in turn with their reference")
	flags.Float64Var(&o.scale, "scale", 1, "share of the connections and rooms, to try a figure out")
	flags.StringVar(&o.data, "data", "", "folder for what the server writes; a temporary one without")
	flags.StringVar(&o.out, "out", "", "write the table to this name, .md and .json")
	flags.StringVar(&o.binary, "server", "", "a server built before, with the probe if profiles and memory are wanted")
	flags.StringVar(&o.profile, "profile", "", "write CPU profiles of the server to this folder")
	flags.IntVar(&o.loops, "loops", 0, "loops of the broadcaster and the server; 0: one a core")
	flags.BoolVar(&o.verbose, "v", false, "say each measurement")
	if err := flags.Parse(args); err != nil {
		return err
	}
	names, err := chosen(flags.Args())
	if err != nil {
		return err
	}
	l, err := newLab(o)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() { // ends with the process
		<-stop
		l.close()
		os.Exit(130)
	}()
	defer l.close()
	return measure(l, names)
}

// options are the flags.
type options struct {
	pairs   int
	scale   float64
	data    string
	out     string
	profile string
	binary  string
	loops   int
	verbose bool
}

// broadcaster is the process of a reference: its two addresses, then "spread"
// and "coalesce" if wanted.
func broadcaster(args []string) error {
	if len(args) < 3 {
		return errors.New("broadcaster: want two addresses and a number of loops")
	}
	listen, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	feed, err := net.Listen("tcp", args[1])
	if err != nil {
		return err
	}
	b := &bare.Broadcaster{}
	loops := 0
	fmt.Sscan(args[2], &loops)
	for _, a := range args[3:] {
		b.Coalesce = b.Coalesce || a == "coalesce"
		b.Spread = b.Spread || a == "spread"
	}
	fmt.Println("ready")
	if err := bare.Run(listen, feed, b, loops); err != io.EOF { // the run has ended
		return err
	}
	return nil
}
