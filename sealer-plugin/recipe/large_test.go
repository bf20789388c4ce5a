package recipe_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// comparer is a writer that wants what a reader gives.
type comparer struct {
	want io.Reader
	buf  []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	c.buf = append(c.buf[:0], p...)
	if _, err := io.ReadFull(c.want, c.buf); err != nil {
		return 0, fmt.Errorf("too long: %w", err)
	}
	if !bytes.Equal(p, c.buf) {
		return 0, fmt.Errorf("other bytes")
	}
	return len(p), nil
}

// TestHugeFile takes in and rebuilds a tar with a file that is longer than 32 bits can tell.
func TestHugeFile(t *testing.T) {
	size := int64(4 << 30)
	if testing.Short() {
		size = 1 << 30
	}
	size++ // so that there is padding
	blob := func() io.Reader {
		return io.MultiReader(bytes.NewReader(header("huge", '0', size)), io.LimitReader(zeros{}, size+511),
			bytes.NewReader(header("last", '0', 4)), bytes.NewReader(padded("last")), bytes.NewReader(endMarker()))
	}
	chunks := map[codec.Chunk][]byte{}
	var out bytes.Buffer
	summary, err := recipe.Build(t.Context(), testCodec(t), blob(), recipe.Options{Level: codec.MinLevel}, &out,
		func(c codec.Chunk, p []byte, _ []recipe.File) error {
			if _, ok := chunks[c]; !ok {
				chunks[c] = bytes.Clone(p)
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if want := 512 + size + 511 + 512 + 512 + 1024; summary.Size != want {
		t.Errorf("size %d, want %d", summary.Size, want)
	}
	b := &built{encoded: out.Bytes()}
	want := []recipe.File{{Name: "huge", Size: size}, {Name: "last", Size: 4, Offset: size}}
	if diff := cmp.Diff(want, b.files(t)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	data := func(_ context.Context, c codec.Chunk) ([]byte, error) { return chunks[c], nil }
	if err := b.open(t).Rebuild(t.Context(), &comparer{want: blob()}, data); err != nil {
		t.Error(err)
	}
}
