package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/roomful/roomful/room"
)

func prepare(t testing.TB, body []byte) (*Photo, error) {
	t.Helper()
	p := NewPreparer(Options{Spool: t.TempDir(), Timeout: time.Hour}) // a busy machine is no failure
	return p.Prepare(t.Context(), bytes.NewReader(body), int64(len(body)))
}

func mustPrepare(t testing.TB, what string, body []byte) *Photo {
	t.Helper()
	p, err := prepare(t, body)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return p
}

// wantRefused checks the code and that a person can read the message.
func wantRefused(t testing.TB, what string, code room.Code, err error) {
	t.Helper()
	var e *room.Error
	if !errors.As(err, &e) || e.Code != code || !strings.HasSuffix(e.Message, ".") {
		t.Errorf("%s: %v, want a %s error with a sentence", what, err, code)
	}
}

// size of a photo as it is shown.
func size(t testing.TB, p *Photo, which int) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(p.Sizes[which]))
	if err != nil {
		t.Fatalf("size %d: %v", which, err)
	}
	return img
}

func near(a, b color.Color) bool {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	far := func(x, y uint32) bool { return max(x, y)-min(x, y) > 0x2000 }
	return !far(ar, br) && !far(ag, bg) && !far(ab, bb)
}

var (
	red, green = color.RGBA{220, 20, 20, 255}, color.RGBA{20, 180, 20, 255}
	blue, gold = color.RGBA{20, 20, 220, 255}, color.RGBA{220, 200, 40, 255}
)

// quarters has red, green, blue and gold in its corners: top left, top right,
// bottom left, bottom right.
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, [2][2]color.RGBA{{red, green}, {blue, gold}}[y*2/h][x*2/w])
		}
	}
	return img
}

func corners(img image.Image) [4]color.Color {
	b := img.Bounds()
	l, r, top, bottom := b.Dx()/8, b.Dx()*7/8, b.Dy()/8, b.Dy()*7/8
	return [4]color.Color{img.At(l, top), img.At(r, top), img.At(l, bottom), img.At(r, bottom)}
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// segment is a JPEG segment, for withSegments.
func segment(marker byte, body string) []byte {
	s := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return append(s, body...)
}

// withSegments puts segments behind a JPEG's first two bytes.
func withSegments(jpg []byte, segments ...[]byte) []byte {
	return bytes.Join([][]byte{jpg[:2], bytes.Join(segments, nil), jpg[2:]}, nil)
}

// exif is an APP1 body with an orientation, and a GPS directory of text.
func exif(order binary.AppendByteOrder, o uint16, gps string) string {
	magic := map[bool]string{true: "II", false: "MM"}[order.String() == "LittleEndian"]
	b := order.AppendUint32(order.AppendUint16([]byte(magic), 42), 8)
	b = order.AppendUint16(b, 3)
	entry := func(tag, typ uint16, count uint32, value []byte) {
		b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, tag), typ), count)
		b = append(b, append(value, 0, 0, 0, 0)[:4]...)
	}
	entry(0x010f, 2, 4, []byte("Pho"))
	entry(0x0112, 3, 1, order.AppendUint16(nil, o))
	entry(0x8825, 4, 1, order.AppendUint32(nil, 50))
	return "Exif\x00\x00" + string(b) + "\x00\x00\x00\x00" + gps
}

func TestSizes(t *testing.T) {
	for _, c := range []struct{ w, h, w1080, h1080, w320, h320 int }{
		{2400, 1800, 1080, 810, 320, 240},
		{600, 1200, 540, 1080, 160, 320},
		{1080, 40, 1080, 40, 320, 12},
		{1081, 500, 1080, 500, 320, 148},
		{500, 300, 500, 300, 320, 192},
		{200, 100, 200, 100, 200, 100},
		{1, 1, 1, 1, 1, 1},
		{9000, 3, 1080, 1, 320, 1},
	} {
		p := mustPrepare(t, fmt.Sprint(c.w, "x", c.h), jpegOf(t, image.NewGray(image.Rect(0, 0, c.w, c.h))))
		large, small := size(t, p, Large).Bounds().Size(), size(t, p, Small).Bounds().Size()
		if p.Width != c.w || p.Height != c.h || large != image.Pt(c.w1080, c.h1080) || small != image.Pt(c.w320, c.h320) || len(p.Sizes) != 2 {
			t.Errorf("%dx%d: says %dx%d, sizes %v and %v", c.w, c.h, p.Width, p.Height, large, small)
		}
	}
}

