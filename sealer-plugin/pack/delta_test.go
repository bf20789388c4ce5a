package pack_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
)

// smallDeltas is an index of four chunks and two base chunks, in two frames and two deltas: the first delta holds chunks
// 2 and 3, the second chunks 0 and 1 besides.
func smallDeltas() (*pack.Index, []codec.Chunk) {
	return &pack.Index{
			Bases: []codec.Chunk{chunk(8, 60), chunk(9, 70)},
			Packs: []pack.Ref{ref(1, 1000), deltaRef(2, 500)},
			Frames: []pack.Place{
				{Pack: 0, Offset: 0, Size: 100, Raw: 160},
				{Pack: 0, Offset: 100, Size: 200, Raw: 300},
				{Pack: 1, Offset: 0, Size: 50, Raw: 120, Base: []pack.Run{{First: 4, Count: 2}, {First: 0, Count: 1}}},
				{Pack: 1, Offset: 60, Size: 40, Raw: 120, Base: []pack.Run{{First: 5, Count: 1}}},
			},
			Locations:  []pack.Location{{0, 0}, {1, 70}, {2, 0}, {2, 80}, {0, 100}, {1, 0}},
			Alternates: []pack.Alternate{{Chunk: 0, Location: pack.Location{Frame: 3}}, {1, pack.Location{3, 100}}},
		}, []codec.Chunk{
			chunk(1, 100), chunk(2, 20), chunk(3, 80), chunk(4, 40),
		}
}

func deltaRef(b byte, size int64) pack.Ref {
	r := ref(b, size)
	r.Delta = true
	return r
}

// randomDeltas is an index of n chunks in frames, of which the last are base chunks, and of some in deltas; many of the
// image's in frames lie in deltas besides.
func randomDeltas(n int) (*pack.Index, []codec.Chunk) {
	r := rand.New(rand.NewPCG(3, 4))
	x, chunks := random(n)
	n = len(chunks)
	bases := n / 10
	image, inFrames := chunks[:n-bases:n-bases], x.Locations[:n-bases:n-bases]
	x.Bases = chunks[n-bases:]
	for i := range x.Bases {
		binary.LittleEndian.PutUint64(x.Bases[i].ID[:], uint64(i+1))
	}
	ofBases := x.Locations[n-bases:]

	var inDeltas []pack.Location
	x.Packs = append(x.Packs, deltaRef(255, pack.MaxSize))
	add := func(f pack.Place) int {
		f.Pack = len(x.Packs) - 1
		if last := x.Frames[len(x.Frames)-1]; last.Pack == f.Pack {
			f.Offset = last.Offset + int64(last.Size)
		}
		f.Offset += r.Int64N(2) * r.Int64N(1000)
		x.Frames = append(x.Frames, f)
		return len(x.Frames) - 1
	}
	// Chunks that lie in deltas only, against all base chunks and some of the image's.
	for first := 0; first < bases; first += 10 {
		f := pack.Place{Size: 1 + r.Uint32N(1000)}
		for range 1 + r.IntN(9) {
			c := codec.Chunk{Size: 1 + r.Uint32N(100_000)}
			image = append(image, c)
			inDeltas = append(inDeltas, pack.Location{Frame: len(x.Frames), Offset: f.Raw})
			f.Raw += c.Size
		}
		f.Base = []pack.Run{{First: first, Count: min(20, bases-first)}, {First: r.IntN(n - bases), Count: 1}}
		add(f)
	}
	for i := range x.Frames { // base chunks have numbers behind all of the image's
		if base := x.Frames[i].Base; base != nil {
			base[0].First += len(image)
		}
	}
	for next := 0; next < n/2; next += r.IntN(3) {
		f := pack.Place{Size: 1 + r.Uint32N(1000), Base: []pack.Run{{First: len(image) + r.IntN(bases), Count: 1}}}
		for range 1 + r.IntN(9) {
			x.Alternates = append(x.Alternates, pack.Alternate{
				Chunk: next, Location: pack.Location{Frame: len(x.Frames), Offset: f.Raw},
			})
			f.Raw += image[next].Size
			next++
		}
		add(f)
	}
	x.Locations = append(append(inFrames, inDeltas...), ofBases...)
	return x, image
}

