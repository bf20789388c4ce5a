package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/bench/corpus"
	sealift "github.com/sealift/sealift/sealer-plugin"
)

// series is a registry with two repositories that get all releases, one with deltas and one without.
type series struct {
	dir  string // for all that is written
	host string
}

// figures are what one release costs. What needs an older release is nil where there is none.
type figures struct {
	release string
	own     *sealift.Result // push into an empty repository
	chunks  *sealift.Result // push without deltas
	push    *sealift.Result

	chunksPull *sealift.Result // without deltas, by who pulled every release before
	fromLast   *sealift.Result // by who has the one before
	fromThird  *sealift.Result // by who has the third one before
	fromNone   *sealift.Result
}

func (s series) measure(ctx context.Context, i int, r release) (f figures, err error) {
	f.release = r.String()
	image, err := pack(ctx, s.in("source"), i, r)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(image.layout)) }()
	if err := s.push(ctx, image, &f); err != nil {
		return f, err
	}
	return f, s.pull(ctx, i, image, &f)
}

func (s series) in(name string) string { return filepath.Join(s.dir, name) }

func tag(i int) string { return fmt.Sprintf("v%d", i+1) }

func (s series) push(ctx context.Context, image *image, f *figures) error {
	for _, p := range []struct {
		repository string
		options    sealift.Options
		result     **sealift.Result
	}{
		{"own-" + image.tag, sealift.Options{NoDelta: true}, &f.own},
		{"chunks", sealift.Options{NoDelta: true}, &f.chunks},
		{"deltas", sealift.Options{}, &f.push},
	} {
		p.options.Store = s.in("pushing")
		result, err := sealift.Push(ctx, image.ref(), s.host+"/"+p.repository+":"+image.tag, p.options)
		if err != nil {
			return err
		}
		*p.result = result
	}
	return nil
}

func (s series) pull(ctx context.Context, i int, image *image, f *figures) (err error) {
	if f.fromNone, err = s.pullInto(ctx, having(i), "deltas", image); err != nil {
		return err
	}
	if i >= 1 {
		if f.fromLast, err = s.pullAfter(ctx, i-1, image); err != nil {
			return err
		}
	}
	if i >= 3 {
		if f.fromThird, err = s.pullAfter(ctx, i-3, image); err != nil {
			return err
		}
	}
	all, err := s.pullInto(ctx, "pulling", "chunks", image)
	if i >= 1 {
		f.chunksPull = all
	}
	return err
}

// having names the store of a machine that has one release and nothing else.
func having(i int) string { return "having-" + tag(i) }

// pullAfter pulls an image with a store that has release i.
func (s series) pullAfter(ctx context.Context, i int, image *image) (*sealift.Result, error) {
	const store = "having"
	if err := os.CopyFS(s.in(store), os.DirFS(s.in(having(i)))); err != nil {
		return nil, err
	}
	result, err := s.pullInto(ctx, store, "deltas", image)
	return result, errors.Join(err, os.RemoveAll(s.in(store)))
}

// pullInto pulls an image with a store, into a layout of its own, and checks all of it.
func (s series) pullInto(ctx context.Context, store, repository string, image *image) (*sealift.Result, error) {
	dir := s.in("pulled")
	from, to := s.host+"/"+repository+":"+image.tag, "oci:"+dir+":"+image.tag
	result, err := sealift.Pull(ctx, from, to, sealift.Options{Store: s.in(store)})
	if err == nil {
		err = corpus.CheckImage(dir, image.tag, image.root)
	}
	return result, errors.Join(err, os.RemoveAll(dir))
}

// image is a release in a layout.
type image struct {
	layout string
	tag    string
	root   ocispec.Descriptor
}

func pack(ctx context.Context, dir string, i int, r release) (*image, error) {
	layout, err := corpus.NewLayout(dir)
	if err != nil {
		return nil, err
	}
	software := corpus.Installation{Releases: []corpus.Release{r.traefik, r.ruff}, Prefix: "opt", Built: built(i)}
	installed, err := software.Image(ctx)
	if err != nil {
		return nil, err
	}
	root, err := layout.Add(installed, tag(i))
	return &image{dir, tag(i), root}, err
}

func (i *image) ref() string { return "oci:" + i.layout + ":" + i.tag }
