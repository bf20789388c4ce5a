package recipe

import (
	"context"
	"fmt"
	"io"

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

	Findings *Findings // of a survey of the blob; nil if there was none
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
		reading: &reading{ctx: ctx, codec: c, source: src, found: opts.Findings}, w: w, hash: hash, rebuild: !opts.KeepGzip,
	}
	b.chunks = newSplitter(worker, hash, func(c codec.Chunk, data []byte) error {
		if err := emit(c, data, b.files.next(int64(c.Size))); err != nil {
			return err
		}
		return w.addChunk(ctx, c)
	})
	if err = newContent(b, src).read(opts.Kind); err != nil {
		cancel()
	}
	b.running.Wait()
	opts.Findings.end()
	if err := src.failure(); err != nil {
		return Summary{}, fmt.Errorf("read blob: %w", err)
	}
	if err != nil {
		return Summary{}, err
	}
	return w.close(ctx)
}

// readSize is how much is read ahead, so that headers and small files do not cost a read each. Longer reads go
// straight to where the bytes are needed.
const readSize = 64 << 10
