// Package session is who is connected: each live connection's identity, the
// rooms it reads, its limits. A session ends with its connection: resuming
// needs only positions and op ids, which the client has.
//
// A Session belongs to the loop of its connection. What rooms answer comes
// from their drains and is handed over to that loop, where the replies of a
// turn to one connection become one write.
//
// Goroutines: one while the token of a hello is being checked, waited for by
// Drain. Registry's methods may be called from anywhere; Session's
// are the loop's alone.
package session
