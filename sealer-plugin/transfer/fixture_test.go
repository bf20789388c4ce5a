package transfer

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/memory"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/store"
)

// long skips a test that takes long, and whose outcome no engine changes, in a short run.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: run it without -short")
	}
}

// file is a file of a test layer: size bytes of content made from seed.
type file struct {
	name string
	seed uint64
	size int
}

// release returns the file as it is n releases later: some bytes were inserted, and some in every few hundred are others, as
// in programs whose addresses moved.
func (f file) release(n uint64) file {
	f.seed |= n << 32
	return f
}

// content returns bytes that compress about as programs do.
func (f file) content() []byte {
	seed, release := f.seed&(1<<32-1), f.seed>>32
	b := firstContent(seed, f.size)
	for r := range release {
		random := rand.New(rand.NewPCG(seed, 2+r))
		for at := 0; at < len(b); at += 1 + random.IntN(500) {
			b[at] += byte(1 + random.IntN(255))
		}
		for range 1 + len(b)>>16 {
			b = slices.Insert(b, random.IntN(len(b)+1), make([]byte, random.IntN(40))...)
		}
		b = b[:f.size]
	}
	return b
}

func firstContent(seed uint64, size int) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	words := make([][]byte, 4096)
	for i := range words {
		words[i] = make([]byte, 4+random.IntN(12))
		for j := range words[i] {
			words[i][j] = byte(random.Uint32())
		}
	}
	var b bytes.Buffer
	for b.Len() < size {
		b.Write(words[random.IntN(len(words))])
	}
	return b.Bytes()[:size]
}

// tarOf returns a tar of the files with the given mtime.
func tarOf(t testing.TB, mtime int64, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: 0o644, Size: int64(f.size), ModTime: time.Unix(mtime, 0)}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.content()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tarWith returns a tar of one file.
func tarWith(t testing.TB, name string, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped9(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, 9)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

// layer is a layer of a test image: as it is stored, and its content.
type layer struct {
	mediaType string
	stored    []byte
	plain     []byte
}

func tarLayer(plain []byte) layer {
	return layer{ocispec.MediaTypeImageLayer, plain, plain}
}

func gzipLayer(t testing.TB, plain []byte) layer {
	return layer{ocispec.MediaTypeImageLayerGzip, gzipped9(t, plain), plain}
}

func zstdLayer(t testing.TB, plain []byte) layer {
	return layer{ocispec.MediaTypeImageLayerZstd, zstded(t, plain), plain}
}

// images holds plain images in memory.
type images struct {
	*memory.Store
	t       testing.TB
	created *time.Time // of the images that are added
}

func newImages(t testing.TB) images {
	return images{memory.New(), t, new(time.Unix(1700000000, 0).UTC())}
}

// IsNear implements Near.
func (s images) IsNear(ocispec.Descriptor) bool { return true }

// blob adds a blob and returns its descriptor.
func (s images) blob(mediaType string, data []byte) ocispec.Descriptor {
	s.t.Helper()
	desc := content.NewDescriptorFromBytes(mediaType, data)
	if there, _ := s.Exists(s.t.Context(), desc); there {
		return desc
	}
	if err := s.Push(s.t.Context(), desc, bytes.NewReader(data)); err != nil {
		s.t.Fatal(err)
	}
	return desc
}

// image adds an image of the layers and returns its root.
func (s images) image(layers ...layer) ocispec.Descriptor {
	return s.platformImage("amd64", layers...)
}

func (s images) platformImage(arch string, layers ...layer) ocispec.Descriptor {
	s.t.Helper()
	config := ocispec.Image{
		Created:  new(*s.created),
		Platform: ocispec.Platform{OS: "linux", Architecture: arch},
		RootFS:   ocispec.RootFS{Type: "layers"},
	}
	m := ocispec.Manifest{
		Versioned:   specs.Versioned{SchemaVersion: 2},
		MediaType:   ocispec.MediaTypeImageManifest,
		Annotations: map[string]string{"org.example.kept": "yes"},
	}
	for i, l := range layers {
		desc := s.blob(l.mediaType, l.stored)
		desc.Annotations = map[string]string{"layer": fmt.Sprint(i)}
		m.Layers = append(m.Layers, desc)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, digest.FromBytes(l.plain))
	}
	m.Config = s.blob(ocispec.MediaTypeImageConfig, s.json(config))
	return s.blob(ocispec.MediaTypeImageManifest, s.json(m))
}

