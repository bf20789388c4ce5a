package codec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// A long stream is split in pieces: what Split leaves over moves to the front, and the next bytes are read behind it.
func ExampleWorker_Split() {
	stream := strings.NewReader(strings.Repeat("chunk ", 3_000_000))
	chunks, err := splitStream(context.Background(), stream)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(chunks), "chunks")
	// Output: 69 chunks
}

func splitStream(ctx context.Context, stream io.Reader) ([]codec.Chunk, error) {
	c, err := codec.New(ctx, codec.Options{})
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	w, err := c.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Release()

	var chunks []codec.Chunk
	buffer := w.Buffer()
	for end, final := 0, false; !final; {
		n, err := io.ReadFull(stream, buffer[end:])
		final = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !final {
			return nil, err
		}
		end += n
		known := len(chunks)
		if chunks, err = w.Split(ctx, 0, end, final, chunks); err != nil {
			return nil, err
		}
		begin := 0
		for _, chunk := range chunks[known:] {
			begin += int(chunk.Size) // the chunk is buffer[begin : begin+chunk.Size]
		}
		end = copy(buffer, buffer[begin:end])
	}
	return chunks, nil
}
