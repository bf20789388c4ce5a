package recipe

import (
	"context"
	"errors"
	"io"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Kind says how a blob is taken apart.
type Kind int

const (
	Tar   Kind = iota // headers and padding become literals
	Plain             // everything is data
)

// Summary is what Build learnt about a blob.
type Summary struct {
	Digest digest.Digest // sha256 of what a rebuild gives
	Size   int64         // length of the blob
	Chunks int           // number of chunks, those that repeat included
}

// Build reads a blob to its end, writes its recipe to out, compressed at level, and calls emit for each chunk of its data in order, also for
// those that repeat. emit is called by the calling goroutine; the bytes are valid until it returns.
//
// The digest in the summary is that of the literals as written to the recipe and of the data as given to emit, in the order of a
// rebuild: if it is the blob's digest, a rebuild will give the blob.
//
// No content is an error: from where a tar cannot be parsed on, it is taken as data. Errors come from blob, out, emit or ctx only. Memory is
// bounded whatever the blob says about its sizes.
func Build(ctx context.Context, c *codec.Codec, blob io.Reader, kind Kind, level int, out io.Writer, emit func(codec.Chunk, []byte) error) (Summary, error) {
	return Summary{}, errors.New("not written yet")
}
