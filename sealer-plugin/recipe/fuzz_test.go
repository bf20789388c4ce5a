package recipe_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// FuzzBuild takes in anything as a tar: it always comes back byte for byte, and the files in it lie in its data, one after the other.
func FuzzBuild(f *testing.F) {
	small := writeTar(f, file("a", []byte("1")), file("b", noise(1, 700)))
	long := strings.Repeat("n", 200)
	for _, seed := range [][]byte{
		nil, small, small[:700], slices.Concat(small, make([]byte, 700), small), slices.Concat(small, []byte("garbage")),
		writeTar(f, withFormat(tar.FormatPAX, file(long, nil)), withFormat(tar.FormatGNU, file(long, nil))),
		fixture(f, "sparse-gnu.tar")[:4096], fixture(f, "sparse-0.0.tar")[:4096],
		fixture(f, "sparse-0.1.tar")[:4096], fixture(f, "sparse-1.0.tar")[:4096],
		slices.Concat(paxHeader('g', 513), header("f", '0', 1), padded("1")),
		slices.Concat(header("f", '0', 1<<60), []byte("content")),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		b := checkRoundTrip(t, blob, recipe.Tar)
		end, size := int64(0), int64(len(b.stream()))
		for _, file := range b.files(t) {
			if file.Offset < end || file.Size < 0 || file.Size > size-file.Offset {
				t.Fatalf("file %+v after %d of %d bytes of data", file, end, size)
			}
			end = file.Offset + file.Size
		}
	})
}

// zeroData gives chunks of zeros.
func zeroData(_ context.Context, c codec.Chunk) ([]byte, error) { return make([]byte, c.Size), nil }

// FuzzOpen takes anything for a recipe.
func FuzzOpen(f *testing.F) {
	f.Add([]byte{})
	f.Add(build(f, strings.NewReader("content"), recipe.Plain).encoded)
	f.Add(build(f, bytes.NewReader(writeTar(f, file("a", make([]byte, 5000)))), recipe.Tar).encoded)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		if _, err := use(t.Context(), testCodec(t), encoded, zeroData); err != nil && !errors.Is(err, codec.ErrDamaged) {
			t.Fatal(err)
		}
	})
}

// FuzzBlocks takes anything for the content of a recipe's blocks.
func FuzzBlocks(f *testing.F) {
	id := make([]byte, 32)
	f.Add(slices.Concat(uvarints(1, 7), id), uvarints(1, 0, 7), slices.Concat(uvarints(1, 7), id))
	f.Add(slices.Concat(uvarints(1, 5), id), append(uvarints(2, 1, 2, 1, 3), 'a', 'b'), slices.Concat(uvarints(1, 7), id))
	f.Add([]byte{0}, slices.Concat(uvarints(1, 512, 0), header("f", '0', 3)), slices.Concat(uvarints(0, 512), id))
	f.Fuzz(func(t *testing.T, chunks, skeleton, end []byte) {
		for _, b := range [][]byte{chunks, skeleton, end} {
			if len(b) == 0 || len(b) > codec.MaxFrame {
				t.Skip("no block is like that")
			}
		}
		encoded := encode(t, rawBlock{1, chunks}, rawBlock{2, skeleton}, rawBlock{block.KindEnd, end})
		if _, err := use(t.Context(), testCodec(t), encoded, zeroData); err != nil && !errors.Is(err, codec.ErrDamaged) {
			t.Fatal(err)
		}
	})
}
