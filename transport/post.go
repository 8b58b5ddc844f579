package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"unicode/utf8"

	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session"
	"github.com/roomful/roomful/wire"
)

// post gives a command: {"type","op","data"}.
func (d *Doors) post(w http.ResponseWriter, r *http.Request, id room.ID) {
	who, err := d.Identify(r)
	if err != nil {
		d.Fail(w, err)
		return
	}
	var body struct {
		Type string          `json:"type"`
		Op   string          `json:"op"`
		Data json.RawMessage `json:"data"`
	}
	if err := d.ReadJSON(w, r, &body); err != nil {
		d.Fail(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), joinTimeout)
	defer cancel()
	await := node.NewAwait()
	cmd := session.Command{Room: string(id), Type: body.Type, Op: body.Op, Data: body.Data}
	d.opts.Registry.Do(who, "a"+who.Address, cmd, await, 0)
	out, err := await.Wait(ctx)
	if err != nil {
		d.Fail(w, d.opts.Registry.Veil(who, err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.Write(wire.AppendReplyBody(nil, out.Seq, out.Reply))
}

// ReadJSON reads a body of JSON into v. It has to say that it is JSON: a form
// of another site can not (and so can not use our cookies).
func (d *Doors) ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	if mt, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mt != "application/json" {
		return room.Errorf(room.Invalid, "Send JSON, with Content-Type: application/json.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, d.opts.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return room.Errorf(room.TooLarge, "A body is at most %d bytes.", d.opts.MaxBody)
	case err != nil:
		return &room.Error{Code: room.Invalid, Message: "The body did not arrive whole.", Err: err}
	}
	if !utf8.Valid(body) { // WebSockets that it is sent to would break
		return room.Errorf(room.Invalid, "JSON is text in UTF-8.")
	}
	if err := wire.CheckDepth(body); err != nil {
		return err
	}
	if err := json.Unmarshal(bytes.TrimSpace(body), v); err != nil {
		return &room.Error{Code: room.Invalid, Message: "The body is not the JSON that is expected here.", Err: err}
	}
	return nil
}
