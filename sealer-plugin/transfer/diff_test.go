package transfer

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// memorySource makes images in memory a remote.Source.
type memorySource struct {
	images
	remote.RangeFetcher
}

func (memorySource) Tags(context.Context) ([]string, error) { return nil, nil }
func (memorySource) Close() error                           { return nil }
func (memorySource) Since(context.Context, digest.Digest) ([]remote.Since, error) {
	return nil, nil
}

func TestDiff(t *testing.T) {
	b, src := newBench(t), newImages(t)
	v1 := src.image(tarLayer(tarOf(t, 1, release(1)...)), tarLayer(tarOf(t, 1, file{"same", 70, 80 << 10})))
	v2 := src.image(tarLayer(tarOf(t, 2, append(release(2), file{"etc/new.conf", 60, 900})...)), tarLayer(tarOf(t, 2, file{"same", 70, 80 << 10})))
	b.push(src, v1, "v1", Options{})
	plain := memorySource{images: src}
	for name, old := range map[string]Version{
		"chunked to plain": {b.target, b.resolve("v1")},
		"plain to plain":   {plain, v1},
	} {
		t.Run(name, func(t *testing.T) {
			scratch := newBench(t)
			d, err := Diff(t.Context(), b.codec, old, Version{plain, v2}, scratch.destination(""), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d.ChunksNew == 0 || d.ChunksNew >= d.Chunks || d.RawBytes < 1<<20 || d.Packed == 0 {
				t.Errorf("%+v", d)
			}
			var names []string
			for _, f := range d.Layers[0].Files {
				names = append(names, f.Name)
			}
			if diff := cmp.Diff([]string{"bin/changed", "etc/new.conf"}, names); diff != "" {
				t.Error("changed files:", diff)
			}
			if d.Layers[0].Files[0].RawBytes != 1<<20 {
				t.Errorf("bin/changed has %d new bytes, want all of its 1 MiB", d.Layers[0].Files[0].RawBytes)
			}
			if n := d.Layers[1].RawBytes; n != 0 {
				t.Errorf("the unchanged layer has %d new bytes", n)
			}
		})
	}
}

func TestInspect(t *testing.T) {
	b, src := newBench(t), newImages(t)
	data := tarOf(t, 1, release(1)...)
	root := src.index(map[string]ocispec.Descriptor{
		"amd64": src.platformImage("amd64", tarLayer(data)),
		"arm64": src.platformImage("arm64", gzipLayer(t, data)),
	})
	b.push(src, root, "v1", Options{})
	in, err := Inspect(t.Context(), b.codec, b.target, b.resolve("v1"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, in.Platforms); diff != "" {
		t.Error("platforms:", diff)
	}
	var stored []string
	var packed int64
	for _, blob := range in.Blobs {
		stored = append(stored, blob.Stored)
		packed += blob.Packed
	}
	if diff := cmp.Diff([]string{"inline", "inline", "inline", "tar", "inline", "inline", "tar"}, stored); diff != "" {
		t.Error("how the blobs are stored:", diff)
	}
	layer := in.Blobs[6]
	want := []GzipReport{{Format: "gzip", Encoder: layer.Gzip[0].Encoder, Blob: true, Streams: 1, Size: layer.Gzip[0].Size, Raw: int64(len(data))}}
	if diff := cmp.Diff(want, layer.Gzip); diff != "" || layer.Gzip[0].Size >= layer.Size {
		t.Errorf("what of a layer of %d bytes is gzip: %s", layer.Size, diff)
	}
	if packed < in.PackBytes*9/10 {
		t.Errorf("the blobs take %d bytes, the packs %d", packed, in.PackBytes)
	}
	if in.Digest != root.Digest || in.Created != "2023-11-14T22:13:20Z" {
		t.Errorf("%+v", in)
	}

	plain, err := Inspect(t.Context(), b.codec, memorySource{images: src}, root, Options{})
	if err != nil || len(plain.Blobs) != 7 || plain.Blobs[3].Stored != "plain" {
		t.Errorf("plain: %+v, %v", plain, err)
	}
}
