package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/containers/buildah/define"
	containers "github.com/containers/image/v5/storage"
	"github.com/containers/image/v5/types"
	"github.com/containers/storage"
	"github.com/containers/storage/pkg/reexec"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/memory"

	"github.com/sealift/sealift/cmd/sealer/transport"
	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

func TestMain(m *testing.M) {
	if reexec.Init() {
		return // as the subprocess in which containers-storage unpacks a layer
	}
	os.Exit(m.Run())
}

// Sizes of the files of a release, which do not compress.
const (
	sameSize    = 2 << 20
	changedSize = 300 << 10
)

// release is the layer of an image: the file that all releases have, and one that is different in each.
func release(t *testing.T, number int) []byte {
	t.Helper()
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, f := range []struct {
		name   string
		size   int
		number int
	}{{"bin/same", sameSize, 0}, {"bin/changed", changedSize, number}} {
		data := make([]byte, f.size)
		_, _ = rand.NewChaCha8([32]byte{byte(f.number)}).Read(data)
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o755, Size: int64(f.size)}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return layer.Bytes()
}

// layerOf returns the digest of the layer of a release.
func layerOf(t *testing.T, number int) digest.Digest { return digest.FromBytes(release(t, number)) }

// published pushes releases to a directory, as sealift:oci:DIR:v1 and so on, and returns DIR.
func published(t *testing.T, releases int) string {
	t.Helper()
	dir := t.TempDir()
	for number := 1; number <= releases; number++ {
		layer := release(t, number)
		created := time.Date(2026, 1, number, 0, 0, 0, 0, time.UTC)
		config := ocispec.Image{
			Created: &created, Architecture: "amd64", OS: "linux",
			RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(layer)}},
		}
		storage := memory.New()
		m := ocispec.Manifest{
			Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
			Config: pushed(t, storage, ocispec.MediaTypeImageConfig, encoded(t, config)),
			Layers: []ocispec.Descriptor{pushed(t, storage, ocispec.MediaTypeImageLayer, layer)},
		}
		root := pushed(t, storage, ocispec.MediaTypeImageManifest, encoded(t, m))
		to := fmt.Sprintf("oci:%s:v%d", dir, number)
		if _, err := sealift.PushFrom(t.Context(), storage, root, to, sealift.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func pushed(t *testing.T, to content.Pusher, mediaType string, data []byte) ocispec.Descriptor {
	t.Helper()
	desc := content.NewDescriptorFromBytes(mediaType, data)
	if err := to.Push(t.Context(), desc, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	return desc
}

// machine is a local storage, and what Sealift keeps beside it.
type machine struct {
	t     *testing.T
	store storage.Store
	sys   types.SystemContext
	root  string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, as containers-storage does")
	}
	dir := t.TempDir()
	m := &machine{t: t, root: filepath.Join(dir, "sealift")}
	t.Setenv("SEALIFT_ROOT", m.root)
	m.sys.SignaturePolicyPath = filepath.Join(dir, "policy.json")
	policy := []byte(`{"default":[{"type":"insecureAcceptAnything"}]}`)
	if err := os.WriteFile(m.sys.SignaturePolicyPath, policy, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	m.store, err = storage.GetStore(storage.StoreOptions{
		GraphDriverName: "vfs", GraphRoot: filepath.Join(dir, "root"), RunRoot: filepath.Join(dir, "run"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = m.store.Shutdown(true) })
	return m
}

// pull pulls sealift:oci:DIR:TAG, calls it REPOSITORY:TAG, and returns how many bytes were received.
func (m *machine) pull(dir, tag, repository string) int64 {
	m.t.Helper()
	lifted := &transport.Transport{Options: sealift.Options{Remote: remote.Options{Meter: new(remote.Meter)}}}
	from, err := lifted.Parse("oci:" + dir + ":" + tag)
	if err != nil {
		m.t.Fatal(err)
	}
	p := &puller{
		store: m.store, sys: &m.sys, policy: define.PullAlways, report: io.Discard,
		name: repository + ":" + tag, bases: newBases(m.store, lifted.Options),
	}
	if p.to, err = containers.Transport.ParseStoreReference(m.store, p.name); err != nil {
		m.t.Fatal(err)
	}
	src, err := p.fetch(m.t.Context(), from)
	if err == nil {
		err = p.copy(m.t.Context(), src)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return lifted.Options.Remote.Meter.Snapshot().Received
}

// has checks that the storage has the layer of a release, every byte of it.
func (m *machine) has(number int) {
	m.t.Helper()
	layer := unpackedLayer(m.store, layerOf(m.t, number))
	if layer == nil {
		m.t.Errorf("the layer of v%d is not there", number)
		return
	}
	rc, err := m.store.Diff("", layer.ID, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	got, err := io.ReadAll(rc)
	if err := errors.Join(err, rc.Close()); err != nil || !bytes.Equal(got, release(m.t, number)) {
		m.t.Errorf("the layer of v%d is not what it was: %v", number, err)
	}
}

// files returns the directory with the files of a release.
func (m *machine) files(number int) string {
	m.t.Helper()
	dir, err := newBases(m.store, sealift.Options{}).filesOf(unpackedLayer(m.store, layerOf(m.t, number)).ID)
	if err != nil {
		m.t.Fatal(err)
	}
	return dir
}

func (m *machine) recipes() recipes { return newBases(m.store, sealift.Options{}).recipes }
