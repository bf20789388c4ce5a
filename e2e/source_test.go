package e2e

import (
	"archive/tar"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/bench/corpus"
)

func TestPushOCIArchive(t *testing.T) {
	source := layoutOf(t, small())
	archive := filepath.Join(t.TempDir(), "image.tar")
	writeTar(t, archive, func(w *tar.Writer) error { return w.AddFS(os.DirFS(source)) })

	m, p := newMachine(t), directory(t)
	m.must("push", "oci-archive:"+archive, p.tag("v1"))
	m.must("pull", p.tag("v1"), "oci:destination:v1")
	sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
}

// TestPushDockerArchive pushes what `docker save` writes: it has a config and layers, but no manifest.
func TestPushDockerArchive(t *testing.T) {
	source := layoutOf(t, small())
	root, err := corpus.Tagged(source, "v1")
	if err != nil {
		t.Fatal(err)
	}
	var manifest ocispec.Manifest
	if err := json.Unmarshal(blob(t, source, root.Digest), &manifest); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	writeTar(t, archive, func(w *tar.Writer) error { return dockerSave(t, w, source, manifest) })

	m, p := newMachine(t), directory(t)
	m.must("push", "docker-archive:"+archive, p.tag("v1"))
	m.must("pull", p.tag("v1"), "oci:destination:v1")
	destination := filepath.Join(m.home, "destination")
	for _, desc := range append(manifest.Layers, manifest.Config) {
		intact(t, destination, desc.Digest)
	}
}

func dockerSave(t *testing.T, w *tar.Writer, source string, manifest ocispec.Manifest) error {
	t.Helper()
	type image struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	saved := image{Config: manifest.Config.Digest.Encoded() + ".json", RepoTags: []string{"app:v1"}}
	files := map[string][]byte{saved.Config: blob(t, source, manifest.Config.Digest)}
	for _, layer := range manifest.Layers {
		name := layer.Digest.Encoded() + "/layer.tar"
		saved.Layers = append(saved.Layers, name)
		files[name] = blob(t, source, layer.Digest)
	}
	var err error
	if files["manifest.json"], err = json.Marshal([]image{saved}); err != nil {
		return err
	}
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		if _, err := w.Write(content); err != nil {
			return err
		}
	}
	return nil
}

