package wire

import (
	"bytes"
	"encoding/json"

	"github.com/roomful/roomful/room"
)

// Client is one frame from a client: an id to be echoed and one verb. A frame
// without a verb and id is a ping.
type Client struct {
	ID    uint64 `json:"id"`
	Hello *Hello `json:"hello"`
	Join  *Join  `json:"join"`
	Send  *Send  `json:"send"`
	Query *Query `json:"query"`
	Leave *Leave `json:"leave"`
}

// Hello says who is there, or renews the token: {"token":"...","sdk":"js/1.0.0"}.
type Hello struct {
	Token string `json:"token"`
	SDK   string `json:"sdk"`
}

// Join asks to read a room: {"room":"event/ab","since":"k3:41","only":["feed"]}.
type Join struct {
	Room  string   `json:"room"`
	Since string   `json:"since"`
	Only  []string `json:"only"`
}

// Send is a command: {"room":"event/ab","type":"feed.post","op":"c9f2:17","data":{...}}.
type Send struct {
	Room string          `json:"room"`
	Type string          `json:"type"`
	Op   string          `json:"op"`
	Data json.RawMessage `json:"data"`
}

// Query is a paged read: {"room":"event/ab","name":"feed.page","args":{"before":123}}.
type Query struct {
	Room string              `json:"room"`
	Name string              `json:"name"`
	Args map[string]queryArg `json:"args"`
}

// Leave ends a join: {"room":"event/ab"}.
type Leave struct {
	Room string `json:"room"`
}

// queryArg is text, or a number or boolean as the text it is written with.
type queryArg string

func (a *queryArg) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(a))
	}
	if len(b) > 0 && (b[0] == '{' || b[0] == '[') {
		return room.Errorf(room.Invalid, "The arguments of a query are texts or numbers.")
	}
	if string(b) != "null" {
		*a = queryArg(b)
	}
	return nil
}

// RoomArgs are q's arguments as features read them.
func (q *Query) RoomArgs() room.Args {
	args := make(room.Args, len(q.Args))
	for k, v := range q.Args {
		args[k] = string(v)
	}
	return args
}

const (
	maxDepth  = 32 // no command of ours nests deeper than 6
	maxFrames = 64 // in one array; an outbox holds at most 32 unanswered
)

// ParseClient reads one message: a frame, or an array of frames. The error is
// Invalid and about the whole message. Frames hold references to b.
func ParseClient(b []byte) ([]Client, error) {
	if err := CheckDepth(b); err != nil {
		return nil, err
	}
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) > 0 && b[0] == '[' {
		var frames []Client
		if err := json.Unmarshal(b, &frames); err != nil {
			return nil, malformed(err)
		}
		if len(frames) > maxFrames {
			return nil, room.Errorf(room.TooLarge, "At most %d frames fit in one message.", maxFrames)
		}
		return frames, nil
	}
	frames := make([]Client, 1)
	if err := json.Unmarshal(b, &frames[0]); err != nil {
		return nil, malformed(err)
	}
	return frames, nil
}

func malformed(err error) error {
	return &room.Error{Code: room.Invalid, Message: "A message is one JSON frame, or an array of frames.", Err: err}
}

// CheckDepth refuses JSON that nests deeper than any frame of ours, before a
// decoder is asked to. It does not check that b is JSON.
func CheckDepth(b []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return room.Errorf(room.Invalid, "JSON may nest %d deep.", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
