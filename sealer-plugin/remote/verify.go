package remote

import (
	"bytes"
	"errors"
	"io"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// verifyReader passes content on as long as it can be what desc says. Its last bytes come only after everything was
// verified, so that nobody gets hold of a complete content that is wrong; until then it ends in codec.ErrDamaged.
type verifyReader struct {
	r        io.Reader
	desc     ocispec.Descriptor
	verifier digest.Verifier
	left     int64
	err      error // sticky
}

// newVerifyReader fails if desc itself is impossible.
func newVerifyReader(r io.Reader, desc ocispec.Descriptor) (*verifyReader, error) {
	if err := checkDescriptor(desc); err != nil {
		return nil, err
	}
	return &verifyReader{r: r, desc: desc, verifier: desc.Digest.Verifier(), left: desc.Size}, nil
}

func (v *verifyReader) Read(p []byte) (int, error) {
	if v.err != nil || len(p) == 0 {
		return 0, v.err
	}
	n := 0
	if v.left > 0 {
		n, v.err = v.r.Read(p[:min(int64(len(p)), v.left)])
		_, _ = v.verifier.Write(p[:n]) // a hash never fails
		v.left -= int64(n)
	}
	if v.left > 0 {
		if errors.Is(v.err, io.EOF) {
			v.err = damaged("content of %s ends after %d of %d bytes", v.desc.Digest, v.desc.Size-v.left, v.desc.Size)
		}
		return n, v.err
	}
	if v.err = v.finish(v.err); !errors.Is(v.err, io.EOF) {
		return 0, v.err
	}
	return n, v.err
}

// finish returns io.EOF if everything is as it must be.
func (v *verifyReader) finish(err error) error {
	if err != nil && err != io.EOF {
		return err
	}
	if !v.verifier.Verified() {
		return damaged("content of %s has another digest", v.desc.Digest)
	}
	if err == io.EOF {
		return err
	}
	n, err := io.ReadFull(v.r, make([]byte, 1))
	if n > 0 {
		return damaged("content of %s is longer than %d bytes", v.desc.Digest, v.desc.Size)
	}
	return err
}

// checkDescriptor refuses what could not be read or written safely: a digest becomes a part of paths and URLs.
func checkDescriptor(desc ocispec.Descriptor) error {
	if err := desc.Digest.Validate(); err != nil {
		return damaged("%q is not a digest", desc.Digest)
	}
	if desc.Size < 0 {
		return damaged("%s is said to have %d bytes", desc.Digest, desc.Size)
	}
	return nil
}

// checkRange refuses a range that is not within the blob.
func checkRange(desc ocispec.Descriptor, offset, length int64) error {
	if err := checkDescriptor(desc); err != nil {
		return err
	}
	if offset < 0 || length < 0 || offset > desc.Size || length > desc.Size-offset {
		return damaged("%d bytes from offset %d are not within the %d bytes of %s", length, offset, desc.Size, desc.Digest)
	}
	return nil
}

// readVerified reads a small content as a whole.
func readVerified(r io.Reader, desc ocispec.Descriptor, limit int64) ([]byte, error) {
	if desc.Size > limit {
		return nil, damaged("%s has %d bytes, at most %d are allowed", desc.Digest, desc.Size, limit)
	}
	verified, err := newVerifyReader(r, desc)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(verified); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// readCloser reads from one and closes another.
type readCloser struct {
	io.Reader
	io.Closer
}
