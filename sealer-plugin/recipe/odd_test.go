package recipe_test

import (
	"archive/tar"
	"bytes"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// TestBehindTheEnd has more follow an archive's end marker: padding, further archives, and what is neither.
func TestBehindTheEnd(t *testing.T) {
	first := writeTar(t, file("a", noise(1, 3000)), file("b", []byte("b")))
	second := writeTar(t, file("c", noise(2, 50_000)), file("d", []byte("d")))
	files := slices.Concat(list(t, first), list(t, second))
	zeros := func(n int) []byte { return make([]byte, n) }
	garbage := []byte("garbage")
	tests := map[string]struct {
		blob  []byte
		files []listed
	}{
		"archives back to back":      {slices.Concat(first, second), files},
		"three":                      {slices.Concat(first, second, first), slices.Concat(files, files[:2])},
		"padding between":            {slices.Concat(first, zeros(8704), second, zeros(100)), files},
		"long padding between":       {slices.Concat(first, zeros(300<<10), second), files},
		"very long padding between":  {slices.Concat(first, zeros(9<<20), second), files},
		"padding of no whole blocks": {slices.Concat(first, zeros(300), second), files[:2]},
		"second with an empty name":  {slices.Concat(first, zeros(512), header("", '0', 1), padded("e"), endMarker()), append(files[:2:2], listed{Content: "e"})},
		"odd padding":                {slices.Concat(first, zeros(100)), files[:2]},
		"garbage":                    {slices.Concat(first, garbage), files[:2]},
		"padding and garbage":        {slices.Concat(first, zeros(70_000), garbage), files[:2]},
		"a block of garbage":         {slices.Concat(first, bytes.Repeat([]byte{'g'}, 512), second), files[:2]},
		"much garbage":               {slices.Concat(first, noise(3, 9<<20)), files[:2]},
		"half a second":              {slices.Concat(first, second[:2000]), append(files[:2:2], listed{Name: "c", Content: files[2].Content[:2000-512]})},
		"no end marker":              {first[:len(first)-1024], files[:2]},
		"half an end marker":         {first[:len(first)-512], files[:2]},
		"one zero block":             {slices.Concat(first[:len(first)-512], second), files[:2]},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := checkRoundTrip(t, test.blob, recipe.Tar)
			if diff := cmp.Diff(test.files, b.listed(t)); diff != "" {
				t.Errorf("files (-want +got):\n%.2000s", diff)
			}
		})
	}
}

// TestNoTar has blobs that are called tars, but are something else.
func TestNoTar(t *testing.T) {
	for name, blob := range map[string][]byte{
		"nothing":           nil,
		"one byte":          {'x'},
		"one zero":          {0},
		"zeros":             make([]byte, 100_000),
		"less than a block": noise(1, 511),
		"a block":           noise(2, 512),
		"noise":             noise(3, 1<<20),
		"zero and noise":    append(make([]byte, 512), noise(4, 1000)...),
		"gzip":              append([]byte("\x1f\x8b\x08\x00"), noise(5, 5000)...),
	} {
		t.Run(name, func(t *testing.T) {
			if files := checkRoundTrip(t, blob, recipe.Tar).files(t); len(files) > 0 {
				t.Errorf("files: %v", files)
			}
		})
	}
}

// TestTruncated cuts tars at every byte.
func TestTruncated(t *testing.T) {
	long := strings.Repeat("n", 200)
	whole := slices.Concat(writeTar(t, withFormat(tar.FormatPAX, file(long, []byte("1"))),
		withFormat(tar.FormatGNU, file(long, []byte("22")))), fixture(t, "sparse-gnu.tar")[:2048])
	step := 1
	if testing.Short() {
		step = 7
	}
	for n := 0; n < len(whole); n += step {
		checkRoundTrip(t, whole[:n], recipe.Tar)
		if t.Failed() {
			t.Fatalf("cut at byte %d", n)
		}
	}
	for _, form := range []string{"gnu", "0.0", "0.1", "1.0"} {
		blob := fixture(t, "sparse-"+form+".tar")
		for n := 0; n < len(blob); n += 397 {
			checkRoundTrip(t, blob[:n], recipe.Tar)
		}
	}
}

