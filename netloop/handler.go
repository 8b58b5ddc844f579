package netloop

import (
	"errors"
	"fmt"
)

// Protocol is what a connection speaks after its handshake.
type Protocol uint8

const (
	WebSocket Protocol = iota // RFC 6455, text messages
	SSE                       // one way, raw bytes; what the client sends is thrown away
)

// How says how an adopted connection is to be driven.
type How struct {
	Protocol Protocol
	Deflate  bool // permessage-deflate was agreed, without context takeover in both directions
}

// Handler receives what happens on one connection. All calls come from the
// connection's loop, one at a time, and hold up every other connection of that
// loop: they must not block. They may call any method of any Conn of the loop;
// none of those calls back into a Handler before it returns.
type Handler interface {
	// Opened is the first call.
	Opened(c *Conn)
	// Message brings one whole, UTF-8-checked text message. The bytes are the
	// loop's: they are valid, and may be changed, during the call only.
	Message(c *Conn, text []byte)
	// Writable says that all that was held has left: a Send that returned false
	// is through.
	Writable(c *Conn)
	// Closed is the last call and comes exactly once, when the socket is closed.
	// err is a *CloseError.
	Closed(c *Conn, err error)
}

// Cause is who or what ended a connection.
type Cause uint8

const (
	ByPeer   Cause = iota // the peer sent a close frame; Code is the peer's
	ByUs                  // Conn.Close or Group.Close
	ByBreach              // the peer broke RFC 6455 or a limit; Code is what it was sent
	ByDelay               // a timeout: dead peer, slow message, stuck socket
	ByLoss                // the stream ended without a close frame: reset, EOF, broken TLS
)

func (c Cause) String() string {
	return [...]string{"closed by peer", "closed by us", "peer broke the protocol", "timed out", "lost"}[c]
}

// CloseError is why a connection ended. Code 1005 stands for a close frame
// without a code, 1006 for none at all (RFC 6455 section 7.1.5).
type CloseError struct {
	Cause  Cause
	Code   uint16
	Reason string
	Err    error // the socket's error, if there was one
}

func (e *CloseError) Error() string {
	s := fmt.Sprintf("%s: %d", e.Cause, e.Code)
	if e.Reason != "" {
		s += " " + e.Reason
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *CloseError) Unwrap() error { return e.Err }

// ErrClosed is what Adopt returns once Group.Close has begun.
var ErrClosed = errors.New("netloop: group is closed")
