package pack_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
)

// frame is a zstd frame that holds raw, which is shorter than 256 bytes, uncompressed.
func frame(raw string) []byte {
	b := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, byte(len(raw))}
	b = append(b, byte(len(raw)<<3|1), byte(len(raw)>>5), 0)
	return append(b, raw...)
}

// chunk is a chunk of size bytes; its ID is made up.
func chunk(id byte, size uint32) codec.Chunk {
	c := codec.Chunk{Size: size}
	for i := range c.ID {
		c.ID[i] = id
	}
	return c
}

// tiny writes a pack of two frames.
func tiny(tb testing.TB) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := pack.NewWriter(&b)
	add(tb, w, frame("one two"), chunk(1, 4), chunk(2, 3))
	add(tb, w, frame("three"), chunk(3, 5))
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func add(tb testing.TB, w *pack.Writer, frame []byte, chunks ...codec.Chunk) {
	tb.Helper()
	if err := w.AddFrame(frame, chunks); err != nil {
		tb.Fatal(err)
	}
}

// TestGolden holds the bytes of a pack as docs/format.md defines them.
func TestGolden(t *testing.T) {
	id := func(c string) string { return strings.Repeat(c, 32) }
	want := strings.Join([]string{
		"28b52ffd 20 07 390000 6f6e652074776f", // first frame: "one two"
		"28b52ffd 20 05 290000 7468726565",     // second frame: "three"
		"5e2a4d18 70000000",                    // skippable frame of 112 bytes
		"02",                                   // two frames:
		"10 02 04", id("01"), "03", id("02"),   // 16 bytes, two chunks
		"0e 01 05", id("03"), // 14 bytes, one chunk
		"68000000", // 104 bytes of entries
		"534c5031", // "SLP1"
	}, "")
	if got := hex.EncodeToString(tiny(t)); got != strings.ReplaceAll(want, " ", "") {
		t.Errorf("pack:\n%s\nwant:\n%s", got, want)
	}
}

