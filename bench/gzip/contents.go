package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/sealift/sealift/bench/corpus"
)

// content is what is compressed.
type content struct {
	name  string
	write func(context.Context, io.Writer) error
}

var contents = []content{
	{"binaries", func(ctx context.Context, w io.Writer) error {
		return writeTar(ctx, w, []corpus.Release{ruff}, func(*tar.Header) bool { return true })
	}},
	{"a Python tree", func(ctx context.Context, w io.Writer) error {
		return writeTar(ctx, w, []corpus.Release{corpus.Pandas[0]}, isNoTest)
	}},
	{"small files", func(ctx context.Context, w io.Writer) error {
		small := func(h *tar.Header) bool { return h.Size <= 16<<10 }
		return writeTar(ctx, w, []corpus.Release{corpus.Pandas[0], corpus.Numpy}, small)
	}},
	{"compressed files", writeWheels},
	{"text", func(ctx context.Context, w io.Writer) error {
		return each(ctx, corpus.Pandas[0], func(h *tar.Header, r io.Reader) error {
			if path.Ext(h.Name) != ".py" || !isNoTest(h) {
				return nil
			}
			_, err := io.Copy(w, r)
			return err
		})
	}},
}

var ruff = corpus.Release{
	Project: "ruff", Version: "0.17.5",
	File:   "ruff-0.17.5-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
	SHA256: "40ca8afaac309b41a5b2e09e4e7beb1f824826b93c25697c4d74f573324fba4e",
}

// isNoTest says whether an entry of pandas is other than its tests, which take a third of it.
func isNoTest(h *tar.Header) bool { return !strings.HasPrefix(h.Name, "opt/pandas/tests/") }

// built is the mtime of every file.
var built = time.Unix(1_700_000_000, 0).UTC()

// each calls visit for each entry of a release.
func each(ctx context.Context, release corpus.Release, visit func(*tar.Header, io.Reader) error) error {
	layer, err := release.Layer(ctx, "opt", built)
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(layer.Write(w)) }()
	defer r.Close() // ends the write
	for entries := tar.NewReader(r); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(header, entries); err != nil {
			return err
		}
	}
}

// writeTar writes those entries of releases that are wanted as one tar.
func writeTar(ctx context.Context, w io.Writer, releases []corpus.Release, wanted func(*tar.Header) bool) error {
	archive := tar.NewWriter(w)
	for _, release := range releases {
		err := each(ctx, release, func(h *tar.Header, r io.Reader) error {
			if !wanted(h) {
				return nil
			}
			if err := archive.WriteHeader(h); err != nil {
				return err
			}
			_, err := io.Copy(archive, r)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", release, err)
		}
	}
	return archive.Close()
}

// writeWheels writes a tar of files as they are in the registry: zip files.
func writeWheels(ctx context.Context, w io.Writer) error {
	archive := tar.NewWriter(w)
	for _, release := range []corpus.Release{ruff, corpus.Pandas[0]} {
		name, err := release.Fetch(ctx)
		if err != nil {
			return err
		}
		wheel, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: release.File, Mode: 0o644, Size: int64(len(wheel)), ModTime: built}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(wheel); err != nil {
			return err
		}
	}
	return archive.Close()
}

// sample is a content that was written.
type sample struct {
	name   string
	file   string
	digest string
	size   int64
}

func (c content) sample(ctx context.Context, dir string) (s sample, err error) {
	s = sample{name: c.name, file: filepath.Join(dir, c.name)}
	file, err := os.Create(s.file)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	hash := sha256.New()
	if err := c.write(ctx, io.MultiWriter(file, hash)); err != nil {
		return s, fmt.Errorf("%s: %w", c.name, err)
	}
	s.digest = hex.EncodeToString(hash.Sum(nil))
	s.size, err = file.Seek(0, io.SeekCurrent)
	return s, err
}
