package transfer

import (
	"slices"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// reach is how far from its place in the older version of a file the content of a newer one is looked for, in bytes.
const reach = 1 << 20

// stream stands for the data of a blob of a base. Deltas are coded against chunks that lie in zstd frames only: where the data
// are in deltas themselves, what these are coded against stands in.
type stream struct {
	image  *Image // that the chunks can be had of
	chunks []codec.Chunk
	packed []int64 // what each takes in its frame
	starts []int64 // where each begins, and where the last one ends

	offsets []int64 // of the chunks of the data, and the end
	places  []place // of these in the stream
}

// place is where in a stream a chunk of the data is, by what stands for it. Of one in a delta that is not known exactly.
type place struct {
	start     int64
	low, high int64 // of all that it was coded against
}

// end returns where the last chunk ends.
func (s *stream) end() int64 { return s.starts[len(s.chunks)] }

func (s *stream) append(c codec.Chunk, packed int64) {
	s.chunks, s.packed, s.starts = append(s.chunks, c), append(s.packed, packed), append(s.starts, s.end()+int64(c.Size))
}

// chunkAt returns which chunk of the data has the byte at offset.
func (s *stream) chunkAt(offset int64) int {
	i, found := slices.BinarySearch(s.offsets, offset)
	if !found {
		i--
	}
	return i
}

// near returns the chunks around the data from start to end, which are a part of those from first to last.
func (s *stream) near(start, end, first, last int64) span {
	at := func(offset int64) int64 {
		i := s.chunkAt(offset)
		return s.places[i].start + offset - s.offsets[i]
	}
	from, to := at(start), at(end-1)+1
	if to < from || to-from > 2*(end-start)+reach {
		to = from + end - start // the data are not in one piece there
	}
	low, high := s.places[s.chunkAt(first)].low, s.places[s.chunkAt(last-1)].high
	return s.span(max(from-reach, min(low, from)), min(to+reach, max(high, to)))
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

// span is a run of chunks of a stream.
type span struct {
	of         *stream
	first, end int
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

// within says whether t has all chunks of s.
func (s span) within(t span) bool { return t.of == s.of && t.first <= s.first && s.end <= t.end }

// joins says whether s begins in t, or where that ends.
func (s span) joins(t span) bool { return s.of == t.of && t.first <= s.first && s.first <= t.end }

func (s span) join(t span) span { return span{s.of, t.first, max(t.end, s.end)} }

// streams makes the streams of an image.
type streams struct {
	image  *Image
	number map[codec.ID]int // of each chunk in the index
	packed map[codec.ID]int64
	usable func(codec.Chunk) bool
}

func newStreams(image *Image, usable func(codec.Chunk) bool) *streams {
	s := &streams{image, make(map[codec.ID]int), image.image.packedByID(), usable}
	for i, c := range image.image.numbered {
		s.number[c.ID] = i
	}
	return s
}

// of returns the stream for a blob whose data consist of chunks.
func (b *streams) of(chunks []codec.Chunk) *stream {
	s := &stream{image: b.image, starts: []int64{0}, offsets: []int64{0}}
	starts := make(map[codec.ID]int64) // of what is in the stream
	index := b.image.image.index
	for i, c := range chunks {
		s.offsets = append(s.offsets, s.offsets[i]+int64(c.Size))
		at := index.Locations[b.number[c.ID]]
		frame := index.Frames[at.Frame]
		base := b.image.image.baseOf(frame)
		if base == nil {
			base, at.Offset, frame.Raw = []codec.Chunk{c}, 0, c.Size
		}
		for _, chunk := range base {
			if has(starts, chunk.ID) {
				continue
			}
			starts[chunk.ID] = s.end()
			if b.usable(chunk) {
				s.append(chunk, b.packed[chunk.ID])
			}
		}
		s.places = append(s.places, placeOf(base, starts, int64(at.Offset), int64(frame.Raw)))
	}
	return s
}

// placeOf returns where what stands at offset of raw bytes probably is in what these were coded against: chunks that begin at
// starts. On both sides these reach as far beyond the raw bytes.
func placeOf(base []codec.Chunk, starts map[codec.ID]int64, offset, raw int64) place {
	var size int64
	for _, c := range base {
		size += int64(c.Size)
	}
	margin := min(max(0, size-raw)/2, reach)
	at := margin + int64(float64(offset)/float64(raw)*float64(size-2*margin))
	last := base[len(base)-1]
	p := place{low: starts[base[0].ID], high: starts[last.ID] + int64(last.Size)}
	for _, c := range base {
		if p.start = starts[c.ID] + at; at < int64(c.Size) {
			break
		}
		at -= int64(c.Size)
	}
	return p
}
