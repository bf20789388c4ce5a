package recipe_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// goZstd is the frame that klauspost's encoder makes.
func goZstd(tb testing.TB, content []byte, opts ...zstd.EOption) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, opts...)
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

// TestZstd takes apart zstd files, alone and in tars, and looks at what of them is opened.
func TestZstd(t *testing.T) {
	const made = "klauspost zstd 1.20 -3"
	long := slices.Concat(prose(2, 1_000_000), noise(3, 200_000), make([]byte, 300_000))
	tree := writeTar(t, file("etc/motd", prose(1, 3000)), file("usr/bin/tool", long))
	text := prose(4, 40_000)
	inTree := list(t, tree)
	inFile := slices.Clone(inTree)
	for i := range inFile {
		inFile[i].Within = "b.tar.zst"
	}
	frame := goZstd(t, tree)
	skippable := []byte("\x50\x2a\x4d\x18\x04\x00\x00\x00skip")
	opened := func(encodings ...string) []string { return encodings }
	tests := map[string]struct {
		blob   []byte
		files  []listed
		opened []string
	}{
		"layer":                   {frame, inTree, opened(made)},
		"layer, in one goroutine": {goZstd(t, tree, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true)), inTree, opened(made)},
		"one block":               {goZstd(t, text), nil, opened("klauspost zstd -3")},
		"whole blocks":            {goZstd(t, long[:256<<10]), nil, opened("klauspost zstd -3")},
		"zeros":                   {goZstd(t, make([]byte, 20<<20)), nil, opened("klauspost zstd -3")},
		"damaged, cut short":      {frame[:len(frame)-10_000], inTree, opened(made)},
		"in half a checksum":      {frame[:len(frame)-2], inTree, opened(made)},
		"a wrong checksum":        {damaged(frame, len(frame)-1), inTree, opened(made)},
		"damaged":                 {damaged(frame, 300_000), inTree, opened(made)},
		"two frames":              {slices.Concat(frame, goZstd(t, tree)), slices.Concat(inTree, inTree), opened(made, made)},
		"skippable behind":        {slices.Concat(frame, skippable), inTree, opened(made)},
		"skippable before":        {slices.Concat(skippable, frame), nil, nil},
		"another level":           {goZstd(t, tree, zstd.WithEncoderLevel(zstd.SpeedBestCompression)), nil, nil},
		"another window":          {goZstd(t, tree, zstd.WithWindowSize(32<<20)), nil, nil},
		"no checksum":             {goZstd(t, tree, zstd.WithEncoderCRC(false)), nil, nil},
		"in a tar":                {writeTar(t, file("a", text), file("b.tar.zst", frame)), slices.Concat([]listed{{Name: "a", Content: string(text)}}, inFile), opened(made)},
		"in gzip in a tar":        {writeTar(t, file("b.tar.zst", goGzip(t, frame, 1))), inFile, opened("go -1", made)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := checkRoundTrip(t, test.blob, recipe.Tar)
			if diff := cmp.Diff(test.files, b.listed(t)); diff != "" && !strings.HasPrefix(name, "damaged") {
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

// TestFrameHeaders has headers of all kinds in front of a frame: nothing that they say does harm.
func TestFrameHeaders(t *testing.T) {
	frame := goZstd(t, prose(1, 20_000))
	for descriptor := range 256 {
		blob := bytes.Clone(frame)
		blob[4] = byte(descriptor)
		checkRoundTrip(t, blob, recipe.Tar)
	}
}
