package media

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"runtime"
	"time"

	"golang.org/x/image/webp"

	"github.com/roomful/roomful/room"
)

const (
	retryCrowded = 5 * time.Second
	retryNoSpace = time.Minute
)

// Options are a Preparer's. The zero Options work.
type Options struct {
	MaxBytes int64         // of an upload; 0 means 25 MiB
	Memory   int64         // for decoding, all pictures together; 0 means 512 MiB
	AtOnce   int           // pictures in work; 0 means one per core
	Timeout  time.Duration // of the work on one picture, without waiting; 0 means 30 s: 60 megapixels take 5 on an idle core
	Spool    string        // folder for uploads while they arrive, see Store.Spool; "" means the system's, which may be memory
	Full     func() bool   // says that the disk is; nil means never
}

// Preparer makes Photos of uploads. It may be used by many goroutines at once.
type Preparer struct {
	o      Options
	budget budget
}

// NewPreparer makes a Preparer.
func NewPreparer(o Options) *Preparer {
	if o.MaxBytes == 0 {
		o.MaxBytes = 25 << 20
	}
	if o.Memory == 0 {
		o.Memory = 512 << 20
	}
	if o.AtOnce == 0 {
		o.AtOnce = runtime.GOMAXPROCS(0)
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Full == nil {
		o.Full = func() bool { return false }
	}
	return &Preparer{o: o, budget: budget{free: o.Memory}}
}

// Prepare reads an upload to its end and makes a Photo of it. contentLength is
// what was announced, -1 if nothing was. It blocks while the upload arrives
// (the caller bounds that: reads of a slow phone end only with its
// connection), then for its turn and the work. Errors are Invalid or TooLarge
// for what the sender can change, Busy to try again later, Unavailable when ctx
// ended; any that is no *room.Error is the disk's.
func (p *Preparer) Prepare(ctx context.Context, r io.Reader, contentLength int64) (*Photo, error) {
	if p.o.Full() {
		return nil, errNoSpace
	}
	file, err := p.spool(r, contentLength)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	src, err := inspect(file)
	if err != nil {
		return nil, err
	}
	if src.memory > p.o.Memory {
		return nil, errMemory
	}
	need := max(src.memory, p.o.Memory/int64(p.o.AtOnce))
	if err := p.budget.take(ctx, need); err != nil {
		return nil, err
	}
	defer p.budget.give(need)

	working, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	photo, err := src.photo(working)
	switch {
	case err == nil:
		return photo, nil
	case ctx.Err() != nil:
		return nil, because(errStopped, ctx.Err())
	case working.Err() != nil:
		return nil, because(errEffort, err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, because(errHalf, err)
	}
	return nil, because(errDamaged, err)
}

// spool keeps an upload on disk while it arrives: a thousand slow phones are
// a thousand files, not gigabytes of memory. The file loses its name at once,
// so that nothing of it outlives the process.
func (p *Preparer) spool(r io.Reader, contentLength int64) (*os.File, error) {
	tooLarge := room.Errorf(room.TooLarge, "The picture is larger than %d MB.", p.o.MaxBytes>>20)
	if contentLength > p.o.MaxBytes {
		return nil, tooLarge
	}
	file, err := os.CreateTemp(p.o.Spool, "upload-*")
	if err != nil {
		return nil, diskError("spool upload", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, diskError("spool upload", err)
	}
	n, err := io.Copy(file, io.LimitReader(r, p.o.MaxBytes+1))
	var ours *fs.PathError
	switch {
	case errors.As(err, &ours) && ours.Path == file.Name():
		err = diskError("spool upload", err)
	case err != nil:
		err = because(errHalf, err)
	case n > p.o.MaxBytes:
		err = tooLarge
	case n < contentLength:
		err = errHalf
	case n == 0:
		err = errEmpty
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// upload is a file that may be decoded.
type upload struct {
	file        io.ReadSeeker
	format      format
	orientation orientation
	memory      int64 // bytes to decode it, at most
}

// inspect reads what the first bytes say and refuses what is not to be
// decoded. It takes no memory that the upload has a say in.
func inspect(file io.ReadSeeker) (*upload, error) {
	u := &upload{file: file, orientation: upright}
	r, err := u.open()
	if err != nil {
		return nil, err
	}
	head, err := r.Peek(sniffBytes) // short for a short file
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	u.format = sniff(head)
	if no := errNotShown[u.format]; no != nil {
		return nil, no
	}
	var header jpegHead
	if u.format == jpegFile {
		header = readJPEGHead(r)
		u.orientation = header.orientation
		if r, err = u.open(); err != nil {
			return nil, err
		}
	}
	config, err := u.config(r)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return nil, because(errHalf, err)
	case err != nil:
		return nil, because(errDamaged, err)
	case config.Width <= 0 || config.Height <= 0:
		return nil, errDamaged
	case config.Width > maxSide || config.Height > maxSide || config.Width*config.Height > maxPixels:
		return nil, errPixels
	}
	u.memory = int64(config.Width*config.Height) * u.bytesPerPixel(config.ColorModel, header.progressive)
	return u, nil
}

// open reads from the start again.
func (u *upload) open() (*bufio.Reader, error) {
	if _, err := u.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	return bufio.NewReader(u.file), nil
}

func (u *upload) config(r io.Reader) (image.Config, error) {
	switch u.format {
	case jpegFile:
		return jpeg.DecodeConfig(r)
	case pngFile:
		return png.DecodeConfig(r)
	case gifFile:
		return gif.DecodeConfig(r)
	default:
		return webp.DecodeConfig(r)
	}
}

func (u *upload) decode(r io.Reader) (image.Image, error) {
	switch u.format {
	case jpegFile:
		return jpeg.Decode(r)
	case pngFile:
		return png.Decode(r)
	case gifFile:
		return gif.Decode(r) // the first frame, and no others are read
	default:
		return webp.Decode(r)
	}
}

// bytesPerPixel is what the decoders allocate, read in their source: samples,
// 4 bytes of coefficients for each when a JPEG is progressive, half as much
// again for the passes of an interlaced PNG, and VP8L's transforms.
func (u *upload) bytesPerPixel(model color.Model, progressive bool) int64 {
	samples := int64(4)
	switch model {
	case color.GrayModel:
		samples = 1
	case color.YCbCrModel:
		samples = 3
	}
	switch {
	case u.format == jpegFile && progressive:
		return 2*samples + 4*samples
	case u.format == jpegFile:
		return 2 * samples // CMYK is made of a second picture
	case u.format == webpFile:
		return 12
	case model == color.RGBA64Model || model == color.NRGBA64Model:
		return 12
	}
	return 6
}

// photo decodes and develops. A decoder's panic is its error: the upload did
// it, and it is only this upload's.
func (u *upload) photo(ctx context.Context) (photo *Photo, err error) {
	defer func() {
		if v := recover(); v != nil {
			photo, err = nil, fmt.Errorf("decoder panicked: %v", v)
		}
	}()
	if _, err := u.open(); err != nil {
		return nil, err
	}
	img, err := u.decode(bufio.NewReader(&deadlineReader{ctx: ctx, r: u.file}))
	if err != nil {
		return nil, err
	}
	return develop(ctx, img, u.orientation)
}

// deadlineReader ends a decoder's work when its time is up: every decoder
// comes back for the next bytes.
type deadlineReader struct {
	ctx context.Context
	r   io.Reader
}

func (d *deadlineReader) Read(b []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	return d.r.Read(b)
}
