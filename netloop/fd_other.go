//go:build !unix

package netloop

// haveTries says that a descriptor can be tried without blocking.
const haveTries = false

func tryRead(uintptr, []byte) (n int, again bool, err error)  { panic("no tries here") }
func tryWrite(uintptr, []byte) (n int, again bool, err error) { panic("no tries here") }
func isWritable(uintptr) bool                                 { panic("no tries here") }
