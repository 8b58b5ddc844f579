// Package wire is the protocol: what client and server say on every door, as
// Go structs and append-encoders, with the one table from error codes to HTTP
// statuses and WebSocket close codes.
//
// It is pure: no I/O, no goroutine, no state. PROTOCOL.md is its prose;
// testdata holds golden frames that the Go and the TypeScript tests read.
package wire