// TestEncodeRefusesDeltas has indexes with deltas that are not what their fields promise.
func TestEncodeRefusesDeltas(t *testing.T) {
	for name, spoil := range map[string]func(*pack.Index){
		"empty base chunk":     func(x *pack.Index) { x.Bases[0].Size = 0 },
		"base chunk too long":  func(x *pack.Index) { x.Bases[0].Size = codec.MaxChunk + 1 },
		"base chunk twice":     func(x *pack.Index) { x.Bases[1].ID = x.Bases[0].ID },
		"chunk of the image":   func(x *pack.Index) { x.Bases[1].ID = chunk(1, 0).ID },
		"unused base chunk":    func(x *pack.Index) { x.Frames[2].Base = x.Frames[3].Base },
		"base chunk nowhere":   func(x *pack.Index) { x.Locations = x.Locations[:5] },
		"deltas before frames": func(x *pack.Index) { x.Packs = append(x.Packs, ref(3, 1)) },
		"delta as a frame":     func(x *pack.Index) { x.Frames[2].Base = nil },
		"delta in a pack":      func(x *pack.Index) { x.Packs[1].Delta = false },
		"delta pack only":      func(x *pack.Index) { x.Packs[0].Delta = true },
		"empty delta":          func(x *pack.Index) { x.Frames[2].Size = 0 },
		"delta too long":       func(x *pack.Index) { x.Packs[1].Size, x.Frames[3].Size = 10<<20, codec.MaxDelta+1 },
		"delta of nothing":     func(x *pack.Index) { x.Frames[2].Raw = 0 },
		"delta too long, raw":  func(x *pack.Index) { x.Frames[2].Raw = codec.MaxDelta + 1 },
		"deltas overlap":       func(x *pack.Index) { x.Frames[3].Offset = 49 },
		"delta outside":        func(x *pack.Index) { x.Frames[3].Offset = 461 },
		"unused delta":         func(x *pack.Index) { x.Alternates = nil },
		"empty run":            func(x *pack.Index) { x.Frames[2].Base[1].Count = 0 },
		"negative run":         func(x *pack.Index) { x.Frames[2].Base[1].Count = -1 },
		"endless run":          func(x *pack.Index) { x.Frames[2].Base[1].Count = math.MaxInt },
		"run behind the end":   func(x *pack.Index) { x.Frames[2].Base[0].First = 5 },
		"run of chunk -1":      func(x *pack.Index) { x.Frames[2].Base[1].First = -1 },
		"run of chunk 2^63-1":  func(x *pack.Index) { x.Frames[2].Base[1].First = math.MaxInt },
		"against a delta":      func(x *pack.Index) { x.Frames[2].Base[1].First = 2 },
		"against itself":       func(x *pack.Index) { x.Frames[2].Base = []pack.Run{{First: 0, Count: 6}} },
		"alternates in disorder": func(x *pack.Index) {
			x.Alternates[0], x.Alternates[1] = x.Alternates[1], x.Alternates[0]
		},
		"two alternates":            func(x *pack.Index) { x.Alternates[1] = x.Alternates[0] },
		"alternate of no chunk":     func(x *pack.Index) { x.Alternates[0].Chunk = -1 },
		"alternate of a base chunk": func(x *pack.Index) { x.Alternates[1].Chunk = 4 },
		"alternate in a frame":      func(x *pack.Index) { x.Alternates[1].Location = x.Locations[1] },
		"alternate nowhere":         func(x *pack.Index) { x.Alternates[1].Frame = 4 },
		"alternate outside":         func(x *pack.Index) { x.Alternates[1].Offset = 101 },
		"alternate to a delta":      func(x *pack.Index) { x.Alternates[1].Chunk = 2 },
	} {
		t.Run(name, func(t *testing.T) { refused(t, smallDeltas, spoil) })
	}
}

