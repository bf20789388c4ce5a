package recipe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Kind says how a blob is taken apart.
type Kind int

// The kinds of blobs.
const (
	Tar   Kind = iota // headers and padding become literals
	Plain             // everything is data
)

// Options says how a recipe is made.
type Options struct {
	Kind     Kind
	Level    int  // of compression, codec.MinLevel to codec.MaxLevel
	KeepGzip bool // gzip files are data as they are
}

// Summary is what Build learnt about a blob.
type Summary struct {
	Digest digest.Digest // sha256 of what a rebuild gives
	Size   int64         // length of the blob
	Chunks int           // number of chunks, those that repeat included

	Streams int // number of deflate streams that are made again
}

// Emit takes a chunk: its bytes, and the files of the tar that these belong to, in order. Of very many tiny files some are
// left out; each Size is what the tar says, which a blob that is cut short may not have. Both slices are valid until it returns.
type Emit func(c codec.Chunk, data []byte, files []File) error

// Build reads a blob to its end, writes its recipe to out, compressed at level, and calls emit for each chunk of its
// data in order, also for those that repeat. emit is called by the calling goroutine.
//
// The digest in the summary is that of the literals as written to the recipe and of the data as given to emit, in the
// order of a rebuild: if it is the blob's digest, a rebuild will give the blob.
//
// No content is an error: from where a tar cannot be parsed on, it is taken as data. Errors come from blob, out, emit
// or ctx only. Memory is bounded whatever the blob says about its sizes.
func Build(
	ctx context.Context, c *codec.Codec, blob io.Reader, opts Options, out io.Writer, emit Emit,
) (Summary, error) {
	worker, err := c.Acquire(ctx)
	if err != nil {
		return Summary{}, err
	}
	defer worker.Release()
	hash := newHasher()
	defer hash.close() // before the release: it reads the worker's memory
	w := newWriter(block.NewWriter(out, c, opts.Level), hash)
	src := &source{ctx: ctx, r: blob}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b := &builder{
		ctx: ctx, codec: c, source: src, w: w, hash: hash, keepGzip: opts.KeepGzip, encodings: slices.Clone(encodings),
	}
	b.data = newSplitter(worker, hash, func(c codec.Chunk, data []byte) error {
		if err := emit(c, data, b.files.next(int64(c.Size))); err != nil {
			return err
		}
		return w.addChunk(ctx, c)
	})
	err = (&content{builder: b, r: bufio.NewReaderSize(src, readSize)}).read(opts.Kind)
	if err != nil {
		cancel()
	}
	b.running.Wait()
	if src.err != nil {
		return Summary{}, fmt.Errorf("read blob: %w", src.err)
	}
	if err != nil {
		return Summary{}, err
	}
	return w.close(ctx)
}

// readSize is how much is read ahead, so that headers and small files do not cost a read each. Longer reads go
// straight to where the bytes are needed.
const readSize = 64 << 10

// source is the blob's reader. It keeps a failure apart from the end of the blob, and from what parsing makes of
// both.
type source struct {
	ctx  context.Context
	r    io.Reader
	read atomic.Int64 // bytes
	err  error        // that is not io.EOF
}

func (s *source) Read(p []byte) (int, error) {
	if s.err == nil {
		s.err = s.ctx.Err()
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.read.Add(int64(n))
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
