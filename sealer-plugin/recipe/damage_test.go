package recipe_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// use opens a recipe and does with it all that can be done. It returns the blob if all went well.
func use(ctx context.Context, c *codec.Codec, encoded []byte, data func(context.Context, codec.Chunk) ([]byte, error)) ([]byte, error) {
	r, err := recipe.Open(ctx, c, bytes.NewReader(encoded), int64(len(encoded)))
	if err != nil {
		return nil, err
	}
	for _, err := range r.Files(ctx) {
		if err != nil {
			return nil, err
		}
	}
	var blob bytes.Buffer
	err = r.Rebuild(ctx, &blob, data)
	return blob.Bytes(), err
}

// TestDamagedRecipe changes a recipe at every byte, and cuts it there. Either that is noticed, or it does not matter.
func TestDamagedRecipe(t *testing.T) {
	blob := slices.Concat(writeTar(t, file("a", []byte("1")), file("b", noise(1, 50_000))), fixture(t, "sparse-1.0.tar"))
	b := build(t, bytes.NewReader(blob), recipe.Tar)
	check := func(what string, at int, encoded []byte) {
		got, err := use(t.Context(), testCodec(t), encoded, b.data)
		if err == nil && !bytes.Equal(got, blob) {
			t.Fatalf("%s at byte %d: another blob, and no error", what, at)
		}
		if err != nil && !errors.Is(err, codec.ErrDamaged) && !errors.Is(err, errAbsent) {
			t.Fatalf("%s at byte %d: error %v, want %v", what, at, err, codec.ErrDamaged)
		}
	}
	for i := range b.encoded {
		for _, change := range []byte{0x01, 0x10, 0x80, 0xff} {
			damaged := bytes.Clone(b.encoded)
			damaged[i] ^= change
			check("changed", i, damaged)
		}
		if _, err := use(t.Context(), testCodec(t), b.encoded[:i], b.data); !errors.Is(err, codec.ErrDamaged) {
			t.Fatalf("cut at byte %d: error %v, want %v", i, err, codec.ErrDamaged)
		}
		check("a byte too many", i, slices.Insert(bytes.Clone(b.encoded), i, 0))
	}
	if _, err := use(t.Context(), testCodec(t), append(b.encoded, 0), b.data); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("a byte behind the end: error %v, want %v", err, codec.ErrDamaged)
	}
}

// rawBlock is a block of a recipe that a test makes.
type rawBlock struct {
	kind uint8
	raw  []byte
}

func encode(tb testing.TB, blocks ...rawBlock) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := block.NewWriter(&out, testCodec(tb), codec.MinLevel)
	for _, b := range blocks {
		write := func() error { return w.Write(tb.Context(), b.kind, b.raw) }
		if b.kind == block.KindEnd {
			write = func() error { return w.Close(tb.Context(), b.raw) }
		}
		if err := write(); err != nil {
			tb.Fatal(err)
		}
	}
	return out.Bytes()
}

