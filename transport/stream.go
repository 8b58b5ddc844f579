package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session"
	"github.com/roomful/roomful/wire"
)

const (
	// heartbeat is how often a silent stream says that it lives.
	heartbeat = 20 * time.Second
	// signalsEvery is the pace of signals, which wake nobody.
	signalsEvery = time.Second
	// writeTimeout is how long a stalled peer may hold up its stream.
	writeTimeout = 30 * time.Second
)

// stream writes events on the request's goroutine: for HTTP/2, whose sockets
// are shared. It owns the entry that it stands at.
type stream struct {
	doors *Doors
	w     http.ResponseWriter
	flush *http.ResponseController
	id    room.ID
	who   *session.Identity
	entry *node.Entry
	pos   room.Position              // what was told
	sig   uint32                     // version of the signals that were told
	table map[string]json.RawMessage // of that version
	wrote time.Time
}

// stream serves until the reader is gone or is told bye.
func (d *Doors) stream(w http.ResponseWriter, r *http.Request, id room.ID, who *session.Identity, entry *node.Entry) {
	setEventHeaders(w.Header())
	s := &stream{doors: d, w: w, flush: http.NewResponseController(w), id: id, who: who, entry: entry, pos: entry.Position()}
	rooms := d.opts.Registry.Node()
	rooms.Arrive(id, entry.Member)
	defer rooms.Depart(id, entry.Member.ID)
	defer func() { s.entry.Tail.Release() }()
	wake := make(chan struct{}, 1)
	entry.Tail.Watch(wake)
	defer entry.Tail.Unwatch(wake)
	if err := s.run(r.Context(), wake); err != nil {
		s.write(wire.AppendByeEvent(nil, room.AsError(err)))
	}
}

// run returns what the reader is told last, nil if it is gone.
func (s *stream) run(ctx context.Context, wake <-chan struct{}) error {
	tick := time.NewTicker(signalsEvery)
	defer tick.Stop()
	expired, stopping := expiry(s.who), s.doors.opts.Registry.Stopping()
	for ok := s.open(); ; {
		if !ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-expired:
			return session.Expired()
		case <-stopping:
			return s.doors.opts.Registry.Farewell()
		case <-tick.C:
			ok = s.quiet()
		case <-wake:
			// Rights may have changed with what happened: ask again.
			if err := s.join(ctx, s.pos.String()); err != nil {
				return err
			}
			ok = s.open()
		}
	}
}

// join moves to a new entry of the same room.
func (s *stream) join(ctx context.Context, since string) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	next, err := s.doors.again(ctx, s.id, s.who, node.Join{Since: since, Only: s.entry.Sight.Features()})
	if err != nil {
		return err
	}
	s.entry.Tail.Release()
	s.entry = next
	return nil
}

// open tells what the entry has: a view, or the updates since.
func (s *stream) open() bool {
	e := s.entry
	if !e.Resumed {
		s.pos, s.sig, s.table = e.Position(), e.Sig, nil
		json.Unmarshal(e.Signals, &s.table) // our own encoding
		event := append(wire.AppendViewEvent(nil, &wire.ViewHead{Room: s.id, Pos: s.pos, Mine: e.Mine, Signals: e.Signals}), e.View...)
		if !s.write(append(event, "\n\n"...)) {
			return false
		}
	}
	for {
		push, told, ok := e.Tail.Read(s.pos.Seq, reader(e))
		if !ok { // too far behind to be told
			return s.join(context.Background(), "") == nil && s.open()
		}
		push.Signals = s.changes()
		if told == 0 && push.Signals == nil && push.Pos == s.pos {
			return true
		}
		s.pos = push.Pos
		if !s.write(wire.AppendPushEvent(nil, &push)) {
			return false
		}
		if !push.More {
			return true
		}
	}
}

// changes returns the signals that are others than the reader was told,
// encoded: whole after a resume, nil for none.
func (s *stream) changes() []byte {
	encoded, version := s.entry.Tail.Signals(s.entry.Sight)
	if s.table != nil && version == s.sig {
		return nil
	}
	whole, was := s.table == nil, s.table
	s.table, s.sig = make(map[string]json.RawMessage), version
	json.Unmarshal(encoded, &s.table) // our own encoding
	if whole {
		return encoded
	}
	changed := make(map[string]json.RawMessage)
	for key, value := range s.table {
		if !bytes.Equal(was[key], value) {
			changed[key] = value
		}
	}
	for key := range was {
		if s.table[key] == nil {
			changed[key] = nil
		}
	}
	if len(changed) == 0 {
		return nil
	}
	encoded, _ = json.Marshal(changed) // raw JSON encodes
	return encoded
}

// quiet tells the signals that changed, or that the stream lives.
func (s *stream) quiet() bool {
	if changed := s.changes(); changed != nil {
		return s.write(wire.AppendPushEvent(nil, &wire.Push{Pos: s.pos, Signals: changed}))
	}
	if time.Since(s.wrote) < heartbeat {
		return true
	}
	return s.write([]byte(":\n\n"))
}

// write hands one event to the peer and reports whether it took it.
func (s *stream) write(event []byte) bool {
	s.wrote = time.Now()
	s.flush.SetWriteDeadline(s.wrote.Add(writeTimeout))
	if _, err := s.w.Write(event); err != nil {
		return false
	}
	return s.flush.Flush() == nil
}
