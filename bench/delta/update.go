package main

import (
	"context"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/bench/corpus"
)

// image is a release as an image of one layer, which is a tar.
type image struct {
	root ocispec.Descriptor
	tar  ocispec.Descriptor
	file string // that tar
}

// update is a pair of images in a layout, with the tags oldTag and newTag.
type update struct {
	layout   string
	old, new image
}

const (
	oldTag = "v1"
	newTag = "v2"
)

// built is the mtime of every file, so that tars differ only where the releases do.
var built = time.Unix(0, 0).UTC()

// pack fetches a pair and makes images of it, in a layout in dir.
func (p pair) pack(ctx context.Context, dir string) (*update, error) {
	before, err := p.old.Layer(ctx, "opt", built)
	if err != nil {
		return nil, err
	}
	after, err := p.new.Layer(ctx, "opt", built)
	if err != nil {
		return nil, err
	}
	return newUpdate(dir, before, after)
}

func newUpdate(dir string, before, after corpus.Layer) (*update, error) {
	layout, err := corpus.NewLayout(dir)
	if err != nil {
		return nil, err
	}
	u := &update{layout: dir}
	if u.old, err = newImage(layout, dir, oldTag, before); err != nil {
		return nil, err
	}
	u.new, err = newImage(layout, dir, newTag, after)
	return u, err
}

func newImage(layout *corpus.Layout, dir, tag string, layer corpus.Layer) (i image, err error) {
	i.root, err = layout.Image(corpus.Image{Layers: []corpus.Layer{layer}, Built: built})
	if err != nil {
		return i, err
	}
	manifest, err := corpus.Manifest(dir, i.root)
	if err != nil {
		return i, err
	}
	i.tar = manifest.Layers[0]
	i.file = corpus.BlobPath(dir, i.tar.Digest)
	return i, layout.Tag(i.root, tag)
}
