//go:build power && linux

package pebble

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/roomful/roomful/room"
)

// TestRealPowerCutKeepsWhatWasAcked cuts the power under a real file system:
// the data is on a loop-mounted image, the process is stopped under load, and
// the image is copied as it is. What the kernel had not written is not in the
// copy. It needs root:
//
//	go test -tags power -run TestRealPowerCut -v ./backend/pebble
func TestRealPowerCutKeepsWhatWasAcked(t *testing.T) {
	dir, acked := t.TempDir(), map[room.ID]uint64{}
	image := filepath.Join(dir, "disk.0")
	command(t, "truncate", "-s", "1G", image)
	command(t, "mkfs.ext4", "-q", "-F", image)
	for cut := range 5 {
		next := filepath.Join(dir, "disk."+string(rune('1'+cut)))
		join(acked, cutPower(t, image, next))
		point := mount(t, next)
		j := mustOpen(t, filepath.Join(point, "data"), quiet())
		checkDriven(t, j, acked)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		command(t, "umount", point)
		if err := os.Remove(image); err != nil {
			t.Fatal(err)
		}
		image = next
	}
}

// cutPower drives a journal on image and copies the disk to after as a power
// cut would leave it.
func cutPower(t *testing.T, image, after string) map[room.ID]uint64 {
	t.Helper()
	point := mount(t, image)
	c := startChild(t, filepath.Join(point, "data"))
	c.acks.wait(20_000)
	pid := c.cmd.Process.Pid
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the process did not stop: %v", err)
	}
	command(t, "cp", "--sparse=always", image, after)
	acked := c.kill(t)
	command(t, "umount", point)
	return acked
}

func mount(t *testing.T, image string) string {
	t.Helper()
	point := t.TempDir()
	command(t, "mount", "-o", "loop", image, point)
	t.Cleanup(func() { _ = exec.Command("umount", "-q", point).Run() }) // if the test failed before it did
	return point
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}
