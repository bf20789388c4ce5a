package transfer

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

func archiveReference(file string) remote.Reference {
	return remote.Reference{Transport: remote.TransportOCIArchive, Path: file}
}

// since returns the images under tags of the bench's target, as a save takes them.
func (b *bench) since(tags ...string) []Base {
	var since []Base
	for _, tag := range tags {
		since = append(since, Base{b.target, b.destination(tag).Reference})
	}
	return since
}

// save saves images under tags of src into file.
func (b *bench) save(ctx context.Context, src remote.Source, file string, since []Base, tags ...string) ([]FileImage, error) {
	b.t.Helper()
	saver, err := NewSaver(ctx, b.codec, since, b.withDeltas(b.t.TempDir()))
	if err != nil {
		return nil, err
	}
	archive, err := remote.OpenArchive(ctx, archiveReference(file), remote.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = archive.Close() }()
	var images []FileImage
	for _, tag := range tags {
		root, err := src.Resolve(ctx, tag)
		if err != nil {
			return nil, err
		}
		at := archiveReference(file)
		at.Tag = tag
		img, err := saver.Save(ctx, src, root, archive, at)
		if err != nil {
			return nil, err
		}
		images = append(images, img)
	}
	return images, archive.Complete()
}

func (b *bench) mustSave(src remote.Source, since []Base, tags ...string) (remote.Source, []FileImage) {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "images.tar")
	images, err := b.save(b.t.Context(), src, file, since, tags...)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.openFile(file), images
}

func (b *bench) openFile(file string) remote.Source {
	b.t.Helper()
	src, err := remote.OpenSource(b.t.Context(), archiveReference(file), remote.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = src.Close() })
	return src
}

// site is another place that images are loaded to.
func (b *bench) site() Destination {
	ref := remote.Reference{Transport: remote.TransportOCI, Path: filepath.Join(b.t.TempDir(), "site")}
	return Destination{Target: b.layout(ref.Path), Reference: ref}
}

func (b *bench) load(src remote.Source, dst Destination) {
	b.t.Helper()
	if _, err := Load(b.t.Context(), src, dst, Options{}); err != nil {
		b.t.Fatal(err)
	}
}

// plainLayout returns a layout that has the plain images as v1, v2 and so on.
func (b *bench) plainLayout(src images, roots []ocispec.Descriptor) remote.Source {
	b.t.Helper()
	dst := b.site()
	for i, root := range roots {
		dst.Reference.Tag = "v" + string(rune('1'+i))
		if _, err := Copy(b.t.Context(), src, root, Output{dst.Target, dst.Reference}, Options{}); err != nil {
			b.t.Fatal(err)
		}
	}
	return dst
}

// TestSaveSince brings an update to a place that has the release before: as it was pushed, or made of the plain image.
func TestSaveSince(t *testing.T) {
	b, src := newBench(t), newImages(t)
	roots, sent := b.series(src, 2, b.withDeltas(t.TempDir()))
	first, _ := b.mustSave(b.target, nil, "v1")
	for name, from := range map[string]remote.Source{"chunked": b.target, "plain": b.plainLayout(src, roots)} {
		t.Run(name, func(t *testing.T) {
			b := *b
			b.t = t
			file, images := b.mustSave(from, b.since("v1"), "v2")
			want := []remote.Since{{Reference: b.since("v1")[0].Reference.String(), Digest: b.resolve("v1").Digest}}
			if diff := cmp.Diff(want, images[0].Since); diff != "" || images[0].Digest != roots[1].Digest {
				t.Errorf("saved %+v: %s", images[0], diff)
			}
			var size int64
			for _, d := range manifestOf(t, file, mustResolve(t, file, "v2")).Layers {
				if there, err := file.Exists(t.Context(), d); err != nil {
					t.Error(err)
				} else if there {
					size += d.Size
				}
			}
			if size > sent[1]+sent[1]/10 {
				t.Errorf("the file has %d bytes, the push sent %d", size, sent[1])
			}
			site := b.site()
			lacks(t, file, site, want)
			b.load(first, site)
			b.load(file, site)
			if d := mustResolve(t, site, "v2").Digest; d != images[0].ChunkedDigest {
				t.Errorf("v2 is %s there, in the file %s", d, images[0].ChunkedDigest)
			}
			b.target = site
			_, out := b.pull(b.store(t.TempDir()), "v2", Options{})
			sameImage(t, roots[1], src, out)
		})
	}
}

func mustResolve(t *testing.T, src remote.Source, tag string) ocispec.Descriptor {
	t.Helper()
	desc, err := src.Resolve(t.Context(), tag)
	if err != nil {
		t.Fatal(err)
	}
	return desc
}

