package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// picture is a small JPEG.
func picture(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * width)
	}
	img.Set(0, 0, color.White)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bomb is a PNG of a few bytes that says it has width x height pixels.
func bomb(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	head = append(binary.BigEndian.AppendUint32(head, height), 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

func (p *party) upload(token string, body []byte) answer {
	p.h.t.Helper()
	req, err := http.NewRequest("POST", p.h.url(p.url()+"/photos"), bytes.NewReader(body))
	if err != nil {
		p.h.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := do(req)
	if err != nil {
		p.h.t.Fatal(err)
	}
	return a
}

func (p *party) uploads(who person, body []byte) (photo string) {
	p.h.t.Helper()
	a := p.upload(who.token, body)
	if a.status != http.StatusCreated {
		p.h.t.Fatalf("upload: %v", a)
	}
	return a.field("photo")
}

// TestUploadsThatAreRefused: each with a problem that says what to do.
func TestUploadsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := open(t, "--photo-max", "100kB")
	p := h.opens("wedding")
	bo, wall := p.joins("Bo"), p.joins("Wall")
	p.do(p.owner, "people.role", object{"member": wall.id, "role": "display"})
	whole := picture(t, 64, 48)
	for name, c := range map[string]struct {
		token  string
		body   []byte
		status int
	}{
		"nothing":            {bo.token, nil, 400},
		"text":               {bo.token, []byte("hello, this is no picture"), 400},
		"a program":          {bo.token, append([]byte("MZ\x90\x00"), make([]byte, 1000)...), 400},
		"markup":             {bo.token, []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), 400},
		"half a picture":     {bo.token, whole[:len(whole)/2], 400},
		"a bomb":             {bo.token, bomb(50_000, 50_000), 413},
		"a bomb of no width": {bo.token, bomb(0, 50_000), 400},
		"too large":          {bo.token, make([]byte, 100_001), 413},
		"a display's":        {wall.token, whole, 403},
		"nobody's":           {"", whole, 401},
		"a stranger's":       {"rfm." + p.room + ".m_nobody.secret", whole, 401},
	} {
		a := p.upload(c.token, c.body)
		if a.status != c.status || a.header.Get("Content-Type") != "application/problem+json" || a.field("message") == "" {
			t.Errorf("%s: %v", name, a)
		}
	}
	if a, err := h.ask("/v1/rooms/event/nowhere1/photos", bo.token, object{}); err != nil || a.status != http.StatusNotFound {
		t.Errorf("upload to nowhere: %v %v", a, err)
	}
}

// TestPhotosAreSeenByThoseWhoSeeThePost and by nobody else, from the moment
// that changes.
func TestPhotosAreSeenByThoseWhoSeeThePost(t *testing.T) {
	t.Parallel()
	h := open(t)
	p, elsewhere := h.opens("wedding"), h.opens("wedding")
	bo, cy, stranger := p.joins("Bo"), p.joins("Cy"), elsewhere.joins("Stranger")
	photo := p.uploads(bo, picture(t, 64, 48))
	again := p.upload(bo.token, picture(t, 64, 48))
	if again.field("photo") != photo || again.status >= 300 {
		t.Errorf("the same picture again: %v", again)
	}
	sees := func(who person) int {
		t.Helper()
		a, err := h.ask("/media/"+p.room+"/"+photo+"/320", who.token, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a.status == 200 && (a.header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(a.header.Get("Cache-Control"), "private")) {
			t.Errorf("a photo's headers: %v", a.header)
		}
		return a.status
	}
	if sees(cy) != 404 {
		t.Error("a photo that was not posted is seen by others")
	}
	post := p.do(bo, "feed.post", object{"photos": []string{photo}}).text("post")
	if sees(bo) != 200 || sees(cy) != 200 || sees(p.owner) != 200 {
		t.Error("a posted photo is not seen")
	}
	if got := sees(stranger); got != 401 {
		t.Errorf("another event's member gets %d", got)
	}
	if got := sees(person{}); got != 401 {
		t.Errorf("nobody gets %d", got)
	}
	if a, _ := h.ask("/media/"+elsewhere.room+"/"+photo+"/320", stranger.token, nil); a.status != 404 {
		t.Errorf("the photo below another event: %v", a.status)
	}
	if a := elsewhere.try(stranger, "feed.post", object{"photos": []string{photo}}); a.status != 404 {
		t.Errorf("another event's photo was posted: %v", a)
	}
	if a := p.try(cy, "feed.post", object{"photos": []string{photo}}); a.status != 404 {
		t.Errorf("another's photo was posted: %v", a)
	}
	p.do(p.owner, "feed.hide", object{"post": post})
	if sees(cy) != 404 || sees(bo) != 200 || sees(p.owner) != 200 {
		t.Errorf("hidden: another gets %d, the author %d, the host %d", sees(cy), sees(bo), sees(p.owner))
	}
	p.do(p.owner, "feed.restore", object{"post": post})
	if sees(cy) != 200 {
		t.Error("a restored photo is not seen")
	}
	p.do(bo, "feed.delete", object{"post": post})
	for _, who := range []person{bo, cy, p.owner} {
		if got := sees(who); got != 404 {
			t.Errorf("a deleted photo is answered %d", got)
		}
	}
}

// TestMediaPathsLeadNowhereElse: names in the path are names, never paths.
func TestMediaPathsLeadNowhereElse(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	photo := p.uploads(p.owner, picture(t, 64, 48))
	base := "/media/" + p.room + "/"
	header := headerOf(p.owner.token, "")
	for _, path := range []string{
		base + photo + "/9999", base + photo + "/-1", base + photo + "/320.jpg", base + photo + "/",
		base + "..%2f..%2fjournal/320", base + url.PathEscape("../../FORMAT") + "/320", base + "%00/320",
		"/media/event/..%2f..%2f/" + photo + "/320", "/media/../journal/FORMAT", "/media/event/%2e%2e/%2e%2e/journal",
		"/assets/../../journal/FORMAT", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fetc%2fpasswd",
		base + strings.Repeat("a", 5000) + "/320",
	} {
		a := h.get("GET", path, header)
		if a.status < 300 || a.status >= 500 || bytes.Contains(a.body, []byte("roomful journal")) || bytes.Contains(a.body, []byte("root:")) {
			t.Errorf("%.80s: %d %.100s", path, a.status, a.body)
		}
	}
}
