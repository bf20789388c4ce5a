package main

import (
	"context"
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/bench/corpus"
)

// pack fetches the software and makes the layout of both images, with gzip layers as Docker builds them.
func (d *demo) pack(ctx context.Context) error {
	layout, err := corpus.NewLayout(d.source)
	if err != nil {
		return err
	}
	d.images = map[string]*image{}
	for _, r := range releases {
		installed, err := corpus.Installation{
			Releases: r.layers, Prefix: "usr/lib/python3/dist-packages", Built: r.built, Encoding: corpus.Gzip,
		}.Image(ctx)
		if err != nil {
			return err
		}
		packed := &image{}
		if packed.root, err = layout.Add(installed, r.tag); err != nil {
			return err
		}
		manifest, err := corpus.Manifest(d.source, packed.root)
		if err != nil {
			return err
		}
		packed.layers = manifest.Layers
		d.images[r.tag] = packed
	}
	return nil
}

// image is one of the images that the demo made.
type image struct {
	root   ocispec.Descriptor
	layers []ocispec.Descriptor
}

// size is how many bytes all layers have.
func (i *image) size() (sum int64) {
	for _, layer := range i.layers {
		sum += layer.Size
	}
	return sum
}

func (d *demo) describe() {
	for _, r := range releases {
		fmt.Printf("%s, built on %s:", r.tag, r.built.Format("2006-01-02"))
		for _, software := range r.layers {
			fmt.Printf(" [%s]", software)
		}
		fmt.Println()
	}
	fmt.Println("The layers are compressed with gzip. Every file has the mtime of its build, so that each of the three layers of v2")
	fmt.Println("has a new digest.")
	fmt.Println()
}
