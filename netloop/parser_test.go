package netloop

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// parse runs in through a new parser, cut into pieces whose sizes cut yields,
// and tells what came out, one thing a line.
func parse(in []byte, deflate bool, cut func(left int) int) (string, *parser) {
	in = bytes.Clone(in) // parsing writes to it
	r := rules{maxMessageBytes: testLimit}
	p := new(parser)
	var out strings.Builder
	for len(in) > 0 {
		n := cut(len(in))
		piece := bytes.Clone(in[:n]) // so that what is used too late is not there any more
		in = in[n:]
		for {
			ev, payload, rest, v := p.next(&r, deflate, piece)
			if v != nil {
				fmt.Fprintf(&out, "refused %d %s\n", v.code, v.reason)
				return out.String(), p
			}
			if ev == evNone {
				break
			}
			fmt.Fprintf(&out, "%d %q\n", ev, payload)
			if ev == evClose {
				return out.String(), p
			}
			piece = rest
		}
		clear(piece)
	}
	return out.String(), p
}

func whole(left int) int { return left }

func FuzzParserIgnoresCuts(f *testing.F) {
	for i, c := range conformance {
		f.Add([]byte(c.in), c.deflate, uint64(i))
	}
	f.Fuzz(func(t *testing.T, in []byte, deflate bool, seed uint64) {
		want, p := parse(in, deflate, whole)
		if cap(p.msg) > 4*testLimit+512 {
			t.Errorf("holds %d bytes", cap(p.msg))
		}
		rnd := rand.New(rand.NewPCG(seed, 0))
		cuts := map[string]func(int) int{
			"single bytes":  func(int) int { return 1 },
			"random pieces": func(left int) int { return 1 + rnd.IntN(min(left, 1+rnd.IntN(300))) },
		}
		for name, cut := range cuts {
			if got, _ := parse(in, deflate, cut); got != want {
				t.Errorf("in %s:\n%s\nwhole:\n%s", name, got, want)
			}
		}
	})
}

// TestParserIgnoresCutsInRandomStreams is the fuzz target's short run: cases of
// the list end to end, with a byte spoiled now and then.
func TestParserIgnoresCutsInRandomStreams(t *testing.T) {
	for seed := range uint64(3000) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var in []byte
		for range 1 + rnd.IntN(4) {
			in = append(in, conformance[rnd.IntN(len(conformance))].in...)
		}
		if rnd.IntN(2) == 0 {
			in[rnd.IntN(len(in))] ^= 1 << rnd.IntN(8)
		}
		deflate := rnd.IntN(2) == 0
		want, _ := parse(in, deflate, whole)
		got, _ := parse(in, deflate, func(left int) int { return 1 + rnd.IntN(min(left, 40)) })
		if got != want {
			t.Fatalf("seed %d:\n%s\nwhole:\n%s", seed, got, want)
		}
	}
}

func TestParserHoldsNothingBetweenMessages(t *testing.T) {
	stream := text("a") + frame(opText, "b") + frame(bitFin|opPing, "x") + frame(bitFin, "c") + text(long(1000))
	for cut := 1; cut < len(stream); cut++ {
		_, p := parse([]byte(stream), false, func(left int) int { return min(cut, left) })
		if !p.idle() {
			t.Fatalf("not idle with pieces of %d", cut)
		}
	}
}

func TestParserDoesNotAllocateByDeclaredLength(t *testing.T) {
	in := []byte(text(long(testLimit))[:20])
	if _, p := parse(in, false, whole); cap(p.msg) > 64 {
		t.Errorf("holds %d bytes for 12", cap(p.msg))
	}
}

func TestParserDoesNotCopyWholeMessages(t *testing.T) {
	r := rules{maxMessageBytes: testLimit}
	in := []byte(text(long(500)))
	allocs := testing.AllocsPerRun(100, func() {
		var p parser
		if ev, _, _, _ := p.next(&r, false, bytes.Clone(in)); ev != evText {
			t.Fatal("no message")
		}
	})
	if allocs > 1 { // the clone
		t.Errorf("%v allocations", allocs)
	}
}

func TestInflateStopsAtTheLimit(t *testing.T) {
	var f inflater
	bomb := []byte(pack(strings.Repeat("\x00", 8<<20)))
	if _, v := f.inflate(bomb, 64<<10); v != errTooBig {
		t.Fatalf("got %v", v)
	}
	if cap(f.out) > 160<<10 {
		t.Errorf("inflated into %d bytes", cap(f.out))
	}
	if got, v := f.inflate([]byte(pack("still fine")), 64<<10); v != nil || string(got) != "still fine" {
		t.Errorf("afterwards: %q, %v", got, v)
	}
}

func TestUnmaskAtAnyOffset(t *testing.T) {
	key := [4]byte{1, 2, 3, 4}
	for size := range 40 {
		for at := range 9 {
			b := make([]byte, size)
			unmask(b, key, at)
			for i := range b {
				if b[i] != key[(at+i)%4] {
					t.Fatalf("size %d from %d: byte %d is %d", size, at, i, b[i])
				}
			}
		}
	}
}

func TestCloseReasonIsCutAtARune(t *testing.T) {
	b := appendClose(nil, 1000, strings.Repeat("é", 100))
	_, payload, err := serverFrame(bytes.NewReader(b))
	if err != nil || len(payload) != 2+122 || checkClose(payload) != nil {
		t.Errorf("%d bytes, %v", len(payload), err)
	}
}