func TestReadIndex(t *testing.T) {
	b := tiny(t)
	frames, err := pack.ReadIndex(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	want := []pack.Frame{
		{Offset: 0, Size: 16, Chunks: []codec.Chunk{chunk(1, 4), chunk(2, 3)}},
		{Offset: 16, Size: 14, Chunks: []codec.Chunk{chunk(3, 5)}},
	}
	if diff := cmp.Diff(want, frames); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
	if got := frames[0].Raw(); got != 7 {
		t.Errorf("first frame of %d raw bytes, want 7", got)
	}
}

// TestZstd checks that a pack is a zstd stream that gives its chunks to anyone.
func TestZstd(t *testing.T) {
	r, err := zstd.NewReader(bytes.NewReader(tiny(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "one twothree" {
		t.Errorf("zstd gives %q, error %v", got, err)
	}
}

func TestWriterSize(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 300} {
		var b bytes.Buffer
		w := pack.NewWriter(&b)
		for range n {
			add(t, w, frame("abc"), chunk(1, 1), chunk(2, 2))
		}
		want := w.Size()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if int64(b.Len()) != want {
			t.Errorf("%d frames: announced %d bytes, wrote %d", n, want, b.Len())
		}
		frames, err := pack.ReadIndex(bytes.NewReader(b.Bytes()), want)
		if err != nil || len(frames) != n {
			t.Errorf("%d frames: read %d, error %v", n, len(frames), err)
		}
	}
}

// TestWriterRefuses has frames that no pack may hold. They leave no trace in it.
func TestWriterRefuses(t *testing.T) {
	one, many := []codec.Chunk{chunk(1, 1)}, make([]codec.Chunk, 9)
	for i := range many {
		many[i] = chunk(byte(i), codec.MaxChunk)
	}
	for name, test := range map[string]struct {
		frame  []byte
		chunks []codec.Chunk
	}{
		"empty frame":     {nil, one},
		"frame too long":  {make([]byte, codec.MaxCompressedFrame+1), one},
		"no chunks":       {frame("a"), nil},
		"empty chunk":     {frame("a"), []codec.Chunk{chunk(1, 1), chunk(2, 0)}},
		"chunk too long":  {frame("a"), []codec.Chunk{chunk(1, codec.MaxChunk+1)}},
		"chunks too long": {frame("a"), many},
	} {
		t.Run(name, func(t *testing.T) {
			var got, want bytes.Buffer
			w, other := pack.NewWriter(&got), pack.NewWriter(&want)
			add(t, w, frame("a"), one...)
			add(t, other, frame("a"), one...)
			if err := w.AddFrame(test.frame, test.chunks); err == nil {
				t.Error("no error")
			}
			if err := errors.Join(w.Close(), other.Close()); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Error("the frame left a trace in the pack")
			}
		})
	}
}

func TestWriterFull(t *testing.T) {
	var written int64
	w := pack.NewWriter(writerFunc(func(p []byte) (int, error) {
		written += int64(len(p))
		return len(p), nil
	}))
	big := make([]byte, codec.MaxCompressedFrame)
	var err error
	for err == nil {
		err = w.AddFrame(big, []codec.Chunk{chunk(1, 1)})
	}
	for err = nil; err == nil; { // there is room for a small one
		err = w.AddFrame(big[:10_000], []codec.Chunk{chunk(1, 1)})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if written > pack.MaxSize || written < pack.MaxSize-11_000 {
		t.Errorf("a full pack is %d bytes long, the limit is %d", written, pack.MaxSize)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestWriterFails(t *testing.T) {
	full := errors.New("disk full")
	w := pack.NewWriter(writerFunc(func([]byte) (int, error) { return 0, full }))
	for range 2 {
		if err := w.AddFrame(frame("a"), []codec.Chunk{chunk(1, 1)}); !errors.Is(err, full) {
			t.Errorf("AddFrame: error %v, want %v", err, full)
		}
	}
	if err := w.Close(); !errors.Is(err, full) {
		t.Errorf("Close: error %v, want %v", err, full)
	}
}

func TestWriterClosed(t *testing.T) {
	w := pack.NewWriter(io.Discard)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.AddFrame(frame("a"), []codec.Chunk{chunk(1, 1)}) == nil || w.Close() == nil {
		t.Error("a closed pack can be written to")
	}
}

// indexed is a pack of so many bytes of frames and the given entries.
func indexed(frames int, entries ...[]byte) []byte {
	all := bytes.Join(entries, nil)
	b := make([]byte, frames)
	b = binary.LittleEndian.AppendUint32(b, 0x184D2A5E)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(all)+8))
	b = append(b, all...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(all)))
	return append(b, "SLP1"...)
}

func uvarints(values ...uint64) []byte {
	var b []byte
	for _, v := range values {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

func TestReadIndexDamaged(t *testing.T) {
	id := make([]byte, 32)
	good := indexed(10, uvarints(1, 10, 1, 5), id)
	if _, err := pack.ReadIndex(bytes.NewReader(good), int64(len(good))); err != nil {
		t.Fatalf("the pack from which the others differ: %v", err)
	}
	changed := func(from int, b ...byte) []byte {
		p := bytes.Clone(good)
		copy(p[len(p)+from:], b)
		return p
	}
	nine := bytes.Repeat(append(uvarints(codec.MaxChunk), id...), 9)
	for name, b := range map[string][]byte{
		"nothing":                nil,
		"other magic at the end": changed(-1, '2'),
		"longer entries":         changed(-8, 37),
		"shorter entries":        changed(-8, 35),
		"entries of 4 GiB":       changed(-8, 0xff, 0xff, 0xff, 0xff),
		"no skippable frame":     changed(-8-36-8, 0),
		"other skippable frame":  changed(-8-36-4, 43),
		"gap behind the frames":  indexed(11, uvarints(1, 10, 1, 5), id),
		"frames too long":        indexed(9, uvarints(1, 10, 1, 5), id),
		"no number of frames":    indexed(10),
		"endless integer":        indexed(10, bytes.Repeat([]byte{0xff}, 50)),
		"fewer frames":           indexed(10, uvarints(0, 10, 1, 5), id),
		"more frames":            indexed(10, uvarints(2, 10, 1, 5), id),
		"2^64-1 frames":          indexed(10, uvarints(1<<64-1, 10, 1, 5), id),
		"frame of no bytes":      indexed(0, uvarints(1, 0, 1, 5), id),
		"frame too long":         indexed(3<<20, uvarints(1, 3<<20, 1, 5), id),
		"frame of 16 EiB":        indexed(10, uvarints(1, 1<<64-1, 1, 5), id),
		"no chunks":              indexed(10, uvarints(1, 10, 0, 5), id),
		"more chunks":            indexed(10, uvarints(1, 10, 2, 5), id),
		"2^64-1 chunks":          indexed(10, uvarints(1, 10, 1<<64-1, 5), id),
		"chunk of no bytes":      indexed(10, uvarints(1, 10, 1, 0), id),
		"chunk too long":         indexed(10, uvarints(1, 10, 1, codec.MaxChunk+1), id),
		"chunk of 16 EiB":        indexed(10, uvarints(1, 10, 1, 1<<64-1), id),
		"frame too long, raw":    indexed(10, uvarints(1, 10, 9), nine),
		"ID cut short":           indexed(10, uvarints(1, 10, 1, 5), id[:31]),
		"more behind":            indexed(10, uvarints(1, 10, 1, 5), id, []byte{0}),
		"too long":               append(make([]byte, pack.MaxSize), good...),
	} {
		t.Run(name, func(t *testing.T) {
			if frames, err := pack.ReadIndex(bytes.NewReader(b), int64(len(b))); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("error %v, want %v; frames: %v", err, codec.ErrDamaged, frames)
			}
		})
	}
	for n := range good {
		if _, err := pack.ReadIndex(bytes.NewReader(good[:n]), int64(n)); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("cut at byte %d: error %v, want %v", n, err, codec.ErrDamaged)
		}
		if _, err := pack.ReadIndex(bytes.NewReader(good[:n]), int64(len(good))); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("cut at byte %d, but called longer: error %v, want %v", n, err, codec.ErrDamaged)
		}
	}
}

func TestReadIndexFails(t *testing.T) {
	broken := errors.New("broken")
	r := readerAtFunc(func([]byte, int64) (int, error) { return 0, broken })
	if _, err := pack.ReadIndex(r, 1000); !errors.Is(err, broken) || errors.Is(err, codec.ErrDamaged) {
		t.Errorf("error %v, want %v alone", err, broken)
	}
}

type readerAtFunc func([]byte, int64) (int, error)

func (f readerAtFunc) ReadAt(p []byte, offset int64) (int, error) { return f(p, offset) }

// FuzzReadIndex takes anything for the entries of a pack.
func FuzzReadIndex(f *testing.F) {
	id := make([]byte, 32)
	f.Add(uint16(0), []byte{0})
	f.Add(uint16(10), slices.Concat(uvarints(1, 10, 1, 5), id))
	f.Add(uint16(30), slices.Concat(uvarints(2, 10, 2, 5), id, uvarints(6), id, uvarints(20, 1, 7), id))
	f.Fuzz(func(t *testing.T, length uint16, entries []byte) {
		b := indexed(int(length), entries)
		frames, err := pack.ReadIndex(bytes.NewReader(b), int64(len(b)))
		if err != nil && !errors.Is(err, codec.ErrDamaged) {
			t.Fatal(err)
		}
		var end int64
		for i, f := range frames {
			if f.Offset != end || f.Raw() < 1 || f.Raw() > codec.MaxFrame {
				t.Fatalf("frame %d: %d bytes, raw %d, at %d after %d", i, f.Size, f.Raw(), f.Offset, end)
			}
			end += int64(f.Size)
		}
		if err == nil && end != int64(length) {
			t.Fatalf("frames end at %d, not %d", end, length)
		}
	})
}
