package recipe

import (
	"context"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// assembly makes a blob of its content: it sends what is inside of streams through their encoders.
type assembly struct {
	ctx     context.Context // of the one call of Rebuild that this is for
	codec   *codec.Codec
	streams []Stream // that did not begin yet
	at      int64    // position in the content
	out     *stage   // of the blob
	open    []*deflation
}

// write appends a copy of p, a part of the content.
func (a *assembly) write(p []byte) error {
	for len(p) > 0 {
		if err := a.turn(); err != nil {
			return err
		}
		n := int64(len(p))
		if len(a.streams) > 0 {
			n = min(n, a.streams[0].Start-a.at)
		}
		if len(a.open) > 0 {
			n = min(n, a.open[len(a.open)-1].end()-a.at)
		}
		if err := a.top().write(p[:n]); err != nil {
			return err
		}
		a.at += n
		p = p[n:]
	}
	return nil
}

// top is where the content goes now.
func (a *assembly) top() *stage {
	if n := len(a.open); n > 0 {
		return a.open[n-1].stage
	}
	return a.out
}

// turn ends the streams that end here, and begins those that begin here.
func (a *assembly) turn() error {
	for n := len(a.open) - 1; n >= 0 && a.open[n].end() == a.at; n-- {
		ended := a.open[n]
		a.open = a.open[:n]
		if err := ended.close(); err != nil {
			return err
		}
	}
	for len(a.streams) > 0 && a.streams[0].Start == a.at {
		d, err := newDeflation(a.ctx, a.codec, a.streams[0], a.top())
		if err != nil {
			return err
		}
		a.streams = a.streams[1:]
		a.open = append(a.open, d)
	}
	return nil
}

// abandon ends what is open still, after an error.
func (a *assembly) abandon() {
	for n := len(a.open) - 1; n >= 0; n-- {
		_ = a.open[n].stage.close() // there is an error already
	}
}

// deflation makes a stream of what is inside.
type deflation struct {
	Stream
	*stage
	ctx      context.Context // of the one call of Rebuild that this is for
	deflater *codec.Deflater
	left     int64 // bytes that the stream lacks
	to       *stage
}

func newDeflation(ctx context.Context, c *codec.Codec, s Stream, to *stage) (*deflation, error) {
	deflater, err := c.NewDeflater(ctx, s.Encoding)
	if err != nil {
		return nil, err
	}
	d := &deflation{Stream: s, ctx: ctx, deflater: deflater, left: s.Size, to: to}
	d.stage = newStage(func(p []byte) error { return d.deflate(p, false) })
	return d, nil
}

// deflate goes on with the next bytes that are inside. What a stream does not have is left out.
func (d *deflation) deflate(p []byte, last bool) error {
	made, err := d.deflater.Write(d.ctx, p, last)
	if err != nil {
		return err
	}
	made = made[:min(int64(len(made)), d.left)]
	d.left -= int64(len(made))
	return d.to.write(made)
}

// close ends the stream.
func (d *deflation) close() error {
	if err := d.stage.close(); err != nil {
		return err
	}
	if err := d.deflate(nil, true); err != nil {
		return err
	}
	if d.left > 0 {
		return damagedf("a stream of %v lacks %d bytes", d.Encoding, d.left)
	}
	return nil
}
