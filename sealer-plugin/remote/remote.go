// Package remote reads images from, and writes them to, where images lie: OCI registries, OCI layout directories, and
// archives of both. Whatever it is, it is a Source or a Target of blobs named by descriptors, in the sense of oras.
//
// A registry on a loopback host (localhost, 127.0.0.0/8, ::1) is spoken to in plain HTTP unless it answers to TLS; any
// other is spoken to in HTTPS unless Options.PlainHTTP says otherwise. Credentials come from the Docker configuration
// and its credential helpers. Errors never contain a credential.
package remote

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/retry"
)

// Source reads from a remote. It is safe for concurrent use.
//
// Resolve takes a tag or a digest. An empty reference means the default: the tag "latest"; in a layout or an archive
// with a single image, that image. Fetch verifies: where size or digest disagree with the descriptor, its reader ends
// in an error that wraps codec.ErrDamaged instead of io.EOF.
type Source interface {
	oras.ReadOnlyTarget
	RangeFetcher
	// Tags returns the tags, the newest-looking first: "latest", other words, then versions, descending. A repository that
	// does not exist has none. Of a very long list, a registry is asked for a part only.
	Tags(ctx context.Context) ([]string, error)
	// Since returns the images that have what the remote leaves out of the one with that manifest: none, if it is whole.
	Since(ctx context.Context, manifest digest.Digest) ([]Since, error)
	io.Closer
}

// RangeFetcher reads a part of a blob.
type RangeFetcher interface {
	// FetchRange reads length bytes from offset on. The reader begins at start: at offset, or at 0 where the remote cannot
	// give a part and gives the whole blob; it ends in an error if fewer bytes than promised came. The bytes are not verified.
	FetchRange(ctx context.Context, desc ocispec.Descriptor, offset, length int64) (rc io.ReadCloser, start int64, err error)
}

// Target writes to a remote as well. It is safe for concurrent use.
type Target interface {
	Source
	// Push writes a blob or a manifest under its digest. Content of another size or digest is an error that wraps
	// codec.ErrDamaged, and is not written. Content that the target has already is not read. A broken upload is begun anew when content
	// is an io.Seeker, from the position that it has now.
	Push(ctx context.Context, desc ocispec.Descriptor, content io.Reader) error
	// PushReference writes a manifest and tags it in one step. An empty reference means "latest".
	PushReference(ctx context.Context, desc ocispec.Descriptor, content io.Reader, reference string) error
	// Tag tags a manifest that the target has. An empty reference means "latest".
	Tag(ctx context.Context, desc ocispec.Descriptor, reference string) error
	// Mount makes a blob of another repository or remote a blob of the target too: within a registry that allows it
	// nothing travels, otherwise it is copied. Nothing happens if the target has it already.
	Mount(ctx context.Context, desc ocispec.Descriptor, from Reference) error
}

var _ oras.Target = Target(nil)

// Options of a remote. The zero value is ready.
type Options struct {
	PlainHTTP   bool                // speak HTTP, not HTTPS, to any host
	Insecure    bool                // accept any TLS certificate
	TLS         *tls.Config         // what else holds for TLS, certificates for example; not changed; nil is Go's defaults
	UserAgent   string              // "sealift" if empty
	Meter       *Meter              // counts the traffic, if not nil
	Credentials auth.CredentialFunc // nil: from the Docker configuration and its credential helpers

	policy retry.Policy // nil: defaultPolicy
}

// OpenSource opens what ref names for reading. Its tag and digest are not looked up: that is what Resolve is for.
func OpenSource(ctx context.Context, ref Reference, opts Options) (Source, error) {
	switch ref.Transport {
	case TransportRegistry:
		return openRegistry(ctx, ref, opts), nil
	case TransportOCI:
		return openLayout(ref, opts)
	case TransportOCIArchive:
		return openOCIArchive(ctx, ref, opts)
	case TransportDockerArchive:
		return openDockerArchive(ctx, ref, opts)
	}
	return nil, fmt.Errorf("%w: %s: unknown transport %q", ErrReference, ref, ref.Transport)
}

// OpenTarget opens what ref names for writing. A layout is made when it is first written to. An oci-archive is written
// anew, and takes its place when its image is tagged; a docker-archive cannot be written.
func OpenTarget(ctx context.Context, ref Reference, opts Options) (Target, error) {
	switch ref.Transport {
	case TransportRegistry:
		return openRegistry(ctx, ref, opts), nil
	case TransportOCI:
		return openLayoutTarget(ref, opts)
	case TransportOCIArchive:
		return openArchiveTarget(ref, opts)
	case TransportDockerArchive:
		return nil, fmt.Errorf("%w: %s: a docker-archive can only be read; write an oci-archive instead", ErrReference, ref)
	}
	return nil, fmt.Errorf("%w: %s: unknown transport %q", ErrReference, ref, ref.Transport)
}
