// Package unpacked finds chunks in the files of layers that were unpacked, as container engines keep them: what lies there
// need not be fetched, nor be stored a second time.
package unpacked

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/klauspost/compress/flate"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// Layers is a set of unpacked layers; nil is the empty one. Chunks may be read by several goroutines at once, while no layer
// is added.
type Layers struct {
	codec  *codec.Codec
	layers []*layer
	chunks map[codec.ID]place
}

// layer is a directory, and the files that its recipe says are there.
type layer struct {
	root    *os.Root
	files   []recipe.File // with contents, by offset
	changed atomic.Bool   // a file was not what it should be, so none is trusted
}

// place is where a chunk begins in the data stream of a layer.
type place struct {
	layer  *layer
	offset int64
}

// find returns the first file that has bytes at offset or behind it, and whether it has that very byte.
func (l *layer) find(offset int64) (first int, found bool) {
	return slices.BinarySearchFunc(l.files, offset, func(f recipe.File, at int64) int {
		switch {
		case f.Offset+f.Size <= at:
			return -1
		case f.Offset > at:
			return 1
		}
		return 0
	})
}

// covers says whether all bytes from offset to end are in files.
func (l *layer) covers(offset, end int64) bool {
	first, found := l.find(offset)
	for ; found && offset < end; first++ {
		found = first < len(l.files) && l.files[first].Offset <= offset
		if found {
			offset = l.files[first].Offset + l.files[first].Size
		}
	}
	return found
}

// New returns a set without layers, which checks chunks with c.
func New(c *codec.Codec) *Layers {
	return &Layers{codec: c, chunks: make(map[codec.ID]place)}
}

// Add adds the layer that r is the recipe of and that was unpacked in the directory dir. That the files are still what
// they were is checked when a chunk is read.
func (l *Layers) Add(ctx context.Context, r *recipe.Recipe, dir string) error {
	added := &layer{}
	for f, err := range r.Files(ctx) {
		if err != nil {
			return fmt.Errorf("layer %s: %w", r.Digest, err)
		}
		if f.Size > 0 && (f.Within == "" || f.Streams != nil) {
			added.files = append(added.files, f)
		}
	}
	var err error
	if added.root, err = os.OpenRoot(dir); err != nil {
		return err
	}
	l.layers = append(l.layers, added)
	at := place{layer: added}
	for _, c := range r.Chunks {
		if _, known := l.chunks[c.ID]; !known && added.covers(at.offset, at.offset+int64(c.Size)) {
			l.chunks[c.ID] = at
		}
		at.offset += int64(c.Size)
	}
	return nil
}

// Close closes the layers' directories.
func (l *Layers) Close() error {
	var errs []error
	for _, layer := range l.layers {
		errs = append(errs, layer.root.Close())
	}
	return errors.Join(errs...)
}

// Has says whether the chunk lies in a layer.
func (l *Layers) Has(id codec.ID) bool {
	if l == nil {
		return false
	}
	at, known := l.chunks[id]
	return known && !at.layer.changed.Load()
}

// Missing returns those of chunks that lie in no layer, in their order.
func (l *Layers) Missing(chunks []codec.Chunk) []codec.Chunk {
	if l == nil {
		return chunks
	}
	var missing []codec.Chunk
	for _, c := range chunks {
		if !l.Has(c.ID) {
			missing = append(missing, c)
		}
	}
	return missing
}

// NewReader returns a reader of the chunks.
func (l *Layers) NewReader() *Reader { return &Reader{layers: l} }

// Reader reads chunks. It belongs to one goroutine.
type Reader struct {
	layers *Layers
	worker *codec.Worker
	split  []codec.Chunk

	open *os.File // the file that was read last
	name string
	of   *layer

	inside  io.Reader // what is inside of a stream in that file
	streams []int64   // where this begins, as a recipe.File has them
	passed  int64     // bytes that were inflated
}

