package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// orientation is EXIF's: how the stored picture is to be turned. 1 is not at
// all; 5 to 8 swap width and height.
type orientation int

const upright orientation = 1

func (o orientation) swaps() bool { return o >= 5 }

// jpegHead is what the segments before a JPEG's first scan say.
type jpegHead struct {
	orientation orientation
	progressive bool // true if unknown: it takes more memory
}

var errNotJPEG = errors.New("not a JPEG")

// readJPEGHead walks the segments (ITU-T T.81 section B.1.1) up to the first
// scan. A file that breaks off keeps what was found: the decoder says what is
// wrong with it.
func readJPEGHead(r *bufio.Reader) jpegHead {
	h := jpegHead{orientation: upright, progressive: true}
	var soi [2]byte
	if _, err := io.ReadFull(r, soi[:]); err != nil || soi != [2]byte{0xff, 0xd8} {
		return h
	}
	seenEXIF := false
	for {
		marker, size, err := readMarker(r)
		if err != nil || marker == 0xda || marker == 0xd9 { // start of scan, end of image
			return h
		}
		switch {
		case marker == 0xe1 && !seenEXIF:
			body := make([]byte, size)
			if _, err := io.ReadFull(r, body); err != nil {
				return h
			}
			if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok {
				h.orientation, seenEXIF = tiffOrientation(tiff), true
			}
			continue
		case marker >= 0xc0 && marker <= 0xc2: // the frame headers that can be decoded
			h.progressive = marker == 0xc2
		}
		if _, err := r.Discard(size); err != nil {
			return h
		}
	}
}

// readMarker reads a marker and the size of what follows it, 0 for markers
// that stand alone.
func readMarker(r *bufio.Reader) (marker byte, size int, err error) {
	b, err := r.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	if b != 0xff {
		return 0, 0, errNotJPEG
	}
	for b == 0xff { // any number may fill up
		if b, err = r.ReadByte(); err != nil {
			return 0, 0, err
		}
	}
	if b == 0x01 || b >= 0xd0 && b <= 0xd9 {
		return b, 0, nil
	}
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return 0, 0, err
	}
	size = int(binary.BigEndian.Uint16(length[:])) - 2
	if size < 0 {
		return 0, 0, errNotJPEG
	}
	return b, size, nil
}

// tiffOrientation reads tag 0x0112 of the first directory (EXIF 2.32 section
// 4.6.4). Whatever does not fit is upright.
func tiffOrientation(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.BigEndian
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
	default:
		return upright
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return upright
	}
	count := order.Uint16(tiff[at:])
	entries := tiff[at+2:]
	for range count {
		if len(entries) < 12 {
			return upright
		}
		const orientationTag, short = 0x0112, 3
		if order.Uint16(entries) == orientationTag {
			o := orientation(order.Uint16(entries[8:]))
			if order.Uint16(entries[2:]) != short || order.Uint32(entries[4:]) != 1 || o < 1 || o > 8 {
				return upright
			}
			return o
		}
		entries = entries[12:]
	}
	return upright
}
