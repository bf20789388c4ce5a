package recipe

import (
	"context"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// deflation makes a stream of what is inside.
type deflation struct {
	Stream
	*stage
	ctx      context.Context // of the one call of Rebuild that this is for
	codec    *codec.Codec
	deflater *codec.Deflater
	left     int64       // bytes that the stream lacks
	ready    []byte      // made, but not passed on
	made     chan []byte // buffers; closed at the end of the stream. It has room for all buffers that there are
}

func newDeflation(ctx context.Context, c *codec.Codec, s Stream, free buffers) *deflation {
	d := &deflation{Stream: s, ctx: ctx, codec: c, left: s.Size, made: make(chan []byte, cap(free))}
	d.stage = newStage(free, d.deflate)
	return d
}

// run makes the stream. It never waits for who takes what was made.
func (d *deflation) run() error {
	var err error
	if d.deflater, err = d.codec.NewDeflater(d.ctx, d.Encoding); err != nil {
		return err
	}
	defer d.deflater.Close()
	if err := d.stage.run(); err != nil {
		return err
	}
	if d.left > 0 {
		return damagedf("a stream of %v lacks %d bytes", d.Encoding, d.left)
	}
	return nil
}

// deflate goes on with the next bytes that are inside. Their buffer is used to pass on what was made, if that is
// enough. So no other is needed, and there is one at the end, since there is something inside.
func (d *deflation) deflate(buffer []byte, last bool) error {
	for rest, more := buffer, true; more; {
		piece := rest[:min(len(rest), codec.MaxPiece)]
		rest = rest[len(piece):]
		more = len(rest) > 0
		made, err := d.deflater.Write(d.ctx, piece, last && !more)
		if err != nil {
			return err
		}
		made = made[:min(int64(len(made)), d.left)] // what a stream does not have is left out
		d.left -= int64(len(made))
		d.ready = append(d.ready, made...)
	}
	if len(d.ready) < pieceSize/2 && !last {
		d.free.put(buffer)
		return nil
	}
	d.made <- append(buffer[:0], d.ready...)
	d.ready = d.ready[:0]
	return nil
}
