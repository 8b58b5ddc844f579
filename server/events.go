package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session"
	"github.com/roomful/roomful/transport"
)

// turnTimeout bounds the wait for a room's turn.
const turnTimeout = 10 * time.Second

// us is the server itself, as rooms see it.
var us = room.Caller{Role: room.Service}

// opened is what the creator of an event is told.
//
//	{"room":"event/ab12cd34","code":"ab12cd34","url":"https://party.example/e/ab12cd34","member":"m_7","token":"rfm.event/...","host":"https://party.example/e/ab12cd34/host#m_7.SECRET"}
type opened struct {
	Room   room.ID       `json:"room"`
	Code   string        `json:"code"`
	URL    string        `json:"url"`
	Member room.MemberID `json:"member"`
	Token  string        `json:"token"`
	Host   string        `json:"host"` // private: makes the device that opens it a host
}

// postEvents opens an event: {"name","preset","host":"Ana"}; the creator is
// its owner.
func (s *Server) postEvents(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name   string `json:"name"`
		Preset string `json:"preset"`
		Host   string `json:"host"` // the owner's own name; "Host" without
	}
	if err := s.opts.Doors.ReadJSON(w, r, &in); err != nil {
		s.opts.Doors.Fail(w, err)
		return
	}
	o, err := s.open(r, in.Name, in.Preset, in.Host)
	if err != nil {
		s.opts.Doors.Fail(w, err)
		return
	}
	s.setMember(w, r, o.Room, o.Token)
	answer(w, http.StatusCreated, o)
}

// Opening and joining are bounded by address, generously: a hall
// behind one router joins within minutes.
const (
	opensBurst, opensPerSecond = 20, 0.2
	joinsBurst, joinsPerSecond = 2000, 200
)

