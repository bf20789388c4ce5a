package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/containers/storage"
	graphdriver "github.com/containers/storage/drivers"
	"github.com/containers/storage/pkg/archive"
	"github.com/sirupsen/logrus"

	"github.com/sealift/sealift/cmd/sealer/transport"
	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/transfer"
)

// maxReadBases is how many images of a repository are read for a pull, where the recipes of their layers are not known.
const maxReadBases = 2

// bases are the layers that the local storage has unpacked, as bases of pulls: chunks are read from their files.
type bases struct {
	store   storage.Store
	recipes recipes
	options sealift.Options
}

func newBases(store storage.Store, o sealift.Options) *bases {
	return &bases{store, recipes(filepath.Join(transport.DefaultRoot(), "recipes")), o}
}

// addTo adds all layers whose recipes are known to src. Before, recipes are made for those of the newest images of the
// repository that src is an image of. No failure matters but the end of ctx: what is not found here is fetched.
func (b *bases) addTo(ctx context.Context, src *transport.Source, repository string) error {
	for _, img := range b.newest(repository) {
		for id := img.TopLayer; id != ""; {
			layer, err := b.store.Layer(id)
			if err == nil {
				err = b.learn(ctx, layer)
			}
			if err != nil {
				logrus.Debugf("layer %s of the local storage is no base: %v", id, err)
				break
			}
			id = layer.Parent
		}
	}
	err := b.recipes.each(b.store, func(layer storage.Layer) {
		if err := b.add(ctx, src, layer); err != nil {
			logrus.Debugf("layer %s of the local storage is no base: %v", layer.ID, err)
		}
	})
	if err != nil {
		logrus.Warnf("not all layers of the local storage are bases: %v", err)
	}
	return context.Cause(ctx)
}

// newest returns the newest images of a repository.
func (b *bases) newest(repository string) []storage.Image {
	images, err := b.store.Images()
	if err != nil {
		logrus.Debugf("images of the local storage: %v", err)
	}
	images = slices.DeleteFunc(images, func(img storage.Image) bool {
		return !slices.ContainsFunc(img.Names, func(name string) bool { return repositoryOf(name) == repository })
	})
	slices.SortStableFunc(images, func(x, y storage.Image) int { return y.Created.Compare(x.Created) })
	return images[:min(len(images), maxReadBases)]
}

// learn makes the recipe of a layer, unless it is known. What is small travels without one.
func (b *bases) learn(ctx context.Context, layer *storage.Layer) (err error) {
	small := layer.UncompressedSize <= remote.MaxInline
	if small || layer.UncompressedDigest == "" || b.recipes.has(layer.UncompressedDigest) {
		return nil
	}
	uncompressed := archive.Uncompressed
	tar, err := b.store.Diff("", layer.ID, &storage.DiffOptions{Compression: &uncompressed})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tar.Close()) }()
	progress := cmp.Or[sealift.Progress](b.options.Progress, transfer.Hush{})
	task := progress.Begin("read "+layer.ID[:min(12, len(layer.ID))], layer.UncompressedSize)
	defer func() { task.End(err) }()
	var made bytes.Buffer
	sum, err := sealift.BuildRecipe(ctx, &reported{tar, task}, &made, b.options)
	if err == nil && sum.Digest != layer.UncompressedDigest {
		err = fmt.Errorf("it is %s, not %s", sum.Digest, layer.UncompressedDigest)
	}
	if err != nil {
		return err
	}
	return b.recipes.put(layer.UncompressedDigest, &made)
}

// add adds a layer to src. A recipe that cannot be read is removed.
func (b *bases) add(ctx context.Context, src *transport.Source, layer storage.Layer) error {
	dir, err := b.filesOf(layer.ID)
	if err != nil {
		return err
	}
	file := b.recipes.file(layer.UncompressedDigest)
	err = src.AddUnpacked(ctx, dir, file)
	if errors.Is(err, sealift.ErrDamaged) {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}

// filesOf returns the directory in which the graph driver keeps the files of a layer.
func (b *bases) filesOf(layer string) (string, error) {
	driver, err := b.store.GraphDriver()
	if err != nil {
		return "", err
	}
	metadata, err := driver.Metadata(layer)
	if err != nil {
		return "", err
	}
	if dir := metadata["UpperDir"]; dir != "" {
		return dir, nil
	}
	if driver.String() != "vfs" {
		return "", fmt.Errorf("%w: driver %s", errors.ErrUnsupported, driver)
	}
	dir, err := driver.Get(layer, graphdriver.MountOpts{})
	return dir, errors.Join(err, driver.Put(layer)) // of vfs, it is the directory, and nothing is mounted
}

// reported tells a task what is read.
type reported struct {
	io.Reader
	task sealift.Task
}

func (r *reported) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.task.Add(int64(n))
	return n, err
}
