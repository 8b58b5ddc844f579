// Package server puts a node behind HTTP: the doors to the rooms, opening and
// joining events, the pages of the app, pictures, health and metrics.
//
// It starts no goroutine but net/http's; cmd/roomful runs it.
package server
