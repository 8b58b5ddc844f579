//go:build !linux

package netloop

import (
	"net"
	"syscall"
	"time"
)

const haveEpoll = false

func newPoller(bool) (poller, error) { return newBell(), nil }

func (l *Loop) linkByEpoll(*Conn, net.Conn, syscall.RawConn) (link, error) { return nil, nil }

func setSocket(syscall.RawConn, time.Duration) {}
