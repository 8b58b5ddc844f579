package transport

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session"
	"github.com/roomful/roomful/wire"
)

// get reads a room: its view, what happened since a position, held or not, a
// query, or the stream of events.
func (d *Doors) get(w http.ResponseWriter, r *http.Request, id room.ID) {
	who, err := d.Identify(r)
	if err != nil {
		d.Fail(w, err)
		return
	}
	q := r.URL.Query()
	j := node.Join{Since: q.Get("since")}
	if only := q.Get("only"); only != "" {
		j.Only = strings.Split(only, ",")
	}
	switch {
	case q.Has("query"):
		d.query(w, r, id, who)
	case strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		d.events(w, r, id, who, j)
	default:
		d.poll(w, r, id, who, j)
	}
}

// poll answers with what happened since the position, or a view. With wait it
// is held until there is something.
func (d *Doors) poll(w http.ResponseWriter, r *http.Request, id room.ID, who *session.Identity, j node.Join) {
	wait, err := parseWait(r.URL.Query().Get("wait"), d.opts.MaxWait)
	if err != nil {
		d.Fail(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait+joinTimeout)
	defer cancel()
	entry, err := d.enter(ctx, id, who, j)
	if err != nil {
		d.Fail(w, err)
		return
	}
	defer func() { entry.Tail.Release() }()
	if !entry.Resumed {
		d.view(w, r, id, entry)
		return
	}
	wake := make(chan struct{}, 1)
	entry.Tail.Watch(wake)
	defer entry.Tail.Unwatch(wake)
	deadline, expired := time.After(wait), expiry(who)
	for {
		push, told, ok := entry.Tail.Read(entry.Seq, reader(entry))
		switch {
		case !ok:
			j.Since = ""
		case told > 0:
			d.updates(w, &push)
			return
		case wait == 0:
			d.nothing(w, push.Pos)
			return
		}
		if ok {
			select {
			case <-deadline:
				d.nothing(w, push.Pos)
				return
			case <-expired:
				d.Fail(w, session.Expired())
				return
			case <-d.opts.Registry.Stopping():
				d.Fail(w, d.opts.Registry.Farewell())
				return
			case <-r.Context().Done():
				return
			case <-wake:
			}
			j.Since = push.Pos.String()
		}
		// Rights may have changed with what happened: ask again.
		next, err := d.again(ctx, id, who, j)
		if err != nil {
			d.Fail(w, err)
			return
		}
		entry.Tail.Release()
		entry = next
		if !entry.Resumed {
			d.view(w, r, id, entry)
			return
		}
	}
}

// joinTimeout bounds the wait for a room's turn.
const joinTimeout = 10 * time.Second

func (d *Doors) enter(ctx context.Context, id room.ID, who *session.Identity, j node.Join) (*node.Entry, error) {
	await := node.NewAwait()
	d.opts.Registry.Join(who, id, j, await)
	entry, err := d.fresh(ctx, id, j, who, await)
	return entry, d.opts.Registry.Veil(who, err)
}

// again is enter for who was let in already: rights are asked for anew, but
// it is no new join that the address would have to pay for.
func (d *Doors) again(ctx context.Context, id room.ID, who *session.Identity, j node.Join) (*node.Entry, error) {
	await := node.NewAwait()
	j.Caller = who.Caller(id)
	d.opts.Registry.Node().Join(id, j, await, 0)
	return d.fresh(ctx, id, j, who, await)
}

// fresh waits for the entry, and asks again if it may not be shown any more by
// the time it is here: an answer that begins after a removal does not carry
// what was removed.
func (d *Doors) fresh(ctx context.Context, id room.ID, j node.Join, who *session.Identity, await node.Await) (*node.Entry, error) {
	out, err := await.Wait(ctx)
	if err != nil || !out.Entry.Outdated() {
		return out.Entry, err
	}
	out.Entry.Tail.Release()
	return d.again(ctx, id, who, j)
}

// expiry fires when who's token ends; it is nil for never.
func expiry(who *session.Identity) <-chan time.Time {
	if at := who.Expires(); !at.IsZero() {
		return time.After(time.Until(at))
	}
	return nil
}

func reader(e *node.Entry) fanout.Reader { return e.Reader(nil) }

func parseWait(text string, most time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(text)
	if err != nil || wait < 0 {
		return 0, room.Errorf(room.Invalid, "wait is a duration, for example 25s.")
	}
	return min(wait, most), nil
}

func (d *Doors) view(w http.ResponseWriter, r *http.Request, id room.ID, e *node.Entry) {
	pos := e.Position().String()
	h := w.Header()
	d.readHeaders(h, id, e.Sight)
	h.Set("Roomful-Position", pos)
	h.Set("ETag", `"`+pos+`"`)
	if matches(r.Header.Get("If-None-Match"), `"`+pos+`"`) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	w.Write(append(wire.AppendViewRest(nil, &wire.ViewHead{Pos: e.Position(), Mine: e.Mine, Signals: e.Signals}), e.View...))
}

// matches reads If-None-Match: a list of tags, weak ones too (a proxy that
// compresses weakens ours), or a star. RFC 9110 section 13.1.2.
func matches(header, tag string) bool {
	for want := range strings.SplitSeq(header, ",") {
		want = strings.TrimPrefix(strings.TrimSpace(want), "W/")
		if want == tag || want == "*" {
			return true
		}
	}
	return false
}

func (d *Doors) updates(w http.ResponseWriter, p *wire.Push) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	setVary(h)
	h.Set("Roomful-Position", p.Pos.String())
	h.Set("Content-Type", "application/json")
	w.Write(wire.AppendPushBody(nil, p))
}

func (d *Doors) nothing(w http.ResponseWriter, pos room.Position) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	setVary(h)
	h.Set("Roomful-Position", pos.String())
	w.WriteHeader(http.StatusNoContent)
}

// readHeaders say who may keep the answer: what an anonymous reader gets of a
// public kind may be kept by anyone, if it is asked for anew.
func (d *Doors) readHeaders(h http.Header, id room.ID, sight room.Sight) {
	kind := d.opts.Registry.Node().Kind(id.Kind())
	if kind != nil && kind.Public && sight.Class == room.Public {
		h.Set("Cache-Control", "public, no-cache")
	} else {
		h.Set("Cache-Control", "private, no-cache")
	}
	setVary(h)
}

func setVary(h http.Header) {
	h.Set("Vary", "Accept, Authorization, Cookie, Origin")
	h.Set("X-Content-Type-Options", "nosniff")
}

// query answers a feature's paged read; every other parameter is an argument.
func (d *Doors) query(w http.ResponseWriter, r *http.Request, id room.ID, who *session.Identity) {
	args := make(room.Args)
	for name, values := range r.URL.Query() {
		if name != "query" {
			args[name] = values[0]
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), joinTimeout)
	defer cancel()
	await := node.NewAwait()
	d.opts.Registry.Node().Query(id, node.Query{Caller: who.Caller(id), Name: r.URL.Query().Get("query"), Args: args}, await, 0)
	out, err := await.Wait(ctx)
	if err != nil {
		d.Fail(w, d.opts.Registry.Veil(who, err))
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	setVary(h)
	h.Set("Roomful-Position", out.Pos.String())
	h.Set("Content-Type", "application/json")
	w.Write(wire.AppendResultBody(nil, out.Pos, out.Result))
}
