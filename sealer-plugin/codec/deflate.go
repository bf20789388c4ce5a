package codec

import (
	"context"
	"errors"
	"fmt"
)

// Encoder is a program that makes deflate streams. What a number means never changes.
type Encoder uint8

// The encoders whose streams can be made again.
const (
	GoFlate       Encoder = 1  // compress/flate of Go up to 1.26
	Klauspost     Encoder = 2  // github.com/klauspost/compress/flate since v1.18.2, and compress/flate of Go since 1.27
	Pgzip         Encoder = 3  // github.com/klauspost/pgzip with that
	Zlib          Encoder = 4  // zlib
	GNUGzip       Encoder = 5  // GNU gzip
	Pigz          Encoder = 6  // pigz
	Klauspost2022 Encoder = 7  // github.com/klauspost/compress/flate from v1.15.11 to v1.18.0
	Pgzip2022     Encoder = 8  // github.com/klauspost/pgzip with that
	Klauspost115  Encoder = 9  // github.com/klauspost/compress/flate from v1.15.1 to v1.15.9, at levels 5 and 6
	Pgzip115      Encoder = 10 // github.com/klauspost/pgzip with that
)

var encoderNames = [...]string{
	GoFlate: "go", Klauspost: "klauspost", Pgzip: "pgzip", Zlib: "zlib", GNUGzip: "gzip", Pigz: "pigz",
	Klauspost2022: "klauspost of 2022", Pgzip2022: "pgzip of 2022",
	Klauspost115: "klauspost 1.15", Pgzip115: "pgzip with klauspost 1.15",
}

// Encoding is the way in which an encoder makes a stream.
type Encoding struct {
	Encoder Encoder
	Level   uint8
}

// String names the program and its level.
func (e Encoding) String() string {
	if e.Encoder < 1 || int(e.Encoder) >= len(encoderNames) {
		return fmt.Sprintf("encoder %d -%d", e.Encoder, e.Level)
	}
	return fmt.Sprintf("%s -%d", encoderNames[e.Encoder], e.Level)
}

// MaxPiece is the most raw bytes that a Deflater takes at once: 1 MiB.
const MaxPiece = 1 << 20

// maxState is the length of a stream's state, at most, in bytes.
const maxState = 2 << 20

// Deflater makes the deflate stream that an encoder would make of the same raw bytes. It belongs to one goroutine at a time,
// and holds no worker between calls.
type Deflater struct {
	codec *Codec
	state []byte // nil if the stream is over
	out   []byte
}

// NewDeflater begins a stream. An encoding that there is not is ErrDamaged, since what asks for one comes from outside.
func (c *Codec) NewDeflater(ctx context.Context, e Encoding) (*Deflater, error) {
	w, err := c.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Release()
	l := c.layout
	size, err := w.call(ctx, routineDeflateOpen, uint64(e.Encoder), uint64(e.Level), uint64(l.input), maxState)
	if err != nil {
		return nil, err
	}
	if size == codeArgument {
		return nil, fmt.Errorf("%w: no encoder %v is known", ErrDamaged, e)
	}
	if size < 0 || size > maxState {
		return nil, w.giveUp(routineDeflateOpen, fmt.Errorf("result %d, at most %d can be", size, maxState))
	}
	d := &Deflater{codec: c, state: make([]byte, size)}
	copy(d.state, w.Buffer())
	return d, nil
}

// Write compresses p, at most MaxPiece bytes and the last of the stream if last, and returns what follows in the stream as
// far as that is certain. The result is valid until the next call. After an error, or when last was given, the stream is over.
func (d *Deflater) Write(ctx context.Context, p []byte, last bool) ([]byte, error) {
	if len(p) > MaxPiece {
		return nil, fmt.Errorf("deflate %d bytes: a piece has at most %d", len(p), MaxPiece)
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
