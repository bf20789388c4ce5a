package store

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

var compareFrames = cmp.AllowUnexported(frame{})

// exampleFrames are frames that take up 300 bytes.
func exampleFrames() []frame {
	a := codec.Extent{Chunk: codec.Chunk{ID: codec.ID{1}, Size: 70_000}, Offset: 5}
	b := codec.Extent{Chunk: codec.Chunk{ID: codec.ID{2}, Size: codec.MaxChunk}, Offset: codec.MaxFrame - codec.MaxChunk}
	return []frame{
		{offset: 0, size: 100, raw: codec.MaxFrame, first: 0, extents: []codec.Extent{b, a}},
		{offset: 100, size: 200, raw: 70_005, first: 2, extents: []codec.Extent{a}},
	}
}

func TestTableRoundTrip(t *testing.T) {
	got, err := decodeTable(encodeTable(exampleFrames()), 300)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(exampleFrames(), got, compareFrames); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
}

// Of a pack file that is cut off anywhere, or has a bit changed behind its frames, nothing is taken.
func TestTableOfDamagedPackFile(t *testing.T) {
	whole := appendTable(make([]byte, 300), exampleFrames())
	if _, err := readTable(bytes.NewReader(whole), int64(len(whole))); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := readTable(bytes.NewReader(whole[:n]), int64(n)); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("cut off at %d: %v", n, err)
		}
	}
	for n := 300; n < len(whole); n++ {
		changed := bytes.Clone(whole)
		changed[n] ^= 0x08
		if _, err := readTable(bytes.NewReader(changed), int64(len(changed))); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("changed at %d: %v", n, err)
		}
	}
}

func FuzzReadTable(f *testing.F) {
	f.Add(appendTable(make([]byte, 300), exampleFrames()))
	f.Add(appendTable(nil, nil))
	f.Fuzz(func(t *testing.T, file []byte) {
		frames, err := readTable(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			if !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("error %v, want ErrDamaged", err)
			}
			return
		}
		checkFrames(t, frames, int64(len(file)))
	})
}

func FuzzDecodeTable(f *testing.F) {
	f.Add(encodeTable(exampleFrames()), int64(300))
	f.Add(encodeTable(nil), int64(0))
	f.Fuzz(func(t *testing.T, table []byte, size int64) {
		frames, err := decodeTable(table, size)
		if err != nil {
			return
		}
		checkFrames(t, frames, size)
		again, err := decodeTable(encodeTable(frames), size)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(frames, again, compareFrames); diff != "" {
			t.Errorf("frames change when encoded again:\n%s", diff)
		}
	})
}

// checkFrames fails the test unless the frames lie back to back within size bytes and keep the limits, so that no
// reader leaves the file or its own memory.
func checkFrames(t *testing.T, frames []frame, size int64) {
	t.Helper()
	var offset int64
	var chunks uint32
	for _, f := range frames {
		if f.offset != offset || f.first != chunks {
			t.Errorf("frame at %d with chunk %d, want %d with %d", f.offset, f.first, offset, chunks)
		}
		if err := f.check(); err != nil {
			t.Error(err)
		}
		offset += int64(f.size)
		chunks += uint32(len(f.extents))
	}
	if offset > size {
		t.Errorf("frames of %d bytes in a file of %d", offset, size)
	}
}

func FuzzRawSize(f *testing.F) {
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x10, 0})
	for _, descriptor := range []byte{0x00, 0x20, 0x23, 0x40, 0x43, 0x60, 0x80, 0xc1, 0xe2} {
		f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, descriptor, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := rawSize(b)
		var want zstd.Header
		wantErr := want.Decode(b)
		if wantErr != nil || want.Skippable {
			return // it looks beyond the header, too
		}
		fits := want.HasFCS && want.FrameContentSize > 0 && want.FrameContentSize <= codec.MaxFrame
		if fits != (err == nil) || fits && uint64(got) != want.FrameContentSize {
			t.Errorf("size %d, %v; want %+v", got, err, want)
		}
	})
}

func FuzzDecodePlace(f *testing.F) {
	f.Add(place{1, 2}.encode())
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePlace(b)
		if err == nil && !bytes.Equal(p.encode(), b) {
			t.Errorf("%v becomes %x, was %x", p, p.encode(), b)
		}
	})
}
