package store

import (
	"context"
	"errors"
	"io"
	"os"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

var (
	// ErrInUse says that another process has the store open.
	ErrInUse = errors.New("store is in use by another process")
	// ErrNotFound says that the store lacks a chunk or a blob.
	ErrNotFound = errors.New("not in the store")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("store is closed")
)

// Store is an open store. It is safe for concurrent use.
type Store struct {
	dir string
}

// Open opens the store in dir and creates it where there is none.
func Open(dir string) (*Store, error) {
	return &Store{dir: dir}, nil
}

// Close makes durable what was appended, and closes the store.
func (s *Store) Close() error { return nil }

// Missing returns those of chunks that the store lacks, each once, in the order in which they first come.
func (s *Store) Missing(chunks []codec.Chunk) ([]codec.Chunk, error) { return chunks, nil }

// Append adds a compressed frame and the chunks that are known to lie in it.
func (s *Store) Append(ctx context.Context, frame []byte, extents []codec.Extent) error { return nil }

// Flush makes everything durable and readable that was appended before.
func (s *Store) Flush(ctx context.Context) error { return nil }

// Reader reads chunks. It is for one goroutine.
type Reader struct {
	store *Store
	codec *codec.Codec
}

// NewReader returns a reader of the store's chunks.
func (s *Store) NewReader(c *codec.Codec) *Reader { return &Reader{store: s, codec: c} }

// Chunk returns the bytes of a chunk, verified against its ID. They are valid until the next call.
func (r *Reader) Chunk(ctx context.Context, chunk codec.Chunk) ([]byte, error) {
	return nil, ErrNotFound
}

// Close gives back the reader's memory.
func (r *Reader) Close() {}

// PutBlob stores what r gives as the blob that desc describes, after verifying its size and sha256.
func (s *Store) PutBlob(ctx context.Context, desc ocispec.Descriptor, r io.Reader) error { return nil }

// Blob opens a blob for reading.
func (s *Store) Blob(desc ocispec.Descriptor) (*os.File, error) { return nil, ErrNotFound }
