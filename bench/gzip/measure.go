package main

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// figures are those of some gzip files.
type figures struct {
	files int
	same  int // come back byte for byte
	whole int // stored as what is inside of them, to the end

	raw, gzip int64 // bytes
	opened    int64 // of the gzip files, that are made again
	kept      int64 // likewise, that are stored as they are
	recipes   int64 // bytes of recipes, in all
	extra     int64 // of those that are whole, bytes that the recipes of the contents do not have

	build, rebuild time.Duration // of CPUs
	encodings      []string      // each that was recognised, once
}

// How many bytes of a file are not its stream.
const (
	gzipFraming = 18 // header and trailer, when the header has nothing optional
	zstdFraming = 4  // the checksum
)

// measured is what Build made of a blob, and Rebuild of that.
type measured struct {
	summary        recipe.Summary
	streams        []recipe.Stream
	recipe         int
	same           bool
	build, rebuild time.Duration
}

// measure takes a blob apart and makes it again.
func measure(ctx context.Context, c *codec.Codec, blob []byte) (m measured, err error) {
	var encoded bytes.Buffer
	store := make(map[codec.ID][]byte)
	m.build, err = cpu(func() (err error) {
		opts := recipe.Options{Kind: recipe.Tar, Level: codec.DefaultLevel}
		m.summary, err = recipe.Build(ctx, c, bytes.NewReader(blob), opts, &encoded,
			func(chunk codec.Chunk, data []byte, _ []recipe.File) error {
				if store[chunk.ID] == nil {
					store[chunk.ID] = bytes.Clone(data)
				}
				return nil
			})
		return err
	})
	if err != nil {
		return m, err
	}
	r, err := recipe.Open(ctx, c, bytes.NewReader(encoded.Bytes()), int64(encoded.Len()))
	if err != nil {
		return m, err
	}
	again := bytes.NewBuffer(make([]byte, 0, len(blob)))
	m.rebuild, err = cpu(func() error {
		return r.Rebuild(ctx, again, func(_ context.Context, chunk codec.Chunk) ([]byte, error) {
			return store[chunk.ID], nil
		})
	})
	if err != nil && !errors.Is(err, codec.ErrDamaged) {
		return m, err
	}
	m.same = err == nil && bytes.Equal(again.Bytes(), blob)
	m.streams, m.recipe = r.Streams, encoded.Len()
	return m, nil
}

// cpu returns how long CPUs worked on f.
func cpu(f func() error) (time.Duration, error) {
	runtime.GC()
	before, err := usage()
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := usage()
	return after - before, err
}

// usage is how long CPUs worked for this process.
func usage() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// add puts one more gzip file into the figures: what was measured of it and of its content, which has raw bytes.
func (f *figures) add(m, content measured, size, raw int64) {
	opened, encoding := m.opened()
	if name := encoding.String(); opened > 0 && !slices.Contains(f.encodings, name) {
		f.encodings = append(f.encodings, name)
	}
	kept := m.kept(size)
	f.files++
	f.same += count(m.same)
	f.whole += count(kept == 0)
	f.raw, f.gzip, f.opened, f.kept = f.raw+raw, f.gzip+size, f.opened+opened, f.kept+kept
	f.recipes += int64(m.recipe)
	if kept == 0 {
		f.extra += int64(m.recipe - content.recipe)
	}
	f.build, f.rebuild = f.build+m.build, f.rebuild+m.rebuild
}

// kept returns how many bytes of the file, which has size, are stored as they are.
func (m *measured) kept(size int64) int64 {
	switch opened, encoding := m.opened(); {
	case opened == 0:
		return size
	case encoding.IsZstd():
		return size - opened - zstdFraming
	default:
		return size - opened - gzipFraming
	}
}

// opened returns how many bytes of the file, which has one member or frame, are made again, and by which encoder.
func (m *measured) opened() (bytes int64, encoding codec.Encoding) {
	for _, s := range m.streams {
		if s.Depth == 0 {
			bytes, encoding = bytes+s.Size, s.Encoding
		}
	}
	return bytes, encoding
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
