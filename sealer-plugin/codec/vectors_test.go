package codec_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// vectors is what the routines gave when the format was fixed. Their native build is held to the same file.
type vectors struct {
	Split []struct {
		sample
		Chunks []chunkVector
	}
	Compress []struct {
		sample
		Frames []struct {
			Level, Size int
			SHA256      string
		}
	}
	Patch []struct {
		Seed              uint64
		Length, Base, New int
		Delta             string
	}
}

type chunkVector struct {
	Length uint32
	ID     string
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "storage-wasm", "testdata", "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Split) == 0 || len(v.Compress) == 0 || len(v.Patch) == 0 {
		t.Fatal("the test vectors are empty")
	}
	return v
}

func TestSplitAgreesWithVectors(t *testing.T) {
	w := newWorker(t)
	for _, v := range readVectors(t).Split {
		var got []chunkVector
		for _, c := range split(t, w, v.bytes(t)) {
			got = append(got, chunkVector{c.Size, c.ID.String()})
		}
		if diff := cmp.Diff(v.Chunks, got, equateEmpty); diff != "" {
			t.Errorf("%v (-want +got):\n%s", v.sample, diff)
		}
	}
}

// equateEmpty makes a nil list of chunks equal to an empty one.
var equateEmpty = cmp.Transformer("length", func(c []chunkVector) []chunkVector {
	return append([]chunkVector{}, c...)
})

func TestCompressAgreesWithVectors(t *testing.T) {
	w := newWorker(t)
	for _, v := range readVectors(t).Compress {
		raw := v.bytes(t)
		for _, want := range v.Frames {
			frame := compress(t, w, raw, want.Level)
			sum := sha256.Sum256(frame)
			if len(frame) != want.Size || hex.EncodeToString(sum[:]) != want.SHA256 {
				t.Errorf("%v at level %d: got another frame, of %d bytes, want %d", v.sample, want.Level, len(frame), want.Size)
			}
		}
	}
}

func TestPatchAgreesWithVectors(t *testing.T) {
	w := newWorker(t)
	for _, v := range readVectors(t).Patch {
		base, want := programOf(v.Seed, v.Length, v.Base), programOf(v.Seed, v.Length, v.New)
		delta, err := hex.DecodeString(v.Delta)
		if err != nil {
			t.Fatal(err)
		}
		got, err := patch(t, w, base, delta, len(want), extentsOf(split(t, w, want)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("seed %d: another window (error %v)", v.Seed, err)
		}
	}
}

// programOf gives something like a program: functions that call each other, and a table of addresses.
func programOf(seed uint64, length, moved int) []byte {
	const body = 256
	n := length / (2 * body)
	start := func(f int) int { return body*f + f/16*moved }
	b := bytes.Repeat([]byte{0x90}, start(n))
	source := splitMix64(seed)
	for f, content := range slices.Collect(slices.Chunk(source.random(n*body), body)) {
		copy(b[start(f):], content)
		for at := start(f); at < start(f)+body-16; at += 16 {
			target := start(int(b[at]) % n)
			b[at] = 0xe8
			binary.LittleEndian.PutUint32(b[at+1:], uint32(target-at-5))
		}
	}
	for r := range length / 16 {
		b = binary.LittleEndian.AppendUint64(b, uint64(100000+40*r+r/8*moved))
	}
	return b
}

// sample says which bytes a vector is about; testdata/README.md of the routines describes how they are made.
type sample struct {
	Kind   string
	Seed   uint64
	Length int
}

func (s sample) bytes(t *testing.T) []byte {
	t.Helper()
	if s.Length < 0 || s.Length > codec.BufferSize {
		t.Fatalf("%v: too long", s)
	}
	source := splitMix64(s.Seed)
	switch s.Kind {
	case "random":
		return source.random(s.Length)
	case "copies":
		return source.copies(s.Length)
	case "zeros":
		return make([]byte, s.Length)
	}
	t.Fatalf("%v: no such kind", s)
	return nil
}

// splitMix64 is the pseudo-random generator of that name.
type splitMix64 uint64

func (s *splitMix64) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// random gives bytes without any pattern.
func (s *splitMix64) random(length int) []byte {
	var b []byte
	for len(b) < length {
		b = binary.LittleEndian.AppendUint64(b, s.next())
	}
	return b[:length]
}

// copies gives bytes that repeat earlier ones here and there.
func (s *splitMix64) copies(length int) []byte {
	var b []byte
	for len(b) < length {
		step := s.next()
		run := 4 + int(step>>8%60)
		if step&1 != 0 || len(b) == 0 {
			for range run / 4 {
				b = append(b, byte(s.next())&0x3f)
			}
			continue
		}
		distance := 1 + int(step>>32%uint64(min(len(b), 1<<16)))
		for range run {
			b = append(b, b[len(b)-distance])
		}
	}
	return b[:length]
}
