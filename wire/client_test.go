package wire

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/roomful/roomful/room"
)

func TestOneMessageIsAFrameOrAnArray(t *testing.T) {
	frames, err := ParseClient([]byte(" [{\"id\":1,\"leave\":{\"room\":\"a/b\"}},{}]"))
	if err != nil || len(frames) != 2 || frames[0].Leave == nil {
		t.Errorf("%v, %v", frames, err)
	}
	for text, code := range map[string]room.Code{
		"":                            room.Invalid,
		"[":                           room.Invalid,
		`"hello"`:                     room.Invalid,
		`[[{}]]`:                      room.Invalid,
		`{"id":-1}`:                   room.Invalid,
		`{"id":"1"}`:                  room.Invalid,
		`{} {}`:                       room.Invalid,
		`{"query":{"args":{"a":{}}}}`: room.Invalid,
		"[" + strings.Repeat("{},", maxFrames) + "{}]":                                room.TooLarge,
		`{"send":{"data":` + strings.Repeat("[", 1_000_000) + "}}":                    room.Invalid,
		`{"send":{"data":` + strings.Repeat(`{"a":`, maxDepth) + "1" + "}}":           room.Invalid,
		`{"send":{"data":"` + strings.Repeat("[", 100) + `\"` + `"}}`:                 "",
		`{"send":{"data":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + "}}": "",
	} {
		if _, err := ParseClient([]byte(text)); room.CodeOf(err) != code {
			t.Errorf("%.60s: got %v, want %q", text, err, code)
		}
	}
}

func TestAppendStringIsJSON(t *testing.T) {
	for _, s := range []string{
		"", "plain", `a"b\c`, "line\nbreak\u2028\u2029", "tab\t\x00\x1f\x7f", "Ünïcode 🎂", "bad \xff\xfe utf", "</script>", "\xed\xa0\x80",
	} {
		b := AppendString([]byte("x"), s)
		var back string
		if err := json.Unmarshal(b[1:], &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Errorf("%q is written %s: %q, %v", s, b, back, err)
		}
		if !utf8.Valid(b) || strings.ContainsAny(string(b), "\n\r\u2028") {
			t.Errorf("%q is written %q", s, b)
		}
	}
}

func TestEveryCodeHasAPlaceInTheTable(t *testing.T) {
	all := []room.Code{
		room.Invalid, room.Unauthenticated, room.Forbidden, room.Banned, room.NotFound, room.Conflict, room.Stale,
		room.Gone, room.TooLarge, room.Busy, room.RateLimited, room.Unavailable, room.Internal, room.Drain,
	}
	if len(all) != len(codes) {
		t.Errorf("the table has %d codes, there are %d", len(codes), len(all))
	}
	for _, code := range all {
		_, known := codes[code]
		status, closing := Status(code), CloseCode(code)
		if !known || status < 400 || status > 599 || closing < 1009 || closing > 1013 && closing < 4400 || closing > 4499 {
			t.Errorf("%s is %d and %d", code, status, closing)
		}
		if Final(code) && closing < 4400 && code != room.TooLarge {
			t.Errorf("%s says stop, %d says come back", code, closing)
		}
	}
	if Status("new") != 500 || CloseCode("new") != CloseInternal {
		t.Error("a code that is not in the table is not internal")
	}
}

func FuzzParseClient(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[{}]`, `{"id":2,"join":{"room":"event/ab","since":"k3:41","only":["feed"]}}`,
		`{"id":3,"send":{"room":"event/ab","type":"feed.post","op":"c:1","data":{"a":[1,{}]}}}`,
		`{"id":4,"query":{"room":"event/ab","name":"feed.page","args":{"before":123,"x":null,"y":"z","w":true}}}`,
		`[null,{"hello":null}]`, "\xff", `{"send":{"data":"\ud800"}}`, `]]]][[[[`, `{"id":18446744073709551615}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := string(b)
		frames, err := ParseClient(b)
		if string(b) != kept {
			t.Fatal("the message was changed")
		}
		if err != nil {
			if e := room.AsError(err); e.Code == room.Internal || !strings.HasSuffix(e.Message, ".") {
				t.Fatalf("%q is refused as %v", b, err)
			}
			return
		}
		if len(frames) > maxFrames || !json.Valid(b) {
			t.Fatalf("%q is taken as %d frames", b, len(frames))
		}
		for _, frame := range frames {
			if frame.Send != nil && len(frame.Send.Data) > 0 && !json.Valid(frame.Send.Data) {
				t.Fatalf("data %q", frame.Send.Data)
			}
			if frame.Query != nil {
				frame.Query.RoomArgs()
			}
		}
	})
}
