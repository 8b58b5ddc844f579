package wire

import (
	"github.com/roomful/roomful/room"
)

// Push is what a room tells its readers: a head and updates laid end to end.
// All parts are encoded already, once for many readers.
type Push struct {
	Room    room.ID
	Pos     room.Position
	Updates [][]byte // AppendUpdate's
	Signals []byte   // {"people.presence/m_7":{"state":"idle"}}, nil for none
	More    bool     // keyed values are still on their way in the next frame
}

// AppendPush writes the frame of a WebSocket:
// {"room":"event/ab","pos":"k3:44","updates":[...],"signals":{...},"more":true}.
func AppendPush(dst []byte, p *Push) []byte {
	dst = append(dst, `{"room":"`...)
	dst = append(dst, p.Room...) // an ID needs no quoting
	dst = append(dst, `",`...)
	return appendPush(dst, p)
}

// AppendPushBody writes the frame without its room: what GET answers and what
// SSE carries as data.
func AppendPushBody(dst []byte, p *Push) []byte { return appendPush(append(dst, '{'), p) }

func appendPush(dst []byte, p *Push) []byte {
	dst = append(dst, `"pos":"`...)
	dst = p.Pos.Append(dst)
	dst = append(dst, `","updates":[`...)
	for i, u := range p.Updates {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, u...)
	}
	dst = append(dst, ']')
	if p.Signals != nil {
		dst = append(dst, `,"signals":`...)
		dst = append(dst, p.Signals...)
	}
	if p.More {
		dst = append(dst, `,"more":true`...)
	}
	return append(dst, '}')
}

// AppendPushEvent writes the frame as a server-sent event; its id is the
// position.
func AppendPushEvent(dst []byte, p *Push) []byte {
	dst = appendEventHead(dst, "updates", p.Pos)
	dst = AppendPushBody(dst, p)
	return append(dst, "\n\n"...)
}

func appendEventHead(dst []byte, event string, pos room.Position) []byte {
	dst = append(dst, "id: "...)
	dst = pos.Append(dst)
	dst = append(dst, "\nevent: "...)
	dst = append(dst, event...)
	return append(dst, "\ndata: "...)
}

// A view is sent in two parts, so that readers of one sight share the large
// one: a head with what is the reader's own or changes all the time, and the
// body.

// ViewHead is the part before the body.
type ViewHead struct {
	Room    room.ID
	Pos     room.Position
	Mine    []byte // JSON, nil for none
	Signals []byte // {"people.presence/m_7":{"state":"idle"}}, nil for none
}

// AppendViewBody writes the shared part, which ends the frame: "view":{...}}.
func AppendViewBody(dst, view []byte) []byte {
	dst = append(dst, `"view":`...)
	dst = append(dst, view...)
	return append(dst, '}')
}

// AppendView writes the head on a WebSocket:
// {"room":"event/ab","pos":"k3:41","mine":{...},"signals":{...},
func AppendView(dst []byte, h *ViewHead) []byte {
	dst = append(dst, `{"room":"`...)
	dst = append(dst, h.Room...)
	dst = append(dst, `",`...)
	return appendView(dst, h)
}

// AppendViewRest is AppendView without the room: what GET answers.
func AppendViewRest(dst []byte, h *ViewHead) []byte { return appendView(append(dst, '{'), h) }

// AppendViewEvent is the head in a server-sent event, which ends with a blank
// line after the body.
func AppendViewEvent(dst []byte, h *ViewHead) []byte {
	return AppendViewRest(appendEventHead(dst, "view", h.Pos), h)
}

func appendView(dst []byte, h *ViewHead) []byte {
	dst = append(dst, `"pos":"`...)
	dst = h.Pos.Append(dst)
	dst = append(dst, `",`...)
	if h.Mine != nil {
		dst = append(dst, `"mine":`...)
		dst = append(dst, h.Mine...)
		dst = append(dst, ',')
	}
	if h.Signals != nil {
		dst = append(dst, `"signals":`...)
		dst = append(dst, h.Signals...)
		dst = append(dst, ',')
	}
	return dst
}

// AppendByeEvent writes a bye as a server-sent event, with the time to wait
// as retry.
func AppendByeEvent(dst []byte, err *room.Error) []byte {
	if err.RetryAfter > 0 {
		dst = append(dst, "retry: "...)
		dst = appendInt(dst, err.RetryAfter.Milliseconds())
		dst = append(dst, '\n')
	}
	dst = append(dst, "event: bye\ndata: "...)
	dst = appendProblem(dst, err, false)
	return append(dst, "\n\n"...)
}
