package recipe

import (
	"context"
	"errors"
	"iter"
)

// File is a file in a tar.
type File struct {
	Name   string // as the tar has it, which may be any bytes; never to be used as a path on disk
	Size   int64  // bytes of its contents in the tar, where the holes of a sparse file take none
	Offset int64  // where these begin in the data stream, that is in Chunks back to back
}

// Files iterates over the regular files in a tar, in order, without reading any chunk; names can repeat. Of a blob that is no tar there
// are none. An error ends the iteration.
func (r *Recipe) Files(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		yield(File{}, errors.New("not written yet"))
	}
}
