package recipe_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// Take a blob apart, and put it together again.
func Example() {
	ctx := context.Background()
	c, err := codec.New(ctx, codec.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ctx)

	var encoded bytes.Buffer
	chunks := map[codec.ID][]byte{}
	blob := strings.NewReader("any blob")
	sum, err := recipe.Build(ctx, c, blob, recipe.Options{Kind: recipe.Plain, Level: codec.DefaultLevel}, &encoded,
		func(c codec.Chunk, data []byte, _ []recipe.File) error {
			chunks[c.ID] = bytes.Clone(data)
			return nil
		})
	if err != nil {
		fmt.Println(err)
		return
	}

	r, err := recipe.Open(ctx, c, bytes.NewReader(encoded.Bytes()), int64(encoded.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	var rebuilt bytes.Buffer
	err = r.Rebuild(ctx, &rebuilt, func(_ context.Context, c codec.Chunk) ([]byte, error) {
		return chunks[c.ID], nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rebuilt.String(), sum.Size, sum.Chunks, sum.Digest == r.Digest)
	// Output: any blob 8 1 true
}
