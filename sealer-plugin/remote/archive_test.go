package remote

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// entry is an entry of an archive: a file, or a link to the target of which link says "symlink:" or "hardlink:".
type entry struct{ name, content, link string }

func writeTar(t testing.TB, entries ...entry) string {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(e.content))}
		if kind, target, ok := strings.Cut(e.link, ":"); ok {
			h.Typeflag, h.Linkname = map[string]byte{"symlink": tar.TypeSymlink, "hardlink": tar.TypeLink}[kind], target
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(name, buf.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// dockerImageOf makes an image as docker save wrote it until version 24, and the manifest that it must become.
func dockerImageOf(t testing.TB, layers ...blob) (config blob, manifest blob) {
	t.Helper()
	image := ocispec.Image{RootFS: ocispec.RootFS{Type: "layers"}}
	for _, l := range layers {
		image.RootFS.DiffIDs = append(image.RootFS.DiffIDs, l.Digest)
	}
	data, err := json.Marshal(image)
	if err != nil {
		t.Fatal(err)
	}
	config = newBlob(ocispec.MediaTypeImageConfig, data)
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Config: config.Descriptor}
	m.SchemaVersion = 2
	for _, l := range layers {
		m.Layers = append(m.Layers, l.Descriptor)
	}
	data, err = json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return config, newBlob(ocispec.MediaTypeImageManifest, data)
}

func tarLayer(t testing.TB) blob {
	return newBlob(ocispec.MediaTypeImageLayer, randomBlob(t, 20_000).data)
}

func TestDockerArchive(t *testing.T) {
	shared, own := tarLayer(t), tarLayer(t)
	config1, manifest1 := dockerImageOf(t, shared)
	config2, manifest2 := dockerImageOf(t, shared, own, shared)
	archive := writeTar(t,
		entry{name: "l1/VERSION", content: "1.0"},
		entry{name: "l1/layer.tar", content: string(shared.data)},
		entry{name: "l2/layer.tar", content: string(own.data)},
		entry{name: "l3/layer.tar", link: "symlink:../l1/layer.tar"},
		entry{name: "l4/layer.tar", link: "hardlink:l1/layer.tar"},
		entry{name: "one.json", content: string(config1.data)},
		entry{name: "two.json", content: string(config2.data)},
		entry{name: "manifest.json", content: `[
			{"Config": "one.json", "RepoTags": ["busybox:1.36", "busybox:latest"], "Layers": ["l3/layer.tar"]},
			{"Config": "two.json", "RepoTags": ["example.com/x/y:v2"], "Layers": ["./l4/layer.tar", "l2/layer.tar", "l1/layer.tar"]}
		]`},
	)
	src := openTestSource(t, "docker-archive:"+archive)
	for name, want := range map[string]blob{
		"busybox:1.36":                   manifest1,
		"docker.io/library/busybox:1.36": manifest1,
		"busybox:latest":                 manifest1,
		"example.com/x/y:v2":             manifest2,
		manifest2.Digest.String():        manifest2,
	} {
		desc, err := src.Resolve(t.Context(), name)
		if err != nil || desc.Digest != want.Digest || desc.MediaType != want.MediaType {
			t.Errorf("%s: %+v, %v; want %s", name, desc, err, want.Digest)
		}
	}
	for _, b := range []blob{manifest1, manifest2, config1, config2, shared, own} {
		mustFetch(t, src, b)
	}
	if data, start, err := readRange(t, src, own, 1000, 500); err != nil || start != 1000 || !bytes.Equal(data, own.data[1000:1500]) {
		t.Errorf("range: %d bytes from %d, %v", len(data), start, err)
	}
	if _, err := src.Resolve(t.Context(), ""); !errors.Is(err, ErrReference) || !strings.Contains(err.Error(), "example.com/x/y:v2") {
		t.Errorf("no name: %v; want ErrReference and the names", err)
	}
	if _, err := src.Resolve(t.Context(), "busybox:1.37"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown name: %v; want ErrNotFound", err)
	}
	if tags, err := src.Tags(t.Context()); err != nil || len(tags) != 3 {
		t.Errorf("tags: %v, %v", tags, err)
	}
}

func TestDockerArchiveOfOneImage(t *testing.T) {
	layer := tarLayer(t)
	config, manifest := dockerImageOf(t, layer)
	for _, tags := range []string{`null`, `[]`, `["a:1"]`, `["a:1", "b:2"]`} {
		src := openTestSource(t, "docker-archive:"+writeTar(t,
			entry{name: "layer.tar", content: string(layer.data)},
			entry{name: "c.json", content: string(config.data)},
			entry{name: "manifest.json", content: `[{"Config": "c.json", "RepoTags": ` + tags + `, "Layers": ["layer.tar"]}]`},
		))
		if desc, err := src.Resolve(t.Context(), ""); err != nil || desc.Digest != manifest.Digest {
			t.Errorf("tags %s: %+v, %v; want %s", tags, desc, err, manifest.Digest)
		}
	}
}

// TestDockerArchiveOfCompressedLayers reads what crane and bazel write.
func TestDockerArchiveOfCompressedLayers(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	plain := tarLayer(t)
	if _, err := w.Write(plain.data); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	layer := newBlob(ocispec.MediaTypeImageLayerGzip, zipped.Bytes())
	config, _ := dockerImageOf(t, plain)
	src := openTestSource(t, "docker-archive:"+writeTar(t,
		entry{name: "layer.tar.gz", content: string(layer.data)},
		entry{name: "c.json", content: string(config.data)},
		entry{name: "manifest.json", content: `[{"Config": "c.json", "Layers": ["layer.tar.gz"]}]`},
	))
	desc, err := src.Resolve(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	data, err := fetch(t, src, desc)
	if err != nil {
		t.Fatal(err)
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	if got := m.Layers[0]; got.Digest != layer.Digest || got.MediaType != layer.MediaType || got.Size != layer.Size {
		t.Errorf("layer %+v; want %+v", got, layer.Descriptor)
	}
	mustFetch(t, src, layer)
}

// TestModernDockerArchive reads what docker save writes since version 25: an OCI layout, besides manifest.json.
func TestModernDockerArchive(t *testing.T) {
	layer := tarLayer(t)
	config, manifest := dockerImageOf(t, layer)
	index := indexOf(t, manifest, annotationImageName+"=docker.io/library/busybox:1.36 "+ocispec.AnnotationRefName+"=1.36")
	name := func(b blob) string { return blobName(b.Digest) }
	archive := writeTar(t,
		entry{name: name(config), content: string(config.data)},
		entry{name: name(layer), content: string(layer.data)},
		entry{name: name(manifest), content: string(manifest.data)},
		entry{name: "index.json", content: index},
		entry{name: "manifest.json", content: `[{"Config": "` + name(config) + `", "RepoTags": ["busybox:1.36"], "Layers": ["` + name(layer) + `"]}]`},
		entry{name: "oci-layout", content: layoutVersion},
	)
	for _, ref := range []string{"docker-archive:" + archive, "docker-archive:" + archive + ":busybox:1.36", "oci-archive:" + archive + ":1.36"} {
		src := openTestSource(t, ref)
		if desc, err := src.Resolve(t.Context(), mustParse(t, ref).Name()); err != nil || desc.Digest != manifest.Digest {
			t.Errorf("%s: %+v, %v; want %s", ref, desc, err, manifest.Digest)
		}
		mustFetch(t, src, layer)
	}
}

func TestBadArchives(t *testing.T) {
	layer := tarLayer(t)
	config, _ := dockerImageOf(t, layer)
	docker := func(list string, others ...entry) string {
		return writeTar(t, append(others, entry{name: "c.json", content: string(config.data)}, entry{name: "manifest.json", content: list})...)
	}
	plain := writeTar(t, entry{name: "oci-layout", content: layoutVersion}, entry{name: "index.json", content: `{}`})
	whole, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	file := func(content []byte) string {
		name := filepath.Join(t.TempDir(), "image.tar")
		if err := os.WriteFile(name, content, 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write(whole); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ref  string
		want error
		says string
	}{
		"absent":          {"oci-archive:" + filepath.Join(t.TempDir(), "a.tar"), ErrNotFound, "file not found"},
		"gzip":            {"docker-archive:" + file(zipped.Bytes()), nil, "compressed with gzip; decompress it first"},
		"cut":             {"oci-archive:" + file(whole[:520]), codec.ErrDamaged, "cannot be read"},
		"no tar":          {"docker-archive:" + file(bytes.Repeat([]byte("no tar "), 200)), codec.ErrDamaged, "cannot be read"},
		"a directory":     {"oci-archive:" + t.TempDir(), nil, "is a directory"},
		"no layout":       {"oci-archive:" + docker(`[]`), nil, "not an OCI layout"},
		"other tar":       {"docker-archive:" + writeTar(t, entry{name: "x"}), nil, "docker save"},
		"no JSON":         {"docker-archive:" + docker(`{`), codec.ErrDamaged, "manifest.json"},
		"no config":       {"docker-archive:" + docker(`[{"Config": "x.json"}]`), nil, "x.json"},
		"no layer":        {"docker-archive:" + docker(`[{"Config": "c.json", "Layers": ["l"]}]`), nil, `layer "l"`},
		"too few layers":  {"docker-archive:" + docker(`[{"Config": "c.json", "Layers": []}]`), codec.ErrDamaged, "1 layers, the archive 0"},
		"links in a ring": {"docker-archive:" + docker(`[{"Config": "c.json", "Layers": ["a"]}]`, entry{name: "a", link: "symlink:b"}, entry{name: "b", link: "symlink:a"}), nil, `layer "a"`},
		"link out of it":  {"docker-archive:" + docker(`[{"Config": "c.json", "Layers": ["a"]}]`, entry{name: "a", link: "symlink:../../etc/passwd"}), nil, `layer "a"`},
	} {
		_, err := OpenSource(t.Context(), mustParse(t, c.ref), testOptions())
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), c.says) || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v and %q", name, err, c.want, c.says)
		}
	}
}

// TestLayerThatIsNotItsDiffID finds a damaged layer when it is read.
func TestLayerThatIsNotItsDiffID(t *testing.T) {
	layer, other := tarLayer(t), tarLayer(t)
	config, _ := dockerImageOf(t, layer)
	src := openTestSource(t, "docker-archive:"+writeTar(t,
		entry{name: "layer.tar", content: string(other.data)},
		entry{name: "c.json", content: string(config.data)},
		entry{name: "manifest.json", content: `[{"Config": "c.json", "Layers": ["layer.tar"]}]`},
	))
	if _, err := fetch(t, src, layer.Descriptor); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("%v; want ErrDamaged", err)
	}
}

