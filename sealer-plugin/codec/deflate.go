package codec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// Encoder is a program that makes deflate streams, or zstd frames. What a number means never changes.
type Encoder uint8

// The encoders whose streams can be made again. Pgzip and the like are github.com/klauspost/pgzip with
// github.com/klauspost/compress/flate of some versions.
const (
	GoFlate        Encoder = 1 // compress/flate of Go up to 1.26
	Klauspost      Encoder = 2 // klauspost/compress v1.18.2 to v1.20.3, and Go since 1.27
	Pgzip          Encoder = 3
	Zlib           Encoder = 4
	GNUGzip        Encoder = 5
	Pigz           Encoder = 6
	Klauspost2022  Encoder = 7 // v1.15.11 to v1.18.0
	Pgzip2022      Encoder = 8
	Klauspost115   Encoder = 9 // v1.15.0 to v1.15.9, at levels 1, 5 and 6, as all of the older ones
	Pgzip115       Encoder = 10
	Go127          Encoder = 11 // compress/flate of Go 1.27 at level 9
	Klauspost1204  Encoder = 12 // v1.20.4
	Pgzip1204      Encoder = 13
	Klauspost1143  Encoder = 14 // v1.14.3 to v1.14.4
	Pgzip1143      Encoder = 15
	Klauspost114   Encoder = 16 // v1.14.0 to v1.14.2
	Pgzip114       Encoder = 17
	Klauspost1123  Encoder = 18 // v1.12.3 to v1.13.6
	Pgzip1123      Encoder = 19
	Klauspost1122  Encoder = 20 // v1.12.2
	Pgzip1122      Encoder = 21
	Klauspost11113 Encoder = 22 // v1.11.13 to v1.12.1
	Pgzip11113     Encoder = 23
	Klauspost1103  Encoder = 24 // v1.10.3 to v1.11.12
	Pgzip1103      Encoder = 25

	// github.com/klauspost/compress/zstd at its default, which is level 3 here.
	Zstd    Encoder = 32 // from v1.17.8 to v1.20.2
	Zstd117 Encoder = 33 // from v1.17.0 to v1.17.7
	Zstd120 Encoder = 34 // v1.20.3 and v1.20.4
)

var encoderNames = [...]string{
	GoFlate: "go", Klauspost: "klauspost", Pgzip: "pgzip", Zlib: "zlib", GNUGzip: "gzip", Pigz: "pigz",
	Klauspost2022: "klauspost of 2022", Pgzip2022: "pgzip of 2022",
	Klauspost115: "klauspost 1.15", Pgzip115: "pgzip with klauspost 1.15",
	Go127:         "go 1.27",
	Klauspost1204: "klauspost 1.20.4", Pgzip1204: "pgzip with klauspost 1.20.4",
	Klauspost1143: "klauspost 1.14.3", Pgzip1143: "pgzip with klauspost 1.14.3",
	Klauspost114: "klauspost 1.14", Pgzip114: "pgzip with klauspost 1.14",
	Klauspost1123: "klauspost 1.12.3", Pgzip1123: "pgzip with klauspost 1.12.3",
	Klauspost1122: "klauspost 1.12.2", Pgzip1122: "pgzip with klauspost 1.12.2",
	Klauspost11113: "klauspost 1.11.13", Pgzip11113: "pgzip with klauspost 1.11.13",
	Klauspost1103: "klauspost 1.10.3", Pgzip1103: "pgzip with klauspost 1.10.3",
	Zstd: "klauspost zstd", Zstd117: "klauspost zstd 1.17.0", Zstd120: "klauspost zstd 1.20",
}

// Encoding is the way in which an encoder makes a stream.
type Encoding struct {
	Encoder Encoder
	Level   uint8
}

// String names the program and its level.
func (e Encoding) String() string {
	if int(e.Encoder) >= len(encoderNames) || encoderNames[e.Encoder] == "" {
		return fmt.Sprintf("encoder %d -%d", e.Encoder, e.Level)
	}
	return fmt.Sprintf("%s -%d", encoderNames[e.Encoder], e.Level)
}

// IsZstd says whether it makes zstd frames.
func (e Encoding) IsZstd() bool { return e.Encoder >= Zstd }

// Format names the format of the files that the streams are in.
func (e Encoding) Format() string {
	if e.IsZstd() {
		return "zstd"
	}
	return "gzip"
}

