package transport

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"

	"github.com/roomful/roomful/netloop"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session"
	"github.com/roomful/roomful/wire"
)

// live upgrades to a WebSocket and hands the socket to the loops.
func (d *Doors) live(w http.ResponseWriter, r *http.Request) {
	if !isUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		d.fail(w, http.StatusUpgradeRequired, room.Errorf(room.Invalid, "This address speaks WebSocket, subprotocol %s.", wire.Subprotocol))
		return
	}
	who, err := d.Identify(r)
	if err != nil {
		d.Fail(w, err)
		return
	}
	if err := d.opts.Registry.Admit(who.Address); err != nil {
		d.Fail(w, err)
		return
	}
	deflate := wsflate.Extension{Parameters: wsflate.Parameters{
		ServerNoContextTakeover: true, // one compressed frame serves everybody
		ClientNoContextTakeover: true,
	}}
	upgrader := ws.HTTPUpgrader{
		Timeout:   10 * time.Second,
		Protocol:  func(p string) bool { return p == wire.Subprotocol },
		Negotiate: func(o httphead.Option) (httphead.Option, error) { return deflate.Negotiate(o) },
	}
	conn, rw, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		d.opts.Registry.Dismiss(who.Address)
		return // the upgrader has answered
	}
	_, deflated := deflate.Accepted()
	how := netloop.How{Protocol: netloop.WebSocket, Deflate: deflated}
	d.adopt(conn, rw, how, d.opts.Registry.NewWebSocket(who, deflated))
}

func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Sec-WebSocket-Key") != ""
}

// adopt hands the socket over with what was read ahead.
func (d *Doors) adopt(conn net.Conn, rw *bufio.ReadWriter, how netloop.How, s *session.Session) {
	conn.SetDeadline(time.Time{})
	var early []byte
	if n := rw.Reader.Buffered(); n > 0 {
		early = make([]byte, n)
		rw.Reader.Read(early) // from the buffer: whole, and without waiting
	}
	if err := d.opts.Sockets.Adopt(conn, early, how, s); err != nil {
		s.Abandon()
		d.log.Debug("socket not adopted", "err", err)
	}
}

// events answers with an event stream. The room is joined first, so that a
// refusal is an HTTP status; an EventSource that comes back to what is gone
// for good is told to stop (204). Over HTTP/1.1 the socket then goes to the
// loops; where it can not be taken over, the request's goroutine writes.
func (d *Doors) events(w http.ResponseWriter, r *http.Request, id room.ID, who *session.Identity, j node.Join) {
	last := r.Header.Get("Last-Event-ID")
	if last != "" {
		j.Since = last
	}
	ctx, cancel := context.WithTimeout(r.Context(), joinTimeout)
	defer cancel()
	entry, err := d.enter(ctx, id, who, j)
	if err == nil && r.Method == http.MethodHead {
		entry.Tail.Release()
		setEventHeaders(w.Header())
		return
	}
	if err == nil {
		if err = d.opts.Registry.Admit(who.Address); err != nil {
			entry.Tail.Release()
		}
	}
	switch {
	case err != nil && last != "" && wire.Final(room.CodeOf(err)):
		w.WriteHeader(http.StatusNoContent)
		return
	case err != nil:
		d.Fail(w, err)
		return
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok || r.ProtoMajor != 1 {
		defer d.opts.Registry.Dismiss(who.Address)
		d.stream(w, r, id, who, entry)
		return
	}
	header := w.Header().Clone()
	conn, rw, err := hijacker.Hijack()
	if err != nil {
		entry.Tail.Release()
		d.opts.Registry.Dismiss(who.Address)
		d.Fail(w, err)
		return
	}
	setEventHeaders(header)
	header.Set("Connection", "close") // ends with the stream: no length, no chunks
	head := []byte("HTTP/1.1 200 OK\r\n")
	head = appendHeader(head, header)
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(head); err != nil {
		conn.Close()
		entry.Tail.Release()
		d.opts.Registry.Dismiss(who.Address)
		return
	}
	s := d.opts.Registry.NewEvents(who, id, j, entry)
	d.adopt(conn, rw, netloop.How{Protocol: netloop.SSE}, s)
}

func setEventHeaders(h http.Header) {
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	setVary(h)
}

func appendHeader(dst []byte, h http.Header) []byte {
	for name, values := range h {
		for _, v := range values {
			dst = append(dst, name...)
			dst = append(dst, ": "...)
			dst = append(dst, v...)
			dst = append(dst, "\r\n"...)
		}
	}
	return append(dst, "\r\n"...)
}
