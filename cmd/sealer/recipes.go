package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/containers/storage"
	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// recipes is a directory with recipes of bare layers that the local storage has unpacked. Each file is called like the
// hex digits of the layer's digest, and appears as a whole. It may be deleted at any time.
type recipes string

func (r recipes) file(layer digest.Digest) string { return filepath.Join(string(r), layer.Encoded()) }

func (r recipes) has(layer digest.Digest) bool {
	_, err := os.Stat(r.file(layer))
	return err == nil
}

// keep writes those recipes of an image that are of layers in the storage.
func (r recipes) keep(of []*recipe.Recipe, in storage.Store) error {
	for _, recipe := range of {
		if unpackedLayer(in, recipe.Digest) == nil || r.has(recipe.Digest) {
			continue
		}
		if err := r.put(recipe.Digest, recipe); err != nil {
			return err
		}
	}
	return nil
}

// put makes content the recipe of a layer.
func (r recipes) put(layer digest.Digest, content io.WriterTo) (err error) {
	if err := os.MkdirAll(string(r), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(string(r), "unfinished-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = content.WriteTo(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), r.file(layer))
}

// each calls do for every layer of the storage whose recipe is there, and removes recipes of layers that the storage
// has no more.
func (r recipes) each(in storage.Store, do func(storage.Layer)) error {
	entries, err := os.ReadDir(string(r))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		d := digest.NewDigestFromEncoded(digest.SHA256, e.Name())
		if d.Validate() != nil {
			continue
		}
		if layer := unpackedLayer(in, d); layer != nil {
			do(*layer)
		} else if err := os.Remove(r.file(d)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// unpackedLayer returns the layer of the storage that was unpacked from a bare layer, or nil.
func unpackedLayer(in storage.Store, bare digest.Digest) *storage.Layer {
	found, err := in.LayersByUncompressedDigest(bare)
	if err != nil || len(found) == 0 {
		return nil
	}
	return &found[0]
}
