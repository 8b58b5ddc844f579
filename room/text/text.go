// Package text makes what people typed safe to keep and to show: one form,
// nothing invisible that steers, and a length as people count it. What it
// returns is plain text; escaping is up to whoever shows it.
package text

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
)

// maxMarks is how many combining marks one letter keeps: pointed Hebrew with
// cantillation needs 4, towers of "zalgo" have dozens.
const maxMarks = 5

// Line is s as one line: NFC, whitespace runs one space, without control
// characters, bidirectional overrides and invisible fillers.
func Line(s string) string {
	return strings.Join(strings.FieldsFunc(clean(s), unicode.IsSpace), " ")
}

// Block is s with its line breaks, at most one empty line in a row, cleaned
// and trimmed as by Line.
func Block(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	var lines []string
	empty := 0
	for line := range strings.SplitSeq(clean(s), "\n") {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if empty++; line != "" {
			empty = 0
		}
		if empty < 2 {
			lines = append(lines, line)
		}
	}
	return strings.TrimFunc(strings.Join(lines, "\n"), unicode.IsSpace)
}

// Fits reports whether s is at most so many characters as people count them
// (grapheme clusters: a family emoji is one) and at most so many bytes.
func Fits(s string, graphemes, bytes int) bool {
	return len(s) <= bytes && uniseg.GraphemeClusterCount(s) <= graphemes
}

func clean(s string) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	var b strings.Builder
	marks := 0
	for _, r := range s {
		if marks++; !unicode.Is(unicode.Mn, r) {
			marks = 0
		}
		switch {
		case r == '\n' || r == ' ':
			b.WriteRune(r)
		case r == '\t' || blank(r):
			b.WriteByte(' ')
		case unicode.IsControl(r) || steers(r) || marks > maxMarks:
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// blank is what draws nothing but counts as a letter or a symbol.
func blank(r rune) bool {
	switch r {
	case 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800:
		return true
	}
	return r != ' ' && unicode.IsSpace(r) && !unicode.IsControl(r)
}

// steers is what moves or hides its neighbours (Unicode TR 36, section 3.2):
// directional overrides and isolates, zero-width spaces, deprecated format
// characters. The joiners stay: emoji and Persian need them.
func steers(r rune) bool {
	switch {
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x206F,
		r >= 0x2060 && r <= 0x2064, r >= 0xFFF9 && r <= 0xFFFB:
		return true
	}
	switch r {
	case 0x00AD, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF:
		return true
	}
	return false
}