// Exists says whether the encoder is known and can be told the level, which is one from 1 to 9.
func (e Encoding) Exists() bool {
	switch {
	case int(e.Encoder) >= len(encoderNames) || encoderNames[e.Encoder] == "" || e.Level < 1 || e.Level > 9:
		return false
	case e.IsZstd():
		return e.Level == 3
	case e.Encoder == Go127:
		return e.Level == 9
	case e.Encoder == Klauspost115 || e.Encoder == Pgzip115 || e.Encoder > Pgzip1204:
		return e.Level == 1 || e.Level == 5 || e.Level == 6
	}
	return true
}

// MaxPiece is the most raw bytes that a Deflater takes at once: 1 MiB.
const MaxPiece = 1 << 20

const (
	// maxState is the length of a stream's state, at most, in bytes; maxFrameState is that of a zstd frame, which has a window in it
	// and stays in a worker.
	maxState      = 2 << 20
	maxFrameState = 27 << 19
	frameOutput   = 2<<20 + 64<<10 // what a piece of a frame may need
)

// Deflater makes the stream that an encoder would make of the same raw bytes. It belongs to one goroutine at a time. It holds no
// worker between calls, unless the stream is a zstd frame. It must be closed.
type Deflater struct {
	codec *Codec
	state []byte  // nil if the stream is over, or a frame
	held  *Worker // that has the state of a frame, until that is over
	size  int     // of that state
	out   []byte
}

// NewDeflater begins a stream. An encoding that there is not is ErrDamaged, since what asks for one comes from outside.
func (c *Codec) NewDeflater(ctx context.Context, e Encoding) (*Deflater, error) {
	w, err := c.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	most := maxState
	if e.IsZstd() {
		most = maxFrameState
	}
	d := &Deflater{codec: c, held: w}
	if d.size, err = w.openStream(ctx, e, most); err != nil {
		d.Close()
		return nil, err
	}
	if !e.IsZstd() {
		d.state = bytes.Clone(w.Buffer()[:d.size])
		d.Close()
	}
	return d, nil
}

// openStream begins a stream with a state of up to most bytes in the buffer and behind it, and returns the length of that.
func (w *Worker) openStream(ctx context.Context, e Encoding, most int) (int, error) {
	size, err := w.call(
		ctx, routineDeflateOpen, uint64(e.Encoder), uint64(e.Level), uint64(w.codec.layout.input), uint64(most))
	if err != nil {
		return 0, err
	}
	if size == codeArgument {
		return 0, fmt.Errorf("%w: no encoder %v is known", ErrDamaged, e)
	}
	if size < 0 || size > int64(most) {
		return 0, w.giveUp(routineDeflateOpen, fmt.Errorf("result %d, at most %d can be", size, most))
	}
	return int(size), nil
}

// Close gives back what the stream holds. A stream that is over holds nothing; closing twice is no error.
func (d *Deflater) Close() {
	if d.held != nil {
		d.held.Release()
		d.held = nil
	}
}

// Write compresses p, at most MaxPiece bytes and the last of the stream if last, and returns what follows in the stream as
// far as that is certain. The result is valid until the next call. After an error, or when last was given, the stream is over.
func (d *Deflater) Write(ctx context.Context, p []byte, last bool) ([]byte, error) {
	if len(p) > MaxPiece {
		return nil, fmt.Errorf("deflate %d bytes: a piece has at most %d", len(p), MaxPiece)
	}
	if d.held != nil {
		return d.writeFrame(ctx, p, last)
	}
	if d.state == nil {
		return nil, errors.New("deflate: the stream is over")
	}
	w, err := d.codec.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Release()
	buf, l := w.Buffer(), d.codec.layout
	copy(buf, d.state)
	copy(buf[maxState:], p)
	n, err := w.callUpTo(ctx, outputSize, routineDeflate, uint64(l.input), uint64(len(d.state)),
		uint64(l.input)+maxState, uint64(len(p)), flag(last), uint64(l.output), outputSize)
	if err != nil {
		d.state = nil
		return nil, err
	}
	copy(d.state, buf)
	if last {
		d.state = nil
	}
	d.out = append(d.out[:0], l.result(w.inst.memory(), n)...)
	return d.out, nil
}

// writeFrame is Write for a zstd frame.
func (d *Deflater) writeFrame(ctx context.Context, p []byte, last bool) ([]byte, error) {
	const piece, output = maxFrameState, maxFrameState + MaxPiece
	arena := uint64(d.codec.layout.input)
	copy(d.held.inst.memory()[arena+piece:], p)
	n, err := d.held.callUpTo(ctx, frameOutput, routineDeflate, arena, uint64(d.size),
		arena+piece, uint64(len(p)), flag(last), arena+output, frameOutput)
	if err == nil {
		d.out = append(d.out[:0], d.held.inst.memory()[arena+output:][:n]...)
	}
	if err != nil || last {
		d.Close()
	}
	return d.out, err
}
