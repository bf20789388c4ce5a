package block_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// walk reads only the headers of a stream.
func walk(tb testing.TB, r io.Reader) error {
	tb.Helper()
	in := block.NewReader(r, newCodec(tb))
	for {
		if _, err := in.Header(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestTruncationAtEveryByte(t *testing.T) {
	stream := encode(t, sample)
	for n := range stream {
		cut := stream[:n]
		if _, err := decode(t, bytes.NewReader(cut)); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("%d of %d bytes: reading gives error %v", n, len(stream), err)
		}
		if err := walk(t, bytes.NewReader(cut)); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("%d of %d bytes: skipping by seeking gives error %v", n, len(stream), err)
		}
		if err := walk(t, iotest.OneByteReader(bytes.NewReader(cut))); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("%d of %d bytes: skipping by reading gives error %v", n, len(stream), err)
		}
	}
}

func TestDamagedStreams(t *testing.T) {
	stream := encode(t, sample)
	only := encode(t, []content{{block.KindEnd, "end"}})
	edit := func(offset int, bytes ...byte) []byte {
		b := slices.Clone(stream)
		copy(b[offset:], bytes)
		return b
	}
	number := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
	noise := make([]byte, 1000)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	tests := map[string][]byte{
		"garbage":                   noise,
		"zeros":                     make([]byte, 1000),
		"a byte behind the end":     append(slices.Clone(stream), 0),
		"a stream behind the end":   append(slices.Clone(stream), stream...),
		"end block in the midst":    append(slices.Clone(only), stream...),
		"other magic number":        edit(0, 0x5e),
		"other header length":       edit(4, 13),
		"other signature":           edit(8, 'X'),
		"other version":             edit(10, 2),
		"no compressed bytes":       edit(12, number(0)...),
		"compressed beyond limit":   edit(12, number(codec.MaxCompressedFrame+1)...),
		"compressed 4 GiB":          edit(12, number(0xffffffff)...),
		"no raw bytes":              edit(16, number(0)...),
		"raw beyond limit":          edit(16, number(codec.MaxFrame+1)...),
		"raw 4 GiB":                 edit(16, number(0xffffffff)...),
		"raw one more":              edit(16, number(6)...),
		"raw one less":              edit(16, number(4)...),
		"compressed longer by one":  edit(12, stream[12]+1),
		"compressed shorter by one": edit(12, stream[12]-1),
		"no zstd frame behind it":   edit(20, 0, 0, 0, 0),
		"a skippable frame in it":   edit(20, 0x5d, 0x2a, 0x4d, 0x18, 1, 0, 0, 0),
		"a header twice":            append(slices.Clone(stream[:20]), stream...),
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := decode(t, bytes.NewReader(b)); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("got %d blocks and error %v, want ErrDamaged", len(got), err)
			}
		})
	}
}

func TestErrorsStay(t *testing.T) {
	in := block.NewReader(bytes.NewReader(nil), newCodec(t))
	_, _, first := in.Next(t.Context())
	_, headerErr := in.Header()
	_, rawErr := in.Raw(t.Context())
	if first == nil || !errors.Is(headerErr, first) || !errors.Is(rawErr, first) {
		t.Errorf("got errors %v, %v, %v, want the first one each time", first, headerErr, rawErr)
	}
}

func TestReaderPassesOnErrorsFromBelow(t *testing.T) {
	below := errors.New("connection reset")
	stream := encode(t, sample)
	for n := range stream {
		r := io.MultiReader(bytes.NewReader(stream[:n]), iotest.ErrReader(below))
		_, err := decode(t, r)
		if !errors.Is(err, below) || errors.Is(err, codec.ErrDamaged) {
			t.Errorf("after %d bytes: got error %v, want %v", n, err, below)
		}
	}
	_, err := decode(t, io.MultiReader(bytes.NewReader(stream), iotest.ErrReader(below)))
	if !errors.Is(err, below) {
		t.Errorf("behind the stream: got error %v, want %v", err, below)
	}
}

func TestCancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := block.NewReader(bytes.NewReader(encode(t, sample)), newCodec(t))
	if _, _, err := in.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("next: got error %v", err)
	}
	var out bytes.Buffer
	w := block.NewWriter(&out, newCodec(t), codec.DefaultLevel)
	if err := w.Write(ctx, 1, []byte("raw")); !errors.Is(err, context.Canceled) || out.Len() > 0 {
		t.Errorf("write: got error %v, %d bytes written", err, out.Len())
	}
}

func TestWriterRefuses(t *testing.T) {
	var out bytes.Buffer
	w := block.NewWriter(&out, newCodec(t), codec.DefaultLevel)
	if err := w.Write(t.Context(), block.KindEnd, []byte("raw")); err == nil {
		t.Error("a block of kind 0: no error")
	}
	for _, n := range []int{0, codec.MaxFrame + 1} {
		if err := w.Write(t.Context(), 1, make([]byte, n)); err == nil {
			t.Errorf("a block of %d bytes: no error", n)
		}
		if err := w.Close(t.Context(), make([]byte, n)); err == nil {
			t.Errorf("an end block of %d bytes: no error", n)
		}
	}
	if out.Len() > 0 {
		t.Errorf("refused blocks left %d bytes", out.Len())
	}
	if err := w.Close(t.Context(), []byte("end")); err != nil {
		t.Fatal(err)
	}
	if w.Write(t.Context(), 1, []byte("raw")) == nil || w.Close(t.Context(), []byte("end")) == nil {
		t.Error("writing behind the end block: no error")
	}
	if err := w.Close(t.Context(), []byte("end")); err == nil {
		t.Error("a second end block: no error")
	}
	if err := block.NewWriter(&out, newCodec(t), codec.MaxLevel+1).Write(t.Context(), 1, []byte("raw")); err == nil {
		t.Error("a level outside the limits: no error")
	}
}

func TestWriterPassesOnErrorsFromBelow(t *testing.T) {
	full := errors.New("no space left on device")
	for n := range 40 {
		w := block.NewWriter(&limited{n: n, err: full}, newCodec(t), codec.DefaultLevel)
		first := errors.Join(w.Write(t.Context(), 1, []byte("some raw bytes")), w.Close(t.Context(), []byte("end")))
		if !errors.Is(first, full) {
			t.Errorf("after %d bytes: got error %v, want %v", n, first, full)
		}
		if err := w.Write(t.Context(), 1, []byte("more")); !errors.Is(err, full) {
			t.Errorf("after %d bytes: the next write gives error %v, want the same", n, err)
		}
	}
}

// limited takes n bytes and then fails.
type limited struct {
	n   int
	err error
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.n)
	l.n -= n
	if n < len(p) {
		return n, l.err
	}
	return n, nil
}

// FuzzReader reads arbitrary bytes: what cannot be read is damaged. What can be read can also be gone through by its
// headers, and written again as a stream with the same blocks.
func FuzzReader(f *testing.F) {
	f.Add(encode(f, sample))
	f.Add(encode(f, sample[len(sample)-1:]))
	f.Add(encode(f, sample)[:60])
	f.Add([]byte("\x5d\x2a\x4d\x18\x0c\x00\x00\x00SB\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		blocks, err := decode(t, bytes.NewReader(stream))
		if err != nil {
			if !errors.Is(err, codec.ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		if err := walk(t, bytes.NewReader(stream)); err != nil {
			t.Errorf("the headers of a good stream give error %v", err)
		}
		again, err := decode(t, bytes.NewReader(encode(t, blocks)))
		if err != nil || !slices.Equal(blocks, again) {
			t.Errorf("written again, other blocks come back (error %v)", err)
		}
	})
}
