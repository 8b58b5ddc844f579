package room

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure an Error is; package wire maps it to HTTP
// and WebSocket codes.
type Code string

// The codes, and what a client does with each.
const (
	Invalid         Code = "invalid"         // show it, never retry
	Unauthenticated Code = "unauthenticated" // renew the credential, retry once
	Forbidden       Code = "forbidden"       // stop
	Banned          Code = "banned"          // stop
	NotFound        Code = "not_found"       // stop
	Conflict        Code = "conflict"        // re-read, decide
	Stale           Code = "stale"           // an old op, never applied: number it anew
	Gone            Code = "gone"            // closed or purged: stop
	TooLarge        Code = "too_large"       // stop
	Busy            Code = "busy"            // wait RetryAfter, retry
	RateLimited     Code = "rate_limited"    // wait RetryAfter, retry
	Unavailable     Code = "unavailable"     // outcome unknown: retry with the same op
	Internal        Code = "internal"        // show the error id
	Drain           Code = "drain"           // reconnect, resume
)

// Error is a failure somebody is told about. Message is a sentence a person
// can act on; Err is the cause, which may be logged and is never sent.
type Error struct {
	Code       Code
	Message    string
	RetryAfter time.Duration // how long to wait, zero if the code has no wait
	Err        error
}

// Errorf makes an Error from a message for people.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return string(e.Code) + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// AsError returns err as an *Error; anything that is not one becomes Internal
// with err as its cause. A nil err gives nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: Internal, Message: "Something went wrong on our side.", Err: err}
}

// CodeOf returns err's code, Internal for a foreign error, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}
