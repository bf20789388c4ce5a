package pack_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
)

// routines is the codec of all tests.
var routines = sync.OnceValues(func() (*codec.Codec, error) {
	return codec.New(context.Background(), codec.Options{})
})

func testCodec(tb testing.TB) *codec.Codec {
	tb.Helper()
	c, err := routines()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func ref(b byte, size int64) pack.Ref {
	return pack.Ref{Digest: digest.NewDigestFromBytes(digest.SHA256, bytes.Repeat([]byte{b}, 32)), Size: size}
}

// small is an index with a run over the end of a frame and of a pack, a gap, and a step back.
func small() (*pack.Index, []codec.Chunk) {
	return &pack.Index{
			Packs: []pack.Ref{ref(1, 1000), ref(2, 500)},
			Frames: []pack.Place{
				{Pack: 0, Offset: 0, Size: 100, Raw: 30},
				{Pack: 0, Offset: 300, Size: 200, Raw: 300},
				{Pack: 1, Offset: 7, Size: 50, Raw: 40},
			},
			Locations: []pack.Location{{1, 100}, {1, 200}, {2, 0}, {2, 20}, {0, 5}, {0, 10}, {1, 0}},
		}, []codec.Chunk{
			chunk(1, 100), chunk(2, 100), chunk(3, 20), chunk(4, 10), chunk(5, 5), chunk(6, 20), chunk(7, 50),
		}
}

func encode(tb testing.TB, x *pack.Index, chunks []codec.Chunk) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := x.Encode(tb.Context(), &b, testCodec(tb), codec.DefaultLevel, chunks); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func decode(tb testing.TB, encoded []byte, chunks []codec.Chunk) (*pack.Index, error) {
	return pack.DecodeIndex(tb.Context(), bytes.NewReader(encoded), testCodec(tb), chunks)
}

// TestIndexGolden holds the bytes of an index, before compression, as docs/format.md defines them.
func TestIndexGolden(t *testing.T) {
	x, chunks := small()
	golden(t, x, chunks,
		"00",                             // no base chunks
		"02",                             // two packs:
		strings.Repeat("01", 32), "e807", // 1000 bytes
		strings.Repeat("02", 32), "f403", // 500 bytes
		"00",                // no delta pack
		"03",                // three frames:
		"00 00 64 1e",       // in pack 0, no gap, 100 bytes, 30 raw
		"00 c801 c801 ac02", // in the same, 200 bytes on, 200 bytes, 300 raw
		"01 07 32 28",       // in the next, after 7, 50 bytes, 40 raw
		"02",                // two runs:
		"02 64 04",          // frame 0+1, at 100, four chunks, the last two in frame 2
		"03 05 03",          // frame 2-2, at 5, three chunks, the last in frame 1
		"00",                // no alternates
	)
}

// TestIndexGoldenDeltas does so for one with deltas.
func TestIndexGoldenDeltas(t *testing.T) {
	x, chunks := smallDeltas()
	golden(t, x, chunks,
		"02",                                               // two base chunks:
		"3c 46",                                            // of 60 and 70 bytes
		strings.Repeat("08", 32), strings.Repeat("09", 32), // their IDs
		"01",                             // a pack:
		strings.Repeat("01", 32), "e807", // 1000 bytes
		"01",                             // a delta pack:
		strings.Repeat("02", 32), "f403", // 500 bytes
		"04",                // four frames:
		"00 00 64 a001",     // in pack 0, no gap, 100 bytes, 160 raw
		"00 00 c801 ac02",   // in the same, no gap, 200 bytes, 300 raw
		"01 00 32 78",       // in the next, no gap, 50 bytes, 120 raw: a delta
		"02", "08 02 0b 01", // against two runs: two chunks from 0+4 on, one from 6-6 on
		"00 0a 28 78", // in the same, after 10, 40 bytes, 120 raw: a delta
		"01", "08 01", // against one run: one chunk from 1+4 on
		"04",          // four runs:
		"00 00 01",    // frame 0, at 0, one chunk
		"02 46 01",    // frame 0+1, at 70, one chunk
		"02 00 02",    // frame 1+1, at 0, two chunks
		"03 64 02",    // frame 2-2, at 100, two chunks, the second in frame 1
		"01",          // one run of alternates:
		"00 06 00 02", // from chunk 0 on, frame 0+3, at 0, two chunks
	)
}

// golden holds the raw bytes of an encoded index against the parts of want, in hex.
func golden(t *testing.T, x *pack.Index, chunks []codec.Chunk, want ...string) {
	t.Helper()
	r := block.NewReader(bytes.NewReader(encode(t, x, chunks)), testCodec(t))
	kind, raw, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.ReplaceAll(strings.Join(want, ""), " ", "")
	if got := hex.EncodeToString(raw); kind != 3 || got != whole {
		t.Errorf("block of kind %d:\n%s\nwant:\n%s", kind, got, whole)
	}
	length := len(raw)
	kind, raw, err = r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := uvarints(uint64(length)); kind != block.KindEnd || !bytes.Equal(raw, want) {
		t.Errorf("block of kind %d: %x, want the end block: %x", kind, raw, want)
	}
}

func TestIndexRoundTrip(t *testing.T) {
	type test struct {
		index  *pack.Index
		chunks []codec.Chunk
	}
	tests := map[string]test{"empty": {&pack.Index{}, nil}}
	x, chunks := small()
	tests["small"] = test{x, chunks}
	x, chunks = random(50_000)
	tests["random"] = test{x, chunks}
	x, chunks = smallDeltas()
	tests["small, with deltas"] = test{x, chunks}
	x, chunks = randomDeltas(50_000)
	tests["random, with deltas"] = test{x, chunks}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			encoded := encode(t, test.index, test.chunks)
			if !bytes.Equal(encoded, encode(t, test.index, test.chunks)) {
				t.Error("encoded again, it is not the same")
			}
			got, err := decode(t, encoded, test.chunks)
			if err != nil {
				t.Fatal(err)
			}
			if !cmp.Equal(got, test.index, cmpopts.EquateEmpty()) {
				t.Error("decoded, it is another index")
			}
		})
	}
}