func writeTar(t *testing.T, name string, write func(*tar.Writer) error) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := corpus.Tar(write)(file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestPullPlain pulls an image that was never chunked, and expects to be told so.
func TestPullPlain(t *testing.T) {
	source := layoutOf(t, encoded(corpus.Gzip))
	m := newMachine(t)
	ended := m.run("pull", "oci:"+source+":v1", "oci:destination:v1")
	if ended.code != 0 {
		t.Fatalf("exit code %d\n%s", ended.code, ended.stderr)
	}
	if said := ended.stderr + string(ended.stdout); !strings.Contains(said, "plain") {
		t.Errorf("it does not say that the image is a plain one:\n%s", said)
	}
	sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
}

// TestPullIntoStore pulls without a destination first: then the image is there already when it is wanted.
func TestPullIntoStore(t *testing.T) {
	source, p, m := layoutOf(t, small()), dockerRegistry(t), newMachine(t)
	m.must("push", "oci:"+source+":v1", p.tag("v1"))
	m.must("pull", p.tag("v1"))
	p.gate.take()
	m.must("pull", p.tag("v1"), "oci:destination:v1")
	noChunks(t, p.gate.take(), chunkedForm(t, p, "v1"))
	sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
}

func TestPlatform(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source")
	layout, err := corpus.NewLayout(source)
	if err != nil {
		t.Fatal(err)
	}
	var index ocispec.Index
	if err := json.Unmarshal(blob(t, source, platforms(t, layout).Digest), &index); err != nil {
		t.Fatal(err)
	}
	amd64 := index.Manifests[0].Digest

	m, p := newMachine(t), directory(t)
	if r := m.must("push", "--platform", "linux/amd64", "oci:"+source+":platforms", p.tag("one")); r.Digest != amd64 {
		t.Errorf("push of one platform: %s, want %s", r.Digest, amd64)
	}
	m.must("push", "oci:"+source+":platforms", p.tag("all"))
	for _, tag := range []string{"one", "all"} {
		r := m.must("pull", "--platform", "linux/amd64", p.tag(tag), "oci:"+tag+":v1")
		if r.Digest != amd64 {
			t.Errorf("pull of one platform from %s: %s, want %s", tag, r.Digest, amd64)
		}
		for _, desc := range walk(t, filepath.Join(m.home, tag), index.Manifests[0]) {
			intact(t, filepath.Join(m.home, tag), desc.Digest)
		}
	}
	if ended := m.run("pull", "--platform", "linux/s390x", p.tag("all"), "oci:none:v1"); ended.code != 3 {
		t.Errorf("a platform that is not there: exit code %d\n%s", ended.code, ended.stderr)
	}
}

// TestUnpack stores gzip and zstd layers uncompressed: the image ID stays, and the original's digest is told.
func TestUnpack(t *testing.T) {
	image := small()
	image.Layers[0].Encoding, image.Layers[1].Encoding = corpus.Gzip, corpus.Zstd
	source := layoutOf(t, image)
	root, err := corpus.Tagged(source, "v1")
	if err != nil {
		t.Fatal(err)
	}
	m, p := newMachine(t), directory(t)
	m.must("push", "--layers", "unpack", "oci:"+source+":v1", p.tag("v1"))
	pulled := m.must("pull", p.tag("v1"), "oci:destination:v1")
	if pulled.Digest == root.Digest {
		t.Fatal("the manifest did not change")
	}
	destination := filepath.Join(m.home, "destination")
	was, is := manifestOf(t, source, root.Digest), manifestOf(t, destination, pulled.Digest)
	if is.Config.Digest != was.Config.Digest {
		t.Errorf("the image ID was %s, is %s", was.Config.Digest, is.Config.Digest)
	}
	var config ocispec.Image
	if err := json.Unmarshal(blob(t, destination, is.Config.Digest), &config); err != nil {
		t.Fatal(err)
	}
	for i, layer := range is.Layers {
		intact(t, destination, layer.Digest)
		if layer.Digest != config.RootFS.DiffIDs[i] || layer.MediaType != ocispec.MediaTypeImageLayer {
			t.Errorf("layer %d is %s %s, not the uncompressed %s", i, layer.MediaType, layer.Digest, config.RootFS.DiffIDs[i])
		}
	}
	if origin := load(t, p, "v1").document.Origin; origin == nil || origin.Digest != root.Digest {
		t.Errorf("the original is recorded as %v, it is %s", origin, root.Digest)
	}
}

// TestKeepHintsAtUnpack: layers that are stored compressed share little, and whoever pushes them should know. Those that are
// opened are no such.
func TestKeepHintsAtUnpack(t *testing.T) {
	for encoding, hint := range map[corpus.Encoding]bool{corpus.Gzip: false, corpus.Zstd: false, corpus.ZstdBest: true} {
		source, m := layoutOf(t, encoded(encoding)), newMachine(t)
		ended := m.run("push", "oci:"+source+":v1", directory(t).tag("v1"))
		if ended.code != 0 || strings.Contains(ended.stderr, "--layers unpack") != hint {
			t.Errorf("exit code %d; of --layers unpack it should say something: %v\n%s", ended.code, hint, ended.stderr)
		}
	}
}

func manifestOf(t *testing.T, dir string, d digest.Digest) ocispec.Manifest {
	t.Helper()
	var manifest ocispec.Manifest
	if err := json.Unmarshal(blob(t, dir, d), &manifest); err != nil {
		t.Fatal(err)
	}
	return manifest
}
