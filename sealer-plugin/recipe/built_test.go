package recipe_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// routines is the codec of all tests.
var routines = sync.OnceValues(func() (*codec.Codec, error) {
	return codec.New(context.Background(), codec.Options{})
})

func testCodec(tb testing.TB) *codec.Codec {
	tb.Helper()
	c, err := routines()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// built is what Build made of a blob.
type built struct {
	recipe.Summary
	encoded []byte
	emitted []codec.Chunk
	with    [][]recipe.File // each was emitted
	store   map[codec.Chunk][]byte
}

// data returns a chunk's bytes, as Rebuild asks for them.
func (b *built) data(_ context.Context, c codec.Chunk) ([]byte, error) {
	p, ok := b.store[c]
	if !ok {
		return nil, errAbsent
	}
	return p, nil
}

var errAbsent = fmt.Errorf("no such chunk")

// build builds a recipe of what blob gives.
func build(tb testing.TB, blob io.Reader, kind recipe.Kind) *built {
	tb.Helper()
	return buildWith(tb, blob, recipe.Options{Kind: kind, Level: codec.MinLevel})
}

func buildWith(tb testing.TB, blob io.Reader, opts recipe.Options) *built {
	tb.Helper()
	b := &built{store: map[codec.Chunk][]byte{}}
	var out bytes.Buffer
	var err error
	b.Summary, err = recipe.Build(tb.Context(), testCodec(tb), blob, opts, &out,
		func(c codec.Chunk, p []byte, files []recipe.File) error {
			if len(p) != int(c.Size) {
				return fmt.Errorf("chunk of %d bytes emitted with %d", c.Size, len(p))
			}
			b.emitted = append(b.emitted, c)
			b.with = append(b.with, slices.Clone(files))
			if _, ok := b.store[c]; !ok {
				b.store[c] = bytes.Clone(p)
			}
			return nil
		})
	if err != nil {
		tb.Fatalf("Build: %v", err)
	}
	b.encoded = out.Bytes()
	return b
}

func (b *built) open(tb testing.TB) *recipe.Recipe {
	tb.Helper()
	r, err := recipe.Open(tb.Context(), testCodec(tb), bytes.NewReader(b.encoded), int64(len(b.encoded)))
	if err != nil {
		tb.Fatalf("Open: %v", err)
	}
	return r
}

// checkRoundTrip builds a recipe of a blob and checks that it gives the blob back, and that all that is said of it is
// true.
func checkRoundTrip(tb testing.TB, blob []byte, kind recipe.Kind) *built {
	tb.Helper()
	b := build(tb, bytes.NewReader(blob), kind)
	r := b.open(tb)
	want := recipe.Summary{
		Digest: digest.FromBytes(blob), Size: int64(len(blob)), Chunks: len(b.emitted), Streams: len(r.Streams),
	}
	if diff := cmp.Diff(want, b.Summary); diff != "" {
		tb.Errorf("summary (-want +got):\n%s", diff)
	}
	if r.Digest != want.Digest || r.Size != want.Size {
		tb.Errorf("opened recipe is of %v, %d bytes; want %v, %d bytes", r.Digest, r.Size, want.Digest, want.Size)
	}
	if !cmp.Equal(r.Chunks, b.emitted) {
		tb.Errorf("opened recipe has other chunks than were emitted: %d, %d", len(r.Chunks), len(b.emitted))
	}
	var rebuilt bytes.Buffer
	if err := r.Rebuild(tb.Context(), &rebuilt, b.data); err != nil {
		tb.Fatalf("Rebuild: %v", err)
	}
	if !bytes.Equal(rebuilt.Bytes(), blob) {
		tb.Errorf("rebuilt %d bytes differ from the blob's %d", rebuilt.Len(), len(blob))
	}
	if again := buildSurveyed(tb, blob, kind); !bytes.Equal(again.encoded, b.encoded) {
		tb.Errorf("with a survey, another recipe")
	}
	return b
}

// files returns the files that the recipe lists.
func (b *built) files(tb testing.TB) []recipe.File {
	tb.Helper()
	var files []recipe.File
	for f, err := range b.open(tb).Files(tb.Context()) {
		if err != nil {
			tb.Fatalf("Files: %v", err)
		}
		files = append(files, f)
	}
	return files
}

// stream returns the data stream.
func (b *built) stream() []byte {
	var s []byte
	for _, c := range b.emitted {
		s = append(s, b.store[c]...)
	}
	return s
}
