package server

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/roomful/roomful/media"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
)

// Photos is where pictures are prepared and kept.
type Photos struct {
	Preparer *media.Preparer
	Store    *media.Store
}

// postPhoto takes a picture of a member. Its bytes are on disk, and the room
// knows whose it is, before the answer: {"photo":"ph_...","width":2048,"height":1365}.
func (s *Server) postPhoto(w http.ResponseWriter, r *http.Request) {
	if b, ok := r.Body.(*body); ok {
		b.allow(stallTimeout, uploadTimeout)
	}
	added, status, err := s.addPhoto(r)
	if err != nil {
		s.opts.Doors.Fail(w, err)
		return
	}
	answer(w, status, added)
}

const (
	uploadTimeout = 10 * time.Minute // 25 MB at 350 kbit/s
	stallTimeout  = 30 * time.Second // without a byte
)

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
		return added, 0, s.opts.Registry.Veil(who, err)
	}
	if m.ID == "" || !m.Role.Acts() {
		return added, 0, room.Errorf(room.Forbidden, "Only members who may post share photos.")
	}
	photo, err := s.opts.Photos.Preparer.Prepare(r.Context(), r.Body, r.ContentLength)
	if err != nil {
		return added, 0, err
	}
	blob, err := s.opts.Photos.Store.Put(id, photo)
	if err != nil {
		return added, 0, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	reply, err := s.do(ctx, id, us, "feed.upload", map[string]any{
		"member": m.ID, "photo": newPhoto(), "width": photo.Width, "height": photo.Height, "blob": blob,
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
	f, err := s.openPhoto(r)
	if err != nil {
		s.opts.Doors.Fail(w, err)
		return
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", "private, max-age=60")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Disposition", "inline")
	http.ServeContent(w, r, "", time.Time{}, f)
}

func (s *Server) openPhoto(r *http.Request) (*os.File, error) {
	id, err := room.NewID("event", r.PathValue("code"))
	if err != nil {
		return nil, lost
	}
	blob, err := s.blobOf(r, id)
	if err != nil {
		return nil, err
	}
	size, err := strconv.Atoi(r.PathValue("size"))
	if err != nil {
		return nil, room.Errorf(room.NotFound, "A photo has the sizes 320 and 1080.")
	}
	return s.opts.Photos.Store.Open(id, blob, size)
}

// blobOf asks the room which bytes the photo is, if the client may see it.
func (s *Server) blobOf(r *http.Request, id room.ID) (string, error) {
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
		return "", s.opts.Registry.Veil(who, err)
	}
	var result struct {
		Blob string `json:"blob"`
	}
	return result.Blob, json.Unmarshal(out.Result, &result)
}
