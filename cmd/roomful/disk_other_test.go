//go:build !linux

package main

import "testing"

func smallDisk(t *testing.T) (dir string, small bool) { return t.TempDir(), false }
