package remote

import (
	"context"
	"errors"
	"io"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Push uploads a blob that the registry does not have, or puts a manifest under its digest.
func (r *registry) Push(ctx context.Context, desc ocispec.Descriptor, content io.Reader) error {
	if isManifest(desc) {
		return r.pushManifest(ctx, desc, content, desc.Digest.String())
	}
	if there, err := r.Exists(ctx, desc); there || err != nil {
		return err
	}
	up := upload{registry: r, ctx: ctx, desc: desc, open: verifying(desc, content)}
	return r.failed("push "+desc.Digest.String(), up.run(nil))
}

// Mount asks the registry to take the blob over from another of its repositories, or else copies it.
func (r *registry) Mount(ctx context.Context, desc ocispec.Descriptor, from Reference) error {
	if there, err := r.Exists(ctx, desc); there || err != nil {
		return err
	}
	up := upload{registry: r, ctx: ctx, desc: desc}
	var session *session
	if from.Transport == TransportRegistry && from.Host == r.ref.Host {
		var err error
		if session, err = up.mount(from.Repository); session == nil {
			return r.failed("mount "+desc.Digest.String()+" from "+from.Repository, err)
		}
	}
	opts := r.opts
	if from.Transport != TransportRegistry {
		opts.Meter = nil // what is read from a disk does not travel
	}
	src, err := OpenSource(ctx, from, opts)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	up.open = func() (io.ReadCloser, error) { return src.Fetch(ctx, desc) }
	return r.failed("copy "+desc.Digest.String()+" from "+from.String(), up.run(session))
}

// errOnce says that a content that cannot be read again was read.
var errOnce = errors.New("content cannot be read a second time")

// verifying returns a function that gives the content from its present position on, each time it is called; only
// once if it is not an io.Seeker.
func verifying(desc ocispec.Descriptor, content io.Reader) func() (io.ReadCloser, error) {
	seeker, ok := content.(io.Seeker)
	var start int64
	if ok {
		var err error
		start, err = seeker.Seek(0, io.SeekCurrent)
		ok = err == nil
	}
	opened := false
	return func() (io.ReadCloser, error) {
		if opened && !ok {
			return nil, errOnce
		}
		if opened {
			if _, err := seeker.Seek(start, io.SeekStart); err != nil {
				return nil, err
			}
		}
		opened = true
		verified, err := newVerifyReader(content, desc)
		return io.NopCloser(verified), err
	}
}
