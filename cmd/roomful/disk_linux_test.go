package main

import (
	"syscall"
	"testing"
)

// smallDisk mounts one of 64 MiB, where that is allowed; else it is a folder
// of the usual disk.
func smallDisk(t *testing.T) (dir string, small bool) {
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Logf("no mount here (%v): a floor above what is free instead", err)
		return dir, false
	}
	t.Cleanup(func() { // after the server was ended
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, true
}
