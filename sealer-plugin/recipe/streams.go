package recipe

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// MaxStreams is the greatest number of streams in a recipe.
const MaxStreams = 1 << 18

const (
	// maxExpanded is how many bytes each one of a deflate stream stands for, at most, and maxRepeated of a zstd frame. Of a
	// stream that is made again in part, an encoder may hold back what stands for somewhat more.
	maxExpanded = 1032
	maxRepeated = 128 << 10 / 4
	maxHeldBack = 16 << 20 / maxExpanded
	minStream   = 5 // bytes
	// streamsPerBlock is the number of streams that fit a block of codec.FrameTarget bytes.
	streamsPerBlock = codec.FrameTarget / (3*binary.MaxVarintLen64 + 2)
)

// Stream is a deflate stream, or a zstd frame without its checksum, in a blob, which is made of a part of its content. A blob's
// content is its literals and data.
type Stream struct {
	codec.Encoding
	Start int64 // in the content
	Raw   int64 // bytes of the content from there on that are inside, those that are inside of further streams included
	Size  int64 // bytes that the stream has in what it lies in: so many of those that the encoder makes
	Depth int   // how many other streams it is inside of
}

// end returns where in the content the stream ends.
func (s Stream) end() int64 { return s.Start + s.Raw }

// openStream says that what follows is inside of a stream, and returns the place of the stream.
func (w *writer) openStream() int {
	w.streams = append(w.streams, Stream{Start: w.content})
	return len(w.streams) - 1
}

// closeStream ends the stream at a place, which is made in the way of e and has size bytes.
func (w *writer) closeStream(place int, e codec.Encoding, size int64) {
	s := &w.streams[place]
	s.Encoding, s.Size, s.Raw = e, size, w.content-s.Start
}

func (w *writer) writeStreams(ctx context.Context) error {
	start := int64(0)
	for rest := w.streams; len(rest) > 0; {
		n := min(len(rest), streamsPerBlock)
		raw := binary.AppendUvarint(nil, uint64(n))
		for _, s := range rest[:n] {
			raw = binary.AppendUvarint(raw, uint64(s.Start-start))
			raw = binary.AppendUvarint(raw, uint64(s.Raw))
			raw = binary.AppendUvarint(raw, uint64(s.Size))
			raw = append(raw, byte(s.Encoder), s.Level)
			start = s.Start
		}
		if err := w.blocks.Write(ctx, kindStreams, raw); err != nil {
			return fmt.Errorf("write recipe: %w", err)
		}
		rest = rest[n:]
	}
	return nil
}

func (r *Recipe) parseStreams(raw []byte) error {
	f := fields{rest: raw}
	count := f.uvarint()
	if count > uint64(len(f.rest)/minStream) {
		return damagedf("a block of %d bytes with %d streams", len(raw), count)
	}
	if count > uint64(MaxStreams-len(r.Streams)) {
		return damagedf("more than %d streams", MaxStreams)
	}
	for range count {
		step, inside, size := f.uvarint(), f.uvarint(), f.uvarint()
		e := codec.Encoding{Encoder: codec.Encoder(f.byte()), Level: f.byte()}
		if f.bad {
			return damagedf("a block whose length is not that of its %d streams", count)
		}
		if err := r.addStream(e, step, inside, size); err != nil {
			return err
		}
	}
	if len(f.rest) > 0 {
		return damagedf("a block whose length is not that of its %d streams", count)
	}
	return nil
}

// addStream adds a stream that begins step bytes behind the beginning of the one before.
func (r *Recipe) addStream(e codec.Encoding, step, inside, size uint64) error {
	expanded := uint64(maxExpanded)
	if e.IsZstd() {
		expanded = maxRepeated
	}
	if inside < 1 || step > maxLength || size > maxLength || inside/expanded > size+maxHeldBack {
		return damagedf("a stream of %d bytes for %d", size, inside)
	}
	s := Stream{Encoding: e, Start: int64(step), Raw: int64(inside), Size: int64(size)}
	if n := len(r.Streams); n > 0 {
		s.Start += r.Streams[n-1].Start
	}
	if s.end() > maxLength {
		return damagedf("a stream up to byte %d", s.end())
	}
	for len(r.open) > 0 && r.open[len(r.open)-1] <= s.Start {
		r.open = r.open[:len(r.open)-1]
	}
	if s.Depth = len(r.open); s.Depth == maxDepth {
		return damagedf("more than %d streams inside of each other", maxDepth)
	}
	if s.Depth > 0 && r.open[s.Depth-1] < s.end() {
		return damagedf("a stream that lies in another one in part")
	}
	if s.Depth == 0 {
		r.content += s.Raw - s.Size
		r.ended = s.end()
	}
	r.open = append(r.open, s.end())
	r.Streams = append(r.Streams, s)
	return nil
}
