package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// PutBlob stores what r gives as the blob that desc describes, whose digest must be a sha256. It is durable and
// visible when PutBlob returns, and not at all if r does not give exactly desc.Size bytes of that digest (ErrDamaged). A
// blob that is there already is replaced.
func (s *Store) PutBlob(ctx context.Context, desc ocispec.Descriptor, r io.Reader) error {
	if err := s.putBlob(ctx, desc, r); err != nil {
		return fmt.Errorf("store blob %s: %w", desc.Digest, err)
	}
	return nil
}

func (s *Store) putBlob(ctx context.Context, desc ocispec.Descriptor, r io.Reader) error {
	path, err := s.blobPath(desc.Digest)
	if err != nil {
		return err
	}
	d, err := newDraft(s.path("tmp"))
	if err != nil {
		return err
	}
	if err := verify(io.TeeReader(contextReader{ctx, r}, d), desc); err != nil {
		d.discard()
		return err
	}
	return d.publish(path)
}

// Blob opens a blob for reading, after verifying all of it; the caller closes it. The error is ErrNotFound if the store
// lacks it, and ErrDamaged if it is not what desc describes; then it is removed: a pull that runs again fetches it anew.
func (s *Store) Blob(desc ocispec.Descriptor) (*os.File, error) {
	f, err := s.openBlob(desc)
	if err != nil {
		return nil, fmt.Errorf("open blob %s: %w", desc.Digest, err)
	}
	return f, nil
}

func (s *Store) openBlob(desc ocispec.Descriptor) (*os.File, error) {
	path, err := s.blobPath(desc.Digest)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if err := verify(f, desc); err != nil {
		_ = f.Close()
		return nil, errors.Join(damagedBlob(path, err), os.Remove(path))
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// damagedBlob is the error for a blob that cannot be read, for whatever reason.
func damagedBlob(path string, err error) error {
	if !errors.Is(err, codec.ErrDamaged) {
		err = fmt.Errorf("%w: %w", codec.ErrDamaged, err)
	}
	return fmt.Errorf("%s: %w; it is removed, run it again to fetch it anew", path, err)
}

// blobPath returns where the blob lies, and refuses what is no sha256: nothing else may become part of a path.
func (s *Store) blobPath(d digest.Digest) (string, error) {
	if err := d.Validate(); err != nil {
		return "", err
	}
	if d.Algorithm() != digest.SHA256 {
		return "", digest.ErrDigestUnsupported
	}
	if s.closed() {
		return "", ErrClosed
	}
	return s.path("blobs", "sha256", d.Encoded()), nil
}

// verify reads r and returns ErrDamaged unless that gives exactly what desc describes. It reads at most one byte more.
func verify(r io.Reader, desc ocispec.Descriptor) error {
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(r, desc.Size+1))
	switch {
	case err != nil:
		return err
	case n > desc.Size:
		return fmt.Errorf("%w: more than %d bytes", codec.ErrDamaged, desc.Size)
	case n < desc.Size:
		return fmt.Errorf("%w: %d bytes instead of %d", codec.ErrDamaged, n, desc.Size)
	}
	if got := digest.NewDigest(digest.SHA256, h); got != desc.Digest {
		return fmt.Errorf("%w: its digest is %s", codec.ErrDamaged, got)
	}
	return nil
}

// contextReader fails once its context ended.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
