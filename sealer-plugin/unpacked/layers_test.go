package unpacked

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// unpackedLayer is a layer with a large file, an empty one and small ones that share a chunk; unpacked in dir.
type unpackedLayer struct {
	dir    string
	recipe *recipe.Recipe
	chunks map[codec.ID][]byte
}

func newLayer(t *testing.T, c *codec.Codec, names ...string) *unpackedLayer {
	t.Helper()
	sizes := []int{1 << 20, 0, 3000, 1, 5000}
	var files []file
	for i, name := range names {
		files = append(files, file{name, noise(sizes[i])})
	}
	return newLayerOf(t, c, files...)
}

type file struct {
	name    string
	content []byte
}

func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.Read(data)
	return data
}

func tarOf(t *testing.T, files ...file) []byte {
	t.Helper()
	var blob bytes.Buffer
	w := tar.NewWriter(&blob)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: 0o600, Size: int64(len(f.content))}
		if err := errors.Join(w.WriteHeader(header), write(w, f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return blob.Bytes()
}

func gzipOf(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if err := errors.Join(write(w, content), w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newLayerOf(t *testing.T, c *codec.Codec, files ...file) *unpackedLayer {
	t.Helper()
	l := &unpackedLayer{dir: t.TempDir(), chunks: make(map[codec.ID][]byte)}
	for _, f := range files {
		path := filepath.Join(l.dir, filepath.Clean("/"+f.name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, f.content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	var encoded bytes.Buffer
	_, err := recipe.Build(t.Context(), c, bytes.NewReader(tarOf(t, files...)), recipe.Options{Level: 3}, &encoded, func(chunk codec.Chunk, data []byte, _ []recipe.File) error {
		l.chunks[chunk.ID] = slices.Clone(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if l.recipe, err = recipe.Open(t.Context(), c, bytes.NewReader(encoded.Bytes()), int64(encoded.Len())); err != nil {
		t.Fatal(err)
	}
	return l
}

func write(w io.Writer, data []byte) error {
	_, err := w.Write(data)
	return err
}

func newCodec(t *testing.T) *codec.Codec {
	t.Helper()
	c, err := codec.New(t.Context(), codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// set returns a set of layers, and a reader of it.
func set(t *testing.T, c *codec.Codec, layers ...*unpackedLayer) (*Layers, *Reader) {
	t.Helper()
	s := New(c)
	t.Cleanup(func() { _ = s.Close() })
	for _, l := range layers {
		if err := s.Add(t.Context(), l.recipe, l.dir); err != nil {
			t.Fatal(err)
		}
	}
	r := s.NewReader()
	t.Cleanup(r.Close)
	return s, r
}

func TestEveryChunkOfALayer(t *testing.T) {
	c := newCodec(t)
	one, two := newLayer(t, c, "bin/a", "empty", "etc/b", "./c", "/etc/d"), newLayer(t, c, "bin/a")
	s, r := set(t, c, one, two)
	for _, l := range []*unpackedLayer{one, two} {
		if missing := s.Missing(l.recipe.Chunks); len(missing) > 0 {
			t.Errorf("%d of %d chunks are missing", len(missing), len(l.recipe.Chunks))
		}
		for _, chunk := range slices.Backward(l.recipe.Chunks) {
			if got, err := r.Chunk(t.Context(), chunk); err != nil || !bytes.Equal(got, l.chunks[chunk.ID]) {
				t.Errorf("chunk %v: %d bytes, %v", chunk.ID, len(got), err)
			}
		}
	}
}

// TestInsideOfFiles reads what is inside of gzip files on the disk, in any order, also across files.
func TestInsideOfFiles(t *testing.T) {
	c := newCodec(t)
	archive := gzipOf(t, tarOf(t, file{"bin/x", noise(500_000)}, file{"etc/y", noise(700)}, file{"z", noise(300_000)}))
	deep := gzipOf(t, tarOf(t, file{"deep.tgz", gzipOf(t, tarOf(t, file{"w", noise(200_000)}))}))
	text := gzipOf(t, fmt.Appendf(nil, "%x", noise(20_000)))
	l := newLayerOf(t, c, file{"a", noise(900)}, file{"b.tgz", slices.Concat(archive, text)}, file{"c", noise(40)}, file{"d.gz", text},
		file{"e", noise(100_000)}, file{"f.tgz", deep})
	s, r := set(t, c, l)
	if n := len(l.recipe.Streams); n != 5 {
		t.Fatalf("%d streams", n)
	}
	if missing := s.Missing(l.recipe.Chunks); len(missing) > 0 {
		t.Errorf("%d of %d chunks are missing", len(missing), len(l.recipe.Chunks))
	}
	for _, chunks := range [][]codec.Chunk{l.recipe.Chunks, slices.Collect(reversed(l.recipe.Chunks))} {
		for _, chunk := range chunks {
			if got, err := r.Chunk(t.Context(), chunk); err != nil || !bytes.Equal(got, l.chunks[chunk.ID]) {
				t.Fatalf("chunk %v: %d bytes, %v", chunk.ID, len(got), err)
			}
		}
	}
	if err := os.Truncate(filepath.Join(l.dir, "b.tgz"), 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := s.NewReader().Chunk(t.Context(), l.recipe.Chunks[2]); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("of a file that was cut: %v, want %v", err, codec.ErrDamaged)
	}
}

func reversed(chunks []codec.Chunk) iter.Seq[codec.Chunk] {
	return func(yield func(codec.Chunk) bool) {
		for _, c := range slices.Backward(chunks) {
			if !yield(c) {
				return
			}
		}
	}
}

// TestChangedFile damages a layer: what can no longer be had from it is an error once, and missing from then on.
func TestChangedFile(t *testing.T) {
	c := newCodec(t)
	for name, change := range map[string]func(path string) error{
		"removed": os.Remove,
		"cut":     func(path string) error { return os.Truncate(path, 10) },
		"other":   func(path string) error { return os.WriteFile(path, make([]byte, 1<<20), 0o600) },
		"a link out of the layer": func(path string) error {
			away := filepath.Join(filepath.Dir(filepath.Dir(path)), "away")
			return errors.Join(os.Rename(path, away), os.Symlink(away, path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, other := newLayer(t, c, "a", "b", "c"), newLayer(t, c, "a")
			s, r := set(t, c, l, other)
			if err := change(filepath.Join(l.dir, "a")); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Chunk(t.Context(), l.recipe.Chunks[0]); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("error %v, want %v", err, codec.ErrDamaged)
			}
			if missing := s.Missing(l.recipe.Chunks); len(missing) != len(l.recipe.Chunks) {
				t.Errorf("%d chunks of %d are missing", len(missing), len(l.recipe.Chunks))
			}
			if missing := s.Missing(other.recipe.Chunks); len(missing) > 0 {
				t.Errorf("%d chunks of another layer are missing", len(missing))
			}
		})
	}
}

func TestNamesDoNotLeadOutOfTheLayer(t *testing.T) {
	c := newCodec(t)
	l := newLayer(t, c, "../a")
	outside := filepath.Join(filepath.Dir(l.dir), "a")
	if err := os.Rename(filepath.Join(l.dir, "a"), outside); err != nil {
		t.Fatal(err)
	}
	_, r := set(t, c, l)
	if _, err := r.Chunk(t.Context(), l.recipe.Chunks[0]); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("%s was read: error %v", outside, err)
	}
}

func TestNoLayers(t *testing.T) {
	var s *Layers
	chunks := []codec.Chunk{{Size: 1}}
	if s.Has(chunks[0].ID) || len(s.Missing(chunks)) != 1 {
		t.Error("no layers have a chunk")
	}
}