// random is an index of n chunks, half of them in order, with some that are not listed between them.
func random(n int) (*pack.Index, []codec.Chunk) {
	r := rand.New(rand.NewPCG(1, 2))
	x := &pack.Index{}
	var chunks []codec.Chunk
	var end int64 = pack.MaxSize
	for len(chunks) < n {
		if end > pack.Target {
			x.Packs, end = append(x.Packs, ref(byte(len(x.Packs)), pack.MaxSize)), 0
		}
		f := pack.Place{Pack: len(x.Packs) - 1, Offset: end + r.Int64N(2)*r.Int64N(1<<20), Size: 1 + r.Uint32N(1<<20)}
		frame := len(x.Frames)
		for range 1 + r.IntN(20) {
			if c := (codec.Chunk{Size: 1 + r.Uint32N(100_000)}); r.IntN(20) == 0 {
				f.Raw += c.Size
			} else {
				x.Locations = append(x.Locations, pack.Location{Frame: frame, Offset: f.Raw})
				chunks = append(chunks, c)
				f.Raw += c.Size
			}
		}
		if len(x.Locations) == 0 || x.Locations[len(x.Locations)-1].Frame != frame {
			continue
		}
		x.Frames = append(x.Frames, f)
		end = f.Offset + int64(f.Size)
	}
	r.Shuffle(len(chunks)/2, func(i, j int) {
		chunks[i], chunks[j] = chunks[j], chunks[i]
		x.Locations[i], x.Locations[j] = x.Locations[j], x.Locations[i]
	})
	return x, chunks
}