// lacks loads a file to where not all is that it leaves out: that is told, and nothing is written.
func lacks(t *testing.T, file remote.Source, site Destination, want []remote.Since) {
	t.Helper()
	_, err := Load(t.Context(), file, site, Options{})
	var lacking *LackingError
	if !errors.As(err, &lacking) || !errors.Is(err, remote.ErrNotFound) || !cmp.Equal(lacking.Since, want) {
		t.Errorf("error %v, want that it lacks %v", err, want)
	}
	if _, err := os.Stat(site.Reference.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}

// TestLoadIntoStore fills a store: it must have what the file leaves out.
func TestLoadIntoStore(t *testing.T) {
	b, src := newBench(t), newImages(t)
	roots, _ := b.series(src, 2, b.withDeltas(t.TempDir()))
	file, _ := b.mustSave(b.target, b.since("v1"), "v2")
	s := b.store(t.TempDir())
	var lacking *LackingError
	if _, err := LoadStore(t.Context(), b.codec, s, file, Options{}); !errors.As(err, &lacking) {
		t.Errorf("load into an empty store: %v", err)
	}
	if _, err := Pull(t.Context(), b.codec, s, file, mustResolve(t, file, "v2"), nil, Options{}); !errors.As(err, &lacking) {
		t.Errorf("pull into an empty store: %v", err)
	}
	b.pull(s, "v1", Options{})
	images, err := LoadStore(t.Context(), b.codec, s, file, Options{})
	if err != nil || len(images) != 1 || images[0].Digest != roots[1].Digest {
		t.Fatalf("loaded %+v, %v", images, err)
	}
	plan, err := PlanPull(t.Context(), b.codec, s, file, mustResolve(t, file, "v2"), Options{})
	if err != nil || plan.ChunksNew != 0 {
		t.Errorf("after the load a pull would fetch %+v, %v", plan, err)
	}
}

// TestVerifyFileSince checks what is in a file, and names what is not.
func TestVerifyFileSince(t *testing.T) {
	b, src := newBench(t), newImages(t)
	roots, _ := b.series(src, 2, b.withDeltas(t.TempDir()))
	name := filepath.Join(t.TempDir(), "v2.tar")
	images, err := b.save(t.Context(), b.target, name, b.since("v1"), "v2")
	if err != nil {
		t.Fatal(err)
	}
	v, err := Verify(t.Context(), b.codec, b.openFile(name), b.resolve("v2"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	packs := len(b.layersOf("v2", remote.MediaTypePack)) + len(b.layersOf("v2", remote.MediaTypeDelta))
	if v.Digest != roots[1].Digest || !cmp.Equal(v.Since, images[0].Since) || v.Packs == 0 || v.Packs >= packs {
		t.Errorf("verified %+v, of %d packs", v, packs)
	}
	for _, mediaType := range []string{remote.MediaTypePack, remote.MediaTypeDelta} {
		last := b.layersOf("v2", mediaType)
		damaged := damagedCopy(t, name, read(t, b.target, last[len(last)-1]))
		if _, err := Verify(t.Context(), b.codec, b.openFile(damaged), b.resolve("v2"), Options{}); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("a damaged %s: %v", mediaType, err)
		}
	}
}

// damagedCopy returns a copy of a file in which a part is damaged.
func damagedCopy(t *testing.T, name string, part []byte) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, part)
	if at < 0 {
		t.Fatal("the part is not in the file")
	}
	data[at+len(part)/2] ^= 1
	damaged := filepath.Join(t.TempDir(), "damaged.tar")
	if err := os.WriteFile(damaged, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return damaged
}

// TestUnpackedFile has the archive unpacked as a directory: what it leaves out must not be taken to be there.
func TestUnpackedFile(t *testing.T) {
	b, src := newBench(t), newImages(t)
	roots, _ := b.series(src, 2, b.withDeltas(t.TempDir()))
	first, _ := b.mustSave(b.target, nil, "v1")
	name := filepath.Join(t.TempDir(), "v2.tar")
	if _, err := b.save(t.Context(), b.target, name, b.since("v1"), "v2"); err != nil {
		t.Fatal(err)
	}
	unpack := func(t *testing.T) *bench {
		other := *b
		other.t, other.dir = t, t.TempDir()
		data, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = data.Close() }()
		for r := tar.NewReader(data); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			content, readErr := io.ReadAll(r)
			file := filepath.Join(other.dir, h.Name)
			if err := errors.Join(err, readErr, os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, content, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		other.target = other.layout(other.dir)
		return &other
	}
	t.Run("push", func(t *testing.T) {
		b := unpack(t)
		b.push(src, roots[1], "v3", Options{})
		_, out := b.pull(b.store(t.TempDir()), "v3", Options{})
		sameImage(t, roots[1], src, out)
	})
	t.Run("load", func(t *testing.T) {
		b := unpack(t)
		var lacking *LackingError
		if _, err := Load(t.Context(), b.openFile(name), b.destination(""), Options{}); !errors.As(err, &lacking) {
			t.Errorf("error %v", err)
		}
		b.load(first, b.destination(""))
		b.load(b.openFile(name), b.destination(""))
		if since, err := b.target.Since(t.Context(), b.resolve("v2").Digest); err != nil || since != nil {
			t.Errorf("the image is still said to lack something: %v, %v", since, err)
		}
		_, out := b.pull(b.store(t.TempDir()), "v2", Options{})
		sameImage(t, roots[1], src, out)
	})
}

// TestSaveForStores has a pack of which the since image uses only a part, and the image the rest: who has the since image
// in a store has no more than that part.
func TestSaveForStores(t *testing.T) {
	b, src := newBench(t), newImages(t)
	tool, data := file{"tool", 1, 2 << 20}, file{"data", 2, 1 << 20}
	b.push(src, src.image(tarLayer(tarOf(t, 1, tool, data))), "v1", Options{})
	b.push(src, src.image(tarLayer(tarOf(t, 2, tool))), "v2", Options{})
	root := src.image(tarLayer(tarOf(t, 3, tool, data)))
	b.push(src, root, "v3", Options{})
	pack := b.layersOf("v2", remote.MediaTypePack)[0]
	if all := b.layersOf("v3", remote.MediaTypePack); len(all) != 1 || all[0].Digest != pack.Digest {
		t.Fatalf("v3 has other packs than v2: %v", all)
	}
	s := b.store(t.TempDir())
	b.pull(s, "v2", Options{})
	file, _ := b.mustSave(b.target, b.since("v2"), "v3")
	if _, err := LoadStore(t.Context(), b.codec, s, file, Options{}); err != nil {
		t.Error(err)
	}
	again, _ := b.mustSave(b.target, b.since("v2", "v1"), "v3")
	if there, err := again.Exists(t.Context(), pack); there || err != nil {
		t.Errorf("the file has the pack that v1 needs: %v, %v", there, err)
	}
}

// TestSaveSeveral saves plain images, each of which builds on those before.
func TestSaveSeveral(t *testing.T) {
	b, src := newBench(t), newImages(t)
	roots, sent := b.series(src, 3, b.withDeltas(t.TempDir()))
	name := filepath.Join(t.TempDir(), "images.tar")
	if _, err := b.save(t.Context(), b.plainLayout(src, roots), name, nil, "v1", "v2", "v3"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if limit := (sent[0] + sent[1] + sent[2]) * 11 / 10; info.Size() > limit {
		t.Errorf("the file has %d bytes, the pushes sent %d", info.Size(), limit)
	}
	site := b.site()
	b.load(b.openFile(name), site)
	b.target = site
	_, out := b.pull(b.store(t.TempDir()), "v3", Options{})
	sameImage(t, roots[2], src, out)
}

// stopping is a source of which nothing more can be read after some blobs.
type stopping struct {
	remote.Source
	left int
}

var errStopped = errors.New("stopped")

func (s *stopping) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if s.left--; s.left < 0 {
		return nil, errStopped
	}
	return s.Source.Fetch(ctx, desc)
}

// TestInterruptedSave stops at each blob, then goes on: what was there is not read again, and the file is the same.
func TestInterruptedSave(t *testing.T) {
	b, src := newBench(t), newImages(t)
	b.series(src, 2, b.withDeltas(t.TempDir()))
	whole := filepath.Join(t.TempDir(), "whole.tar")
	counted := &stopping{b.target, 1000}
	if _, err := b.save(t.Context(), counted, whole, nil, "v2"); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	fetches := 1000 - counted.left
	name := filepath.Join(t.TempDir(), "resumed.tar")
	for stops := 0; ; stops++ {
		before := b.meter.Snapshot().Received
		_, err := b.save(t.Context(), &stopping{b.target, 3}, name, nil, "v2")
		if received := b.meter.Snapshot().Received - before; received > int64(len(want)) {
			t.Errorf("received %d bytes, the file has %d", received, len(want))
		}
		if err == nil && stops < 3 || stops > fetches {
			t.Fatalf("complete after %d stops, of %d blobs", stops, fetches)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the file is another one: %v", err)
	}
}

func TestSaveRefuses(t *testing.T) {
	b, src := newBench(t), newImages(t)
	roots, _ := b.series(src, 2, b.withDeltas(t.TempDir()))
	plain := b.plainLayout(src, roots)
	since := []Base{{plain, remote.Reference{Transport: remote.TransportOCI, Path: "x", Tag: "v1"}}}
	if _, err := NewSaver(t.Context(), b.codec, since, Options{}); !errors.Is(err, remote.ErrNotChunked) || !strings.Contains(err.Error(), "oci:x:v1") {
		t.Errorf("since a plain image: %v", err)
	}
	thin, _ := b.mustSave(b.target, b.since("v1"), "v2")
	var lacking *LackingError
	if _, err := b.save(t.Context(), thin, filepath.Join(t.TempDir(), "x.tar"), nil, "v2"); !errors.As(err, &lacking) {
		t.Errorf("save of an image that is not whole: %v", err)
	}
	if _, err := b.save(t.Context(), thin, filepath.Join(t.TempDir(), "x.tar"), b.since("v1"), "v2"); err != nil {
		t.Errorf("the same since the same image: %v", err)
	}
	if _, err := Load(t.Context(), plain, b.site(), Options{}); !errors.Is(err, remote.ErrNotChunked) {
		t.Errorf("load of plain images: %v", err)
	}
}
