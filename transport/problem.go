package transport

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/wire"
)

// problem is an error as RFC 9457 writes it, with the code and wait of ours:
// {"type":"about:blank","title":"Forbidden","status":403,"code":"forbidden","detail":"...","message":"...","retryAfterMs":0}.
type problem struct {
	Type         string    `json:"type"`
	Title        string    `json:"title"`
	Status       int       `json:"status"`
	Code         room.Code `json:"code"`
	Detail       string    `json:"detail"`
	Message      string    `json:"message"`
	RetryAfterMs int64     `json:"retryAfterMs"`
}

// Fail answers with err. Causes are logged, never sent.
func (d *Doors) Fail(w http.ResponseWriter, err error) {
	e := room.AsError(err)
	d.fail(w, wire.Status(e.Code), e)
}

func (d *Doors) fail(w http.ResponseWriter, status int, e *room.Error) {
	if e.Err != nil && status >= 500 {
		d.log.Warn("request failed", "code", e.Code, "err", e.Err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Code: e.Code, Detail: e.Message, Message: e.Message, RetryAfterMs: e.RetryAfter.Milliseconds(),
	})
}