// TestEncodeRefuses has indexes that are not what their fields promise.
func TestEncodeRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*pack.Index){
		"digest": func(x *pack.Index) { x.Packs[0].Digest = "sha256:1" },
		"sha512": func(x *pack.Index) {
			x.Packs[0].Digest = digest.NewDigestFromEncoded(digest.SHA512, strings.Repeat("0", 128))
		},
		"empty pack":          func(x *pack.Index) { x.Packs[0].Size = 0 },
		"pack too long":       func(x *pack.Index) { x.Packs[0].Size = pack.MaxSize + 1 },
		"unused pack":         func(x *pack.Index) { x.Packs = append(x.Packs, ref(3, 1)) },
		"unused pack before":  func(x *pack.Index) { x.Frames[0].Pack, x.Frames[1].Pack = 1, 1 },
		"packs out of order":  func(x *pack.Index) { x.Frames[0].Pack, x.Frames[2].Pack = 1, 0 },
		"absent pack":         func(x *pack.Index) { x.Packs = x.Packs[:1] },
		"negative pack":       func(x *pack.Index) { x.Frames[0].Pack = -1 },
		"frames out of order": func(x *pack.Index) { x.Frames[0].Offset = 600 },
		"frames overlap":      func(x *pack.Index) { x.Frames[1].Offset = 99 },
		"frame outside":       func(x *pack.Index) { x.Frames[1].Offset = 801 },
		"negative offset":     func(x *pack.Index) { x.Frames[0].Offset = -1 },
		"empty frame":         func(x *pack.Index) { x.Frames[0].Size = 0 },
		"frame too long":      func(x *pack.Index) { x.Packs[0].Size, x.Frames[1].Size = 10<<20, codec.MaxCompressedFrame+1 },
		"frame of nothing":    func(x *pack.Index) { x.Frames[0].Raw = 0 },
		"frame too long, raw": func(x *pack.Index) { x.Frames[0].Raw = codec.MaxFrame + 1 },
		"unused frame":        func(x *pack.Index) { x.Locations[4], x.Locations[5] = x.Locations[6], x.Locations[6] },
		"absent frame":        func(x *pack.Index) { x.Locations[0].Frame = 3 },
		"negative frame":      func(x *pack.Index) { x.Locations[0].Frame = -1 },
		"chunk outside":       func(x *pack.Index) { x.Locations[0].Offset = 201 },
		"offset of 4 GiB":     func(x *pack.Index) { x.Locations[0].Offset = math.MaxUint32 },
		"fewer locations":     func(x *pack.Index) { x.Locations = x.Locations[:6] },
		"more locations":      func(x *pack.Index) { x.Locations = append(x.Locations, x.Locations[0]) },
		"base without deltas": func(x *pack.Index) {
			x.Bases, x.Locations = []codec.Chunk{chunk(8, 9)}, append(x.Locations, pack.Location{Frame: 0, Offset: 0})
		},
		"frame as a delta": func(x *pack.Index) { x.Frames[1].Base = []pack.Run{{First: 0, Count: 1}} },
		"alternate in a frame": func(x *pack.Index) {
			x.Alternates = []pack.Alternate{{Chunk: 0, Location: x.Locations[0]}}
		},
	} {
		t.Run(name, func(t *testing.T) { refused(t, small, spoil) })
	}
}

// refused checks that an index is not encoded once it is spoilt.
func refused(t *testing.T, index func() (*pack.Index, []codec.Chunk), spoil func(*pack.Index)) {
	t.Helper()
	x, chunks := index()
	spoil(x)
	var b bytes.Buffer
	err := x.Encode(t.Context(), &b, testCodec(t), codec.MinLevel, chunks)
	if err == nil || errors.Is(err, codec.ErrDamaged) {
		t.Errorf("error %v", err)
	}
	if b.Len() > 0 {
		t.Errorf("%d bytes were written", b.Len())
	}
}