// What each orientation stores at the corners of a picture that is quarters
// when it is seen the right way up (EXIF 2.32, table 6): where row 0 and
// column 0 of the stored picture are.
func TestOrientations(t *testing.T) {
	const w, h = 400, 250
	seen := quarters(w, h)
	at := map[orientation]func(x, y int) (int, int){ // of the seen pixel: where it is stored
		1: func(x, y int) (int, int) { return x, y },
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return y, w - 1 - x },
		7: func(x, y int) (int, int) { return h - 1 - y, w - 1 - x },
		8: func(x, y int) (int, int) { return h - 1 - y, x },
	}
	want := corners(seen)
	for o, where := range at {
		stored := image.NewRGBA(image.Rect(0, 0, w, h))
		if o.swaps() {
			stored = image.NewRGBA(image.Rect(0, 0, h, w))
		}
		for y := range h {
			for x := range w {
				sx, sy := where(x, y)
				stored.SetRGBA(sx, sy, seen.RGBAAt(x, y))
			}
		}
		order := []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}[o%2]
		body := withSegments(jpegOf(t, stored), segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x/>"), segment(0xe1, exif(order, uint16(o), "")))
		p := mustPrepare(t, fmt.Sprint("orientation ", o), body)
		if p.Width != w || p.Height != h {
			t.Errorf("orientation %d: says %dx%d", o, p.Width, p.Height)
		}
		for _, s := range []int{Large, Small} {
			got := corners(size(t, p, s))
			for i := range want {
				if !near(got[i], want[i]) {
					t.Errorf("orientation %d, size %d, corner %d: %v, want %v", o, s, i, got[i], want[i])
				}
			}
		}
	}
}

func TestOrientationsThatMeanNothing(t *testing.T) {
	for what, body := range map[string]string{
		"0": exif(binary.BigEndian, 0, ""), "9": exif(binary.BigEndian, 9, ""), "empty": "Exif\x00\x00",
		"cut short": exif(binary.BigEndian, 6, "")[:20], "far directory": "Exif\x00\x00MM\x00*\xff\xff\xff\xff\x00\x01",
	} {
		p := mustPrepare(t, what, withSegments(jpegOf(t, quarters(40, 20)), segment(0xe1, body)))
		if p.Width != 40 || p.Height != 20 {
			t.Errorf("%s: turned to %dx%d", what, p.Width, p.Height)
		}
	}
}

// Domain rule V-1: known metadata in, zero bytes of it out. Nothing but what
// an encoder writes may be in a size, least of all after its end.
func TestNothingButPixelsComesOut(t *testing.T) {
	const mark = "52.520008N13.404954E"
	plain := jpegOf(t, quarters(400, 300))
	withText := pngOf(t, quarters(400, 300))
	text := pngChunk("tEXt", "GPS\x00"+mark)
	withText = bytes.Join([][]byte{withText[:33], text, pngChunk("eXIf", exif(binary.BigEndian, 1, mark)[6:]), withText[33:], []byte(mark)}, nil)
	for what, body := range map[string][]byte{
		"EXIF":             withSegments(plain, segment(0xe1, exif(binary.LittleEndian, 1, mark))),
		"XMP":              withSegments(plain, segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+mark)),
		"IPTC":             withSegments(plain, segment(0xed, "Photoshop 3.0\x00"+mark)),
		"comment":          withSegments(plain, segment(0xfe, mark)),
		"ICC":              withSegments(plain, segment(0xe2, "ICC_PROFILE\x00\x01\x01"+mark)),
		"motion photo":     append(bytes.Clone(plain), "\x00\x00\x00\x18ftypmp42"+mark...),
		"JPEG and ZIP":     append(bytes.Clone(plain), "PK\x03\x04"+mark+"PK\x05\x06"...),
		"PNG text":         withText,
		"thumbnail inside": withSegments(plain, segment(0xe1, exif(binary.BigEndian, 1, mark+string(jpegOf(t, quarters(32, 32)))))),
	} {
		p := mustPrepare(t, what, body)
		for s, out := range p.Sizes {
			for _, trace := range []string{mark, "GPS", "Exif", "adobe", "Photoshop", "ICC", "PK\x03\x04", "ftyp"} {
				if bytes.Contains(out, []byte(trace)) {
					t.Errorf("%s: size %d has %q in it", what, s, trace)
				}
			}
			if !bytes.HasSuffix(out, []byte{0xff, 0xd9}) {
				t.Errorf("%s: size %d goes on after its end", what, s)
			}
		}
	}
}