func TestDockerArchiveIsNoTarget(t *testing.T) {
	_, err := OpenTarget(t.Context(), mustParse(t, "docker-archive:a.tar"), testOptions())
	if !errors.Is(err, ErrReference) || !strings.Contains(err.Error(), "oci-archive") {
		t.Errorf("%v; want ErrReference and the alternative", err)
	}
}

func TestWrittenArchive(t *testing.T) {
	layer := randomBlob(t, 100_000)
	manifest, config := newManifest(t, layer)
	write := func() []byte {
		file := filepath.Join(t.TempDir(), "image.tar")
		dst := openTestTarget(t, "oci-archive:"+file, testOptions())
		if err := dst.Push(t.Context(), layer.Descriptor, bytes.NewReader(layer.data[1:])); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("%v; want ErrDamaged", err)
		}
		mustPush(t, dst, layer, config, manifest, layer)
		if _, err := os.Stat(file); err == nil {
			t.Error("the archive is there before it is complete")
		}
		if err := dst.Tag(t.Context(), manifest.Descriptor, "v1"); err != nil {
			t.Fatal(err)
		}
		mustFetch(t, dst, layer)
		if err := dst.Close(); err != nil {
			t.Error(err)
		}
		src := openTestSource(t, "oci-archive:"+file)
		if desc, err := src.Resolve(t.Context(), ""); err != nil || desc.Digest != manifest.Digest {
			t.Errorf("%+v, %v; want %s", desc, err, manifest.Digest)
		}
		for _, b := range []blob{layer, manifest, config} {
			mustFetch(t, src, b)
		}
		if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
			t.Errorf("beside the archive lies more: %v, %v", entries, err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if first, second := write(), write(); !bytes.Equal(first, second) {
		t.Error("the same image gives two archives")
	}
}

func TestUnfinishedArchive(t *testing.T) {
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(file, []byte("what was there"), 0o666); err != nil {
		t.Fatal(err)
	}
	dst := openTestTarget(t, "oci-archive:"+file, testOptions())
	mustPush(t, dst, randomBlob(t, 1000))

	other := openTestTarget(t, "oci-archive:"+file, testOptions())
	b := randomBlob(t, 10)
	if err := other.Push(t.Context(), b.Descriptor, b.reader()); err == nil || !strings.Contains(err.Error(), "another process is writing") {
		t.Errorf("two who write one archive: %v", err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "what was there" {
		t.Errorf("the old file has become %q, %v", data, err)
	}
	if _, err := os.Stat(file + ".partial"); err == nil {
		t.Error("the unfinished file was left")
	}
	if err := os.WriteFile(file+".partial", []byte("of a killed process"), 0o666); err != nil {
		t.Fatal(err)
	}
	manifest, _ := pushImage(t, other, "v1")
	if desc, err := openTestSource(t, "oci-archive:"+file).Resolve(t.Context(), "v1"); err != nil || desc.Digest != manifest.Digest {
		t.Errorf("%+v, %v; want %s", desc, err, manifest.Digest)
	}
}

// TestSparseArchive refuses an archive with a file whose holes were left out: its parts do not lie where they seem to.
func TestSparseArchive(t *testing.T) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	h := &tar.Header{Name: "./GNUSparseFile.0/layer.tar", Typeflag: tar.TypeReg, Mode: 0o644, Size: 512, Format: tar.FormatPAX, PAXRecords: map[string]string{"x.y": "z"}}
	if err := w.WriteHeader(h); err != nil {
		t.Fatal(err)
	}
	content := []byte("1\n0\n0\n")
	if _, err := w.Write(append(content, make([]byte, 512-len(content))...)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	// archive/tar writes no sparse files: turn the one record into three
	record := func(s string) string { return fmt.Sprintf("%d %s\n", len(s)+len(fmt.Sprint(len(s)+3))+2, s) }
	records := record("GNU.sparse.major=1") + record("GNU.sparse.minor=0") + record("GNU.sparse.name=layer.tar") + record("GNU.sparse.realsize=0")
	data := buf.Bytes()
	size := fmt.Sprintf("%011o", len(records))
	copy(data[124:], size)
	copy(data[148:], "        ")
	sum := 0
	for _, c := range data[:512] {
		sum += int(c)
	}
	copy(data[148:], fmt.Sprintf("%06o\x00 ", sum))
	copy(data[512:], records)
	file := filepath.Join(t.TempDir(), "sparse.tar")
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := OpenSource(t.Context(), mustParse(t, "docker-archive:"+file), testOptions())
	if err == nil || !strings.Contains(err.Error(), `sparse file, "layer.tar"`) {
		t.Errorf("%v; want that it is sparse", err)
	}
}

func FuzzDockerArchive(f *testing.F) {
	config, _ := dockerImageOf(f)
	data, err := os.ReadFile(writeTar(f, entry{name: "c.json", content: string(config.data)}, entry{name: "manifest.json", content: `[{"Config": "c.json"}]`}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "a.tar")
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
		src, err := OpenSource(t.Context(), Reference{Transport: TransportDockerArchive, Path: file}, testOptions())
		if err != nil {
			return
		}
		defer func() { _ = src.Close() }()
		desc, err := src.Resolve(t.Context(), "")
		if err != nil {
			return
		}
		rc, err := src.Fetch(t.Context(), desc)
		if err != nil {
			t.Fatalf("the manifest that it gives is not there: %v", err)
		}
		defer func() { _ = rc.Close() }()
		if got, err := digest.FromReader(rc); err != nil || got != desc.Digest {
			t.Fatalf("%s, %v; want %s", got, err, desc.Digest)
		}
	})
}
