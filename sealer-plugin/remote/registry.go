package remote

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	orasregistry "oras.land/oras-go/v2/registry"
	oras "oras.land/oras-go/v2/registry/remote"
)

// defaultTag is the tag that an empty reference means.
const defaultTag = "latest"

// Bounds of a list of tags. What a registry has beyond them is not looked at.
const (
	tagsPerPage = 1000
	tagPages    = 10
)

// manifestTypes are what a registry keeps as manifests; everything else is a blob.
var manifestTypes = []string{
	ocispec.MediaTypeImageManifest,
	ocispec.MediaTypeImageIndex,
	"application/vnd.docker.distribution.manifest.v2+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.artifact.manifest.v1+json",
}

func isManifest(desc ocispec.Descriptor) bool { return slices.Contains(manifestTypes, desc.MediaType) }

// registry is a repository of an OCI registry.
type registry struct {
	ref    Reference
	opts   Options
	client *client
	repo   *oras.Repository
	last   atomic.Pointer[resolved]
}

// resolved is a manifest that was resolved, and verified.
type resolved struct {
	digest digest.Digest
	data   []byte
}

var _ Target = (*registry)(nil)

func openRegistry(ctx context.Context, ref Reference, opts Options) *registry {
	c := newClient(ctx, ref.Host, opts)
	return &registry{ref: ref, opts: opts, client: c, repo: &oras.Repository{
		Client:             c.Client,
		Reference:          orasregistry.Reference{Registry: ref.Host, Repository: ref.Repository},
		PlainHTTP:          c.plainHTTP,
		ManifestMediaTypes: manifestTypes,
		TagListPageSize:    tagsPerPage,
		TagListMaxPages:    tagPages,
		MaxMetadataBytes:   MaxManifest,
		SkipReferrersGC:    true, // many registries forbid to delete
	}}
}

// Resolve gets the manifest of a tag or digest. Who resolves one will mostly fetch it next: that takes no second request.
func (r *registry) Resolve(ctx context.Context, reference string) (ocispec.Descriptor, error) {
	reference = cmp.Or(reference, defaultTag)
	desc, rc, err := r.repo.FetchReference(ctx, reference)
	if err != nil {
		return desc, r.failed("resolve "+reference, err)
	}
	defer func() { _ = rc.Close() }()
	data, err := readVerified(rc, desc, MaxManifest)
	if err != nil {
		return desc, r.failed("resolve "+reference, err)
	}
	r.last.Store(&resolved{desc.Digest, data})
	return desc, nil
}

// Exists asks whether the registry has the content. A content of another size is damaged: the registry would not take it anew.
func (r *registry) Exists(ctx context.Context, desc ocispec.Descriptor) (bool, error) {
	if err := checkDescriptor(desc); err != nil {
		return false, r.failed("look for a blob", err)
	}
	size, err := r.size(ctx, desc)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err == nil && size > 0 && size != desc.Size: // 0 is what some answer who do not want to say
		err = damaged("the registry has %d bytes of it instead of %d", size, desc.Size)
	}
	return err == nil, r.failed("look for "+desc.Digest.String(), err)
}

// size returns the size of what the registry has, or -1 if it does not say.
func (r *registry) size(ctx context.Context, desc ocispec.Descriptor) (int64, error) {
	if isManifest(desc) {
		found, err := r.repo.Manifests().Resolve(ctx, desc.Digest.String())
		return found.Size, r.failed("look for "+desc.Digest.String(), err)
	}
	return r.headBlob(ctx, desc)
}

// Fetch reads and verifies a manifest or a blob.
func (r *registry) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	doing := "fetch " + desc.Digest.String()
	if err := checkDescriptor(desc); err != nil {
		return nil, r.failed("fetch", err)
	}
	var rc io.ReadCloser
	var err error
	if last := r.last.Load(); last != nil && last.digest == desc.Digest {
		rc = io.NopCloser(bytes.NewReader(last.data))
	} else if isManifest(desc) {
		rc, err = r.repo.Manifests().Fetch(ctx, desc)
	} else {
		rc, _, err = r.FetchRange(ctx, desc, 0, desc.Size)
	}
	if err != nil {
		return nil, r.failed(doing, err)
	}
	verified, err := newVerifyReader(rc, desc)
	return &errorReader{verified, rc, func(err error) error { return r.failed(doing, err) }}, err
}

// Tags lists the tags; see tagPages for how many at most.
func (r *registry) Tags(ctx context.Context) ([]string, error) {
	var tags []string
	err := r.repo.Tags(ctx, "", func(page []string) error {
		tags = append(tags, page...)
		return nil
	})
	switch err := r.failed("list tags", err); {
	case errors.Is(err, errdef.ErrTooManyPages), errors.Is(err, ErrNotFound): // not yet anything there
	case err != nil:
		return nil, err
	}
	sortTags(tags)
	return tags, nil
}

// Tag puts the manifest anew, under the tag.
func (r *registry) Tag(ctx context.Context, desc ocispec.Descriptor, reference string) error {
	reference = cmp.Or(reference, defaultTag)
	return r.failed("tag "+desc.Digest.String()+" as "+reference, r.repo.Tag(ctx, desc, reference))
}

// PushReference puts a manifest under a tag.
func (r *registry) PushReference(ctx context.Context, desc ocispec.Descriptor, content io.Reader, reference string) error {
	return r.pushManifest(ctx, desc, content, cmp.Or(reference, defaultTag))
}

func (r *registry) pushManifest(ctx context.Context, desc ocispec.Descriptor, content io.Reader, reference string) error {
	manifest, err := readVerified(content, desc, MaxManifest)
	if err == nil {
		err = r.repo.PushReference(ctx, desc, bytes.NewReader(manifest), reference)
	}
	return r.failed("push manifest "+reference, err)
}

// Close lets go of the connections.
func (r *registry) Close() error {
	r.client.transport.CloseIdleConnections()
	return nil
}

func (r *registry) failed(doing string, err error) error {
	return registryError(r.ref.Host+"/"+r.ref.Repository, doing, err)
}

// errorReader describes the errors of a reader.
type errorReader struct {
	io.Reader
	io.Closer
	failed func(error) error
}

func (e *errorReader) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = e.failed(err)
	}
	return n, err
}
