package web

import (
	"encoding/json"
	"fmt"
	"html/template"
)

// Page is what one screen shows: one of the types below.
type Page interface{ template() string }

// CreatePage is `/`: a form that posts name and preset back to `/`.
type CreatePage struct {
	Presets []string // ids in the order of the cards: "house-party", "wedding"...
	Name    string   // what was typed, when the form comes back
	Preset  string   // the chosen card; "" is the first
	Error   string   // a sentence, when the form comes back
}

// ReadyPage is `/e/{code}/host` for whoever may run the event.
type ReadyPage struct {
	Code    string
	Name    string
	URL     string        // absolute link for guests
	QR      template.HTML // an <svg> of URL, dark on light, without style attributes
	HostURL string        // absolute `/e/{code}/host#<secret>`; "" leaves the part out
}

// ClaimPage is `/e/{code}/host` for everyone else: its script posts the secret
// after the # to `/v1/events/{code}/join` as {"host":secret} and opens the event.
type ClaimPage struct {
	Code string
	Name string
}

// JoinPage is `/e/{code}` before joining: a form that posts name to
// `/e/{code}/join`. A closed event shows its end instead of the form.
type JoinPage struct {
	Code   string
	Name   string
	Online int
	Count  int  // members in all
	Closed bool // no form: this event is over
	Typed  string
	Error  string
}

// EventPage is `/e/{code}` for a member: the app.
type EventPage struct {
	Code string
	Name string
	URL  string          // absolute link for guests
	QR   template.HTML   // as in ReadyPage
	View json.RawMessage // a view frame as on the wire: {"room","pos","view","mine","signals"}; null is allowed
}

// TalkPage is `/t/{id}`: the reactions bar of room talk/{id}.
type TalkPage struct {
	ID   string
	View json.RawMessage // a view frame of the room as an anonymous reader sees it; null is allowed
}

// LostPage is a code nobody knows.
type LostPage struct{ Code string }

// TroublePage is everything else that went wrong.
type TroublePage struct {
	Title string // "That did not work."
	Text  string // a sentence a person can act on
}

func (CreatePage) template() string  { return "create.html" }
func (ReadyPage) template() string   { return "ready.html" }
func (ClaimPage) template() string   { return "claim.html" }
func (JoinPage) template() string    { return "join.html" }
func (EventPage) template() string   { return "event.html" }
func (TalkPage) template() string    { return "talk.html" }
func (LostPage) template() string    { return "lost.html" }
func (TroublePage) template() string { return "trouble.html" }

// longName is where a name no longer fits a phone in the largest letters.
const longName = 18

// plural is "1 person", "42 people".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