// big is an index of a delta that is as long as can be, packed and raw, against a base of the greatest length.
func big() (*pack.Index, []codec.Chunk) {
	x := &pack.Index{
		Packs:  []pack.Ref{ref(1, pack.MaxSize), deltaRef(2, codec.MaxDelta)},
		Frames: make([]pack.Place, 4),
	}
	for i := range x.Frames {
		x.Frames[i] = pack.Place{Offset: int64(i) << 20, Size: 1 << 20, Raw: codec.MaxFrame}
	}
	var image []codec.Chunk
	for i := range codec.MaxDeltaBase / codec.MaxChunk {
		x.Bases = append(x.Bases, chunk(byte(i), codec.MaxChunk))
		x.Locations = append(x.Locations, pack.Location{Frame: i / 8, Offset: uint32(i) % 8 * codec.MaxChunk})
	}
	for i := range codec.MaxDelta / codec.MaxChunk {
		image = append(image, chunk(byte(100+i), codec.MaxChunk))
		x.Locations = append(x.Locations, pack.Location{Frame: 4, Offset: uint32(i) * codec.MaxChunk})
	}
	n := len(x.Bases)
	x.Locations = append(x.Locations[n:], x.Locations[:n]...)
	x.Frames = append(x.Frames, pack.Place{
		Pack: 1, Size: codec.MaxDelta, Raw: codec.MaxDelta, Base: []pack.Run{{First: len(image), Count: n}},
	})
	return x, image
}

func TestDeltaLimits(t *testing.T) {
	x, image := big()
	if _, err := decode(t, encode(t, x, image), image); err != nil {
		t.Fatal(err)
	}
	refused(t, big, func(x *pack.Index) {
		base := &x.Frames[4].Base
		*base = append(*base, (*base)[0])
	})
	refused(t, big, func(x *pack.Index) {
		base := &x.Frames[4].Base
		*base = append(*base, pack.Run{First: (*base)[0].First, Count: 1})
	})
}

