package text_test

import (
	"strings"
	"testing"

	"github.com/roomful/roomful/room/text"
)

func TestNothingInvisibleSteers(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"override":       {"Ana\u202Etxt.exe", "Anatxt.exe"},
		"NUL":            {"A\x00na", "Ana"},
		"lone surrogate": {"A\xed\xa0\x80na", "A\uFFFDna"},
		"zero width":     {"A\u200Bn\uFEFFa", "Ana"},
		"fillers only":   {"\u3164\u2800\u115F", ""},
		"composed":       {"Jose\u0301", "José"},
		"zalgo":          {"a" + strings.Repeat("\u0336", 200), "a" + strings.Repeat("\u0336", 5)},
		"spaces":         {"  Ana \t\n B.  ", "Ana B."},
		"family":         {"👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"},
		"markup stays":   {"<b>Ana</b>", "<b>Ana</b>"},
	} {
		if got := text.Line(c.in); got != c.want {
			t.Errorf("%s: Line(%q) = %q, want %q", name, c.in, got, c.want)
		}
	}
}

func TestBlockKeepsLines(t *testing.T) {
	got := text.Block(" \r\nOne \r\n\n\n\nTwo\u2028Three\n \n")
	if want := "One\n\nTwo\nThree"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLengthIsAsPeopleCount(t *testing.T) {
	family := "👨‍👩‍👧‍👦"
	if !text.Fits(strings.Repeat(family, 40), 40, 4096) {
		t.Error("40 families are 40 characters")
	}
	if text.Fits(strings.Repeat(family, 400), 500, 4096) {
		t.Error("400 families are 400 characters and too many bytes")
	}
}

func TestLooksFoldsHomoglyphs(t *testing.T) {
	for _, s := range []string{"Host", "HOST", "Ноst", "h0st", "H o s t", "Hóst", "Ｈｏｓｔ", "hos+", "-host-"} {
		if got := text.Looks(s); got != "host" {
			t.Errorf("Looks(%q) = %q, want host", s, got)
		}
	}
	for s, want := range map[string]bool{"Аna": true, "Ana": false, "Анна": false, "Anna Анна": false, "田中Taro": false} {
		if got := text.MixesAlphabets(s); got != want {
			t.Errorf("MixesAlphabets(%q) = %v", s, got)
		}
	}
}