// Chunk returns the bytes of a chunk that the set has, verified against its ID. They must not be changed, and are valid
// until the next call. Where the files are not what they were, the error is codec.ErrDamaged, and the set has no chunk of
// that layer any more.
func (r *Reader) Chunk(ctx context.Context, c codec.Chunk) ([]byte, error) {
	at := r.layers.chunks[c.ID]
	if r.worker == nil {
		var err error
		if r.worker, err = r.layers.codec.Acquire(ctx); err != nil {
			return nil, err
		}
	}
	data := r.worker.Buffer()[:c.Size]
	name, err := r.read(at.layer, at.offset, data)
	if err == nil {
		err = r.verify(ctx, c)
	}
	if err != nil && ctx.Err() == nil {
		at.layer.changed.Store(true)
		err = fmt.Errorf("%w: file %s of a layer is not what was unpacked: %w", codec.ErrDamaged, name, err)
	}
	return data, err
}

// Close gives back what the reader holds. The reader can be used again.
func (r *Reader) Close() {
	if r.worker != nil {
		r.worker.Release()
		r.worker = nil
	}
	r.closeFile()
}

func (r *Reader) closeFile() {
	if r.open != nil {
		_ = r.open.Close() // it was only read
	}
	r.open, r.of, r.inside = nil, nil, nil
}

// read fills data with what stands at offset in the layer's data stream, and returns the name of the last file it read.
func (r *Reader) read(l *layer, offset int64, data []byte) (name string, err error) {
	first, found := l.find(offset)
	if !found {
		return "", errors.New("no file is there")
	}
	for _, f := range l.files[first:] {
		if len(data) == 0 {
			return name, nil
		}
		name = cmp.Or(f.Within, f.Name)
		if f.Offset > offset {
			return name, errors.New("it is not where the bytes before it end")
		}
		part := data[:min(int64(len(data)), f.Offset+f.Size-offset)]
		if f.Within == "" {
			err = r.readFile(l, name, offset-f.Offset, part)
		} else {
			err = r.readInside(l, f, f.At+offset-f.Offset, part)
		}
		if err != nil {
			return name, err
		}
		offset += int64(len(part))
		data = data[len(part):]
	}
	if len(data) > 0 {
		return name, io.ErrUnexpectedEOF
	}
	return name, nil
}

func (r *Reader) readFile(l *layer, name string, offset int64, data []byte) error {
	if err := r.openFile(l, name); err != nil {
		return err
	}
	_, err := r.open.ReadAt(data, offset)
	return err
}

func (r *Reader) openFile(l *layer, name string) error {
	if r.of == l && r.name == name {
		return nil
	}
	r.closeFile()
	file, err := l.root.OpenFile(path.Clean("./"+name), os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO must not block
	if err != nil {
		return err
	}
	r.open, r.of, r.name = file, l, name
	return nil
}

// readInside fills data with what stands at a place of what is inside of the file f.Within. It goes on from where it was before, or
// else inflates all from the beginning.
func (r *Reader) readInside(l *layer, f recipe.File, at int64, data []byte) error {
	if err := r.openFile(l, f.Within); err != nil {
		return err
	}
	if r.inside == nil || !slices.Equal(r.streams, f.Streams) || r.passed > at {
		r.inside, r.streams, r.passed = io.NewSectionReader(r.open, 0, math.MaxInt64), f.Streams, 0
		for _, start := range f.Streams {
			if _, err := io.CopyN(io.Discard, r.inside, start); err != nil {
				return err
			}
			r.inside = flate.NewReader(bufio.NewReader(r.inside))
		}
	}
	skipped, err := io.CopyN(io.Discard, r.inside, at-r.passed)
	r.passed += skipped
	if err != nil {
		return err
	}
	n, err := io.ReadFull(r.inside, data)
	r.passed += int64(n)
	return err
}

// verify checks the chunk in the worker's buffer. Cut by itself, a chunk is one chunk.
func (r *Reader) verify(ctx context.Context, c codec.Chunk) error {
	var err error
	if r.split, err = r.worker.Split(ctx, 0, int(c.Size), true, r.split[:0]); err != nil {
		return err
	}
	if len(r.split) != 1 || r.split[0].ID != c.ID {
		return errors.New("its bytes are others")
	}
	return nil
}
