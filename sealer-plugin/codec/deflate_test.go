package codec_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	klauspost "github.com/klauspost/compress/flate"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

func sharedCodec(tb testing.TB) *codec.Codec {
	tb.Helper()
	c, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func newDeflater(tb testing.TB, c *codec.Codec, e codec.Encoding) *codec.Deflater {
	tb.Helper()
	d, err := c.NewDeflater(tb.Context(), e)
	if err != nil {
		tb.Fatalf("%v: %v", e, err)
	}
	return d
}

// write returns a copy of what d makes.
func write(tb testing.TB, d *codec.Deflater, p []byte, last bool) []byte {
	tb.Helper()
	made, err := d.Write(tb.Context(), p, last)
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Clone(made)
}

// deflate makes the stream of raw bytes in pieces of a size.
func deflate(tb testing.TB, c *codec.Codec, e codec.Encoding, raw []byte, piece int) []byte {
	tb.Helper()
	d := newDeflater(tb, c, e)
	var stream []byte
	for len(raw) > piece {
		stream = append(stream, write(tb, d, raw[:piece], false)...)
		raw = raw[piece:]
	}
	return append(stream, write(tb, d, raw, true)...)
}

// toDeflate are raw bytes of all sorts: none, few, such that encoders store, and such that they compress well and badly.
func toDeflate() map[string][]byte {
	return map[string][]byte{
		"nothing": nil,
		"a byte":  {7},
		"noise":   noise(100_000),
		"zeros":   make([]byte, 300_000),
		"text":    text(codec.MaxPiece + 50_000),
		"both":    append(noise(70_000), text(200_000)...),
	}
}

func TestDeflateLikeTheStandardLibrary(t *testing.T) {
	if minor := strings.TrimPrefix(runtime.Version(), "go1."); len(minor) < 2 || minor[:2] > "26" {
		t.Skip("compress/flate of", runtime.Version(), "is another encoder")
	}
	deflateLike(t, codec.GoFlate, func(w io.Writer, level int) (io.WriteCloser, error) {
		return flate.NewWriter(w, level)
	})
}

func TestDeflateLikeKlauspost(t *testing.T) {
	deflateLike(t, codec.Klauspost, func(w io.Writer, level int) (io.WriteCloser, error) {
		return klauspost.NewWriter(w, level)
	})
}

// deflateLike compares the streams of an encoder with those of the program itself, at levels 1 to 9.
func deflateLike(t *testing.T, e codec.Encoder, program func(io.Writer, int) (io.WriteCloser, error)) {
	c := sharedCodec(t)
	for name, raw := range toDeflate() {
		for level := 1; level <= 9; level++ {
			var want bytes.Buffer
			w, err := program(&want, level)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Write(raw)
			if err = errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			got := deflate(t, c, codec.Encoding{Encoder: e, Level: uint8(level)}, raw, codec.MaxPiece)
			if !bytes.Equal(got, want.Bytes()) {
				t.Errorf("%s at level %d: %d bytes that are not the %d of the program", name, level, len(got), want.Len())
			}
		}
	}
}

// encodings are all encoders, at the level that they take if they are not told one and at the least one.
func encodings() []codec.Encoding {
	return []codec.Encoding{
		{Encoder: codec.GoFlate, Level: 6}, {Encoder: codec.GoFlate, Level: 1},
		{Encoder: codec.Klauspost, Level: 5}, {Encoder: codec.Klauspost, Level: 1},
		{Encoder: codec.Pgzip, Level: 5}, {Encoder: codec.Pgzip, Level: 1},
		{Encoder: codec.Zlib, Level: 6}, {Encoder: codec.Zlib, Level: 1},
		{Encoder: codec.GNUGzip, Level: 6}, {Encoder: codec.GNUGzip, Level: 1},
		{Encoder: codec.Pigz, Level: 6}, {Encoder: codec.Pigz, Level: 1},
		{Encoder: codec.Klauspost2022, Level: 5}, {Encoder: codec.Klauspost2022, Level: 1},
		{Encoder: codec.Pgzip2022, Level: 5}, {Encoder: codec.Pgzip2022, Level: 1},
		{Encoder: codec.Klauspost115, Level: 5}, {Encoder: codec.Pgzip115, Level: 1},
		{Encoder: codec.Go127, Level: 9},
		{Encoder: codec.Klauspost1204, Level: 1}, {Encoder: codec.Pgzip1204, Level: 5},
		{Encoder: codec.Klauspost1143, Level: 1}, {Encoder: codec.Pgzip1143, Level: 5},
		{Encoder: codec.Klauspost114, Level: 1}, {Encoder: codec.Pgzip114, Level: 5},
		{Encoder: codec.Klauspost1123, Level: 1}, {Encoder: codec.Pgzip1123, Level: 5},
		{Encoder: codec.Klauspost1122, Level: 1}, {Encoder: codec.Pgzip1122, Level: 5},
		{Encoder: codec.Klauspost11113, Level: 1}, {Encoder: codec.Pgzip11113, Level: 5},
		{Encoder: codec.Klauspost1103, Level: 1}, {Encoder: codec.Pgzip1103, Level: 5},
	}
}

func TestDeflateInPieces(t *testing.T) {
	raw := append(text(300_000), noise(70_000)...)
	c := sharedCodec(t)
	for _, e := range encodings() {
		whole := deflate(t, c, e, raw, len(raw))
		back, err := io.ReadAll(flate.NewReader(bytes.NewReader(whole)))
		if err != nil || !bytes.Equal(back, raw) {
			t.Errorf("%v: the stream holds something else; error %v", e, err)
		}
		for _, piece := range []int{4096, 65_535, 1 << 17} {
			if !bytes.Equal(deflate(t, c, e, raw, piece), whole) {
				t.Errorf("%v: pieces of %d bytes make another stream", e, piece)
			}
		}
		d := newDeflater(t, c, e)
		if got := append(write(t, d, raw, false), write(t, d, nil, true)...); !bytes.Equal(got, whole) {
			t.Errorf("%v: an end without bytes makes another stream", e)
		}
	}
}

// TestDeflatersDoNotDisturbEachOther writes two streams in turn, which the same worker makes.
func TestDeflatersDoNotDisturbEachOther(t *testing.T) {
	const piece = 50_000
	one, two := text(4*piece), noise(4*piece)
	c := sharedCodec(t)
	for _, e := range encodings() {
		d1, d2 := newDeflater(t, c, e), newDeflater(t, c, codec.Encoding{Encoder: codec.Zlib, Level: 9})
		var got1, got2 []byte
		for at := 0; at < len(one); at += piece {
			last := at+piece == len(one)
			got1 = append(got1, write(t, d1, one[at:at+piece], last)...)
			got2 = append(got2, write(t, d2, two[at:at+piece], last)...)
		}
		if !bytes.Equal(got1, deflate(t, c, e, one, len(one))) {
			t.Errorf("%v: another stream between its pieces changes it", e)
		}
		if !bytes.Equal(got2, deflate(t, c, codec.Encoding{Encoder: codec.Zlib, Level: 9}, two, len(two))) {
			t.Errorf("%v: it changes another stream", e)
		}
	}
}

func TestEncodingsThatExist(t *testing.T) {
	c := sharedCodec(t)
	for encoder := range codec.Pgzip1103 + 2 {
		for level := range uint8(12) {
			e := codec.Encoding{Encoder: encoder, Level: level}
			_, err := c.NewDeflater(t.Context(), e)
			if isLevel := level >= 1 && level <= 9; e.Exists() && err != nil || isLevel && !e.Exists() && err == nil {
				t.Errorf("%v exists: %v; error %v", e, e.Exists(), err)
			}
		}
	}
}

func TestDeflateRefusesWhatThereIsNot(t *testing.T) {
	c, err := codec.New(t.Context(), codec.Options{CacheDir: cacheDir})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for _, e := range []codec.Encoding{
		{}, {Encoder: codec.Go127, Level: 1}, {Encoder: codec.Klauspost115, Level: 4}, {Encoder: 255, Level: 6}, {Encoder: codec.GoFlate, Level: 11},
		{Encoder: codec.Zlib}, {Encoder: codec.Pigz, Level: 10}, {Encoder: codec.Klauspost, Level: 255},
	} {
		if _, err := c.NewDeflater(t.Context(), e); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("%v: got error %v, want %v", e, err, codec.ErrDamaged)
		}
	}
	e := codec.Encoding{Encoder: codec.GoFlate, Level: 6}
	d := newDeflater(t, c, e)
	if _, err := d.Write(t.Context(), make([]byte, codec.MaxPiece+1), false); err == nil {
		t.Error("a piece that is too long was taken")
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write(t.Context(), nil, true); !errors.Is(err, codec.ErrClosed) {
		t.Errorf("closed: write: got error %v, want %v", err, codec.ErrClosed)
	}
	if _, err := c.NewDeflater(t.Context(), e); !errors.Is(err, codec.ErrClosed) {
		t.Errorf("closed: a new one: got error %v, want %v", err, codec.ErrClosed)
	}
}

func TestDeflaterIsOverAfterTheLastPiece(t *testing.T) {
	d := newDeflater(t, sharedCodec(t), codec.Encoding{Encoder: codec.GoFlate, Level: 6})
	write(t, d, text(1000), true)
	if made, err := d.Write(t.Context(), text(1000), true); err == nil {
		t.Errorf("a stream that is over went on with %d bytes", len(made))
	}
}