func uvarints(values ...uint64) []byte {
	var b []byte
	for _, v := range values {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

// TestImpossibleRecipes has recipes of intact blocks whose content does not fit together.
func TestImpossibleRecipes(t *testing.T) {
	content := []byte("content")
	b := build(t, bytes.NewReader(content), recipe.Plain)
	id := b.emitted[0].ID[:]
	sum := sha256.Sum256(content)
	hash := sum[:]
	chunks := rawBlock{1, slices.Concat(uvarints(1, 7), id)}
	skeleton := rawBlock{2, uvarints(1, 0, 7)}
	end := rawBlock{0, slices.Concat(uvarints(1, 7), hash)}
	if got, err := use(t.Context(), testCodec(t), encode(t, skeleton, chunks, end), b.data); err != nil || string(got) != "content" {
		t.Fatalf("the recipe from which the others differ gives %q, error %v", got, err)
	}

	tests := map[string][]rawBlock{
		"nothing":                     {{0, []byte{0}}},
		"no chunks":                   {skeleton, end},
		"no skeleton":                 {chunks, end},
		"chunks twice":                {chunks, chunks, skeleton, end},
		"skeleton twice":              {chunks, skeleton, skeleton, end},
		"a block of another kind":     {chunks, skeleton, {3, []byte{1}}, end},
		"kind 255":                    {chunks, skeleton, {255, []byte{1}}, end},
		"fewer chunks in the end":     {chunks, skeleton, {0, slices.Concat(uvarints(0, 7), hash)}},
		"more chunks in the end":      {chunks, skeleton, {0, slices.Concat(uvarints(2, 7), hash)}},
		"shorter blob":                {chunks, skeleton, {0, slices.Concat(uvarints(1, 6), hash)}},
		"longer blob":                 {chunks, skeleton, {0, slices.Concat(uvarints(1, 8), hash)}},
		"blob of 8 EiB":               {chunks, skeleton, {0, slices.Concat(uvarints(1, math.MaxInt64), hash)}},
		"blob of 16 EiB":              {chunks, skeleton, {0, slices.Concat(uvarints(1, math.MaxUint64), hash)}},
		"another digest":              {chunks, skeleton, {0, slices.Concat(uvarints(1, 7), id)}},
		"end too short":               {chunks, skeleton, {0, slices.Concat(uvarints(1, 7), hash[:31])}},
		"end too long":                {chunks, skeleton, {0, slices.Concat(uvarints(1, 7), hash, []byte{0})}},
		"end without content":         {chunks, skeleton, {0, []byte{0x80}}},
		"chunk of no bytes":           {{1, slices.Concat(uvarints(2, 0, 7), id, id)}, skeleton, {0, slices.Concat(uvarints(2, 7), hash)}},
		"chunk too long":              {{1, slices.Concat(uvarints(1, codec.MaxChunk+1), id)}, skeleton, end},
		"chunk of 16 EiB":             {{1, slices.Concat(uvarints(1, math.MaxUint64), id)}, skeleton, end},
		"ID cut short":                {{1, slices.Concat(uvarints(1, 7), id[:31])}, skeleton, end},
		"IDs too long":                {{1, slices.Concat(uvarints(1, 7), id, []byte{0})}, skeleton, end},
		"more chunks than bytes":      {{1, slices.Concat(uvarints(2, 7), id)}, skeleton, end},
		"2^64-1 chunks":               {{1, slices.Concat(uvarints(math.MaxUint64, 7), id)}, skeleton, end},
		"no number of chunks":         {{1, []byte{0xff}}, skeleton, end},
		"integer too long":            {{1, slices.Concat(bytes.Repeat([]byte{0xff}, 11), id, id)}, skeleton, end},
		"less data":                   {chunks, {2, uvarints(1, 0, 6)}, end},
		"more data":                   {chunks, {2, uvarints(1, 0, 8)}, end},
		"data of 16 EiB":              {chunks, {2, uvarints(1, 0, math.MaxUint64)}, end},
		"literals that are not there": {chunks, {2, uvarints(1, 1, 7)}, end},
		"literals of 16 EiB":          {chunks, {2, uvarints(1, math.MaxUint64, 7)}, end},
		"literals of 16 EiB in all":   {chunks, {2, uvarints(2, 1<<63, 7, 1<<63, 0)}, end},
		"literals too many":           {chunks, {2, slices.Concat(uvarints(1, 0, 7), []byte("l"))}, end},
		"literals beyond the blob":    {chunks, {2, slices.Concat(uvarints(1, 1, 7), []byte("l"))}, end},
		"literals, not data":          {chunks, {2, slices.Concat(uvarints(1, 7, 0), content)}, end},
		"fewer pairs":                 {chunks, {2, uvarints(2, 0, 7)}, end},
		"more pairs":                  {chunks, {2, uvarints(1, 0, 7, 0, 0)}, end},
		"2^64-1 pairs":                {chunks, {2, uvarints(math.MaxUint64, 0, 7)}, end},
		"half a pair":                 {chunks, {2, uvarints(1, 7)}, end},
	}
	for name, blocks := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := use(t.Context(), testCodec(t), encode(t, blocks...), b.data); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("error %v, want %v; rebuilt %q", err, codec.ErrDamaged, got)
			}
		})
	}
}

// TestOtherWriters has a recipe that Build would not write, but the format allows: literals and data in other
// portions, blocks in another order, empty pairs.
func TestOtherWriters(t *testing.T) {
	big, small := noise(1, 3000), []byte("b")
	blob := writeTar(t, file("a", big), file("b", small))
	data := slices.Concat(big, small)
	var blocks []rawBlock
	store := map[codec.Chunk][]byte{}
	for i := 0; i < len(data); i += 700 {
		c := codec.Chunk{Size: uint32(min(700, len(data)-i)), ID: codec.ID{byte(i >> 8)}}
		store[c] = data[i : i+int(c.Size)]
		blocks = append(blocks, rawBlock{1, slices.Concat(uvarints(1, uint64(c.Size)), c.ID[:])})
	}
	count := uint64(len(blocks))
	literal := func(from, to int) {
		for ; from < to; from++ {
			blocks = append(blocks, rawBlock{2, append(uvarints(4, 0, 0, 1, 0, 0, 0, 0, 0), blob[from])})
		}
	}
	literal(0, 512)
	blocks = append(blocks, rawBlock{2, uvarints(3, 0, 1, 0, 2998, 0, 1)})
	literal(512+3000, 3584+512)
	blocks = append(blocks, rawBlock{2, uvarints(1, 0, 1)}, rawBlock{1, []byte{0}})
	literal(3584+512+1, len(blob))
	sum := sha256.Sum256(blob)
	blocks = append(blocks, rawBlock{0, append(uvarints(count, uint64(len(blob))), sum[:]...)})

	b := &built{encoded: encode(t, blocks...), store: store}
	got, err := use(t.Context(), testCodec(t), b.encoded, b.data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, blob) {
		t.Error("rebuilt another blob")
	}
	want := []recipe.File{{Name: "a", Size: 3000}, {Name: "b", Size: 1, Offset: 3000}}
	if diff := cmp.Diff(want, b.files(t)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
