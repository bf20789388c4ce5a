package e2e

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"testing"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/bench/corpus"
)

// shapes are the images of TestIdentity.
var shapes = []struct {
	tag  string
	make func(*testing.T, *corpus.Layout) ocispec.Descriptor
}{
	{"uncompressed", func(t *testing.T, l *corpus.Layout) ocispec.Descriptor { return add(t, l, "uncompressed", small()) }},
	{"gzip", func(t *testing.T, l *corpus.Layout) ocispec.Descriptor {
		return add(t, l, "gzip", encoded(corpus.Gzip))
	}},
	{"zstd", func(t *testing.T, l *corpus.Layout) ocispec.Descriptor {
		return add(t, l, "zstd", encoded(corpus.Zstd))
	}},
	{"annotated", annotated},
	{"odd-tars", oddTars},
	{"platforms", platforms},
	{"artifact", artifact},
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	source := filepath.Join(t.TempDir(), "source")
	layout, err := corpus.NewLayout(source)
	if err != nil {
		t.Fatal(err)
	}
	roots := map[string]ocispec.Descriptor{}
	for _, shape := range shapes {
		roots[shape.tag] = shape.make(t, layout)
	}
	everywhere(t, func(t *testing.T, p place) {
		for _, shape := range shapes {
			t.Run(shape.tag, func(t *testing.T) {
				m := newMachine(t)
				pushed := m.must("push", "oci:"+source+":"+shape.tag, p.tag(shape.tag))
				destination := filepath.Join(m.home, "destination")
				pulled := m.must("pull", p.tag(shape.tag), "oci:"+destination+":"+shape.tag)
				if want := roots[shape.tag].Digest; pushed.Digest != want || pulled.Digest != want {
					t.Errorf("push says %s, pull %s, it is %s", pushed.Digest, pulled.Digest, want)
				}
				sameImage(t, source, destination, shape.tag)
			})
		}
	})
}

func encoded(encoding corpus.Encoding) corpus.Image {
	image := small()
	for i := range image.Layers {
		image.Layers[i].Encoding = encoding
	}
	return image
}

func annotated(t *testing.T, l *corpus.Layout) ocispec.Descriptor {
	t.Helper()
	image := small()
	image.Annotations = map[string]string{"cluster.example.com/type": "kube", "empty": "", "ünïcode": "日本\n\"quoted\""}
	image.Layers[1].MediaType = "application/vnd.example.layer.v7.tar+unheard-of"
	return add(t, l, "annotated", image)
}

// oddTars has layers that no simple reader of tars gets right.
func oddTars(t *testing.T, l *corpus.Layout) ocispec.Descriptor {
	t.Helper()
	plain := small().Layers[0].Write
	image := corpus.Image{Built: monday}
	for _, write := range []func(io.Writer) error{
		func(io.Writer) error { return nil },
		corpus.Tar(func(*tar.Writer) error { return nil }),
		corpus.Tar(writeHeaders),
		after(plain, make([]byte, 1<<20)),
		after(plain, []byte("not a header")),
		func(w io.Writer) error { return errors.Join(plain(w), small().Layers[1].Write(w)) },
		cut(plain),
	} {
		image.Layers = append(image.Layers, corpus.Layer{Write: write})
	}
	return add(t, l, "odd-tars", image)
}

func after(write func(io.Writer) error, more []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		if err := write(w); err != nil {
			return err
		}
		_, err := w.Write(more)
		return err
	}
}

// cut puts out the first half of what write does: the end lies within a file.
func cut(write func(io.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		var whole bytes.Buffer
		if err := write(&whole); err != nil {
			return err
		}
		_, err := w.Write(whole.Bytes()[:whole.Len()/2])
		return err
	}
}

// writeHeaders writes entries of every kind that layers have, in both formats for long names.
func writeHeaders(w *tar.Writer) error {
	long := "directory/" + string(bytes.Repeat([]byte("long-name/"), 20)) + "file"
	content := bytes.Repeat([]byte("content of a file\n"), 5_000)
	size := int64(len(content))
	for _, header := range []tar.Header{
		{Name: "directory/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: long, Typeflag: tar.TypeReg, Mode: 0o600, Size: size, Format: tar.FormatPAX},
		{Name: long + "-gnu", Typeflag: tar.TypeReg, Mode: 0o600, Size: size, Format: tar.FormatGNU},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: long},
		{Name: "soft", Typeflag: tar.TypeSymlink, Linkname: "../" + long},
		{Name: "device", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3},
		{Name: "fifo", Typeflag: tar.TypeFifo},
		{Name: ".wh.deleted", Typeflag: tar.TypeReg},
		{Name: "capable", Typeflag: tar.TypeReg, Mode: 0o4755, Size: size, PAXRecords: map[string]string{
			"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x20\x00\x00",
			"SCHILY.xattr.user.comment":        "é",
		}},
	} {
		header.ModTime = monday
		if err := w.WriteHeader(&header); err != nil {
			return err
		}
		if _, err := w.Write(content[:header.Size]); err != nil {
			return err
		}
	}
	return nil
}

// platforms is an index with an index in it: two platforms that share a layer.
func platforms(t *testing.T, l *corpus.Layout) ocispec.Descriptor {
	t.Helper()
	var manifests []ocispec.Descriptor
	for i, architecture := range []string{"amd64", "arm64"} {
		image := small()
		image.Platform = ocispec.Platform{OS: "linux", Architecture: architecture}
		image.Layers[1] = corpus.Tree{Seed: uint64(100 + i), Files: 2, Size: 300_000, Built: monday}.Layer(corpus.Gzip)
		desc, err := l.Image(image)
		if err != nil {
			t.Fatal(err)
		}
		manifests = append(manifests, desc)
	}
	inner, err := l.Index(nil, manifests[1])
	if err != nil {
		t.Fatal(err)
	}
	desc, err := l.Index(map[string]string{"made-by": "e2e"}, manifests[0], inner)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Tag(desc, "platforms"); err != nil {
		t.Fatal(err)
	}
	return desc
}

// artifact is a manifest that is no container image at all.
func artifact(t *testing.T, l *corpus.Layout) ocispec.Descriptor {
	t.Helper()
	manifest := ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: "application/vnd.example.artifact",
		Config:       addBytes(t, l, ocispec.MediaTypeEmptyJSON, []byte("{}")),
		Layers: []ocispec.Descriptor{
			addBytes(t, l, "application/vnd.example.thing", bytes.Repeat([]byte{0, 1, 2, 3}, 100_000)),
			addBytes(t, l, "text/plain; charset=utf-8", []byte("hello\n")),
		},
	}
	manifest.Layers[0].Annotations = map[string]string{ocispec.AnnotationTitle: "thing.bin"}
	desc, err := l.JSON(ocispec.MediaTypeImageManifest, manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Tag(desc, "artifact"); err != nil {
		t.Fatal(err)
	}
	return desc
}

func addBytes(t *testing.T, l *corpus.Layout, mediaType string, content []byte) ocispec.Descriptor {
	t.Helper()
	desc, err := l.Blob(mediaType, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return desc
}