func pngChunk(typ, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(b, typ+body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngHeader is a whole PNG up to its pixels, of which there are none.
func pngHeader(w, h uint32) []byte {
	ihdr := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", string(ihdr)+"\x08\x06\x00\x00\x00")...)
}

func TestKindsOfPictures(t *testing.T) {
	deep := image.NewNRGBA64(image.Rect(0, 0, 64, 64))
	gray16 := image.NewGray16(image.Rect(0, 0, 64, 64))
	clear := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			deep.Set(x, y, blue)
			gray16.Set(x, y, color.Gray16{0x8000})
			if x >= 32 {
				clear.Set(x, y, blue)
			}
		}
	}
	gray := color.Gray{128}
	for what, c := range map[string]struct {
		body        []byte
		left, right color.Color // of the middle row
	}{
		"JPEG":              {jpegOf(t, quarters(64, 64)), blue, gold},
		"16-bit PNG":        {pngOf(t, deep), blue, blue},
		"16-bit gray PNG":   {pngOf(t, gray16), gray, gray},
		"gray JPEG":         {jpegOf(t, gray16), gray, gray},
		"transparent PNG":   {pngOf(t, clear), color.White, blue},
		"GIF":               {gifOf(t, 1), red, red},
		"GIF, 5,000 frames": {gifOf(t, 5000), red, red},
	} {
		img := size(t, mustPrepare(t, what, c.body), Large)
		y := img.Bounds().Dy() * 3 / 4
		if l, r := img.At(8, y), img.At(img.Bounds().Dx()-8, y); !near(l, c.left) || !near(r, c.right) {
			t.Errorf("%s: %v and %v, want %v and %v", what, l, r, c.left, c.right)
		}
	}
}