// index adds an index of images, one for each architecture.
func (s images) index(byArch map[string]ocispec.Descriptor) ocispec.Descriptor {
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex}
	for _, arch := range []string{"amd64", "arm64"} {
		desc := byArch[arch]
		desc.Platform = &ocispec.Platform{OS: "linux", Architecture: arch}
		index.Manifests = append(index.Manifests, desc)
	}
	return s.blob(ocispec.MediaTypeImageIndex, s.json(index))
}

func (s images) json(v any) []byte {
	s.t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		s.t.Fatal(err)
	}
	return data
}

// bench is what the tests of this package work with: routines, and an OCI layout to push to.
type bench struct {
	t      testing.TB
	codec  *codec.Codec
	target remote.Target
	meter  *remote.Meter
	dir    string
}

var compiled = struct{ dir string }{}

func newBench(t testing.TB) *bench {
	t.Helper()
	c, err := codec.New(t.Context(), codec.Options{CacheDir: compiled.dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	b := &bench{t: t, codec: c, meter: new(remote.Meter), dir: t.TempDir()}
	b.target = b.layout(b.dir)
	return b
}

func (b *bench) layout(dir string) remote.Target {
	b.t.Helper()
	ref := remote.Reference{Transport: remote.TransportOCI, Path: dir}
	target, err := remote.OpenTarget(b.t.Context(), ref, remote.Options{Meter: b.meter})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = target.Close() })
	return target
}

func (b *bench) destination(tag string, bases ...Base) Destination {
	ref := remote.Reference{Transport: remote.TransportOCI, Path: b.dir, Tag: tag}
	return Destination{Target: b.target, Reference: ref, Bases: bases}
}

func (b *bench) push(src content.ReadOnlyStorage, root ocispec.Descriptor, tag string, o Options) *Result {
	b.t.Helper()
	r, err := Push(b.t.Context(), b.codec, src, root, b.destination(tag), o)
	if err != nil {
		b.t.Fatalf("push %s: %v", tag, err)
	}
	return r
}

func (b *bench) store(dir string) *store.Store {
	b.t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = s.Close() })
	return s
}

func (b *bench) resolve(tag string) ocispec.Descriptor {
	b.t.Helper()
	desc, err := b.target.Resolve(b.t.Context(), tag)
	if err != nil {
		b.t.Fatal(err)
	}
	return desc
}

// pull pulls the image under tag into s and a new layout, and returns that.
func (b *bench) pull(s *store.Store, tag string, o Options) (*Result, Output) {
	b.t.Helper()
	ref := remote.Reference{Transport: remote.TransportOCI, Path: b.t.TempDir(), Tag: "pulled"}
	out := Output{Target: b.layout(ref.Path), Reference: ref}
	r, err := Pull(b.t.Context(), b.codec, s, b.target, b.resolve(tag), &out, o)
	if err != nil {
		b.t.Fatalf("pull %s: %v", tag, err)
	}
	return r, out
}

// sameImage fails the test unless everything that root leads to is in both.
func sameImage(t testing.TB, root ocispec.Descriptor, want, got content.Fetcher) {
	t.Helper()
	pending := []ocispec.Descriptor{root}
	for len(pending) > 0 {
		desc := pending[0]
		if a, b := read(t, want, desc), read(t, got, desc); !bytes.Equal(a, b) {
			t.Errorf("%s %s differs", desc.MediaType, desc.Digest)
		}
		children, err := parts(t.Context(), want, desc)
		if err != nil {
			t.Fatal(err)
		}
		pending = append(pending[1:], children...)
	}
}

func read(t testing.TB, src content.Fetcher, desc ocispec.Descriptor) []byte {
	t.Helper()
	rc, err := src.Fetch(t.Context(), desc)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rc.Close() }()
	data, err := io.ReadAll(rc)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Fetch implements content.Fetcher.
func (l liar) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	rc, err := l.images.Fetch(ctx, desc)
	if err != nil || desc.Digest != l.about {
		return rc, err
	}
	data, err := io.ReadAll(rc)
	if err != nil {
		return nil, err
	}
	data[len(data)/2] ^= 1
	return io.NopCloser(bytes.NewReader(data)), nil
}

func decode(t testing.TB, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func manifestOf(t testing.TB, src content.Fetcher, desc ocispec.Descriptor) ocispec.Manifest {
	t.Helper()
	var m ocispec.Manifest
	decode(t, read(t, src, desc), &m)
	return m
}

// sizeOf returns the size of the manifest that was pulled.
func sizeOf(t testing.TB, out Output) int64 {
	t.Helper()
	desc, err := out.Resolve(t.Context(), out.Reference.Tag)
	if err != nil {
		t.Fatal(err)
	}
	return desc.Size
}
