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
	"github.com/sealift/sealift/sealer-plugin/store"
)

// taggedImage is an image of a file.
type taggedImage struct {
	*remote.Image
	tag   string
	since []remote.Since
}

// taggedImages returns all images of a file, which must be in chunked form.
func taggedImages(ctx context.Context, src remote.Source) ([]taggedImage, error) {
	tags, err := src.Tags(ctx)
	if err != nil {
		return nil, err
	}
	var images []taggedImage
	for _, tag := range tags {
		img, err := resolveImage(ctx, src, tag)
		if errors.Is(err, remote.ErrNotChunked) {
			err = fmt.Errorf("%w: pull copies a plain image", err)
		}
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", tag, err)
		}
		since, err := src.Since(ctx, img.Descriptor.Digest)
		if err != nil {
			return nil, err
		}
		images = append(images, taggedImage{img, tag, since})
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("image %w: the file has none with a tag", remote.ErrNotFound)
	}
	return images, nil
}

func fileImages(images []taggedImage) []FileImage {
	var listed []FileImage
	for _, img := range images {
		listed = append(listed, fileImage(img.Image, img.tag, img.since))
	}
	return listed
}

// Load writes all images of src, a file that a Saver wrote, to dst, in chunked form and under the tags that they have
// there. A *LackingError says that dst lacks what the file leaves out; then nothing has been written.
func Load(ctx context.Context, src remote.Source, dst Destination, opts Options) ([]FileImage, error) {
	opts = opts.withDefaults()
	images, err := taggedImages(ctx, src)
	if err != nil {
		return nil, err
	}
	l := &loading{src: src, dst: dst, opts: opts, left: make(map[digest.Digest]bool)}
	var pending []taggedImage
	for _, img := range images {
		there, err := l.isThere(ctx, img)
		if err == nil && !there {
			pending = append(pending, img)
			err = l.check(ctx, img)
		}
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", img.tag, err)
		}
	}
	if err := l.copy(ctx, pending); err != nil {
		return nil, err
	}
	for _, img := range pending {
		if err := dst.PushReference(ctx, img.Descriptor, bytes.NewReader(img.Manifest), img.tag); err != nil {
			return nil, fmt.Errorf("image %s: upload the manifest: %w", img.tag, err)
		}
	}
	return fileImages(images), nil
}

// loading is a load under way.
type loading struct {
	src  remote.Source
	dst  Destination
	opts Options
	left map[digest.Digest]bool // packs that are not in the file
}

// isThere says whether the destination has the image, with all that it leads to: its tag came last.
func (l *loading) isThere(ctx context.Context, img taggedImage) (bool, error) {
	now, err := l.dst.Resolve(ctx, img.tag)
	if errors.Is(err, remote.ErrNotFound) {
		return false, nil
	}
	if err != nil || now.Digest != img.Descriptor.Digest {
		return false, err
	}
	since, err := l.dst.Since(ctx, now.Digest)
	return len(since) == 0, err
}

// check makes sure that what the file leaves out of an image is on the destination.
func (l *loading) check(ctx context.Context, img taggedImage) error {
	left, err := lacking(ctx, l.src, img.Packs, l.opts.Jobs)
	if err != nil {
		return err
	}
	for _, p := range left {
		l.left[p.Digest] = true
	}
	missing, err := lacking(ctx, l.dst, left, l.opts.Jobs)
	if err != nil || len(missing) == 0 {
		return err
	}
	if len(img.since) == 0 {
		return fmt.Errorf("%w: the file lacks pack %s", codec.ErrDamaged, missing[0].Digest)
	}
	absent, err := l.absent(ctx, img.since)
	if err != nil {
		return err
	}
	return &LackingError{Place: l.dst.Reference.String(), Since: absent}
}

// absent returns those of images that are not on the destination, or all if it is only parts of them that are not.
func (l *loading) absent(ctx context.Context, images []remote.Since) ([]remote.Since, error) {
	var absent []remote.Since
	for _, s := range images {
		_, err := l.dst.Resolve(ctx, s.Digest.String())
		switch {
		case errors.Is(err, remote.ErrNotFound):
			absent = append(absent, s)
		case err != nil:
			return nil, err
		}
	}
	if len(absent) == 0 {
		return images, nil
	}
	return absent, nil
}

// copy writes the blobs of images that are in the file, each once, and not those that are there.
func (l *loading) copy(ctx context.Context, images []taggedImage) error {
	var blobs []ocispec.Descriptor
	total, seen := int64(0), make(map[digest.Digest]bool)
	for _, img := range images {
		for _, b := range img.Blobs() {
			if !l.left[b.Digest] && !seen[b.Digest] {
				seen[b.Digest] = true
				blobs, total = append(blobs, b), total+b.Size
			}
		}
	}
	up := newUploader(ctx, l.dst, l.opts.Jobs, l.opts.Progress.Begin("load", total))
	for _, b := range blobs {
		up.copy(l.src, b)
	}
	return up.wait()
}

// LoadStore gets the chunks of all images of src, a file that a Saver wrote, into the store. A *LackingError says that
// the store lacks what the file leaves out; then it has no more chunks than before.
func LoadStore(ctx context.Context, c *codec.Codec, s *store.Store, src remote.Source, opts Options) ([]FileImage, error) {
	images, err := taggedImages(ctx, src)
	if err != nil {
		return nil, err
	}
	opened := make([]*Image, len(images))
	for i, img := range images {
		if opened[i], err = OpenImage(ctx, c, s, src, img.Descriptor, opts); err == nil {
			_, _, err = opened[i].planMissing(ctx, opened[i].chunks)
		}
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", img.tag, err)
		}
	}
	for i, img := range images {
		if err := opened[i].fetchMissing(ctx, opened[i].chunks); err != nil {
			return nil, fmt.Errorf("image %s: %w", img.tag, err)
		}
	}
	return fileImages(images), nil
}
