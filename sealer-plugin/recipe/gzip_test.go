package recipe_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	kgzip "github.com/klauspost/compress/gzip"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// goGzip is the gzip file that Go's own encoder makes.
func goGzip(tb testing.TB, content []byte, level int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		tb.Fatal(err)
	}
	w.Name = "content.tar"
	w.Comment = "a comment"
	if _, err := w.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// otherGzip is the gzip file that klauspost's encoder makes.
func otherGzip(tb testing.TB, content []byte, level int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := kgzip.NewWriterLevel(&b, level)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// prose is text that compresses as texts do.
func prose(seed uint64, n int) []byte {
	words := strings.Fields("the image of a cluster is packed as one and every update of it sends what has changed in layers")
	pick := noise(seed, n)
	var b []byte
	for _, p := range pick {
		if b = append(append(b, words[int(p)%len(words)]...), ' '); len(b) >= n {
			break
		}
		if p < 40 {
			b = append(b, fmt.Sprint(p, len(b))...)
		}
	}
	return b[:n]
}

// TestGzip takes apart gzip files, alone and in tars, and looks at what of them is opened.
func TestGzip(t *testing.T) {
	tree := writeTar(t, file("etc/motd", prose(1, 3000)), file("usr/bin/tool", slices.Concat(prose(2, 300_000), noise(3, 20_000))))
	text := prose(4, 40_000)
	goTree := goGzip(t, tree, gzip.DefaultCompression)
	zeros := goGzip(t, make([]byte, 20<<20), gzip.BestSpeed)
	within := func(name string, files []listed) []listed {
		files = slices.Clone(files)
		for i := range files {
			files[i].Within = name
		}
		return files
	}
	inTree := list(t, tree)
	opened := func(encodings ...string) []string { return encodings }
	tests := map[string]struct {
		blob   []byte
		files  []listed
		opened []string
	}{
		"layer":             {goTree, inTree, opened("go -6")},
		"layer, fast":       {goGzip(t, tree, 1), inTree, opened("go -1")},
		"layer, another":    {otherGzip(t, tree, 6), inTree, opened("klauspost -6")},
		"text":              {goGzip(t, text, 6), nil, opened("go -6")},
		"zeros":             {zeros, nil, opened("go -1")},
		"not enough of it":  {goTree[:400], nil, nil},
		"cut short":         {goTree[:len(goTree)-10_000], inTree, opened("go -6")},
		"without a trailer": {goTree[:len(goTree)-8], inTree, opened("go -6")},
		"in half a trailer": {goTree[:len(goTree)-3], inTree, opened("go -6")},
		"a wrong trailer":   {append(goTree[:len(goTree)-8:len(goTree)-8], "a trailer"...), inTree, opened("go -6")},
		"two members":       {slices.Concat(goTree, otherGzip(t, tree, 1)), slices.Concat(inTree, inTree), opened("go -6", "klauspost -1")},
		"bytes behind":      {slices.Concat(goTree, noise(7, 70_000)), inTree, opened("go -6")},
		"damaged":           {damaged(goTree, 60_000), inTree, opened("go -6")},
		"by nobody":         {stored(text), nil, nil},
		"in a tar":          {writeTar(t, file("a", text), file("b.tgz", goTree), file("c", text)), slices.Concat([]listed{{Name: "a", Content: string(text)}}, within("b.tgz", inTree), []listed{{Name: "c", Content: string(text)}}), opened("go -6")},
		"text in a tar":     {writeTar(t, file("a.gz", goGzip(t, text, 6))), []listed{{"a.gz", string(text), "a.gz"}}, opened("go -6")},
		"in a layer in a tar": {
			goGzip(t, writeTar(t, file("data", goGzip(t, writeTar(t, file("x", text), file("y.tgz", goTree)), 6))), 1),
			append(within("data", []listed{{Name: "x", Content: string(text)}}), within("data", inTree)...), opened("go -1", "go -6", "go -6"),
		},
		"by nobody in a tar": {writeTar(t, file("a.gz", stored(text))), []listed{{Name: "a.gz", Content: string(stored(text))}}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := checkRoundTrip(t, test.blob, recipe.Tar)
			if diff := cmp.Diff(test.files, b.listed(t)); diff != "" && name != "cut short" && name != "damaged" {
				t.Errorf("files (-want +got):\n%.2000s", diff)
			}
			var opened []string
			for _, s := range b.open(t).Streams {
				opened = append(opened, s.String())
			}
			if diff := cmp.Diff(test.opened, opened); diff != "" {
				t.Errorf("opened (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEncoders takes apart a stream of each encoder: they begin alike, and some go on like that for long.
func TestEncoders(t *testing.T) {
	last := codec.Pgzip1103
	if testing.Short() {
		last = codec.Zlib
	}
	content := slices.Concat(make([]byte, 100_000), prose(8, 900_000), noise(9, 70_000), prose(10, 300_000))
	for encoder := codec.GoFlate; encoder <= last; encoder++ {
		e := codec.Encoding{Encoder: encoder, Level: 5}
		if !e.Exists() {
			e.Level = 9
		}
		t.Run(e.String(), func(t *testing.T) {
			stream := deflated(t, e, content)
			header := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
			b := checkRoundTrip(t, slices.Concat(header, stream, make([]byte, 8)), recipe.Plain)
			streams := b.open(t).Streams
			if len(streams) != 1 || streams[0].Size != int64(len(stream)) {
				t.Errorf("opened %v, want a stream of %d bytes", streams, len(stream))
			}
		})
	}
}

// deflated is the stream that an encoder makes.
func deflated(tb testing.TB, e codec.Encoding, content []byte) []byte {
	tb.Helper()
	d, err := testCodec(tb).NewDeflater(tb.Context(), e)
	if err != nil {
		tb.Fatal(err)
	}
	var stream []byte
	for piece := range slices.Chunk(content, codec.MaxPiece) {
		made, err := d.Write(tb.Context(), piece, false)
		if err != nil {
			tb.Fatal(err)
		}
		stream = append(stream, made...)
	}
	made, err := d.Write(tb.Context(), nil, true)
	if err != nil {
		tb.Fatal(err)
	}
	return append(stream, made...)
}

// damaged is a file with another byte.
func damaged(file []byte, at int) []byte {
	file = bytes.Clone(file)
	file[at] ^= 0x55
	return file
}

// stored is a gzip file, in two blocks, that no known program makes.
func stored(content []byte) []byte {
	b := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	for i, part := range [][]byte{content[:1000], content[1000:]} {
		n := uint16(len(part))
		b = append(b, byte(i), byte(n), byte(n>>8), byte(^n), byte(^n>>8))
		b = append(b, part...)
	}
	sum := crc32.ChecksumIEEE(content)
	b = append(b, byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
	return append(b, byte(len(content)), byte(len(content)>>8), byte(len(content)>>16), 0)
}

// TestKeepGzip has gzip files stay as they are.
func TestKeepGzip(t *testing.T) {
	blob := goGzip(t, prose(1, 100_000), 6)
	var data []byte
	_, err := recipe.Build(t.Context(), testCodec(t), bytes.NewReader(blob), recipe.Options{Level: 1, KeepGzip: true}, io.Discard,
		func(_ codec.Chunk, p []byte, _ []recipe.File) error {
			data = append(data, p...)
			return nil
		})
	if err != nil || !bytes.HasSuffix(blob, data) || len(data) < len(blob)-512 {
		t.Errorf("Build gave %d bytes of data for %d (%v)", len(data), len(blob), err)
	}
}

// TestDamagedStreams changes every byte of a recipe with streams.
func TestDamagedStreams(t *testing.T) {
	inner := goGzip(t, writeTar(t, file("x", prose(5, 3000))), 6)
	blob := goGzip(t, writeTar(t, file("a.tgz", inner), file("b", prose(6, 20_000))), 1)
	b := build(t, bytes.NewReader(blob), recipe.Tar)
	if n := len(b.open(t).Streams); n != 2 {
		t.Fatalf("%d streams", n)
	}
	for i := range b.encoded {
		damaged := bytes.Clone(b.encoded)
		damaged[i] ^= 1 << (i % 8)
		got, err := use(t.Context(), testCodec(t), damaged, b.data)
		if err == nil && !bytes.Equal(got, blob) {
			t.Fatalf("changed at byte %d: another blob, and no error", i)
		}
		if err != nil && !errors.Is(err, codec.ErrDamaged) && !errors.Is(err, errAbsent) {
			t.Fatalf("changed at byte %d: error %v, want %v", i, err, codec.ErrDamaged)
		}
	}
}

// TestHostileStreams has recipes whose streams cannot be.
func TestHostileStreams(t *testing.T) {
	const huge = 1 << 62
	goFlate := []uint64{uint64(codec.GoFlate), 6}
	one := func(start, raw, size uint64, encoding ...uint64) []byte {
		return uvarints(append([]uint64{1, start, raw, size}, encoding...)...)
	}
	two := func(first, second [3]uint64) []byte {
		return uvarints(slices.Concat([]uint64{2}, first[:], goFlate, second[:], goFlate)...)
	}
	content := []byte(strings.Repeat("content ", 100))
	for name, streams := range map[string][]byte{
		"empty block":         uvarints(0, 0),
		"more than there are": uvarints(2, 0, 800, 20, 1, 6),
		"half of one":         uvarints(1, 0, 800),
		"bytes behind":        append(one(0, 800, 20, goFlate...), 0),
		"nothing inside":      one(0, 0, 20, goFlate...),
		"no such encoder":     one(0, 800, 20, 99, 6),
		"no such level":       one(0, 800, 20, 1, 77),
		"a huge step":         one(huge, 800, 20, goFlate...),
		"huge inside":         one(0, huge, 20, goFlate...),
		"huge":                one(0, 800, huge, goFlate...),
		"too much inside":     one(0, 40<<20, 1, goFlate...),
		"longer than is made": one(0, 800, 700, goFlate...),
		"behind the end":      one(1, 800, 20, goFlate...),
		"in part in another":  two([3]uint64{0, 400, 20}, [3]uint64{200, 400, 20}),
		"too deep":            uvarints(slices.Concat([]uint64{5}, slices.Repeat(slices.Concat([]uint64{0, 800, 800}, goFlate), 5))...),
	} {
		t.Run(name, func(t *testing.T) {
			sum := sha256.Sum256(content)
			encoded := encode(t, rawBlock{4, streams}, rawBlock{2, append(uvarints(1, 800, 0), content...)},
				rawBlock{block.KindEnd, append(uvarints(0, 20), sum[:]...)})
			if _, err := use(t.Context(), testCodec(t), encoded, nil); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("error %v, want %v", err, codec.ErrDamaged)
			}
		})
	}
}