// TestDecodeDamagedDeltas has indexes of one frame, of a chunk of the image and a base chunk, and of one delta, which
// holds a second chunk of the image, and the first besides.
func TestDecodeDamagedDeltas(t *testing.T) {
	image := []codec.Chunk{chunk(1, 10), chunk(2, 20)}
	id, one, sha := bytes.Repeat([]byte{9}, 32), bytes.Repeat([]byte{1}, 32), make([]byte, 32)
	bases, packs := parts(uvarints(1, 30), id), parts(uvarints(1), sha, uvarints(100))
	deltas := parts(uvarints(1), sha, uvarints(200))
	frame, delta := uvarints(2, 0, 0, 50, 40), uvarints(1, 5, 60, 30)
	base := parts(uvarints(1), svarint(2), uvarints(1))
	runs := parts(uvarints(3), svarint(0), uvarints(0, 1), svarint(1), uvarints(0, 1), svarint(-1), uvarints(10, 1))
	other := parts(uvarints(1, 0), svarint(1), uvarints(20, 1))
	front := parts(bases, packs, deltas)
	if _, err := decode(t, stream(t, parts(front, frame, delta, base, runs, other)), image); err != nil {
		t.Fatalf("the index from which the others differ: %v", err)
	}
	tail := parts(runs, other)
	last := parts(base, tail)
	rest := parts(frame, delta, last)
	all := parts(front, frame, delta, base, runs)
	const huge = math.MaxUint64
	for name, index := range map[string][]byte{
		"no base chunks":                   parts(uvarints(0), packs, deltas, rest),
		"2^64-1 base chunks":               parts(uvarints(huge, 30), id, packs, deltas, rest),
		"more base chunks":                 parts(uvarints(2, 30), id, packs, deltas, rest),
		"more base chunks than used":       parts(uvarints(2, 30, 30), id, sha, packs, deltas, rest),
		"more base chunks than bytes":      parts(uvarints(2, 30, 30), id),
		"ID of a base chunk cut short":     parts(uvarints(1, 30), id[:31]),
		"empty base chunk":                 parts(uvarints(1, 0), id, packs, deltas, rest),
		"base chunk too long":              parts(uvarints(1, codec.MaxChunk+1), id, packs, deltas, rest),
		"base chunk outside":               parts(uvarints(1, 31), id, packs, deltas, rest),
		"base chunk of the image":          parts(uvarints(1, 30), one, packs, deltas, rest),
		"no deltas":                        parts(bases, packs, uvarints(0), rest),
		"2^64-1 delta packs":               parts(bases, packs, uvarints(huge), sha, uvarints(200), rest),
		"unused delta pack":                parts(bases, packs, uvarints(2), bytes.Repeat(deltas[1:], 2), rest),
		"deltas only":                      parts(bases, uvarints(0), uvarints(2), packs[1:], deltas[1:], rest),
		"pack 2":                           parts(front, frame, uvarints(2, 5, 60, 30), last),
		"empty delta":                      parts(front, frame, uvarints(1, 5, 0, 30), last),
		"delta too long":                   parts(front, frame, uvarints(1, 5, codec.MaxDelta+1, 30), last),
		"delta outside":                    parts(front, frame, uvarints(1, 141, 60, 30), last),
		"delta of nothing":                 parts(front, frame, uvarints(1, 5, 60, 0), last),
		"delta too short, raw":             parts(front, frame, uvarints(1, 5, 60, 29), last),
		"delta too long, raw":              parts(front, frame, uvarints(1, 5, 60, codec.MaxDelta+1), last),
		"no base":                          parts(front, frame, delta, uvarints(0), tail),
		"2^64-1 base runs":                 parts(front, frame, delta, uvarints(huge), svarint(2), uvarints(1), tail),
		"more base runs than bytes":        parts(front, frame, delta, uvarints(20), svarint(2), uvarints(1)),
		"empty base run":                   parts(front, frame, delta, uvarints(1), svarint(2), uvarints(0), tail),
		"base run too long":                parts(front, frame, delta, uvarints(1), svarint(2), uvarints(2), tail),
		"base run of 2^64-1":               parts(front, frame, delta, uvarints(1), svarint(2), uvarints(huge), tail),
		"base run behind the last":         parts(front, frame, delta, uvarints(1), svarint(3), uvarints(1), tail),
		"base run from chunk -1":           parts(front, frame, delta, uvarints(1), svarint(-1), uvarints(1), tail),
		"base run from chunk 2^63-1":       parts(front, frame, delta, uvarints(1), svarint(math.MaxInt64), uvarints(1), tail),
		"base run from chunk -2^63":        parts(front, frame, delta, uvarints(1), svarint(math.MinInt64), uvarints(1), tail),
		"against a delta":                  parts(front, frame, delta, uvarints(1), svarint(1), uvarints(2), tail),
		"frame with a base":                parts(front, frame, base, delta, last),
		"2^64-1 alternates":                parts(all, uvarints(huge), other[1:]),
		"more alternates than bytes":       parts(all, uvarints(2), other[1:]),
		"alternate of a chunk in a delta":  parts(all, uvarints(1, 1), svarint(1), uvarints(0, 1)),
		"alternate of a base chunk":        parts(all, uvarints(1, 2), svarint(1), uvarints(0, 1)),
		"alternate of chunk 2^64-1":        parts(all, uvarints(1, huge), svarint(1), uvarints(20, 1)),
		"alternate in a frame":             parts(all, uvarints(1, 0), svarint(0), uvarints(20, 1)),
		"alternate in frame -1":            parts(all, uvarints(1, 0), svarint(-1), uvarints(20, 1)),
		"alternate in an absent frame":     parts(all, uvarints(1, 0), svarint(2), uvarints(20, 1)),
		"alternate over the end":           parts(all, uvarints(1, 0), svarint(1), uvarints(21, 1)),
		"alternate at 16 EiB":              parts(all, uvarints(1, 0), svarint(1), uvarints(huge, 1)),
		"empty run of alternates":          parts(all, uvarints(1, 0), svarint(1), uvarints(20, 0)),
		"2^64-1 alternates in a run":       parts(all, uvarints(1, 0), svarint(1), uvarints(20, huge)),
		"alternates behind the last frame": parts(all, uvarints(1, 0), svarint(1), uvarints(20, 2)),
		"bytes behind":                     parts(all, other, []byte{0}),
	} {
		t.Run(name, func(t *testing.T) { damaged(t, index, image) })
	}
}
