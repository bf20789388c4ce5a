package transfer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// readSize is the buffer between a source and what reads headers from it, in bytes.
const readSize = 64 << 10

// maxWindow is the largest zstd window that a layer may ask for, in bytes: what zstd -19 --long uses.
const maxWindow = 128 << 20

// compression is how a layer is compressed.
type compression string

const (
	none     compression = ""
	gzipped  compression = "gzip"
	zstdized compression = "zstd"
)

var errNotCompressed = errors.New("not compressed")

// sniff looks at the first bytes of a blob, which tell more reliably than its media type what it is.
func sniff(r *bufio.Reader, mediaType string) (recipe.Kind, compression) {
	head, _ := r.Peek(512) // whoever reads next sees the error
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		return recipe.Plain, gzipped
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return recipe.Plain, zstdized
	case len(head) == 512 && bytes.HasPrefix(head[257:], []byte("ustar")):
		return recipe.Tar, none
	case mediaType == ocispec.MediaTypeImageLayer || mediaType == mediaTypeDockerLayer:
		return recipe.Tar, none // a tar of before POSIX
	}
	return recipe.Plain, none
}

// decompress returns the content of a compressed blob.
func decompress(r io.Reader, how compression) (io.ReadCloser, error) {
	switch how {
	case gzipped:
		return gzip.NewReader(r)
	case zstdized:
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return nil, errNotCompressed
}

// unpack pushes the content of a compressed layer in place of the layer, and returns its descriptor. diffID, unless empty, is what
// the image's config calls that content.
func (p *push) unpack(ctx context.Context, desc ocispec.Descriptor, diffID digest.Digest) (ocispec.Descriptor, error) {
	if now, done := p.unpacked[desc.Digest]; done {
		return nowAt(desc, now), nil
	}
	mediaType, err := uncompressedType(desc.MediaType)
	if err != nil {
		return desc, err
	}
	b, err := p.unpackedBlob(ctx, desc, diffID, mediaType)
	if err != nil {
		return desc, err
	}
	if !has(p.at, b.Digest) {
		p.image.Document.Blobs[p.reserve(b.Digest)] = b
	}
	p.unpacked[desc.Digest] = b.Descriptor()
	return nowAt(desc, b.Descriptor()), nil
}

func (p *push) unpackedBlob(ctx context.Context, desc ocispec.Descriptor, diffID digest.Digest, mediaType string) (remote.Blob, error) {
	if known, ok := p.recipes[diffID]; ok {
		return remote.Blob{MediaType: mediaType, Digest: diffID, Size: known.size, Recipe: p.reuse(known)}, nil
	}
	b := remote.Blob{MediaType: mediaType, Digest: desc.Digest, Size: -1}
	rc, err := p.src.Fetch(ctx, desc)
	if err != nil {
		return b, err
	}
	defer func() { _ = rc.Close() }()
	verified := content.NewVerifyReader(rc, desc)
	r := bufio.NewReaderSize(verified, readSize)
	_, how := sniff(r, desc.MediaType)
	plain, err := decompress(r, how)
	if err != nil {
		return b, err
	}
	defer func() { _ = plain.Close() }()
	sum, err := p.build(ctx, plain, recipe.Tar, &b)
	if err != nil {
		return b, err
	}
	if err := verified.Verify(); err != nil {
		return b, fmt.Errorf("%w: %w", codec.ErrDamaged, err)
	}
	if diffID != "" && sum.Digest != diffID {
		return b, fmt.Errorf("%w: its content is %s, the image's config says %s", codec.ErrDamaged, sum.Digest, diffID)
	}
	b.Digest, b.Size = sum.Digest, sum.Size
	return b, nil
}

// uncompressedType returns the media type of a layer without its compression.
func uncompressedType(mediaType string) (string, error) {
	if mediaType == mediaTypeDockerLayer+".gzip" {
		return mediaTypeDockerLayer, nil
	}
	base, suffix, found := strings.Cut(mediaType, "+")
	if !found || suffix != "gzip" && suffix != "zstd" {
		return "", errNotCompressed
	}
	return base, nil
}

// taskReader reports what is read from it.
type taskReader struct {
	io.Reader
	task Task
}

func (t *taskReader) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	t.task.Add(int64(n))
	return n, err
}

// shortDigest is how people are shown a digest.
func shortDigest(d digest.Digest) string {
	hex := d.Encoded()
	return hex[:min(12, len(hex))]
}