func TestEncodeFails(t *testing.T) {
	full := errors.New("disk full")
	x, chunks := small()
	w := writerFunc(func([]byte) (int, error) { return 0, full })
	if err := x.Encode(t.Context(), w, testCodec(t), codec.MinLevel, chunks); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

// stream is a block stream of the given bytes as an index.
func stream(tb testing.TB, index []byte) []byte {
	return blocks(tb, 3, index, uvarints(uint64(len(index))))
}

func blocks(tb testing.TB, kind uint8, raw, end []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := block.NewWriter(&b, testCodec(tb), codec.MinLevel)
	for len(raw) > 0 {
		n := min(len(raw), codec.MaxFrame)
		if err := w.Write(tb.Context(), kind, raw[:n]); err != nil {
			tb.Fatal(err)
		}
		raw = raw[n:]
	}
	if err := w.Close(tb.Context(), end); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// parts puts an index together.
func parts(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// plain puts an index without deltas together.
func plain(packs, frames []byte, runs ...[]byte) []byte {
	return parts([]byte{0}, packs, []byte{0}, frames, parts(runs...), []byte{0})
}

func svarint(v int64) []byte { return binary.AppendVarint(nil, v) }

// damaged checks that an index is refused.
func damaged(t *testing.T, index []byte, chunks []codec.Chunk) {
	t.Helper()
	if x, err := decode(t, stream(t, index), chunks); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("error %v, want %v; index: %+v", err, codec.ErrDamaged, x)
	}
}

func TestDecodeDamaged(t *testing.T) {
	chunks := []codec.Chunk{chunk(1, 10), chunk(2, 20)}
	sha := make([]byte, 32)
	one := parts(uvarints(1), sha, uvarints(100)) // one pack of 100 bytes
	frames := uvarints(1, 0, 0, 50, 30)           // one frame of 50 bytes, 30 raw
	two := uvarints(2, 0, 0, 50, 10, 0, 0, 50, 20)
	run := parts(uvarints(1), svarint(0), uvarints(0, 2))
	for _, good := range [][]byte{plain(one, frames, run), plain(one, two, run)} {
		if _, err := decode(t, stream(t, good), chunks); err != nil {
			t.Fatalf("an index from which the others differ: %v", err)
		}
	}
	const huge = math.MaxUint64
	for name, index := range map[string][]byte{
		"no locations":               {0, 0, 0, 0, 0, 0},
		"cut short":                  parts([]byte{0}, one, []byte{0}, frames),
		"bytes behind":               parts(plain(one, frames, run), []byte{0}),
		"endless integer":            bytes.Repeat([]byte{0xff}, 100),
		"2^64-1 packs":               plain(parts(uvarints(huge), sha, uvarints(100)), frames, run),
		"more packs than chunks":     plain(parts(uvarints(5), bytes.Repeat(parts(sha, uvarints(100)), 5)), frames, run),
		"more packs than bytes":      parts([]byte{0}, uvarints(2), sha, uvarints(100), []byte{0}, []byte{0}),
		"unused pack":                plain(parts(uvarints(2), sha, uvarints(100), sha, uvarints(100)), frames, run),
		"empty pack":                 plain(parts(uvarints(1), sha, uvarints(0)), frames, run),
		"pack too long":              plain(parts(uvarints(1), sha, uvarints(pack.MaxSize+1)), frames, run),
		"pack of 16 EiB":             plain(parts(uvarints(1), sha, uvarints(huge)), frames, run),
		"frames without packs":       plain(uvarints(0), frames, run),
		"2^64-1 frames":              plain(one, uvarints(huge, 0, 0, 50, 30), run),
		"more frames than chunks":    plain(one, parts(uvarints(5), bytes.Repeat(uvarints(0, 0, 9, 30), 5)), run),
		"more frames than bytes":     parts([]byte{0}, one, []byte{0}, uvarints(2, 0, 0, 50)),
		"absent pack":                plain(one, uvarints(1, 1, 0, 50, 30), run),
		"pack 2^64-1":                plain(one, uvarints(1, huge, 0, 50, 30), run),
		"offset outside":             plain(one, uvarints(1, 0, 51, 50, 30), run),
		"offset of 16 EiB":           plain(one, uvarints(1, 0, huge, 50, 30), run),
		"offset that wraps":          plain(one, uvarints(2, 0, 0, 50, 10, 0, huge-50, 50, 20), run),
		"second frame outside":       plain(one, uvarints(2, 0, 0, 50, 10, 0, 1, 50, 20), run),
		"empty frame":                plain(one, uvarints(1, 0, 0, 0, 30), run),
		"frame outside":              plain(one, uvarints(1, 0, 0, 101, 30), run),
		"frame of 16 EiB":            plain(one, uvarints(1, 0, 0, huge, 30), run),
		"frame of nothing":           plain(one, uvarints(1, 0, 0, 50, 0), run),
		"frame too long, raw":        plain(one, uvarints(1, 0, 0, 50, codec.MaxFrame+1), run),
		"frame too short, raw":       plain(one, uvarints(1, 0, 0, 50, 29), run),
		"unused frame":               plain(one, uvarints(2, 0, 0, 50, 30, 0, 0, 50, 20), run),
		"no runs":                    plain(one, frames, uvarints(0)),
		"2^64-1 runs":                plain(one, frames, uvarints(huge), svarint(0), uvarints(0, 2)),
		"more runs":                  plain(one, frames, uvarints(2), svarint(0), uvarints(0, 2), svarint(0), uvarints(0, 1)),
		"empty run":                  plain(one, frames, uvarints(2), svarint(0), uvarints(0, 0), svarint(0), uvarints(0, 2)),
		"run too short":              plain(one, frames, uvarints(1), svarint(0), uvarints(0, 1)),
		"run too long":               plain(one, frames, uvarints(1), svarint(0), uvarints(0, 3)),
		"run of 2^64-1":              plain(one, frames, uvarints(1), svarint(0), uvarints(0, huge)),
		"run behind the last frame":  plain(one, uvarints(1, 0, 0, 50, 10), run),
		"run at the end of a frame":  plain(one, two, uvarints(2), svarint(0), uvarints(10, 1), svarint(0), uvarints(0, 1)),
		"run behind its frame":       plain(one, frames, uvarints(1), svarint(0), uvarints(31, 2)),
		"run at 16 EiB":              plain(one, frames, uvarints(1), svarint(0), uvarints(huge, 2)),
		"run in frame -1":            plain(one, frames, uvarints(1), svarint(-1), uvarints(0, 2)),
		"run in an absent frame":     plain(one, frames, uvarints(1), svarint(1), uvarints(0, 2)),
		"run in frame 2^63-1":        plain(one, frames, uvarints(1), svarint(math.MaxInt64), uvarints(0, 2)),
		"run in frame -2^63":         plain(one, frames, uvarints(1), svarint(math.MinInt64), uvarints(0, 2)),
		"second run in frame -1":     plain(one, two, uvarints(2), svarint(1), uvarints(0, 1), svarint(-2), uvarints(0, 1)),
		"chunk over the end":         plain(one, frames, uvarints(1), svarint(0), uvarints(1, 2)),
		"chunk over the end of next": plain(one, uvarints(2, 0, 0, 50, 10, 0, 0, 50, 19), run),
	} {
		t.Run(name, func(t *testing.T) { damaged(t, index, chunks) })
	}
	good := plain(one, frames, run)
	for name, encoded := range map[string][]byte{
		"block of another kind": blocks(t, 2, good, uvarints(uint64(len(good)))),
		"no block":              blocks(t, 3, nil, uvarints(0)),
		"longer by the end":     blocks(t, 3, good, uvarints(uint64(len(good)+1))),
		"shorter by the end":    blocks(t, 3, good, uvarints(uint64(len(good)-1))),
		"end without a length":  blocks(t, 3, good, []byte{0x80}),
		"end too long":          blocks(t, 3, good, uvarints(uint64(len(good)), 0)),
		"longer than the limit": blocks(t, 3, make([]byte, pack.MaxIndex+1), uvarints(pack.MaxIndex+1)),
		"nothing":               nil,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := decode(t, encoded, chunks); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("error %v, want %v", err, codec.ErrDamaged)
			}
		})
	}
}