func (s *Server) open(r *http.Request, name, preset, host string) (opened, error) {
	who, err := s.opts.Doors.Identify(r)
	if err != nil {
		return opened{}, err
	}
	if who.Service == nil {
		if err := s.opts.Registry.Limited(who.Address, "open", opensBurst, opensPerSecond); err != nil {
			return opened{}, err
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	id := room.ID("event/" + newCode())
	if _, err := s.do(ctx, id, us, "event.open", map[string]string{"name": name, "preset": preset}); err != nil {
		return opened{}, err
	}
	if strings.TrimSpace(host) == "" {
		host = "Host"
	}
	member := newMember()
	token, proof := session.NewCredential(id, member)
	if err := s.admit(ctx, id, member, host, room.Owner, proof); err != nil {
		return opened{}, err
	}
	secret := session.NewSecret()
	if err := s.addDevice(ctx, id, member, session.ProofOf(secret)); err != nil {
		return opened{}, err
	}
	url := s.origin(r) + "/e/" + id.Name()
	return opened{
		Room: id, Code: id.Name(), URL: url, Member: member, Token: token,
		Host: url + "/host#" + string(member) + "." + secret,
	}, nil
}

// joinedAs is what a member is told on joining: {"member":"m_7","token":"rfm.event/..."}.
type joinedAs struct {
	Member room.MemberID `json:"member"`
	Token  string        `json:"token,omitempty"` // only when it is new
}

// postJoin joins an event: {"name"}; with a member's cookie it is the same
// member again, with {"host":"m_7.SECRET"} another device of that host.
func (s *Server) postJoin(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"name"`
		Host string `json:"host"`
	}
	err := s.opts.Doors.ReadJSON(w, r, &in)
	var j joinedAs
	if err == nil {
		j, err = s.join(r, in.Name, in.Host)
	}
	if err != nil {
		s.opts.Doors.Fail(w, err)
		return
	}
	if j.Token != "" {
		s.setMember(w, r, room.ID("event/"+r.PathValue("code")), j.Token)
	}
	answer(w, http.StatusOK, j)
}

// join makes the client a member, or finds out which it is.
func (s *Server) join(r *http.Request, name, host string) (joinedAs, error) {
	id, err := room.NewID("event", r.PathValue("code"))
	if err != nil {
		return joinedAs{}, lost
	}
	who, err := s.opts.Doors.Identify(r)
	if err != nil {
		return joinedAs{}, err
	}
	if err := s.opts.Registry.Limited(who.Address, "join event", joinsBurst, joinsPerSecond); err != nil {
		return joinedAs{}, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	if host != "" {
		return s.claim(ctx, id, who, host)
	}
	if c := who.Caller(id); c.Member != "" {
		m, err := s.member(ctx, id, c)
		switch room.CodeOf(err) {
		case "":
			return joinedAs{Member: m.ID}, nil
		case room.Unauthenticated: // a cookie of a member that is no more: a new one
		default:
			return joinedAs{}, s.opts.Registry.Veil(who, err)
		}
	}
	if err := s.opts.Registry.MayGuess(who); err != nil {
		return joinedAs{}, err
	}
	if _, err := s.member(ctx, id, us); err != nil {
		return joinedAs{}, s.opts.Registry.Veil(who, err)
	}
	member := newMember()
	token, proof := session.NewCredential(id, member)
	if err := s.admit(ctx, id, member, name, room.Guest, proof); err != nil {
		return joinedAs{}, err
	}
	return joinedAs{Member: member, Token: token}, nil
}

// claim makes this device another one of a host, who shows the private link's
// secret.
func (s *Server) claim(ctx context.Context, id room.ID, who *session.Identity, host string) (joinedAs, error) {
	if err := s.opts.Registry.Guess(who); err != nil {
		return joinedAs{}, err
	}
	member, secret, _ := strings.Cut(host, ".")
	m, err := s.member(ctx, id, room.Caller{Member: room.MemberID(member), Proof: session.ProofOf(secret)})
	if err != nil || !m.Role.Host() {
		return joinedAs{}, room.Errorf(room.Forbidden, "This private link does not fit the event. Ask for it again.")
	}
	token, proof := session.NewCredential(id, m.ID)
	if err := s.addDevice(ctx, id, m.ID, proof); err != nil {
		return joinedAs{}, err
	}
	return joinedAs{Member: m.ID, Token: token}, nil
}

var lost = room.Errorf(room.NotFound, "There is no such event. Check the code on the poster.")

func (s *Server) admit(ctx context.Context, id room.ID, member room.MemberID, name string, role room.Role, proof room.Proof) error {
	_, err := s.do(ctx, id, us, "people.join", map[string]any{
		"member": member, "name": name, "role": role, "proof": hex.EncodeToString(proof[:]),
	})
	return err
}

func (s *Server) addDevice(ctx context.Context, id room.ID, member room.MemberID, proof room.Proof) error {
	_, err := s.do(ctx, id, us, "people.join", map[string]any{
		"member": member, "device": true, "proof": hex.EncodeToString(proof[:]),
	})
	return err
}

// do gives a command and waits for its reply.
func (s *Server) do(ctx context.Context, id room.ID, caller room.Caller, typ string, data any) (json.RawMessage, error) {
	encoded, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	await := node.NewAwait()
	s.opts.Node.Do(id, node.Command{Caller: caller, Type: typ, Data: encoded}, await, 0)
	out, err := await.Wait(ctx)
	return out.Reply, err
}

// look lets the caller in for one look. The entry's tail is released.
func (s *Server) look(ctx context.Context, id room.ID, caller room.Caller) (*node.Entry, error) {
	await := node.NewAwait()
	s.opts.Node.Join(id, node.Join{Caller: caller}, await, 0)
	out, err := await.Wait(ctx)
	if err != nil {
		return nil, err
	}
	out.Entry.Tail.Release()
	return out.Entry, nil
}

// member is who the caller is in the room.
func (s *Server) member(ctx context.Context, id room.ID, caller room.Caller) (room.Member, error) {
	e, err := s.look(ctx, id, caller)
	if err != nil {
		return room.Member{}, err
	}
	return e.Member, nil
}

// setMember gives the browser its credential: for a year, which is longer
// than an album is looked at.
func (s *Server) setMember(w http.ResponseWriter, r *http.Request, id room.ID, token string) {
	http.SetCookie(w, &http.Cookie{
		Name: transport.CookieName(id), Value: token, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
}

func answer(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// Codes and ids avoid letters that are read for others: Crockford's base 32
// in lower case.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return string(b)
}

// newCode names an event: 40 bits, which at the allowed rate of guesses from
// one address take thousands of years.
func newCode() string { return randomText(8) }

func newMember() room.MemberID { return room.MemberID("m_" + randomText(12)) }

func newPhoto() string { return "ph_" + randomText(16) }
