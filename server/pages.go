package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/roomful/roomful/feature/event"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session"
	"github.com/roomful/roomful/web"
	"github.com/roomful/roomful/wire"
)

func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, page web.Page) {
	w.Header().Set("Cache-Control", "private, no-store")
	if err := s.app.Render(w, r, status, page); err != nil {
		s.log.Error("page not rendered", "err", err)
	}
}

func presetNames() (names []string) {
	for _, p := range event.Presets() {
		names = append(names, p.Name)
	}
	return names
}

func (s *Server) createPage(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, web.CreatePage{Presets: presetNames()})
}

// createForm opens an event from the page's form, which works without
// scripts.
func (s *Server) createForm(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	name, preset := r.PostFormValue("name"), r.PostFormValue("preset")
	o, err := s.open(r, name, preset, "")
	if err != nil {
		e := room.AsError(err)
		s.render(w, r, wire.Status(e.Code), web.CreatePage{Presets: presetNames(), Name: name, Preset: preset, Error: e.Message})
		return
	}
	s.setMember(w, r, o.Room, o.Token)
	s.render(w, r, http.StatusOK, web.ReadyPage{
		Code: o.Code, Name: name, URL: o.URL, QR: qrSVG(o.URL), HostURL: o.Host,
	})
}

// form reads a small form of a page of ours; another site's may not act here
// with our cookies.
func (s *Server) form(w http.ResponseWriter, r *http.Request) bool {
	if !s.opts.Doors.Ours(r) {
		s.render(w, r, http.StatusForbidden, web.TroublePage{Title: "That came from another site.", Text: "Open this page itself and try again."})
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		s.render(w, r, http.StatusRequestEntityTooLarge, web.TroublePage{Title: "That did not arrive.", Text: "The form was too long or broke off. Try again."})
		return false
	}
	return true
}

// eventID is the room of the request's code; it answers for codes that cannot
// be one.
func (s *Server) eventID(w http.ResponseWriter, r *http.Request) (room.ID, bool) {
	id, err := room.NewID("event", r.PathValue("code"))
	if err != nil {
		s.render(w, r, http.StatusNotFound, web.LostPage{Code: r.PathValue("code")})
	}
	return id, err == nil
}

// visitor is eventID and who asks; it answers for those it can not tell.
func (s *Server) visitor(w http.ResponseWriter, r *http.Request) (room.ID, *session.Identity, bool) {
	id, ok := s.eventID(w, r)
	if !ok {
		return "", nil, false
	}
	who, err := s.opts.Doors.Identify(r)
	if err != nil {
		s.trouble(w, r, err)
		return "", nil, false
	}
	return id, who, true
}

// eventPage is the app for members and the join page for everyone else.
func (s *Server) eventPage(w http.ResponseWriter, r *http.Request) {
	id, who, ok := s.visitor(w, r)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	entry, err := s.look(ctx, id, who.Caller(id))
	err = s.opts.Registry.Veil(who, err)
	switch room.CodeOf(err) {
	case "":
		url := s.origin(r) + "/e/" + id.Name()
		s.render(w, r, http.StatusOK, web.EventPage{
			Code: id.Name(), Name: eventOf(entry).Name, URL: url, QR: qrSVG(url), View: viewFrame(id, entry),
		})
	case room.Unauthenticated:
		s.joinPage(w, r, id, http.StatusOK, "", "")
	case room.NotFound:
		s.render(w, r, http.StatusNotFound, web.LostPage{Code: id.Name()})
	default:
		s.trouble(w, r, err)
	}
}

// card is what a page needs of an event's view.
type card struct {
	Name string `json:"name"`
	Life string `json:"life"`
}

// eventOf reads the event's card out of a view that any role sees.
func eventOf(e *node.Entry) card {
	var frame struct {
		View struct {
			Event card `json:"event"`
		} `json:"view"`
	}
	json.Unmarshal(append([]byte{'{'}, e.View...), &frame) // our own encoding
	return frame.View.Event
}

