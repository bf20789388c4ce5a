package codec_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

func TestFramesRoundTrip(t *testing.T) {
	w := newWorker(t)
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	sizes := []int{1, 2, 255, 256, 257, 65535, 65536, 65537, codec.FrameTarget, codec.MaxFrame - 1, codec.MaxFrame}
	inputs := map[string][]byte{
		"noise": noise(codec.MaxFrame),
		"text":  text(codec.MaxFrame),
		"zeros": make([]byte, codec.MaxFrame),
	}
	for name, input := range inputs {
		for _, n := range sizes {
			for _, level := range []int{codec.MinLevel, codec.DefaultLevel} {
				t.Run(fmt.Sprintf("%s/%d/%d", name, n, level), func(t *testing.T) {
					testRoundTrip(t, w, decoder, input[:n], level)
				})
			}
		}
	}
	for _, level := range []int{9, codec.MaxLevel} {
		t.Run(fmt.Sprintf("strong/%d", level), func(t *testing.T) {
			testRoundTrip(t, w, decoder, inputs["noise"], level)
			testRoundTrip(t, w, decoder, inputs["text"][:codec.MaxFrame/4], level)
		})
	}
}

func testRoundTrip(t *testing.T, w *codec.Worker, decoder *zstd.Decoder, raw []byte, level int) {
	frame := compress(t, w, raw, level)
	if len(frame) > codec.MaxCompressedFrame {
		t.Errorf("the frame has %d bytes, more than the format allows", len(frame))
	}
	var header zstd.Header
	if err := header.Decode(frame); err != nil {
		t.Fatal(err)
	}
	if !header.HasFCS || header.FrameContentSize != uint64(len(raw)) || header.HasCheckSum || header.DictionaryID != 0 {
		t.Errorf("frame header %+v: want the content size %d and nothing else", header, len(raw))
	}
	other, err := decoder.DecodeAll(frame, nil)
	if err != nil || !bytes.Equal(other, raw) {
		t.Errorf("another decoder reads something else (error %v)", err)
	}
	got, err := restore(t, w, frame, len(raw), extentsOf(split(t, w, raw)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, raw) {
		t.Error("restore gives other bytes")
	}
}

// extentsOf places chunks back to back.
func extentsOf(chunks []codec.Chunk) []codec.Extent {
	var extents []codec.Extent
	offset := uint32(0)
	for _, c := range chunks {
		extents = append(extents, codec.Extent{Chunk: c, Offset: offset})
		offset += c.Size
	}
	return extents
}

func TestRestoreReadsOtherEncoders(t *testing.T) {
	w := newWorker(t)
	for _, level := range []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedDefault} {
		for _, checksum := range []bool{false, true} {
			encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderCRC(checksum))
			if err != nil {
				t.Fatal(err)
			}
			raw := text(codec.MaxChunk)
			got, err := restore(t, w, encoder.EncodeAll(raw, nil), len(raw), nil)
			if err != nil || !bytes.Equal(got, raw) {
				t.Errorf("level %v, checksum %v: restore gives other bytes (error %v)", level, checksum, err)
			}
		}
	}
}

// TestFramesDependOnInputAndLevelOnly compresses bytes with a new worker and with one that has done other work.
func TestFramesDependOnInputAndLevelOnly(t *testing.T) {
	c, err := codec.New(t.Context(), codec.Options{CacheDir: cacheDir})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	used, err := c.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer used.Release()
	raw := text(200_000)
	for _, level := range []int{1, 3, 6, 9, 12, 15} {
		compress(t, used, noise(codec.AvgChunk), 13)
		compress(t, used, text(codec.MaxChunk), level)
		fresh, err := c.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(compress(t, used, raw, level), compress(t, fresh, raw, level)) {
			t.Errorf("level %d: the frame depends on what was compressed before", level)
		}
		fresh.Release()
	}
}

func TestCompressRefusesWhatNoFrameHolds(t *testing.T) {
	w := newWorker(t)
	for _, n := range []int{-1, 0, codec.MaxFrame + 1, codec.BufferSize + 1} {
		if _, err := w.Compress(t.Context(), n, codec.DefaultLevel); err == nil {
			t.Errorf("compress %d bytes: no error", n)
		}
	}
	for _, level := range []int{-1, 0, codec.MaxLevel + 1, 1 << 40} {
		if _, err := w.Compress(t.Context(), 1, level); err == nil {
			t.Errorf("compress at level %d: no error", level)
		}
	}
	compress(t, w, []byte("data"), codec.DefaultLevel)
}

func TestRestoreNamesTheWrongChunk(t *testing.T) {
	w := newWorker(t)
	raw := noise(codec.FrameTarget)
	frame := compress(t, w, raw, codec.DefaultLevel)
	extents := extentsOf(split(t, w, raw))
	for _, k := range []int{0, len(extents) / 2, len(extents) - 1} {
		wrong := slices.Clone(extents)
		wrong[k].ID[31] ^= 1
		_, err := restore(t, w, frame, len(raw), wrong)
		var mismatch *codec.MismatchError
		if !errors.As(err, &mismatch) || !errors.Is(err, codec.ErrDamaged) {
			t.Fatalf("got error %v, want a *MismatchError that is ErrDamaged", err)
		}
		if mismatch.Index != k || mismatch.Chunk != wrong[k].Chunk {
			t.Errorf("the error names chunk %d %v, want %d %v", mismatch.Index, mismatch.Chunk, k, wrong[k].Chunk)
		}
	}
	if _, err := restore(t, w, frame, len(raw), extents); err != nil {
		t.Errorf("afterwards the worker fails: %v", err)
	}
}

