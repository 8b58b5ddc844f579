package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Looks is what s looks like at a glance: two names with equal Looks can be
// taken for each other. Letters only, lower case, without marks; look-alikes
// of other alphabets, digits and signs become the Latin letter. A short list
// after Unicode TR 39, not all of it: it keeps people from posing as the
// host, it does not tell languages apart.
func Looks(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(norm.NFKC.String(s))) {
		r = unicode.ToLower(r)
		if twin, ok := twins[r]; ok {
			r = twin
		}
		if unicode.IsLetter(r) {
			b.WriteRune(r)
		}
	}
	return strings.NewReplacer("rn", "m", "vv", "w").Replace(b.String())
}

// MixesAlphabets reports whether one word of s has letters of two of the
// alphabets that look alike: Latin, Cyrillic, Greek.
func MixesAlphabets(s string) bool {
	for word := range strings.FieldsSeq(s) {
		alphabets := 0
		for _, t := range []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek} {
			if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(t, r) }) {
				alphabets++
			}
		}
		if alphabets > 1 {
			return true
		}
	}
	return false
}

// twins maps lower-case look-alikes; i, l and 1 are all l.
var twins = map[rune]rune{
	'i': 'l', '1': 'l', '|': 'l', '!': 'l', 'ı': 'l', 'ӏ': 'l', 'і': 'l', 'ї': 'l', 'ι': 'l', 'ⅼ': 'l',
	'0': 'o', 'о': 'o', 'ο': 'o', 'ø': 'o', 'σ': 'o', 'օ': 'o',
	'3': 'e', 'е': 'e', 'ё': 'e', 'ε': 'e', 'є': 'e', '€': 'e',
	'4': 'a', '@': 'a', 'а': 'a', 'α': 'a',
	'5': 's', '$': 's', 'ѕ': 's', '7': 't', 'т': 't', 'τ': 't', '+': 't',
	'с': 'c', 'ϲ': 'c', 'р': 'p', 'ρ': 'p', 'н': 'h', 'һ': 'h', 'η': 'n', 'п': 'n',
	'м': 'm', 'µ': 'u', 'υ': 'u', 'у': 'y', 'γ': 'y', 'х': 'x', 'χ': 'x', 'к': 'k', 'κ': 'k',
	'в': 'b', '8': 'b', 'ν': 'v', 'ԁ': 'd', 'ѡ': 'w', 'ω': 'w', 'ԛ': 'q', 'ј': 'j', 'г': 'r',
}
