//go:build unix

package netloop

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// haveTries says that a descriptor can be tried without blocking.
const haveTries = true

func tryRead(fd uintptr, b []byte) (n int, again bool, err error) {
	n, err = syscall.Read(int(fd), b)
	return settle(n, err)
}

func tryWrite(fd uintptr, b []byte) (n int, again bool, err error) {
	n, err = syscall.Write(int(fd), b)
	return settle(n, err)
}

func settle(n int, err error) (int, bool, error) {
	switch err {
	case nil:
		return n, false, nil
	case syscall.EAGAIN, syscall.EINTR:
		return 0, true, nil
	default:
		return 0, false, err
	}
}

func isWritable(fd uintptr) bool {
	set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(set, 0)
	return n > 0 || err != nil && err != unix.EINTR
}
