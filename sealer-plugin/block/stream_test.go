package block_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

var shared = sync.OnceValues(func() (*codec.Codec, error) {
	return codec.New(context.Background(), codec.Options{})
})

func newCodec(tb testing.TB) *codec.Codec {
	tb.Helper()
	c, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// content is a block as a caller sees it.
type content struct {
	Kind uint8
	Raw  string
}

// sample is a stream with blocks of several sizes and kinds.
var sample = []content{
	{1, "first"},
	{2, "x"},
	{255, string(bytes.Repeat([]byte("many bytes "), 1000))},
	{1, "again"},
	{block.KindEnd, "the end"},
}

func encode(tb testing.TB, blocks []content) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := block.NewWriter(&out, newCodec(tb), codec.DefaultLevel)
	for _, b := range blocks {
		var err error
		if b.Kind == block.KindEnd {
			err = w.Close(tb.Context(), []byte(b.Raw))
		} else {
			err = w.Write(tb.Context(), b.Kind, []byte(b.Raw))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	return out.Bytes()
}

// decode reads a whole stream.
func decode(tb testing.TB, r io.Reader) ([]content, error) {
	tb.Helper()
	var blocks []content
	in := block.NewReader(r, newCodec(tb))
	for {
		kind, raw, err := in.Next(tb.Context())
		if errors.Is(err, io.EOF) {
			return blocks, nil
		}
		if err != nil {
			return blocks, err
		}
		blocks = append(blocks, content{kind, string(raw)})
	}
}

func TestRoundTrip(t *testing.T) {
	noise := make([]byte, codec.MaxFrame)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	largest := []content{{7, string(noise)}, {8, string(make([]byte, codec.MaxFrame))}, {block.KindEnd, string(noise)}}
	tests := map[string][]content{
		"several blocks": sample,
		"only an end":    sample[len(sample)-1:],
		"largest blocks": largest,
	}
	for name, blocks := range tests {
		t.Run(name, func(t *testing.T) {
			stream := encode(t, blocks)
			readers := map[string]io.Reader{
				"at once":      bytes.NewReader(stream),
				"in halves":    iotest.HalfReader(bytes.NewReader(stream)),
				"EOF and data": iotest.DataErrReader(bytes.NewReader(stream)),
			}
			for name, r := range readers {
				got, err := decode(t, r)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if !cmp.Equal(blocks, got) {
					t.Errorf("%s: other blocks come back", name)
				}
			}
		})
	}
}

// TestStreamIsZstd reads a stream with another zstd implementation, which passes over the headers.
func TestStreamIsZstd(t *testing.T) {
	decoder, err := zstd.NewReader(bytes.NewReader(encode(t, sample)))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	got, err := io.ReadAll(decoder)
	if err != nil {
		t.Fatal(err)
	}
	var want string
	for _, b := range sample {
		want += b.Raw
	}
	if string(got) != want {
		t.Errorf("zstd shows %d bytes that are not the blocks' %d", len(got), len(want))
	}
}

func TestHeaderBytes(t *testing.T) {
	stream := encode(t, []content{{0x42, "raw"}, {block.KindEnd, "end"}})
	want := []byte("\x5d\x2a\x4d\x18\x0c\x00\x00\x00SB\x01\x42\x0c\x00\x00\x00\x03\x00\x00\x00")
	if diff := cmp.Diff(want, stream[:len(want)]); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestSkippingContent(t *testing.T) {
	stream := encode(t, sample)
	readers := map[string]io.Reader{
		"seeking":        bytes.NewReader(stream),
		"reading":        io.MultiReader(bytes.NewReader(stream)),
		"seeking denied": pipe{bytes.NewReader(stream)},
	}
	for name, r := range readers {
		t.Run(name, func(t *testing.T) {
			in := block.NewReader(r, newCodec(t))
			var got []content
			for {
				h, err := in.Header()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if h.Kind != 1 {
					continue
				}
				raw, err := in.Raw(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if len(raw) != h.Raw {
					t.Errorf("%d bytes, the header says %d", len(raw), h.Raw)
				}
				got = append(got, content{h.Kind, string(raw)})
			}
			if diff := cmp.Diff([]content{{1, "first"}, {1, "again"}}, got); diff != "" {
				t.Errorf("blocks of kind 1 (-want +got):\n%s", diff)
			}
		})
	}
}

// pipe has a Seek method that does not work, like an os.File that is a pipe.
type pipe struct{ io.Reader }

func (pipe) Seek(int64, int) (int64, error) { return 0, errors.New("illegal seek") }

// TestSeekingDoesNotRead counts what is read of a stream whose long block is skipped.
func TestSeekingDoesNotRead(t *testing.T) {
	noise := make([]byte, codec.FrameTarget)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	stream := encode(t, []content{{2, string(noise)}, {block.KindEnd, "end"}})
	r := &counter{ReadSeeker: bytes.NewReader(stream)}
	in := block.NewReader(r, newCodec(t))
	for {
		if _, err := in.Header(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if r.n > 100 {
		t.Errorf("%d of %d bytes were read", r.n, len(stream))
	}
}

type counter struct {
	io.ReadSeeker
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.ReadSeeker.Read(p)
	c.n += n
	return n, err
}

func TestRawTwice(t *testing.T) {
	in := block.NewReader(bytes.NewReader(encode(t, sample)), newCodec(t))
	if _, err := in.Raw(t.Context()); err == nil {
		t.Fatal("content before the first header: no error")
	}
	if _, err := in.Header(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		raw, err := in.Raw(t.Context())
		if err != nil || string(raw) != "first" {
			t.Errorf("got %q and error %v", raw, err)
		}
	}
}
