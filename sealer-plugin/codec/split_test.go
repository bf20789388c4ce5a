package codec_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// known holds hashes from BLAKE3's own test vectors: of n bytes 0, 1, 2, …, 250, 0, 1, …
var known = []struct {
	n    int
	hash string
}{
	{1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
	{1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
	{1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
	{1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
	{2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"},
	{2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
	{4097, "9b4052b38f1c5fc8b1f9ff7ac7b27cd242487b3d890d15c96a1c25b8aa0fb995"},
	{8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b"},
	{16384, "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4"},
	{31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"},
	{102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
}

func knownInput(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

func TestIDsAreBLAKE3(t *testing.T) {
	w := newWorker(t)
	for _, k := range known {
		id := parseID(t, k.hash)
		if id.String() != k.hash {
			t.Errorf("ID prints as %v, want %v", id, k.hash)
		}
		if k.n <= codec.MinChunk {
			want := []codec.Chunk{{ID: id, Size: uint32(k.n)}}
			if diff := cmp.Diff(want, split(t, w, knownInput(k.n))); diff != "" {
				t.Errorf("split %d bytes (-want +got):\n%s", k.n, diff)
			}
		}
		frame := compress(t, w, knownInput(k.n), codec.DefaultLevel)
		extents := []codec.Extent{{Chunk: codec.Chunk{ID: id, Size: uint32(k.n)}}}
		if _, err := restore(t, w, frame, k.n, extents); err != nil {
			t.Errorf("restore %d bytes: %v", k.n, err)
		}
	}
}

func TestSplitCoversEveryByte(t *testing.T) {
	w := newWorker(t)
	sizes := []int{
		0, 1, codec.MinChunk - 1, codec.MinChunk, codec.MinChunk + 1,
		codec.AvgChunk, codec.MaxChunk - 1, codec.MaxChunk, codec.MaxChunk + 1, codec.BufferSize,
	}
	inputs := map[string][]byte{
		"noise": noise(codec.BufferSize),
		"text":  text(codec.BufferSize),
		"zeros": make([]byte, codec.BufferSize),
	}
	for name, input := range inputs {
		for _, n := range sizes {
			chunks := split(t, w, input[:n])
			if got := total(chunks); got != n {
				t.Errorf("%s: the chunks of %d bytes have %d", name, n, got)
			}
			checkSizes(t, chunks)
		}
	}
}

// checkSizes checks that all chunks but the last are at least codec.MinChunk long, and none too long.
func checkSizes(t *testing.T, chunks []codec.Chunk) {
	t.Helper()
	for i, c := range chunks {
		last := i == len(chunks)-1
		if c.Size < 1 || c.Size > codec.MaxChunk || (c.Size < codec.MinChunk && !last) {
			t.Errorf("chunk %d of %d has %d bytes", i, len(chunks), c.Size)
		}
	}
}

func total(chunks []codec.Chunk) int {
	n := 0
	for _, c := range chunks {
		n += int(c.Size)
	}
	return n
}

func TestSplitMatchesItsInput(t *testing.T) {
	w := newWorker(t)
	input := noise(1 << 20)
	for chunks := split(t, w, input); len(chunks) > 0; chunks = chunks[1:] {
		alone := input[:chunks[0].Size]
		frame := compress(t, w, alone, codec.MinLevel)
		if _, err := restore(t, w, frame, len(alone), []codec.Extent{{Chunk: chunks[0]}}); err != nil {
			t.Fatalf("a chunk of %d bytes is not what was cut: %v", len(alone), err)
		}
		input = input[len(alone):]
	}
}

// TestSplitInPieces gives an input in pieces, as a reader of a long file does, and expects the same chunks as at once.
func TestSplitInPieces(t *testing.T) {
	w := newWorker(t)
	for name, input := range map[string][]byte{"noise": noise(3 << 20), "text": text(3 << 20)} {
		want := split(t, w, input)
		for _, piece := range []int{1000, codec.MinChunk + 1, codec.MaxChunk, 1<<20 + 7} {
			if diff := cmp.Diff(want, splitPieces(t, w, input, piece)); diff != "" {
				t.Errorf("%s in pieces of %d (-want +got):\n%s", name, piece, diff)
			}
		}
	}
}

func splitPieces(t *testing.T, w *codec.Worker, input []byte, piece int) []codec.Chunk {
	t.Helper()
	var chunks []codec.Chunk
	in := bytes.NewReader(input)
	begin, end := 0, 0 // what of the buffer is not consumed
	for {
		if end+piece > codec.BufferSize {
			end = copy(w.Buffer(), w.Buffer()[begin:end])
			begin = 0
		}
		n, _ := in.Read(w.Buffer()[end : end+piece])
		end += n
		known := len(chunks)
		var err error
		if chunks, err = w.Split(t.Context(), begin, end-begin, n == 0, chunks); err != nil {
			t.Fatal(err)
		}
		begin += total(chunks[known:])
		if n == 0 {
			return chunks
		}
		if end-begin >= codec.MaxChunk {
			t.Fatalf("%d bytes are left over, more than a chunk needs", end-begin)
		}
	}
}

func TestSplitAppends(t *testing.T) {
	w := newWorker(t)
	first := codec.Chunk{Size: 7}
	n := copy(w.Buffer(), "data")
	chunks, err := w.Split(t.Context(), 0, n, true, []codec.Chunk{first})
	if err != nil {
		t.Fatal(err)
	}
	if len(chunks) != 2 || chunks[0] != first || chunks[1].Size != 4 {
		t.Errorf("got chunks %v", chunks)
	}
}

// TestSplitRealigns inserts a byte near the beginning and expects that nearly all chunks stay the same.
func TestSplitRealigns(t *testing.T) {
	w := newWorker(t)
	input := noise(4 << 20)
	before := split(t, w, input)
	after := split(t, w, slices.Insert(input, 100, 'x'))
	known := make(map[codec.ID]bool)
	for _, c := range before {
		known[c.ID] = true
	}
	changed := 0
	for _, c := range after {
		if !known[c.ID] {
			changed++
		}
	}
	if changed == 0 || changed > 3 {
		t.Errorf("%d of %d chunks changed, want 1 to 3", changed, len(after))
	}
}

func TestSplitRefusesRangesOutsideTheBuffer(t *testing.T) {
	w := newWorker(t)
	const big = int(^uint(0) >> 1)
	for _, r := range [][2]int{
		{-1, 1}, {0, -1}, {0, codec.BufferSize + 1}, {1, codec.BufferSize}, {codec.BufferSize, 1},
		{big, 1}, {1, big}, {big, big},
	} {
		if _, err := w.Split(t.Context(), r[0], r[1], true, nil); err == nil {
			t.Errorf("split %d bytes at %d: no error", r[1], r[0])
		}
	}
	if got := split(t, w, []byte("data")); len(got) != 1 {
		t.Errorf("afterwards the worker splits 4 bytes into %d chunks", len(got))
	}
}
