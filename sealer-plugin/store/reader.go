package store

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// recentFrames is how many frames a reader keeps, each of at most codec.MaxFrame bytes.
const recentFrames = 8

// Reader reads chunks. It belongs to one goroutine.
type Reader struct {
	store     *Store
	codec     *codec.Codec
	unchecked bool
	recent    []*rawFrame // latest first
}

// rawFrame is a frame that was restored.
type rawFrame struct {
	frame
	pack uint32
	raw  []byte
}

// NewReader returns a reader of the store's chunks, which takes a worker of c whenever it restores a frame.
func (s *Store) NewReader(c *codec.Codec) *Reader {
	return &Reader{store: s, codec: c}
}

// NewUncheckedReader returns a reader like that of NewReader, but for one thing: the bytes that it returns are those of a chunk
// only if the pack file is not damaged. It is for who verifies what is made of them, and can read them otherwise if that fails.
func (s *Store) NewUncheckedReader(c *codec.Codec) *Reader {
	return &Reader{store: s, codec: c, unchecked: true}
}

// Close gives back the reader's memory. The reader can be used again.
func (r *Reader) Close() { r.recent = nil }

// Missing returns those of chunks that the store lacks, each once, in the order in which they first come. What
// was appended counts once it is durable.
func (s *Store) Missing(chunks []codec.Chunk) ([]codec.Chunk, error) {
	lacking, err := s.index.missing(chunks)
	if err != nil {
		return nil, fmt.Errorf("look up chunks in store %s: %w", s.dir, err)
	}
	return lacking, nil
}

// Chunk returns the bytes of a chunk, verified against its ID unless the reader is unchecked. They must not be changed, and are valid until the next call.
//
// The error is ErrNotFound if the store lacks it, and ErrDamaged if it cannot be read; that names the pack file, whose
// damaged frames are then dropped from the store: a pull that runs again fetches their chunks anew.
func (r *Reader) Chunk(ctx context.Context, chunk codec.Chunk) ([]byte, error) {
	b, err := r.chunk(ctx, chunk)
	if err != nil {
		return nil, fmt.Errorf("read chunk %v: %w", chunk.ID, err)
	}
	return b, nil
}

func (r *Reader) chunk(ctx context.Context, chunk codec.Chunk) ([]byte, error) {
	at, err := r.store.index.lookup(chunk.ID)
	if err != nil {
		return nil, err
	}
	f, err := r.frame(ctx, entry{chunk.ID, at})
	if err != nil {
		return nil, err
	}
	e, _ := f.find(at.chunk, chunk.ID)
	if e.Size != chunk.Size {
		return nil, fmt.Errorf("%w: chunk has %d bytes, not %d", codec.ErrDamaged, e.Size, chunk.Size)
	}
	return f.raw[e.Offset:][:e.Size:e.Size], nil
}

// frame returns the frame that holds the chunk of an index entry.
func (r *Reader) frame(ctx context.Context, want entry) (*rawFrame, error) {
	for i, f := range r.recent {
		if _, ok := f.find(want.at.chunk, want.id); ok && f.pack == want.at.pack {
			copy(r.recent[1:i+1], r.recent[:i])
			r.recent[0] = f
			return f, nil
		}
	}
	w, err := r.codec.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Release()
	f, err := r.load(ctx, w, want)
	if errors.Is(err, codec.ErrDamaged) {
		return nil, r.store.dropDamaged(ctx, w, want, err)
	}
	return f, err
}

// load restores the frame that holds the chunk of an index entry, and puts it in front of the recent ones.
func (r *Reader) load(ctx context.Context, w *codec.Worker, want entry) (*rawFrame, error) {
	path := r.store.packPath(want.at.pack)
	p, err := openPack(path)
	if err != nil {
		return nil, err
	}
	defer p.close()
	f := p.frameOf(want.at.chunk, want.id)
	if f == nil {
		return nil, fmt.Errorf("%s: %w: chunk is not where the index says", path, codec.ErrDamaged)
	}
	extents := f.extents
	if r.unchecked {
		extents = nil
	}
	raw, err := p.restore(ctx, w, f, extents)
	if err != nil {
		return nil, err
	}
	return r.remember(rawFrame{frame: *f, pack: want.at.pack, raw: raw}), nil
}

// remember puts a copy of f in front of the recent frames. The oldest one gives its memory for it.
func (r *Reader) remember(f rawFrame) *rawFrame {
	var buf []byte
	if len(r.recent) == recentFrames {
		buf = r.recent[recentFrames-1].raw
		r.recent = r.recent[:recentFrames-1]
	}
	f.raw = append(buf[:0], f.raw...)
	r.recent = append([]*rawFrame{&f}, r.recent...)
	return &f
}

// dropDamaged drops the entry want and those of every damaged frame of its pack from the index. It returns cause, with
// what became of the chunks.
func (s *Store) dropDamaged(ctx context.Context, w *codec.Worker, want entry, cause error) error {
	dropped, err := s.dropUnreadable(ctx, w, want)
	if err != nil {
		return fmt.Errorf("%w; its chunks could not be dropped from the store: %w", cause, err)
	}
	return fmt.Errorf("%w; %d chunks were dropped from the store, run it again to fetch them anew", cause, dropped)
}

func (s *Store) dropUnreadable(ctx context.Context, w *codec.Worker, want entry) (int, error) {
	path := s.packPath(want.at.pack)
	p, err := openPack(path)
	if errors.Is(err, codec.ErrDamaged) {
		dropped, err := s.index.dropPacks(map[uint32]bool{want.at.pack: true})
		if err == nil {
			_ = os.Remove(path) // if it stays, Open removes it
		}
		return dropped, err
	}
	if err != nil {
		return 0, err
	}
	defer p.close()
	lost := []entry{want}
	for i := range p.frames {
		_, err := p.restore(ctx, w, &p.frames[i], p.frames[i].extents)
		if errors.Is(err, codec.ErrDamaged) {
			lost = append(lost, p.frames[i].entries(want.at.pack)...)
		}
	}
	return s.index.drop(lost)
}
