package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// sinceImage is an image that all those have for whom something is written.
type sinceImage struct {
	Base
	*chunkedImage
}

// Saver writes images into an archive, for places that have others: what those have is left out.
type Saver struct {
	codec *codec.Codec
	since []sinceImage
	known map[codec.ID]bool // chunks of the since images
	opts  Options
}

// NewSaver reads what the since images consist of. remote.ErrNotChunked says that one is a plain image.
func NewSaver(ctx context.Context, c *codec.Codec, since []Base, opts Options) (*Saver, error) {
	s := &Saver{codec: c, known: make(map[codec.ID]bool), opts: opts.withDefaults()}
	for _, b := range since {
		img, err := b.open(ctx, c, s.opts.Jobs)
		if errors.Is(err, remote.ErrNotChunked) {
			err = fmt.Errorf("%w: name it where it was pushed to, or in a file that it was saved into", err)
		}
		if err != nil {
			return nil, fmt.Errorf("since %s: %w", b.Reference, err)
		}
		s.since = append(s.since, sinceImage{b, img})
		for _, c := range img.numbered {
			s.known[c.ID] = true
		}
	}
	return s, nil
}

// Save writes the image root of src under a tag into the archive to, without the packs that the since images have. A
// chunked image stays what it is, blob by blob; a plain one is pushed there. at names the archive and the tag.
func (s *Saver) Save(
	ctx context.Context, src remote.Source, root ocispec.Descriptor, to *remote.Archive, at remote.Reference,
) (FileImage, error) {
	img, err := remote.LoadImage(ctx, src, root)
	switch {
	case errors.Is(err, remote.ErrNotChunked):
		img, err = s.push(ctx, src, root, to, at)
	case err == nil:
		err = s.copy(ctx, src, img, to)
	}
	if err != nil {
		return FileImage{}, err
	}
	since, err := s.needed(ctx, img, to)
	if err != nil {
		return FileImage{}, err
	}
	desc := img.Descriptor
	if len(since) > 0 {
		if desc, err = remote.WithSince(desc, since); err != nil {
			return FileImage{}, err
		}
	}
	return fileImage(img, at.Tag, since), to.Tag(ctx, desc, at.Tag)
}

func fileImage(img *remote.Image, tag string, since []remote.Since) FileImage {
	root := img.Document.Root
	return FileImage{tag, root.Digest, img.Descriptor.Digest, img.Document.RawBytes(), since}
}

// push brings a plain image into chunked form.
func (s *Saver) push(
	ctx context.Context, src remote.Source, root ocispec.Descriptor, to *remote.Archive, at remote.Reference,
) (*remote.Image, error) {
	if _, err := Push(ctx, s.codec, src, root, Destination{Target: to, Reference: at, since: s.since}, s.opts); err != nil {
		return nil, err
	}
	return resolveImage(ctx, to, at.Tag)
}

// copy writes all blobs of a chunked image that are not left out. Their order depends on the image alone.
func (s *Saver) copy(ctx context.Context, src remote.Source, img *remote.Image, to *remote.Archive) error {
	left, err := s.leftOut(ctx, src, img)
	if err != nil {
		return err
	}
	blobs, total := []ocispec.Descriptor{}, int64(0)
	for _, b := range img.Blobs() {
		if !left[b.Digest] {
			blobs, total = append(blobs, b), total+b.Size
		}
	}
	if err := checkWhole(ctx, src, img, blobs, s.opts.Jobs); err != nil {
		return err
	}
	up := newUploader(ctx, to, 1, s.opts.Progress.Begin("save", total))
	for _, b := range blobs {
		up.copy(src, b)
	}
	if err := up.wait(); err != nil {
		return err
	}
	return to.Push(ctx, img.Descriptor, bytes.NewReader(img.Manifest))
}

// leftOut returns the packs that a place with the since images has: also where it keeps no packs but only chunks.
func (s *Saver) leftOut(ctx context.Context, src remote.Source, img *remote.Image) (map[digest.Digest]bool, error) {
	left := make(map[digest.Digest]bool)
	if len(s.since) == 0 {
		return left, nil
	}
	for _, since := range s.since {
		for _, p := range since.Packs {
			left[p.Digest] = true
		}
	}
	full, err := openIndexed(ctx, s.codec, src, img, s.opts.Jobs)
	if err != nil {
		return nil, err
	}
	for i, c := range full.numbered {
		if !s.known[c.ID] {
			delete(left, full.packOf(full.index.Locations[i]))
		}
	}
	return left, nil
}

// checkWhole makes sure that src, which may be a file that leaves out packs, has blobs of img.
func checkWhole(ctx context.Context, src remote.Source, img *remote.Image, blobs []ocispec.Descriptor, jobs int) error {
	since, err := src.Since(ctx, img.Descriptor.Digest)
	if err != nil || len(since) == 0 {
		return err
	}
	missing, err := lacking(ctx, src, blobs, jobs)
	if err == nil && len(missing) > 0 {
		err = &LackingError{Place: "the file it is in", Since: since}
	}
	return err
}

// needed returns those since images that have packs of img which the archive lacks.
func (s *Saver) needed(ctx context.Context, img *remote.Image, to *remote.Archive) ([]remote.Since, error) {
	missing, err := lacking(ctx, to, img.Packs, s.opts.Jobs)
	if err != nil {
		return nil, err
	}
	lacks := make(map[digest.Digest]bool)
	for _, p := range missing {
		lacks[p.Digest] = true
	}
	var needed []remote.Since
	for _, since := range s.since {
		for _, p := range since.Packs {
			if lacks[p.Digest] {
				needed = append(needed, remote.Since{Reference: since.Reference.String(), Digest: since.Descriptor.Digest})
				break
			}
		}
	}
	return needed, nil
}