func TestRestoreChecksSomeOrManyExtents(t *testing.T) {
	w := newWorker(t)
	raw := bytes.Repeat([]byte{'a'}, codec.MaxFrame)
	frame := compress(t, w, raw, codec.DefaultLevel)
	one := split(t, w, raw[:1])[0]

	gaps := []codec.Extent{{Chunk: one, Offset: 5}, {Chunk: one, Offset: codec.MaxFrame - 1}, {Chunk: one, Offset: 5}}
	if _, err := restore(t, w, frame, len(raw), gaps); err != nil {
		t.Errorf("extents with gaps: %v", err)
	}
	// More than fit the module's memory at once.
	many := make([]codec.Extent, 200_000)
	for i := range many {
		many[i] = codec.Extent{Chunk: one, Offset: uint32(i)}
	}
	if got, err := restore(t, w, frame, len(raw), many); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("%d extents: restore gives other bytes (error %v)", len(many), err)
	}
	wrong := len(many) - 1
	many[wrong].ID[0] ^= 1
	var mismatch *codec.MismatchError
	if _, err := restore(t, w, frame, len(raw), many); !errors.As(err, &mismatch) || mismatch.Index != wrong {
		t.Errorf("got error %v, want a *MismatchError of chunk %d", err, wrong)
	}
}

func TestRestoreRefusesDamage(t *testing.T) {
	w := newWorker(t)
	raw := text(100_000)
	frame := compress(t, w, raw, codec.DefaultLevel)
	extents := extentsOf(split(t, w, raw))
	first := extents[0]
	at := func(offset, size uint32) []codec.Extent {
		return []codec.Extent{{Chunk: codec.Chunk{ID: first.ID, Size: size}, Offset: offset}}
	}
	withContentSize := func(n uint32) []byte {
		b := slices.Clone(frame)
		if stated := binary.LittleEndian.Uint32(b[5:]); stated != uint32(len(raw)) {
			t.Fatalf("the frame states the content size elsewhere, here is %d", stated)
		}
		binary.LittleEndian.PutUint32(b[5:], n)
		return b
	}
	tests := []struct {
		name    string
		frame   []byte
		raw     int
		extents []codec.Extent
	}{
		{"no bytes", nil, len(raw), nil},
		{"magic number only", frame[:4], len(raw), nil},
		{"cut in half", frame[:len(frame)/2], len(raw), nil},
		{"cut by a byte", frame[:len(frame)-1], len(raw), nil},
		{"one byte more", append(slices.Clone(frame), 0), len(raw), nil},
		{"two frames", append(slices.Clone(frame), frame...), len(raw), nil},
		{"two frames, both sizes", append(slices.Clone(frame), frame...), 2 * len(raw), nil},
		{"skippable frame", []byte{0x5e, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}, 1, nil},
		{"garbage", noise(5000), len(raw), nil},
		{"zeros", make([]byte, 5000), len(raw), nil},
		{"too many compressed bytes", make([]byte, codec.BufferSize), len(raw), nil},
		{"states a smaller size", withContentSize(99_999), 99_999, nil},
		{"states a larger size", withContentSize(100_001), 100_001, nil},
		{"states 4 GiB", withContentSize(0xffffffff), len(raw), nil},
		{"raw size one less", frame, len(raw) - 1, nil},
		{"raw size one more", frame, len(raw) + 1, nil},
		{"raw size 0", frame, 0, nil},
		{"raw size negative", frame, -1, nil},
		{"raw size beyond the limit", frame, codec.MaxFrame + 1, nil},
		{"extent of no bytes", frame, len(raw), at(0, 0)},
		{"extent too long", frame, len(raw), at(0, codec.MaxChunk+1)},
		{"extent one byte outside", frame, len(raw), at(uint32(len(raw))-9, 10)},
		{"extent far outside", frame, len(raw), at(0xffffffff, 0xffffffff)},
		{"extent that wraps around", frame, len(raw), at(0xffffffff, 2)},
		{"extent moved", frame, len(raw), at(1, first.Size)},
		{"extent shortened", frame, len(raw), at(0, first.Size-1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := restore(t, w, tt.frame, tt.raw, tt.extents); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("got %d bytes and error %v, want ErrDamaged", len(got), err)
			}
			if got, err := restore(t, w, frame, len(raw), extents); err != nil || !bytes.Equal(got, raw) {
				t.Errorf("afterwards the worker fails: %v", err)
			}
		})
	}
	for _, n := range []int{-1, codec.MaxCompressedFrame + 1, codec.BufferSize + 1} {
		if _, err := w.Restore(t.Context(), n, len(raw), nil); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("restore %d bytes: got error %v, want ErrDamaged", n, err)
		}
	}
}

// TestRestoreFindsEveryFlippedBit flips bits all over a frame: whatever zstd makes of it, no wrong byte comes through.
func TestRestoreFindsEveryFlippedBit(t *testing.T) {
	w := newWorker(t)
	raw := text(3000)
	frame := compress(t, w, raw, codec.DefaultLevel)
	extents := extentsOf(split(t, w, raw))
	for bit := range len(frame) * 8 {
		flipped := slices.Clone(frame)
		flipped[bit/8] ^= 1 << (bit % 8)
		got, err := restore(t, w, flipped, len(raw), extents)
		if err == nil && bytes.Equal(got, raw) {
			continue // a bit that does not matter
		}
		if !errors.Is(err, codec.ErrDamaged) {
			t.Fatalf("bit %d: got error %v, want ErrDamaged", bit, err)
		}
	}
	if _, err := restore(t, w, frame, len(raw), extents); err != nil {
		t.Errorf("afterwards the worker fails: %v", err)
	}
}
