package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// uploader sends blobs to a target in the background, a bounded number at once. What is there already is not sent.
type uploader struct {
	ctx   context.Context
	group *errgroup.Group
	dst   remote.Target
	task  Task
}

func newUploader(ctx context.Context, dst remote.Target, jobs int, task Task) *uploader {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(jobs)
	return &uploader{ctx: ctx, group: group, dst: dst, task: task}
}

// spooled uploads a spool and removes it; it waits while too many uploads are under way.
func (u *uploader) spooled(desc ocispec.Descriptor, s *spool) error {
	if err := context.Cause(u.ctx); err != nil {
		s.discard()
		return err
	}
	u.group.Go(func() error {
		defer s.discard()
		return u.send(desc, io.NewSectionReader(s.file, 0, s.size))
	})
	return nil
}

// copy uploads a blob of a source.
func (u *uploader) copy(src content.Fetcher, desc ocispec.Descriptor) {
	u.group.Go(func() error {
		r := &blobReader{ctx: u.ctx, src: src, desc: desc}
		defer r.close()
		return u.send(desc, r)
	})
}

// mount makes a blob of another repository of the registry part of the target's.
func (u *uploader) mount(desc ocispec.Descriptor, from remote.Reference) {
	u.group.Go(func() error {
		if err := u.dst.Mount(u.ctx, desc, from); err != nil {
			return fmt.Errorf("mount %s from %s: %w", desc.Digest, from, err)
		}
		return nil
	})
}

func (u *uploader) send(desc ocispec.Descriptor, r io.ReadSeeker) error {
	if err := u.dst.Push(u.ctx, desc, &countedReader{r, u.task}); err != nil {
		return fmt.Errorf("upload %s: %w", desc.Digest, err)
	}
	return nil
}

// wait ends the uploader: nil says that everything given to it is on the target.
func (u *uploader) wait() error {
	err := u.group.Wait()
	u.task.End(err)
	return err
}

// countedReader reports what is read from it; what is read again, because a request is retried, is taken back first.
type countedReader struct {
	io.ReadSeeker
	task Task
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.ReadSeeker.Read(p)
	c.task.Add(int64(n))
	return n, err
}

func (c *countedReader) Seek(offset int64, whence int) (int64, error) {
	before, err := c.ReadSeeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return before, err
	}
	after, err := c.ReadSeeker.Seek(offset, whence)
	c.task.Add(after - before)
	return after, err
}

// blobReader reads a blob, which it fetches when it is first read from, and again after a Seek to its beginning.
type blobReader struct {
	ctx  context.Context
	src  content.Fetcher
	desc ocispec.Descriptor
	body io.ReadCloser
	at   int64
}

func (b *blobReader) Read(p []byte) (n int, err error) {
	if b.body == nil {
		if b.body, err = b.src.Fetch(b.ctx, b.desc); err != nil {
			return 0, err
		}
	}
	n, err = b.body.Read(p)
	b.at += int64(n)
	return n, err
}

// Seek goes to the beginning, or says where it is.
func (b *blobReader) Seek(offset int64, whence int) (int64, error) {
	switch {
	case offset == 0 && whence == io.SeekCurrent, offset == b.at && whence == io.SeekStart:
	case offset == 0 && whence == io.SeekStart:
		b.close()
		b.at = 0
	default:
		return b.at, errors.ErrUnsupported
	}
	return b.at, nil
}

func (b *blobReader) close() {
	if b.body != nil {
		_ = b.body.Close() // it was read only
		b.body = nil
	}
}

// spool is a temporary file whose digest is computed while it is written.
type spool struct {
	file *os.File
	sum  hash.Hash
	size int64
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "sealift-*.spool")
	if err != nil {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	_ = os.Remove(f.Name()) // so that no crash leaves it; where open files cannot be removed, discard does it
	return &spool{file: f, sum: sha256.New()}, nil
}

func (s *spool) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	_, _ = s.sum.Write(p[:n]) // a hash never fails
	s.size += int64(n)
	return n, err
}

func (s *spool) descriptor(mediaType string) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.NewDigest(digest.SHA256, s.sum), Size: s.size}
}

func (s *spool) discard() {
	_ = errors.Join(s.file.Close(), os.Remove(s.file.Name())) // nothing depends on what is left of it
}
