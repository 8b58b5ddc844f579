package media

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/roomful/roomful/room"
)

// The sizes a photo is kept in: its longest side in pixels.
const (
	Small = 320  // a tile in the feed, some 20 kB
	Large = 1080 // a phone's screen, some 150 kB
)

// Photo is a picture that is safe to show.
type Photo struct {
	Width, Height int            // of the original, the right way up
	Sizes         map[int][]byte // {320: JPEG, 1080: JPEG}; never enlarged, so both may be smaller
}

const (
	maxPixels = 60_000_000 // more than phones take when asked for their best
	maxSide   = 20_000     // a panorama; JPEG itself ends at 65,535

	jpegQuality = 82 // of the phone's own preparation too, domain rule F-8
)

// Sentences for people.
var (
	errEmpty    = room.Errorf(room.Invalid, "The file is empty. Choose the picture again.")
	errHalf     = room.Errorf(room.Invalid, "The picture did not arrive whole. Send it again.")
	errPixels   = room.Errorf(room.TooLarge, "The picture has too many pixels: 60 megapixels and 20,000 a side are the most.")
	errMemory   = room.Errorf(room.TooLarge, "The picture takes too much memory to read. Make it smaller, or save it as a plain JPEG.")
	errDamaged  = room.Errorf(room.Invalid, "The picture is damaged or of a rare kind. Save it as JPEG or PNG and send that.")
	errEffort   = room.Errorf(room.Invalid, "The picture takes too long to read. Save it as a plain JPEG and send that.")
	errStopped  = room.Errorf(room.Unavailable, "The picture was not prepared in time. Send it again.")
	errCrowded  = &room.Error{Code: room.Busy, Message: "Many pictures are arriving just now. Yours is next in a moment.", RetryAfter: retryCrowded}
	errNoSpace  = &room.Error{Code: room.Busy, Message: "There is no room for more pictures just now. Tell the host, and try again later.", RetryAfter: retryNoSpace}
	errNotShown = map[format]*room.Error{
		unknown: room.Errorf(room.Invalid, "This file is no picture that can be shown. JPEG, PNG, GIF and WebP can."),
		heic:    room.Errorf(room.Invalid, "This is an HEIC picture, which cannot be shown yet. Save it as JPEG and send that."),
		avif:    room.Errorf(room.Invalid, "This is an AVIF picture, which cannot be shown yet. Save it as JPEG and send that."),
		svg:     room.Errorf(room.Invalid, "This is an SVG drawing, which may hold a program. Save it as PNG and send that."),
		video:   room.Errorf(room.Invalid, "This is a video. Only pictures can be shown yet."),
	}
)

// because is e with its cause.
func because(e *room.Error, err error) error {
	with := *e
	with.Err = err
	return &with
}

// diskError is an error of our disk: Busy when there is no space, which its
// floor should have kept from happening.
func diskError(doing string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return because(errNoSpace, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
