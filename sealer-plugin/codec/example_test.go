package codec_test

import (
	"context"
	"fmt"
	"log"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// A file's bytes are cut, compressed where they lie, restored and verified.
func Example() {
	if err := thereAndBack(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 19 bytes, ID 9fae028be50d6d9ad0e7f0d82df2251fadbe2f94de92499d1f5a3a4bea464ba6
	// the bytes of a file
}

func thereAndBack(ctx context.Context) error {
	c, err := codec.New(ctx, codec.Options{})
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	w, err := c.Acquire(ctx)
	if err != nil {
		return err
	}
	defer w.Release()

	n := copy(w.Buffer(), "the bytes of a file")
	chunks, err := w.Split(ctx, 0, n, true, nil)
	if err != nil {
		return err
	}
	frame, err := w.Compress(ctx, n, codec.DefaultLevel)
	if err != nil {
		return err
	}
	fmt.Printf("%d bytes, ID %v\n", chunks[0].Size, chunks[0].ID)

	size := copy(w.Buffer(), frame)
	raw, err := w.Restore(ctx, size, n, []codec.Extent{{Chunk: chunks[0], Offset: 0}})
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", raw)
	return nil
}
