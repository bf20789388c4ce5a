package main

import (
	"context"
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/bench/corpus"
)

// pack fetches the software and makes the layout of both images, and measures what gzip makes of their layers.
func (d *demo) pack(ctx context.Context) error {
	layout, err := corpus.NewLayout(d.source)
	if err != nil {
		return err
	}
	d.images = map[string]*image{}
	for _, r := range releases {
		packed := &image{gzip: make([]int64, len(r.layers))}
		for _, software := range r.layers {
			layer, err := software.Layer(ctx, "usr/lib/python3/dist-packages", r.built)
			if err != nil {
				return err
			}
			packed.layers = append(packed.layers, layer)
		}
		packed.root, err = layout.Image(corpus.Image{Layers: packed.layers, Built: r.built})
		if err != nil {
			return err
		}
		if err := layout.Tag(packed.root, r.tag); err != nil {
			return err
		}
		if err := packed.measure(); err != nil {
			return err
		}
		d.images[r.tag] = packed
	}
	return nil
}

// image is one of the images that the demo made.
type image struct {
	root   ocispec.Descriptor
	layers []corpus.Layer
	gzip   []int64 // bytes of each layer
	sum    int64   // of gzip
}

func (i *image) measure() error {
	var group errgroup.Group
	for n, layer := range i.layers {
		group.Go(func() (err error) {
			i.gzip[n], err = corpus.GzipSize(layer)
			return err
		})
	}
	err := group.Wait()
	for _, size := range i.gzip {
		i.sum += size
	}
	return err
}

func (d *demo) describe() {
	for _, r := range releases {
		fmt.Printf("%s, built on %s:", r.tag, r.built.Format("2006-01-02"))
		for _, software := range r.layers {
			fmt.Printf(" [%s]", software)
		}
		fmt.Println()
	}
	fmt.Println("Every file has the mtime of its build, so that each of the three layers of v2 has a new digest.")
	fmt.Println()
}