// gifOf is a GIF whose first frame is red and whose others are green.
func gifOf(t testing.TB, frames int) []byte {
	t.Helper()
	frame := func(c color.Color) *image.Paletted {
		m := image.NewPaletted(image.Rect(0, 0, 32, 32), palette.WebSafe)
		draw.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
		return m
	}
	g := &gif.GIF{Config: image.Config{Width: 32, Height: 32}, Image: []*image.Paletted{frame(red)}, Delay: make([]int, frames)}
	for later := frame(green); len(g.Image) < frames; {
		g.Image = append(g.Image, later)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFixtures(t *testing.T) {
	for _, name := range []string{"cmyk.jpeg", "progressive.jpeg"} {
		want, err := jpeg.Decode(bytes.NewReader(fixture(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		got, far := size(t, mustPrepare(t, name, fixture(t, name)), Large), 0
		for y := range want.Bounds().Dy() {
			for x := range want.Bounds().Dx() {
				if !near(got.At(x, y), want.At(x, y)) {
					far++
				}
			}
		}
		if all := want.Bounds().Dx() * want.Bounds().Dy(); got.Bounds() != want.Bounds() || far > all/50 {
			t.Errorf("%s: %v became %v, %d of %d pixels of another color", name, want.Bounds(), got.Bounds(), far, all)
		}
	}
	for _, name := range []string{"alpha.webp", "lossless.webp"} {
		p := mustPrepare(t, name, fixture(t, name))
		if b := size(t, p, Large).Bounds(); b.Dx() != p.Width || b.Dy() != p.Height {
			t.Errorf("%s: %dx%d became %v", name, p.Width, p.Height, b)
		}
	}
	if c := size(t, mustPrepare(t, "alpha", fixture(t, "alpha.webp")), Large).At(2, 2); !near(c, color.White) {
		t.Errorf("the ground of a transparent WebP is %v, want white", c)
	}
}

func TestWhatIsNoPicture(t *testing.T) {
	for what, body := range map[string]string{
		"an executable": "MZ\x90\x00\x03", "ELF": "\x7fELF\x02", "text": "hello", "HTML": "<html><script>alert(1)</script>",
		"SVG": `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, "SVG with a BOM": "\xef\xbb\xbf\n <SVG/>",
		"HEIC": "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "AVIF": "\x00\x00\x00\x18ftypavif", "MP4": "\x00\x00\x00\x18ftypmp42", "WebM": "\x1a\x45\xdf\xa3",
		"TIFF": "II*\x00\x08\x00\x00\x00", "BMP": "BM....", "PDF": "%PDF-1.7", "ZIP": "PK\x03\x04", "WAV": "RIFF\x00\x00\x00\x00WAVE", "one byte": "\xff",
		"nothing": "", "JPEG's start": "\xff\xd8\xff", "PNG's start": "\x89PNG\r\n\x1a\n", "GIF's start": "GIF89a", "WebP's start": "RIFF\x0c\x00\x00\x00WEBPVP8 ",
		"ZIP and JPEG": "PK\x03\x04" + string(jpegOf(t, quarters(8, 8))),
	} {
		p, err := prepare(t, []byte(body))
		if p != nil {
			t.Errorf("%s: is shown", what)
		}
		wantRefused(t, what, room.Invalid, err)
	}
}

func TestBombsAreRefusedBeforeTheyAreDecoded(t *testing.T) {
	wide := jpegOf(t, image.NewGray(image.Rect(0, 0, 8, 8)))
	sof := bytes.Index(wide, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint32(wide[sof+5:], 0xffff_ffff) // 65,535 square
	gifBomb := []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00")
	webpBomb := []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\xfe\x7f\x00")
	for what, body := range map[string][]byte{
		"PNG 50,000 square": pngHeader(50_000, 50_000), "PNG 20,001 wide": pngHeader(20_001, 1), "PNG 20,001 high": pngHeader(1, 20_001),
		"PNG over 60 megapixels": pngHeader(7_750, 7_750), "PNG 2^31 wide": pngHeader(1<<31-1, 1),
		"JPEG": wide, "GIF": gifBomb, "WebP": webpBomb,
	} {
		_, err := prepare(t, body)
		wantRefused(t, what, room.TooLarge, err)
	}
	small := NewPreparer(Options{Memory: 1 << 20, Spool: t.TempDir()})
	_, err := small.Prepare(t.Context(), bytes.NewReader(pngHeader(1000, 1000)), -1)
	wantRefused(t, "more than all memory", room.TooLarge, err)
}

func TestHalfPictures(t *testing.T) {
	whole := map[string][]byte{"JPEG": jpegOf(t, quarters(200, 200)), "PNG": pngOf(t, quarters(200, 200)), "GIF": gifOf(t, 1), "WebP": fixture(t, "alpha.webp"), "progressive": fixture(t, "progressive.jpeg")}
	for what, body := range whole {
		for _, part := range []int{len(body) / 2, 20, len(body) - len(body)/8} {
			_, err := prepare(t, body[:part])
			wantRefused(t, fmt.Sprintf("%s, %d bytes of %d", what, part, len(body)), room.Invalid, err)
		}
	}
	p := NewPreparer(Options{Spool: t.TempDir()})
	_, err := p.Prepare(t.Context(), bytes.NewReader(whole["JPEG"][:100]), 5000)
	wantRefused(t, "less than announced", room.Invalid, err)
	_, err = p.Prepare(t.Context(), io.MultiReader(bytes.NewReader(whole["JPEG"][:100]), iotest.ErrReader(errors.New("connection reset"))), -1)
	wantRefused(t, "a connection that ends", room.Invalid, err)
}

func TestBodyLimit(t *testing.T) {
	dir := t.TempDir()
	p := NewPreparer(Options{Spool: dir})
	const most = 25 << 20
	jpg := jpegOf(t, quarters(64, 64))
	pad := func(n int) io.Reader {
		return io.MultiReader(bytes.NewReader(jpg), io.LimitReader(zeros{}, int64(n-len(jpg))))
	}
	if _, err := p.Prepare(t.Context(), pad(most), -1); err != nil {
		t.Errorf("25 MB: %v", err)
	}
	_, err := p.Prepare(t.Context(), pad(most+1), -1)
	wantRefused(t, "25 MB and one byte", room.TooLarge, err)
	_, err = p.Prepare(t.Context(), iotest.ErrReader(errors.New("was read")), most+1)
	wantRefused(t, "25 MB and one byte announced", room.TooLarge, err)
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d uploads left behind", len(left))
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestFullDiskRefusesBeforeReading(t *testing.T) {
	p := NewPreparer(Options{Full: func() bool { return true }, Spool: t.TempDir()})
	_, err := p.Prepare(t.Context(), iotest.ErrReader(errors.New("was read")), -1)
	wantRefused(t, "a full disk", room.Busy, err)
}

func TestWorkHasATimeLimit(t *testing.T) {
	body := jpegOf(t, quarters(500, 500))
	p := NewPreparer(Options{Timeout: time.Nanosecond, Spool: t.TempDir()})
	_, err := p.Prepare(t.Context(), bytes.NewReader(body), -1)
	wantRefused(t, "too slow", room.Invalid, err)

	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err = NewPreparer(Options{Spool: t.TempDir()}).Prepare(gone, bytes.NewReader(body), -1)
	wantRefused(t, "a sender who left", room.Unavailable, err)
	if p.budget.free != p.o.Memory {
		t.Errorf("%d of %d bytes given back", p.budget.free, p.o.Memory)
	}
}

type panicky struct{ io.ReadSeeker }

func (panicky) Read([]byte) (int, error) { panic("decoder") }

func TestDecodersPanicIsItsUploadsError(t *testing.T) {
	u := &upload{file: panicky{bytes.NewReader(nil)}, format: pngFile, orientation: upright}
	if p, err := u.photo(t.Context()); p != nil || err == nil {
		t.Fatalf("%v, %v", p, err)
	}
}

func TestBudgetIsSharedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &budget{free: 100}
		var wg sync.WaitGroup
		var order []int64
		if err := b.take(t.Context(), 60); err != nil {
			t.Fatal(err)
		}
		impatient, leave := context.WithCancel(t.Context())
		wg.Go(func() {
			wantRefused(t, "one who left the line", room.Unavailable, b.take(impatient, 50))
		})
		synctest.Wait()
		for _, n := range []int64{100, 31, 70} {
			wg.Go(func() {
				if err := b.take(t.Context(), n); err != nil {
					t.Error(err)
				}
				order = append(order, n) // one at a time: each gives before the next is served
				b.give(n)
			})
			synctest.Wait()
		}
		leave()
		synctest.Wait()
		if len(order) != 0 {
			t.Fatalf("%v overtook the one who waits for all of it", order)
		}
		b.give(60)
		wg.Wait()
		if b.free != 100 || len(b.waiting) != 0 || len(order) != 3 || order[0] != 100 {
			t.Fatalf("%d free, %d waiting, served %v", b.free, len(b.waiting), order)
		}
	})
}

func TestLineHasAnEnd(t *testing.T) {
	b := &budget{waiting: make([]*waiter, maxWaiting)}
	wantRefused(t, "one too many", room.Busy, b.take(t.Context(), 1))
}

func TestManyAtOnce(t *testing.T) {
	p := NewPreparer(Options{Memory: 512 << 10, AtOnce: 3, Spool: t.TempDir()})
	body := jpegOf(t, quarters(200, 200))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := p.Prepare(t.Context(), bytes.NewReader(body), int64(len(body))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if p.budget.free != p.o.Memory {
		t.Fatalf("%d bytes free at the end, want %d", p.budget.free, p.o.Memory)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(withSegments(jpegOf(f, quarters(8, 8)), segment(0xe1, exif(binary.LittleEndian, 6, "gps"))))
	f.Add(withSegments(jpegOf(f, quarters(8, 8)), segment(0xe1, exif(binary.BigEndian, 3, "gps"))))
	f.Add(pngHeader(10, 10))
	f.Add(gifOf(f, 1))
	f.Add(fixture(f, "lossless.webp"))
	f.Fuzz(func(t *testing.T, body []byte) {
		u, err := inspect(bytes.NewReader(body))
		if err != nil {
			if room.CodeOf(err) == room.Internal {
				t.Errorf("an upload made an error of ours: %v", err)
			}
			return
		}
		if u.orientation < 1 || u.orientation > 8 || u.memory <= 0 || u.memory > maxPixels*24 {
			t.Errorf("%+v", u)
		}
		if u.memory < 1<<20 {
			_, _ = u.photo(t.Context())
		}
	})
}

func FuzzOrientation(f *testing.F) {
	f.Add([]byte(exif(binary.LittleEndian, 6, "gps")[6:]))
	f.Fuzz(func(t *testing.T, tiff []byte) {
		if o := tiffOrientation(tiff); o < 1 || o > 8 {
			t.Error(o)
		}
	})
}

func BenchmarkPrepare12MP(b *testing.B) {
	body := jpegOf(b, quarters(4032, 3024))
	p := NewPreparer(Options{Spool: b.TempDir()})
	for b.Loop() {
		if _, err := p.Prepare(b.Context(), bytes.NewReader(body), -1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDevelop12MP(b *testing.B) {
	img, err := jpeg.Decode(bytes.NewReader(jpegOf(b, quarters(4032, 3024))))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := develop(b.Context(), img, upright); err != nil {
			b.Fatal(err)
		}
	}
}
