package roomtest

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/roomful/roomful/room"
)

// Play is what a fuzz target of a feature plays: bytes become commands by
// several people, well meant and not.
type Play struct {
	Features []room.Feature
	Open     func(*Room) []room.Caller // prepares the room and says who acts in it
	Lines    []string                  // commands: `feed.post {"text":$text}`; what is listed twice is said twice as often
	Asks     []string                  // queries: `feed.page before=$int`
	Words    map[string][]string       // what $word stands for, as JSON
	Then     func(*Room)               // more to hold at the end; may be nil
}

// Besides a Play's Words, $text is a hostile string, $bool and $int what they
// say, often out of range, and $p an id beginning with "p_" that the room has
// given out, or has not.
var wordPattern = regexp.MustCompile(`\$[a-z]+`)

const maxSteps = 100 // each is checked for purity: about 10 ms in all

// Fuzz holds a feature to what Check checks, to refusals that are sentences,
// and to never panicking, whatever is said to it. The seeds run in normal
// tests; go test -fuzz FuzzFeature finds more.
func Fuzz(f *testing.F, p Play) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 0))
		script := make([]byte, 300+r.IntN(500))
		for i := range script {
			script[i] = byte(r.Uint32())
		}
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		r := New(t, p.Features...)
		a := &actor{Play: p, room: r, script: script}
		a.cast = append(p.Open(r), room.Caller{}, room.Caller{Member: "m_nobody"}, Server())
		for range maxSteps {
			if len(a.script) == 0 {
				break
			}
			a.step()
		}
		if p.Then != nil {
			p.Then(r)
		}
	})
}

type actor struct {
	Play
	room   *Room
	cast   []room.Caller
	script []byte
}

// pick is the next number below n that the script says.
func (a *actor) pick(n int) int {
	if len(a.script) == 0 {
		return 0
	}
	b := a.script[0]
	a.script = a.script[1:]
	return int(b) % n
}

func (a *actor) step() {
	switch a.pick(12) {
	case 0:
		a.room.Advance(time.Duration(a.pick(256)) * time.Minute)
	case 1:
		a.room.Granted = a.pick(25)
		a.room.Turn(func() {
			for range a.pick(6) {
				a.say()
			}
		})
	case 2:
		typ, _, _ := strings.Cut(a.Lines[a.pick(len(a.Lines))], " ")
		a.try(typ, hostile[a.pick(len(hostile))])
	case 3:
		a.ask()
	default:
		a.say()
	}
}

func (a *actor) say() {
	typ, data, _ := strings.Cut(a.Lines[a.pick(len(a.Lines))], " ")
	a.try(typ, a.fill(data))
}

func (a *actor) try(typ, data string) {
	if _, err := a.room.Try(a.cast[a.pick(len(a.cast))], typ, data); err != nil {
		sentence(a.room.t, room.AsError(err))
	}
}

func (a *actor) ask() {
	if len(a.Asks) == 0 {
		return
	}
	words := strings.Fields(a.Asks[a.pick(len(a.Asks))])
	args := room.Args{}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		args[name] = strings.Trim(a.fill(value), `"`)
	}
	_, _ = a.room.Query(a.cast[a.pick(len(a.cast))], words[0], args) // refusals are held to being sentences there
}

func (a *actor) fill(data string) string {
	return wordPattern.ReplaceAllStringFunc(data, func(word string) string {
		name := word[1:]
		switch words := a.Words[name]; {
		case len(words) > 0:
			return words[a.pick(len(words))]
		case name == "text":
			return quote(texts[a.pick(len(texts))])
		case name == "bool":
			return []string{"true", "false"}[a.pick(2)]
		case name == "int":
			return ints[a.pick(len(ints))]
		}
		return quote(a.id(name + "_"))
	})
}

// id is one of the newest ids the room has given out, or one it never had.
func (a *actor) id(prefix string) string {
	pattern := regexp.MustCompile(`"` + prefix + `[A-Za-z0-9]+"`)
	var ids []string
	for i := len(a.room.log) - 1; i >= 0 && len(ids) < 8; i-- {
		for _, id := range pattern.FindAllString(string(a.room.log[i].Data), -1) {
			ids = append(ids, strings.Trim(id, `"`))
		}
	}
	if n := a.pick(len(ids) + 1); n < len(ids) {
		return ids[n]
	}
	return prefix + "0000000000"
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
}

// Texts are what people, and others, type: domain section 4.
var texts = []string{
	"Hello", "", " \t\n", "Ana", "Cake! 🎂", "two\nlines", "Host", "Ноst", "\x00", "A\u202Eevil\u202C", "\u200B\uFEFF",
	"<script>alert(1)</script>", "**bold** [x](javascript:alert(1))", "=cmd()", "../../x", "\uFFFD", "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
	strings.Repeat("👨‍👩‍👧‍👦", 600), strings.Repeat("x", 501), strings.Repeat("x", 40), "a" + strings.Repeat("\u0336", 900),
	strings.Repeat("x", 1<<15), "é", "e\u0301", "مرحبا", "p_0000000000", `"},"seq":9`, "null",
}

var ints = []string{"0", "1", "2", "3", "10", "-1", "-5", "1e9", "1.5", "9007199254740993", "1e99", "99999999999999999999", `"7"`, "null"}

// hostile is data of no shape.
var hostile = []string{
	"", "null", "[]", "{}", `""`, "1", "true", "{", `{"post":1}`, `{"text":["x"],"name":{},"kind":7,"n":"3"}`,
	`{"post":"p_1","post":"p_2","kind":"heart","kind":"joy"}`, `{"__proto__":{"x":1},"unknown":[[[]]]}`,
	strings.Repeat("[", 10_001), strings.Repeat(`{"a":`, 5_000) + "1" + strings.Repeat("}", 5_000),
	"{\"text\":\"\xff\xfe\"}", `{"text":"\ud800","name":"\ud800"}`, `{"on":"true","member":null,"features":null,"moderation":null}`,
}
