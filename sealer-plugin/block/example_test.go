package block_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// A stream is written, then gone through for its blocks of one kind.
func Example() {
	ctx := context.Background()
	c, err := codec.New(ctx, codec.Options{})
	if err != nil {
		log.Fatal(err)
	}
	var stream bytes.Buffer
	if err := write(ctx, c, &stream); err != nil {
		log.Fatal(err)
	}
	if err := show(ctx, c, &stream, 2); err != nil {
		log.Fatal(err)
	}
	if err := c.Close(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: 8 bytes: skeleton
}

func write(ctx context.Context, c *codec.Codec, out io.Writer) error {
	w := block.NewWriter(out, c, codec.DefaultLevel)
	if err := w.Write(ctx, 1, []byte("chunks")); err != nil {
		return err
	}
	if err := w.Write(ctx, 2, []byte("skeleton")); err != nil {
		return err
	}
	return w.Close(ctx, []byte("end"))
}

// show prints the blocks of one kind; the others are not decompressed.
func show(ctx context.Context, c *codec.Codec, in io.Reader, kind uint8) error {
	r := block.NewReader(in, c)
	for {
		h, err := r.Header()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Kind != kind {
			continue
		}
		raw, err := r.Raw(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("%d bytes: %s\n", h.Raw, raw)
	}
}
