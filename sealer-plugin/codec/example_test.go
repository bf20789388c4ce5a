package codec_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

func Example() {
	ctx := context.Background()
	c, err := codec.New(ctx, codec.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)

	w, err := c.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Release()

	// Cut what is in the buffer into chunks, then compress them as one frame where they lie.
	n := copy(w.Buffer(), "the bytes of a file")
	chunks, err := w.Split(ctx, 0, n, true, nil)
	if err != nil {
		log.Fatal(err)
	}
	frame, err := w.Compress(ctx, n, codec.DefaultLevel)
	if err != nil {
		log.Fatal(err)
	}
	for _, chunk := range chunks {
		fmt.Println(chunk.Size, chunk.ID)
	}

	// Restore the frame, and make sure that it holds the chunk.
	size := copy(w.Buffer(), frame)
	raw, err := w.Restore(ctx, size, n, []codec.Extent{{Chunk: chunks[0], Offset: 0}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", raw)
	// Output:
	// 19 9fae028be50d6d9ad0e7f0d82df2251fadbe2f94de92499d1f5a3a4bea464ba6
	// the bytes of a file
}

// A long stream is split in pieces: what Split leaves over moves to the front, and the next bytes are read behind it.
func ExampleWorker_Split() {
	ctx := context.Background()
	c, err := codec.New(ctx, codec.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)
	w, err := c.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Release()

	stream := strings.NewReader(strings.Repeat("chunk ", 3_000_000))
	buffer := w.Buffer()
	var chunks []codec.Chunk
	for left, final := 0, false; !final; {
		n, err := io.ReadFull(stream, buffer[left:])
		final = err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !final {
			log.Fatal(err)
		}
		end := left + n
		known := len(chunks)
		if chunks, err = w.Split(ctx, 0, end, final, chunks); err != nil {
			log.Fatal(err)
		}
		begin := 0
		for _, chunk := range chunks[known:] {
			begin += int(chunk.Size) // compress or send buffer[begin:begin+chunk.Size] here
		}
		left = copy(buffer, buffer[begin:end])
	}
	fmt.Println(len(chunks), "chunks")
	// Output: 69 chunks
}
