package transfer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// reach is how far from its place in the older version of a file the content of a newer one is looked for, in bytes.
const reach = 1 << 20

// incompressible is what part of its raw size compressed data takes that no delta makes smaller: it changes as a whole.
const incompressible = .95

// origins are the files of bases that new ones may be versions of. Deltas are coded against chunks that lie in zstd frames
// only: where a base has a delta itself, what that was coded against stands for it.
type origins struct {
	fetching  *joined             // progress of fetching them
	named     map[string][]origin // by name; those of the first base first
	unversion map[string][]origin // by name without version
	spots     map[codec.ID]spot   // of the bases' chunks
}

func newOrigins(fetching *joined) *origins {
	return &origins{fetching, make(map[string][]origin), make(map[string][]origin), make(map[codec.ID]spot)}
}

// maxNamesakes bounds the files of one name that are told apart.
const maxNamesakes = 32

// spot is a place in a stream.
type spot struct {
	of *stream
	at int64
}

// origin is a file of a base.
type origin struct {
	of          *stream
	start, size int64 // its place there
}

// stream is the data of a blob of a base, or of what it was coded against, as chunks that lie in zstd frames.
type stream struct {
	image  *Image // that the chunks can be had of
	chunks []codec.Chunk
	packed []int64 // what each takes in its frame
	starts []int64 // where each begins, and where the last one ends
}

// end returns where the last chunk ends.
func (s *stream) end() int64 { return s.starts[len(s.chunks)] }

func (s *stream) append(c codec.Chunk, packed int64) {
	s.chunks, s.packed, s.starts = append(s.chunks, c), append(s.packed, packed), append(s.starts, s.end()+int64(c.Size))
}

// add adds the files of an image, whose index is loaded, as far as they consist of usable chunks.
func (o *origins) add(ctx context.Context, image *Image, usable func(codec.Chunk) bool) error {
	full := newFullChunks(image.image, usable)
	for _, b := range image.image.Document.Blobs {
		if b.Inline() {
			continue
		}
		r := image.image.recipes[b.Recipe]
		s, places := full.stream(image, r.Chunks)
		if len(s.chunks) == 0 {
			continue
		}
		for i, c := range r.Chunks {
			if !has(o.spots, c.ID) {
				o.spots[c.ID] = spot{s, places.starts[i]}
			}
		}
		for f, err := range r.Files(ctx) {
			if err != nil {
				return fmt.Errorf("recipe %s: %w", b.Recipe, err)
			}
			if f.Size > 0 {
				start, end := places.of(f.Offset, f.Offset+f.Size)
				o.put(f.Name, origin{s, start, max(end-start, 1)})
			}
		}
	}
	return nil
}

func (o *origins) put(name string, f origin) {
	if len(o.named[name]) < maxNamesakes {
		o.named[name] = append(o.named[name], f)
	}
	if plain := withoutVersion(name); len(o.unversion[plain]) < maxNamesakes {
		o.unversion[plain] = append(o.unversion[plain], f)
	}
}

// of returns the file that one of this name and size is probably the next version of: the one of the same name or, but for
// version numbers, of the same name, that is nearest in size.
func (o *origins) of(name string, size int64) (origin, bool) {
	found := o.named[name]
	if len(found) == 0 {
		found = o.unversion[withoutVersion(name)]
	}
	if len(found) == 0 {
		return origin{}, false
	}
	return slices.MinFunc(found, func(a, b origin) int {
		return int(max(a.size, size)-min(a.size, size)) - int(max(b.size, size)-min(b.size, size))
	}), true
}

// withoutVersion returns a name with # in place of each number.
func withoutVersion(name string) string {
	var b strings.Builder
	digits := false
	for _, r := range name {
		switch digit := r >= '0' && r <= '9'; {
		case !digit:
			b.WriteRune(r)
		case !digits:
			b.WriteByte('#')
		}
		digits = r >= '0' && r <= '9'
	}
	return b.String()
}

// span is a run of chunks of a stream.
type span struct {
	of         *stream
	first, end int
}

