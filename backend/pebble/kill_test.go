package pebble

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/roomful/roomful/room"
)

// childDir makes the test binary a process that drives the journal in the
// folder it names and prints "room seq" for each acknowledgement.
const childDir = "ROOMFUL_TEST_JOURNAL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Fprintln(os.Stderr, runChild(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func runChild(dir string) error {
	j, err := Open(dir, quiet())
	if err != nil {
		return err
	}
	return driveAll(context.Background(), j, func(id room.ID, seq uint64) {
		fmt.Printf("%s %d\n", id, seq) // one write each, and short: lines stay whole
	})
}

// child is a process that drives a journal.
type child struct {
	cmd  *exec.Cmd
	acks *ackLog
	done chan struct{} // closed when its pipe ended
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), acks: newAckLog(), done: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), childDir+"="+dir)
	c.cmd.Stderr = os.Stderr
	pipe, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go c.collect(pipe)
	return c
}

func (c *child) collect(pipe io.Reader) {
	defer close(c.done)
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		var id room.ID
		var seq uint64
		if n, _ := fmt.Sscan(lines.Text(), &id, &seq); n == 2 {
			c.acks.add(id, seq)
		}
	}
}

// kill ends the process at once and returns what it had acknowledged.
func (c *child) kill(t *testing.T) map[room.ID]uint64 {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-c.done
	_ = c.cmd.Wait() // it was killed
	return c.acks.snapshot()
}

func TestKillKeepsWhatWasAcked(t *testing.T) {
	dir, acked := t.TempDir(), map[room.ID]uint64{}
	for range 4 {
		c := startChild(t, dir)
		c.acks.wait(3000)
		join(acked, c.kill(t))
		j := mustOpen(t, dir, quiet())
		checkDriven(t, j, acked)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
