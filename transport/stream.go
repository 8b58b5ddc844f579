package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session"
	"github.com/roomful/roomful/wire"
)

// heartbeat is how often a silent stream says that it lives.
const heartbeat = 20 * time.Second

// stream writes events on the request's goroutine: for HTTP/2, whose sockets
// are shared.
func (d *Doors) stream(w http.ResponseWriter, r *http.Request, id room.ID, who *session.Identity, entry *node.Entry) {
	ctx := r.Context()
	setEventHeaders(w.Header())
	flush := http.NewResponseController(w)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		wake := make(chan struct{}, 1)
		entry.Tail.Watch(wake)
		at, err := d.follow(ctx, w, flush, id, entry, wake, beat.C)
		entry.Tail.Unwatch(wake)
		entry.Tail.Release()
		if err != nil {
			return
		}
		j := node.Join{Since: at, Only: entry.Sight.Features()}
		if entry, err = d.enter(ctx, id, who, j); err != nil {
			w.Write(wire.AppendByeEvent(nil, room.AsError(err)))
			flush.Flush()
			return
		}
	}
}

// follow writes what an entry has to tell, waits for more, and returns the
// position to join again from: rights may have changed with what happened.
func (d *Doors) follow(ctx context.Context, w http.ResponseWriter, flush *http.ResponseController, id room.ID, e *node.Entry, wake <-chan struct{}, beat <-chan time.Time) (at string, err error) {
	pos := e.Position()
	if !e.Resumed {
		event := append(wire.AppendViewEvent(nil, &wire.ViewHead{Room: id, Pos: pos, Mine: e.Mine, Signals: e.Signals}), e.View...)
		if _, err := w.Write(append(event, "\n\n"...)); err != nil {
			return "", err
		}
	}
	push, told, ok := e.Tail.Read(pos.Seq, reader(e))
	if !ok {
		return "", nil
	}
	if told > 0 {
		if _, err := w.Write(wire.AppendPushEvent(nil, &push)); err != nil {
			return "", err
		}
	}
	for {
		if err := flush.Flush(); err != nil {
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-wake:
			return push.Pos.String(), nil
		case <-beat:
			if _, err := w.Write([]byte(":\n\n")); err != nil {
				return "", err
			}
		}
	}
}