// TestDecodeChanged changes an index at every byte, and cuts it there: it is refused, or its places are still
// possible ones.
func TestDecodeChanged(t *testing.T) {
	for name, index := range map[string]func() (*pack.Index, []codec.Chunk){"small": small, "with deltas": smallDeltas} {
		t.Run(name, func(t *testing.T) {
			x, chunks := index()
			changes(t, encode(t, x, chunks), chunks)
		})
	}
}

func changes(t *testing.T, encoded []byte, chunks []codec.Chunk) {
	t.Helper()
	for i := range encoded {
		if _, err := decode(t, encoded[:i], chunks); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("cut at byte %d: error %v, want %v", i, err, codec.ErrDamaged)
		}
		for _, change := range []byte{0x01, 0x10, 0x80, 0xff} {
			changed := bytes.Clone(encoded)
			changed[i] ^= change
			got, err := decode(t, changed, chunks)
			if err != nil && !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("changed at byte %d: error %v", i, err)
			}
			if err == nil {
				encode(t, got, chunks) // refuses what is not possible
			}
		}
	}
	for n := range chunks {
		if _, err := decode(t, encoded, chunks[:n]); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("with %d chunks: error %v, want %v", n, err, codec.ErrDamaged)
		}
	}
}

func TestDecodeFails(t *testing.T) {
	x, chunks := small()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pack.DecodeIndex(ctx, bytes.NewReader(encode(t, x, chunks)), testCodec(t), chunks); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// FuzzDecodeIndex takes anything for an index of chunks of 1 to 250 bytes.
func FuzzDecodeIndex(f *testing.F) {
	sha := make([]byte, 32)
	f.Add([]byte{0, 0, 0, 0, 0, 0}, []byte{})
	packs, runs := parts(uvarints(1), sha, uvarints(100)), parts(uvarints(1), svarint(0), uvarints(0, 2))
	f.Add(plain(packs, uvarints(1, 0, 0, 50, 30), runs), []byte{10, 20})
	for _, index := range []func() (*pack.Index, []codec.Chunk){small, smallDeltas} {
		x, chunks := index()
		_, raw, err := block.NewReader(bytes.NewReader(encode(f, x, chunks)), testCodec(f)).Next(f.Context())
		if err != nil {
			f.Fatal(err)
		}
		var sizes []byte
		for _, c := range chunks {
			sizes = append(sizes, byte(c.Size))
		}
		f.Add(bytes.Clone(raw), sizes)
	}
	f.Fuzz(func(t *testing.T, index, sizes []byte) {
		if len(index) == 0 {
			t.Skip("no block is empty")
		}
		chunks := make([]codec.Chunk, len(sizes))
		for i, s := range sizes {
			chunks[i] = codec.Chunk{Size: uint32(max(s, 1))}
		}
		x, err := decode(t, stream(t, index), chunks)
		if errors.Is(err, codec.ErrDamaged) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		again, err := decode(t, encode(t, x, chunks), chunks)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(x, again); diff != "" {
			t.Errorf("encoded and decoded again (-want +got):\n%s", diff)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	x, chunks := random(1 << 20)
	b.SetBytes(int64(len(encode(b, x, chunks))))
	b.ReportAllocs()
	for b.Loop() {
		if err := x.Encode(b.Context(), io.Discard, testCodec(b), codec.DefaultLevel, chunks); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeIndex(b *testing.B) {
	x, chunks := random(1 << 20)
	encoded := encode(b, x, chunks)
	b.SetBytes(int64(len(encoded)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(b, encoded, chunks); err != nil {
			b.Fatal(err)
		}
	}
}
