package session

import (
	"github.com/roomful/roomful/fanout"
	"github.com/roomful/roomful/netloop"
	"github.com/roomful/roomful/wire"
)

// The doors' codecs. Readers of one share the bytes of every frame.
var (
	plain    = &fanout.Codec{Name: "websocket", Push: pushPlain}
	deflated = &fanout.Codec{Name: "deflate", Push: pushDeflated}
	events   = &fanout.Codec{Name: "sse", Push: wire.AppendPushEvent}
)

// minDeflate is below what compressing does not pay (research: 128 bytes
// become 135, 512 become 280).
const minDeflate = 256

func pushPlain(dst []byte, p *wire.Push) []byte {
	return netloop.AppendText(dst, wire.AppendPush(nil, p))
}

func pushDeflated(dst []byte, p *wire.Push) []byte {
	payload := wire.AppendPush(nil, p)
	if len(payload) < minDeflate {
		return netloop.AppendText(dst, payload)
	}
	return netloop.AppendTextDeflate(dst, payload)
}
