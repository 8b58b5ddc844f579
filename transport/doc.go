// Package transport is the doors to the rooms: WebSocket, server-sent events,
// long-poll, plain GET and POST. The way a room's URL is asked decides what
// comes; one position is valid on all of them.
//
// A door reads identity and wishes off the request, hands a session to the
// sockets or waits for the room itself, and writes errors as problem+json. It
// decides nothing about rooms. Its only goroutines are net/http's.
package transport
