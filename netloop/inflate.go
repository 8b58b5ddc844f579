package netloop

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/flate"
)

// inflateTail is the flush marker the sender left out, then an empty final block
// so that the reader sees an end and not a cut.
const inflateTail = flushMarker + "\x01\x00\x00\xff\xff"

// inflater undoes permessage-deflate without context takeover. There is one per
// loop, made at its first compressed message: a reader is about 40 kB.
type inflater struct {
	r    io.ReadCloser
	src  bytes.Reader
	tail bytes.Reader
	out  []byte
}

// inflate returns what packed holds, valid until the next call. It stops as soon
// as more than limit bytes came out, however many are still packed.
func (f *inflater) inflate(packed []byte, limit int) ([]byte, *violation) {
	f.src.Reset(packed)
	f.tail.Reset([]byte(inflateTail))
	src := io.MultiReader(&f.src, &f.tail)
	if f.r == nil {
		f.r = flate.NewReader(src)
	} else if err := f.r.(flate.Resetter).Reset(src, nil); err != nil {
		return nil, errDeflate
	}
	return f.read(limit)
}

func (f *inflater) read(limit int) ([]byte, *violation) {
	f.out = f.out[:0]
	for {
		if len(f.out) == cap(f.out) {
			f.out = append(f.out, make([]byte, max(4096, len(f.out)))...)[:len(f.out)]
		}
		n, err := f.r.Read(f.out[len(f.out):cap(f.out)])
		f.out = f.out[:len(f.out)+n]
		switch {
		case len(f.out) > limit:
			return nil, errTooBig
		case err == io.EOF:
			return f.out, nil
		case err != nil:
			return nil, errDeflate
		}
	}
}
