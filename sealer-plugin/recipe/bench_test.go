package recipe_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// treeTar is a tar like that of a root file system: most files are small, most bytes are in few big files.
func treeTar(tb testing.TB, size int) []byte {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 1<<20)
	for i := range text {
		text[i] = "etaoin shrdlu"[rng.IntN(13)]
	}
	var members []member
	for total := 0; total < size; {
		n := 100 << rng.IntN(7) // to 6400 bytes
		if rng.IntN(50) == 0 {
			n = 64<<10 + rng.IntN(4<<20)
		}
		content := make([]byte, 0, n)
		for len(content) < n {
			p := rng.IntN(len(text) - 4096)
			content = append(content, text[p:p+min(4096, n-len(content))]...)
		}
		members = append(members, file(fmt.Sprintf("usr/lib/%x", rng.Uint32()), content))
		total += n
	}
	return writeTar(tb, members...)
}

func BenchmarkBuild(b *testing.B) {
	blob := treeTar(b, 64<<20)
	small := manySmallFiles(b, 20000)
	for _, bench := range []struct {
		name string
		blob []byte
		kind recipe.Kind
	}{
		{"tree", blob, recipe.Tar},
		{"small files", small, recipe.Tar},
		{"plain", blob, recipe.Plain},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.blob)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := recipe.Build(b.Context(), testCodec(b), bytes.NewReader(bench.blob), recipe.Options{Kind: bench.kind, Level: codec.DefaultLevel},
					io.Discard, func(codec.Chunk, []byte, []recipe.File) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRebuild(b *testing.B) {
	blob := treeTar(b, 64<<20)
	built := build(b, bytes.NewReader(blob), recipe.Tar)
	r := built.open(b)
	b.SetBytes(int64(len(blob)))
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Rebuild(b.Context(), io.Discard, built.data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRebuildStreams rebuilds a tar of gzip files; its bytes are those inside of them.
func BenchmarkRebuildStreams(b *testing.B) {
	for _, bench := range []struct {
		name        string
		count, size int
	}{
		{"small", 1000, 4 << 10},
		{"big", 4, 8 << 20},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var members []member
			for i := range bench.count {
				members = append(members, file(fmt.Sprintf("%d.gz", i), goGzip(b, prose(uint64(i), bench.size), 6)))
			}
			built := build(b, bytes.NewReader(writeTar(b, members...)), recipe.Tar)
			r := built.open(b)
			b.SetBytes(int64(bench.count * bench.size))
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Rebuild(b.Context(), io.Discard, built.data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFiles(b *testing.B) {
	blob := manySmallFiles(b, 20000)
	r := build(b, bytes.NewReader(blob), recipe.Tar).open(b)
	b.SetBytes(int64(len(blob)))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range r.Files(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
