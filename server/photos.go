package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
)

// Photos prepares and keeps pictures.
type Photos interface {
	// Add reads an upload, prepares its sizes and stores them durably. length
	// is -1 if the client did not say. It may block for as long as the upload
	// takes; refusals are room.Errors.
	Add(ctx context.Context, body io.Reader, length int64) (Photo, error)
	// Open returns a stored size, NotFound if there is none.
	Open(blob, size string) (io.ReadSeekCloser, error)
}

// Photo is a stored picture.
type Photo struct {
	Blob          string // names the bytes
	Width, Height int    // upright
}

// postPhoto takes a picture of a member. Its bytes are on disk, and the room
// knows whose it is, before the answer: {"photo":"ph_...","width":2048,"height":1365}.
func (s *Server) postPhoto(w http.ResponseWriter, r *http.Request) {
	added, status, err := s.addPhoto(r)
	if err != nil {
		s.opts.Doors.Fail(w, err)
		return
	}
	answer(w, status, added)
}

type addedPhoto struct {
	Photo  string `json:"photo"`
	Post   string `json:"post,omitempty"` // it was shared already, in this post
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

func (s *Server) addPhoto(r *http.Request) (added addedPhoto, status int, err error) {
	id, err := room.NewID("event", r.PathValue("code"))
	if err != nil {
		return added, 0, lost
	}
	who, err := s.opts.Doors.Identify(r)
	if err != nil {
		return added, 0, err
	}
	if err := s.opts.Registry.Limited(who.Address, "photo", 500, 20); err != nil {
		return added, 0, err
	}
	m, err := s.member(r.Context(), id, who.Caller(id))
	if err != nil {
		return added, 0, err
	}
	if m.ID == "" || !m.Role.Acts() {
		return added, 0, room.Errorf(room.Forbidden, "Only members who may post share photos.")
	}
	photo, err := s.opts.Photos.Add(r.Context(), r.Body, r.ContentLength)
	if err != nil {
		return added, 0, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	reply, err := s.do(ctx, id, us, "feed.upload", map[string]any{
		"member": m.ID, "photo": newPhoto(), "width": photo.Width, "height": photo.Height, "blob": photo.Blob,
	})
	if err != nil {
		return added, 0, err
	}
	added = addedPhoto{Width: photo.Width, Height: photo.Height}
	return added, http.StatusCreated, json.Unmarshal(reply, &added)
}

// getPhoto serves one size of a picture to who may see the post it is in. It
// may be kept for a minute, no longer: removal wins.
func (s *Server) getPhoto(w http.ResponseWriter, r *http.Request) {
	blob, err := s.blobOf(r)
	if err == nil {
		var f io.ReadSeekCloser
		if f, err = s.opts.Photos.Open(blob, r.PathValue("size")); err == nil {
			defer f.Close()
			h := w.Header()
			h.Set("Content-Type", "image/jpeg")
			h.Set("Cache-Control", "private, max-age=60")
			h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
			h.Set("Content-Disposition", "inline")
			http.ServeContent(w, r, "", time.Time{}, f)
			return
		}
	}
	s.opts.Doors.Fail(w, err)
}

func (s *Server) blobOf(r *http.Request) (string, error) {
	id, err := room.NewID("event", r.PathValue("code"))
	if err != nil {
		return "", lost
	}
	who, err := s.opts.Doors.Identify(r)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	await := node.NewAwait()
	s.opts.Node.Query(id, node.Query{
		Caller: who.Caller(id), Name: "feed.photo", Args: room.Args{"photo": r.PathValue("photo")},
	}, await, 0)
	out, err := await.Wait(ctx)
	if err != nil {
		return "", err
	}
	var result struct {
		Blob string `json:"blob"`
	}
	return result.Blob, json.Unmarshal(out.Result, &result)
}
