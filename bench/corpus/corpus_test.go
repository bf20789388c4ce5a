package corpus

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var built = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func tree() Tree { return Tree{Seed: 7, Files: 20, Size: 10_000, Built: built} }

func TestImageIsDeterministic(t *testing.T) {
	var first ocispec.Descriptor
	for run := range 2 {
		dir := t.TempDir()
		layout, err := NewLayout(dir)
		if err != nil {
			t.Fatal(err)
		}
		desc, err := layout.Image(Image{
			Layers: []Layer{tree().Layer(Uncompressed), tree().Layer(Gzip), tree().Layer(Zstd)},
			Built:  built,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := layout.Tag(desc, "v1"); err != nil {
			t.Fatal(err)
		}
		if err := CheckImage(dir, "v1", desc); err != nil {
			t.Error(err)
		}
		if run == 0 {
			first = desc
		} else if diff := cmp.Diff(first, desc); diff != "" {
			t.Errorf("another image at the second run:\n%s", diff)
		}
	}
}

func TestCheckFindsAnotherByte(t *testing.T) {
	dir := t.TempDir()
	layout, err := NewLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	root, err := layout.Image(Image{Layers: []Layer{tree().Layer(Uncompressed)}, Built: built})
	if err != nil {
		t.Fatal(err)
	}
	if err := layout.Tag(root, "v1"); err != nil {
		t.Fatal(err)
	}
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	if err != nil || len(blobs) != 3 {
		t.Fatalf("%d blobs, %v", len(blobs), err)
	}
	for _, name := range blobs {
		blob, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		damaged := bytes.Clone(blob)
		damaged[len(damaged)-1] ^= 1
		if err := os.WriteFile(name, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := CheckImage(dir, "v1", root); err == nil {
			t.Errorf("a change of %s was not found", name)
		}
		if err := os.WriteFile(name, blob, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := CheckImage(dir, "v1", root); err != nil {
		t.Error(err)
	}
}

func TestTreeEdits(t *testing.T) {
	edited := tree()
	edited.Built = built.Add(time.Hour)
	edited.Edits = map[int]uint64{3: 99}
	before, after := files(t, tree()), files(t, edited)
	if len(before) != 20 || len(after) != 20 {
		t.Fatalf("%d and %d files", len(before), len(after))
	}
	for name, content := range before {
		changed := name == "tree-7/000/file-000003"
		if bytes.Equal(content, after[name]) == changed {
			t.Errorf("%s: changed is not %v", name, changed)
		}
	}
}

func files(t *testing.T, tree Tree) map[string][]byte {
	t.Helper()
	var layer bytes.Buffer
	if err := tree.Layer(Uncompressed).Write(&layer); err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	archive := tar.NewReader(&layer)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if !header.ModTime.Equal(tree.Built) {
			t.Errorf("%s has mtime %s", header.Name, header.ModTime)
		}
		if found[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}

func TestContentCompressesLikeSoftware(t *testing.T) {
	raw := 20 * 10_000
	packed, err := GzipSize(tree().Layer(Uncompressed))
	if err != nil {
		t.Fatal(err)
	}
	if packed < int64(raw)/5 || packed > int64(raw)*3/5 {
		t.Errorf("gzip -6 makes %d bytes of %d", packed, raw)
	}
}

func TestReleaseRefusesAnotherFile(t *testing.T) {
	name := t.TempDir() + "/" + Numpy.File
	if err := os.WriteFile(name, []byte("not the wheel"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Numpy.check(name); err == nil {
		t.Error("a file with another sha256 passed")
	}
}

func TestTarballBecomesALayer(t *testing.T) {
	name := t.TempDir() + "/release.tgz"
	writeTarball(t, name,
		tar.Header{Name: "./package/", Typeflag: tar.TypeDir, Mode: 0o755, Uid: 501},
		tar.Header{Name: "./package/bin", Typeflag: tar.TypeReg, Mode: 0o755, Size: 5, Uid: 501, Uname: "somebody"},
		tar.Header{Name: "./package/hard", Typeflag: tar.TypeLink, Linkname: "./package/bin", Mode: 0o755},
		tar.Header{Name: "./package/soft", Typeflag: tar.TypeSymlink, Linkname: "bin", Mode: 0o777})
	var layer bytes.Buffer
	write := Tar(func(archive *tar.Writer) error { return unpackTarball(archive, name, "opt/release", built) })
	if err := write(&layer); err != nil {
		t.Fatal(err)
	}
	want := []tar.Header{
		{Name: "opt/release/package/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "opt/release/package/bin", Typeflag: tar.TypeReg, Mode: 0o755, Size: 5},
		{Name: "opt/release/package/hard", Typeflag: tar.TypeLink, Linkname: "opt/release/package/bin", Mode: 0o755},
		{Name: "opt/release/package/soft", Typeflag: tar.TypeSymlink, Linkname: "bin", Mode: 0o777},
	}
	archive := tar.NewReader(&layer)
	for _, header := range want {
		got, err := archive.Next()
		if err != nil {
			t.Fatal(err)
		}
		header.ModTime, header.Format = built, tar.FormatUSTAR
		if diff := cmp.Diff(header, *got, cmpopts.EquateApproxTime(0)); diff != "" {
			t.Errorf("%s:\n%s", header.Name, diff)
		}
		if content, err := io.ReadAll(archive); err != nil || int64(len(content)) != header.Size {
			t.Errorf("%s: content %q, %v", header.Name, content, err)
		}
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("more follows, or %v", err)
	}
}

// writeTarball makes a tarball of entries, with letters as their contents.
func writeTarball(t *testing.T, name string, entries ...tar.Header) {
	t.Helper()
	var tarball bytes.Buffer
	compressed := gzip.NewWriter(&tarball)
	archive := tar.NewWriter(compressed)
	for _, entry := range entries {
		if err := archive.WriteHeader(&entry); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(bytes.Repeat([]byte("a"), int(entry.Size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), compressed.Close(), os.WriteFile(name, tarball.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestWheelIsFetchedForItsPython(t *testing.T) {
	for file, want := range map[string]string{
		"a-1.0-cp312-cp312-manylinux2014_x86_64.whl": "3.12",
		"a-1.0-cp39-abi3-manylinux2014_x86_64.whl":   "3.9",
		"a-1.0-py3-none-manylinux2014_x86_64.whl":    "3.11",
	} {
		if got := (Release{File: file}).python(); got != want {
			t.Errorf("%s is fetched for Python %s, not %s", file, got, want)
		}
	}
}

func BenchmarkTree(b *testing.B) {
	tree := Tree{Seed: 1, Files: 16, Size: 1 << 20, Built: built}
	b.SetBytes(int64(tree.Files * tree.Size))
	for b.Loop() {
		if err := tree.Layer(Uncompressed).Write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