// TestClaims has headers claim what is not so. The blob comes back, and memory is not made for what was claimed.
func TestClaims(t *testing.T) {
	rest := noise(1, 3000)
	for name, blob := range map[string][]byte{
		"file of 8 EiB":            slices.Concat(header("f", '0', math.MaxInt64), rest),
		"file of 1 EiB":            slices.Concat(header("f", '0', 1<<60), rest),
		"negative size":            slices.Concat(header("f", '0', -1), rest),
		"link with a size":         slices.Concat(header("l", '1', 1<<40), writeTar(t, file("f", rest))),
		"PAX header of 8 EiB":      slices.Concat(header("x", 'x', math.MaxInt64), rest),
		"global header of 1 EiB":   slices.Concat(header("g", 'g', 1<<60), rest),
		"long name of 1 EiB":       slices.Concat(header("n", 'L', 1<<60), rest),
		"long name of 5 MiB":       slices.Concat(header("n", 'L', 5<<20), noise(2, 5<<20)),
		"PAX size of 8 EiB":        slices.Concat(header("x", 'x', 28), padded("28 size=9223372036854775807\n"), header("f", '0', 5), rest),
		"PAX size of -1":           slices.Concat(header("x", 'x', 11), padded("11 size=-1\n"), header("f", '0', 5), rest),
		"PAX record of 1 EiB":      slices.Concat(header("x", 'x', 30), padded("1152921504606846976 size=100\n\n"), rest),
		"sparse file of 8 EiB":     slices.Concat(header("x", 'x', 48), padded("22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"), rest),
		"endless PAX headers":      bytes.Repeat(paxHeader('x', 9000), 300),
		"endless global headers":   bytes.Repeat(paxHeader('g', 513), 2000),
		"endless empty archives":   bytes.Repeat(append(header("d", '5', 0), endMarker()...), 2000),
		"sparse map without end":   slices.Concat(paxSparse(), bytes.Repeat([]byte("1\n"), 1<<20)),
		"many entries in a sparse": slices.Concat(paxSparse(), []byte("99999999999\n"), bytes.Repeat([]byte("0\n"), 1<<19)),
	} {
		t.Run(name, func(t *testing.T) {
			checkRoundTrip(t, blob, recipe.Tar)
		})
	}
}

// paxSparse is the header of a sparse file in PAX form 1.0, of 4 MiB.
func paxSparse() []byte {
	records := "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
	return slices.Concat(header("x", 'x', int64(len(records))), padded(records), header("f", '0', 4<<20))
}

// zeros is an endless reader of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestMemory takes in long blobs whose lengths no header tells, or tells wrongly, and checks that what is allocated
// does not depend on them.
func TestMemory(t *testing.T) {
	const size = 100 << 20
	tests := map[string]io.Reader{
		"padding":             io.MultiReader(bytes.NewReader(endMarker()), io.LimitReader(zeros{}, size)),
		"file of 8 EiB":       io.MultiReader(bytes.NewReader(header("f", '0', math.MaxInt64)), io.LimitReader(zeros{}, size)),
		"behind a bad header": io.MultiReader(strings.NewReader(strings.Repeat("x", 512)), io.LimitReader(zeros{}, size)),
		"long name":           io.MultiReader(bytes.NewReader(header("f", 'L', size)), io.LimitReader(zeros{}, size)),
	}
	for name, blob := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := recipe.Build(t.Context(), testCodec(t), blob, recipe.Options{Level: codec.MinLevel}, io.Discard,
				func(codec.Chunk, []byte, []recipe.File) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 20<<20 {
				t.Errorf("%d MiB were allocated for a blob of %d MiB", n>>20, size>>20)
			}
		})
	}
}

// TestReaders checks that it does not matter in which portions a blob arrives.
func TestReaders(t *testing.T) {
	blob := slices.Concat(manySmallFiles(t, 20), writeTar(t, file("f", noise(1, 100_000))), fixture(t, "sparse-1.0.tar"), make([]byte, 700))
	want := build(t, bytes.NewReader(blob), recipe.Tar)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"one byte":     iotest.OneByteReader,
		"half":         iotest.HalfReader,
		"data and EOF": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			got := build(t, wrap(bytes.NewReader(blob)), recipe.Tar)
			if got.Summary != want.Summary || !slices.Equal(got.emitted, want.emitted) || !bytes.Equal(got.encoded, want.encoded) {
				t.Error("another recipe")
			}
		})
	}
}