func peopleOf(e *node.Entry) int {
	var frame struct {
		View struct {
			People struct {
				Count int `json:"count"`
			} `json:"people"`
		} `json:"view"`
	}
	json.Unmarshal(append([]byte{'{'}, e.View...), &frame) // our own encoding
	return frame.View.People.Count
}

// viewFrame is the frame that a WebSocket would begin with.
func viewFrame(id room.ID, e *node.Entry) json.RawMessage {
	return append(wire.AppendView(nil, &wire.ViewHead{Room: id, Pos: e.Position(), Mine: e.Mine, Signals: e.Signals}), e.View...)
}

func (s *Server) joinPage(w http.ResponseWriter, r *http.Request, id room.ID, status int, typed, problem string) {
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	entry, err := s.look(ctx, id, us)
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	c := eventOf(entry)
	s.render(w, r, status, web.JoinPage{
		Code: id.Name(), Name: c.Name, Online: s.opts.Node.Online(id), Count: peopleOf(entry),
		Closed: c.Life == "closed", Typed: typed, Error: problem,
	})
}

// joinForm joins from the page's form.
func (s *Server) joinForm(w http.ResponseWriter, r *http.Request) {
	id, ok := s.eventID(w, r)
	if !ok || !s.form(w, r) {
		return
	}
	name := r.PostFormValue("name")
	j, err := s.join(r, name, "")
	switch room.CodeOf(err) {
	case "":
		if j.Token != "" {
			s.setMember(w, r, id, j.Token)
		}
		http.Redirect(w, r, "/e/"+id.Name(), http.StatusSeeOther)
	case room.NotFound:
		s.render(w, r, http.StatusNotFound, web.LostPage{Code: id.Name()})
	case room.Invalid, room.Conflict, room.Gone:
		s.joinPage(w, r, id, http.StatusUnprocessableEntity, name, room.AsError(err).Message)
	default:
		s.trouble(w, r, err)
	}
}

// hostPage shows a host how to invite, and lets the private link's script
// claim the event on another device.
func (s *Server) hostPage(w http.ResponseWriter, r *http.Request) {
	id, who, ok := s.visitor(w, r)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	m, err := s.member(ctx, id, who.Caller(id))
	err = s.opts.Registry.Veil(who, err)
	switch room.CodeOf(err) {
	case "", room.Unauthenticated:
	case room.NotFound:
		s.render(w, r, http.StatusNotFound, web.LostPage{Code: id.Name()})
		return
	default:
		s.trouble(w, r, err)
		return
	}
	shown, err := s.look(ctx, id, us)
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	name := eventOf(shown).Name
	if m.Role.Host() {
		url := s.origin(r) + "/e/" + id.Name()
		s.render(w, r, http.StatusOK, web.ReadyPage{Code: id.Name(), Name: name, URL: url, QR: qrSVG(url)})
		return
	}
	s.render(w, r, http.StatusOK, web.ClaimPage{Code: id.Name(), Name: name})
}

// talkPage is the public reactions bar of a talk.
func (s *Server) talkPage(w http.ResponseWriter, r *http.Request) {
	id, err := room.NewID("talk", r.PathValue("id"))
	if err != nil {
		s.render(w, r, http.StatusNotFound, web.LostPage{Code: r.PathValue("id")})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	entry, err := s.look(ctx, id, room.Caller{})
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, web.TalkPage{ID: id.Name(), View: viewFrame(id, entry)})
}

func (s *Server) lostPage(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/") || r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.opts.Doors.Fail(w, room.Errorf(room.NotFound, "There is nothing at this address."))
		return
	}
	s.render(w, r, http.StatusNotFound, web.TroublePage{Title: "Nothing here.", Text: "Check the address, or open the link you were sent."})
}

func (s *Server) trouble(w http.ResponseWriter, r *http.Request, err error) {
	e := room.AsError(err)
	if e.Err != nil {
		s.log.Warn("page failed", "path", r.URL.Path, "code", e.Code, "err", e.Err)
	}
	title := "That did not work."
	if e.Code == room.Banned {
		title = "You are not part of this event any more."
	}
	s.render(w, r, wire.Status(e.Code), web.TroublePage{Title: title, Text: e.Message})
}
