package recipe

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

const (
	// chunksPerBlock is the number of chunks that fit a block of codec.FrameTarget bytes: each takes 32 bytes and a
	// length of at most three, and their number takes three more.
	chunksPerBlock = (codec.FrameTarget - 3) / 35
	// maxPair is the greatest length of a pair in a skeleton block; as much is kept free for their number.
	maxPair = 2 * binary.MaxVarintLen64
)

// writer writes a recipe, and has the literals hashed as they lie in it.
type writer struct {
	blocks *block.Writer
	hash   *hasher

	chunks       int    // all of them
	lengths, ids []byte // of the chunks that are not yet written
	unwritten    uint64 // their number

	literals  []byte // not yet written
	pairs     []byte // of them, encoded, but for the last one
	pairCount uint64
	literal   uint64 // lengths of the last pair, which may still grow
	data      uint64

	content int64 // bytes so far, of literals and data
	streams []Stream
}

func newWriter(blocks *block.Writer, hash *hasher) *writer {
	return &writer{blocks: blocks, hash: hash}
}

// addLiteral appends literal bytes to the blob.
func (w *writer) addLiteral(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		if w.data > 0 {
			w.endPair()
		}
		room := codec.FrameTarget - 2*maxPair - len(w.pairs) - len(w.literals)
		if room <= 0 {
			if err := w.writeSkeleton(ctx); err != nil {
				return err
			}
			continue
		}
		n := min(room, len(p))
		begin := len(w.literals)
		w.literals = append(w.literals, p[:n]...)
		w.literal += uint64(n)
		w.content += int64(n)
		w.hash.add(w.literals[begin:])
		p = p[n:]
	}
	return nil
}

// addData appends n bytes of the data stream to the blob.
func (w *writer) addData(n int64) {
	w.data += uint64(n)
	w.content += n
}

// endPair ends the last pair: what follows belongs to the next.
func (w *writer) endPair() {
	if w.literal+w.data == 0 {
		return
	}
	w.pairs = binary.AppendUvarint(w.pairs, w.literal)
	w.pairs = binary.AppendUvarint(w.pairs, w.data)
	w.pairCount++
	w.literal, w.data = 0, 0
}

func (w *writer) writeSkeleton(ctx context.Context) error {
	w.endPair()
	if w.pairCount == 0 {
		return nil
	}
	w.hash.start()
	raw := make([]byte, 0, binary.MaxVarintLen64+len(w.pairs)+len(w.literals))
	raw = binary.AppendUvarint(raw, w.pairCount)
	raw = append(raw, w.pairs...)
	raw = append(raw, w.literals...)
	if err := w.blocks.Write(ctx, kindSkeleton, raw); err != nil {
		return fmt.Errorf("write recipe: %w", err)
	}
	w.hash.wait()
	w.literals, w.pairs, w.pairCount = w.literals[:0], w.pairs[:0], 0
	return nil
}

// addChunk appends a chunk to the data stream.
func (w *writer) addChunk(ctx context.Context, c codec.Chunk) error {
	w.lengths = binary.AppendUvarint(w.lengths, uint64(c.Size))
	w.ids = append(w.ids, c.ID[:]...)
	w.unwritten++
	w.chunks++
	if w.unwritten < chunksPerBlock {
		return nil
	}
	return w.writeChunks(ctx)
}

func (w *writer) writeChunks(ctx context.Context) error {
	if w.unwritten == 0 {
		return nil
	}
	raw := make([]byte, 0, binary.MaxVarintLen64+len(w.lengths)+len(w.ids))
	raw = binary.AppendUvarint(raw, w.unwritten)
	raw = append(raw, w.lengths...)
	raw = append(raw, w.ids...)
	if err := w.blocks.Write(ctx, kindChunks, raw); err != nil {
		return fmt.Errorf("write recipe: %w", err)
	}
	w.lengths, w.ids, w.unwritten = w.lengths[:0], w.ids[:0], 0
	return nil
}

// close writes what is left, and the end block.
func (w *writer) close(ctx context.Context) (Summary, error) {
	if err := w.writeSkeleton(ctx); err != nil {
		return Summary{}, err
	}
	if err := w.writeChunks(ctx); err != nil {
		return Summary{}, err
	}
	if err := w.writeStreams(ctx); err != nil {
		return Summary{}, err
	}
	w.hash.wait()
	sum := w.hash.sum.Sum(nil)
	end := binary.AppendUvarint(nil, uint64(w.chunks))
	end = binary.AppendUvarint(end, uint64(w.hash.size))
	end = append(end, sum...)
	if err := w.blocks.Close(ctx, end); err != nil {
		return Summary{}, fmt.Errorf("write recipe: %w", err)
	}
	return Summary{
		Digest: digest.NewDigestFromBytes(digest.SHA256, sum), Size: w.hash.size, Chunks: w.chunks, Streams: len(w.streams),
	}, nil
}