// near returns the chunks of the origin around what is probably the older version of the bytes from offset start to end in
// a file of size bytes.
func (f origin) near(start, end, size int64) span {
	scale := float64(f.size) / float64(size)
	low, high := int64(float64(start)*scale)-reach, int64(float64(end)*scale)+reach
	low, high = max(0, low), min(f.size, high, max(0, low)+codec.MaxDeltaBase/2)
	return f.of.span(f.start+low, f.start+high)
}

// has says whether a place is in the file.
func (f origin) has(s spot) bool { return f.of == s.of && f.start <= s.at && s.at < f.start+f.size }

// isLike says whether a file of size bytes has about the length of this one: then it changed here and there, and its parts are
// in proportion. Else much was added or is gone, probably at its end.
func (f origin) isLike(size int64) bool { return max(f.size, size)-min(f.size, size) < f.size/8 }

// near returns the chunks around a place, and around that of the bytes behind it up to length.
func (s spot) near(length int64) span {
	return s.of.span(max(0, s.at-reach), min(s.of.end(), s.at+length+reach))
}

// span returns the chunks that have bytes of a range.
func (s *stream) span(from, to int64) span {
	first, found := slices.BinarySearch(s.starts, from)
	if !found {
		first--
	}
	end, _ := slices.BinarySearch(s.starts, to)
	first = min(max(first, 0), len(s.chunks)-1)
	return span{s, first, min(max(end, first+1), len(s.chunks))}
}

func (s span) chunks() []codec.Chunk { return s.of.chunks[s.first:s.end] }
func (s span) size() int64           { return s.of.starts[s.end] - s.of.starts[s.first] }

// packed returns what the chunks take in their frames.
func (s span) packed() (n int64) {
	for _, packed := range s.of.packed[s.first:s.end] {
		n += packed
	}
	return n
}

// fullChunks finds the chunks in zstd frames that stand for those of an image.
type fullChunks struct {
	*chunkedImage
	number map[codec.ID]int // of each chunk in the index
	packed map[codec.ID]int64
	usable func(codec.Chunk) bool
}

func newFullChunks(img *chunkedImage, usable func(codec.Chunk) bool) *fullChunks {
	full := &fullChunks{img, make(map[codec.ID]int), img.packedByID(), usable}
	for i, c := range img.numbered {
		full.number[c.ID] = i
	}
	return full
}

// stream returns what stands for the data of a blob, and where in that each of its chunks is.
func (f *fullChunks) stream(image *Image, chunks []codec.Chunk) (*stream, places) {
	s := &stream{image: image, starts: []int64{0}}
	p := places{offsets: []int64{0}}
	starts := make(map[codec.ID]int64) // of what is in the stream
	for i, c := range chunks {
		p.offsets = append(p.offsets, p.offsets[i]+int64(c.Size))
		at := f.index.Locations[f.number[c.ID]]
		frame := f.index.Frames[at.Frame]
		base := f.baseOf(frame)
		if base == nil {
			base, at.Offset, frame.Raw = []codec.Chunk{c}, 0, c.Size
		}
		var size int64
		for _, b := range base {
			size += int64(b.Size)
			if has(starts, b.ID) {
				continue
			}
			starts[b.ID] = s.end()
			if f.usable(b) {
				s.append(b, f.packed[b.ID])
			}
		}
		// What was coded against the base as a whole is, in the same proportion, at about the same place.
		start, scale := starts[base[0].ID], float64(size)/float64(frame.Raw)
		p.starts = append(p.starts, start+int64(float64(at.Offset)*scale))
		p.ends = append(p.ends, start+int64(float64(at.Offset+c.Size)*scale))
	}
	return s, p
}

// places tells where in a stream the data of a blob are.
type places struct {
	offsets      []int64 // of the chunks in the data, and the end
	starts, ends []int64 // of these in the stream
}

// of returns where in the stream the bytes from offset start to end are.
func (p places) of(start, end int64) (int64, int64) {
	first, last := p.chunkAt(start), p.chunkAt(end-1)
	return p.starts[first] + start - p.offsets[first], p.ends[last] - (p.offsets[last+1] - end)
}

func (p places) chunkAt(offset int64) int {
	i, found := slices.BinarySearch(p.offsets, offset)
	if !found {
		i--
	}
	return i
}
