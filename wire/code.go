package wire

import "github.com/roomful/roomful/room"

// Subprotocol names version 1 in JSON; a client that asks for none gets it.
const Subprotocol = "roomful.v1.json"

// Close codes that say more than an error does.
const (
	CloseNormal   = 1000
	CloseTooLarge = 1009
	CloseInternal = 1011
	CloseDrain    = 1012
	CloseRetry    = 1013
)

// codes is the one table: what each error is over HTTP, and what a WebSocket
// closes with if it closes because of it (44xx: do not come back as you are).
var codes = map[room.Code]struct{ status, close int }{
	room.Invalid:         {400, 4400},
	room.Unauthenticated: {401, 4401},
	room.Forbidden:       {403, 4403},
	room.Banned:          {403, 4405},
	room.NotFound:        {404, 4404},
	room.Conflict:        {409, 4400},
	room.Stale:           {409, 4400},
	room.Gone:            {410, 4410},
	room.TooLarge:        {413, CloseTooLarge},
	room.Busy:            {429, CloseRetry},
	room.RateLimited:     {429, CloseRetry},
	room.Unavailable:     {503, CloseRetry},
	room.Internal:        {500, CloseInternal},
	room.Drain:           {503, CloseDrain},
}

// Status is the HTTP status of code.
func Status(code room.Code) int {
	if c, ok := codes[code]; ok {
		return c.status
	}
	return 500
}

// CloseCode is the WebSocket close code of code.
func CloseCode(code room.Code) uint16 {
	if c, ok := codes[code]; ok {
		return uint16(c.close)
	}
	return CloseInternal
}

// Final reports whether a client that met code should stop for good.
func Final(code room.Code) bool {
	switch code {
	case room.Invalid, room.Forbidden, room.Banned, room.NotFound, room.Gone:
		return true
	}
	return false
}
