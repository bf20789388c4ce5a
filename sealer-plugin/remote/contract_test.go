package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// impatient tries again as often as defaultPolicy, without waiting long.
var impatient retry.Policy = &retry.GenericPolicy{
	Retryable: passing,
	Backoff:   retry.ExponentialBackoff(time.Millisecond, 1, 0),
	MaxWait:   time.Millisecond,
	MaxRetry:  5,
}

// testOptions are options that ask for no credentials, and a meter.
func testOptions() Options {
	return Options{
		Meter:  new(Meter),
		policy: impatient,
		Credentials: func(context.Context, string) (auth.Credential, error) {
			return auth.EmptyCredential, nil
		},
	}
}

// blob is a content and its descriptor.
type blob struct {
	ocispec.Descriptor
	data []byte
}

func newBlob(mediaType string, data []byte) blob {
	return blob{content.NewDescriptorFromBytes(mediaType, data), data}
}

func (b blob) reader() io.Reader { return bytes.NewReader(b.data) }

func randomBlob(t testing.TB, size int) blob {
	t.Helper()
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	return newBlob("application/octet-stream", data)
}

// newManifest makes a manifest of layers and an empty config; both must be pushed before it.
func newManifest(t testing.TB, layers ...blob) (manifest, config blob) {
	t.Helper()
	config = newBlob(ocispec.MediaTypeImageConfig, []byte(`{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}`))
	m := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, Config: config.Descriptor}
	for _, layer := range layers {
		m.Layers = append(m.Layers, layer.Descriptor)
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return newBlob(ocispec.MediaTypeImageManifest, data), config
}

func mustPush(t testing.TB, dst Target, blobs ...blob) {
	t.Helper()
	for _, b := range blobs {
		if err := dst.Push(t.Context(), b.Descriptor, b.reader()); err != nil {
			t.Fatal(err)
		}
	}
}

// pushImage pushes an image with one layer of 100 kB, and returns both.
func pushImage(t testing.TB, dst Target, tag string) (manifest, layer blob) {
	t.Helper()
	layer = randomBlob(t, 100_000)
	manifest, config := newManifest(t, layer)
	mustPush(t, dst, layer, config)
	if err := dst.PushReference(t.Context(), manifest.Descriptor, manifest.reader(), tag); err != nil {
		t.Fatal(err)
	}
	return manifest, layer
}

func fetch(t testing.TB, src Source, desc ocispec.Descriptor) ([]byte, error) {
	t.Helper()
	rc, err := src.Fetch(t.Context(), desc)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rc.Close() }()
	return io.ReadAll(rc)
}

func mustFetch(t testing.TB, src Source, b blob) {
	t.Helper()
	got, err := fetch(t, src, b.Descriptor)
	if err != nil {
		t.Fatalf("fetch: %v", err)
	}
	if !bytes.Equal(got, b.data) {
		t.Fatalf("fetched %d other bytes instead of %s", len(got), b.Digest)
	}
}

func openTestTarget(t testing.TB, ref string, opts Options) Target {
	t.Helper()
	dst, err := OpenTarget(t.Context(), mustParse(t, ref), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dst.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return dst
}

func mustParse(t testing.TB, s string) Reference {
	t.Helper()
	ref, err := ParseReference(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// testTarget holds a kind of target to its contract. fresh makes the reference of an empty one.
func testTarget(t *testing.T, opts Options, fresh func(t *testing.T) string) {
	open := func(t *testing.T) Target { return openTestTarget(t, fresh(t), opts) }
	t.Run("empty", func(t *testing.T) { testEmpty(t, open(t)) })
	t.Run("push and fetch", func(t *testing.T) { testPushFetch(t, open(t)) })
	t.Run("wrong content", func(t *testing.T) { testWrongContent(t, open(t)) })
	t.Run("again", func(t *testing.T) { testAgain(t, open(t)) })
	t.Run("manifest", func(t *testing.T) { testManifest(t, open(t)) })
	t.Run("ranges", func(t *testing.T) { testRanges(t, open(t)) })
	t.Run("concurrent", func(t *testing.T) { testConcurrent(t, open(t)) })
	t.Run("canceled", func(t *testing.T) { testCanceled(t, open(t)) })
	t.Run("mount", func(t *testing.T) { testMount(t, open(t), opts) })
	t.Run("meter", func(t *testing.T) { testMeter(t, open(t), opts.Meter) })
}

func testEmpty(t *testing.T, dst Target) {
	if tags, err := dst.Tags(t.Context()); err != nil || len(tags) > 0 {
		t.Errorf("tags: %v, %v; want none", tags, err)
	}
	for _, reference := range []string{"", "v1", someDigest} {
		if _, err := dst.Resolve(t.Context(), reference); !errors.Is(err, ErrNotFound) {
			t.Errorf("resolve %q: %v; want ErrNotFound", reference, err)
		}
	}
	absent := randomBlob(t, 100)
	if there, err := dst.Exists(t.Context(), absent.Descriptor); there || err != nil {
		t.Errorf("exists: %v, %v; want false", there, err)
	}
	if _, err := fetch(t, dst, absent.Descriptor); !errors.Is(err, ErrNotFound) {
		t.Errorf("fetch: %v; want ErrNotFound", err)
	}
	if _, _, err := dst.FetchRange(t.Context(), absent.Descriptor, 1, 10); !errors.Is(err, ErrNotFound) {
		t.Errorf("fetch range: %v; want ErrNotFound", err)
	}
}

func testPushFetch(t *testing.T, dst Target) {
	for _, size := range []int{0, 1, 511, 512, 513, 1 << 20} {
		b := randomBlob(t, size)
		mustPush(t, dst, b)
		if there, err := dst.Exists(t.Context(), b.Descriptor); !there || err != nil {
			t.Errorf("%d bytes: exists: %v, %v; want true", size, there, err)
		}
		mustFetch(t, dst, b)
	}
	once := randomBlob(t, 10_000)
	if err := dst.Push(t.Context(), once.Descriptor, io.MultiReader(once.reader())); err != nil {
		t.Errorf("push of what cannot seek: %v", err)
	}
	mustFetch(t, dst, once)
	middle := bytes.NewReader(append([]byte("before"), once.data...))
	if _, err := middle.Seek(6, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if err := dst.Push(t.Context(), once.Descriptor, middle); err != nil {
		t.Errorf("push from the middle of a file: %v", err)
	}
}

func testWrongContent(t *testing.T, dst Target) {
	b := randomBlob(t, 200_000)
	changed := slices.Clone(b.data)
	changed[len(changed)-1] ^= 1
	for name, data := range map[string][]byte{
		"short":   b.data[:len(b.data)-1],
		"long":    append(slices.Clone(b.data), 0),
		"changed": changed,
		"empty":   nil,
	} {
		for kind, content := range map[string]io.Reader{"seekable": bytes.NewReader(data), "stream": io.MultiReader(bytes.NewReader(data))} {
			if err := dst.Push(t.Context(), b.Descriptor, content); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("%s, %s: %v; want ErrDamaged", name, kind, err)
			}
		}
	}
	if there, err := dst.Exists(t.Context(), b.Descriptor); there || err != nil {
		t.Errorf("exists after failed pushes: %v, %v; want false", there, err)
	}
	broken := errors.New("cannot read the source")
	if err := dst.Push(t.Context(), b.Descriptor, io.MultiReader(bytes.NewReader(b.data[:1000]), failingReader{broken})); !errors.Is(err, broken) {
		t.Errorf("push from a source that breaks: %v; want its error", err)
	}
	manifest, _ := newManifest(t)
	if err := dst.PushReference(t.Context(), manifest.Descriptor, bytes.NewReader(manifest.data[1:]), "v1"); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("wrong manifest: %v; want ErrDamaged", err)
	}
	for _, desc := range []ocispec.Descriptor{{Digest: "sha256:../../x", Size: 1}, {Digest: b.Digest, Size: -1}, {}} {
		if err := dst.Push(t.Context(), desc, b.reader()); err == nil {
			t.Errorf("push of %+v: no error", desc)
		}
		if _, err := dst.Fetch(t.Context(), desc); err == nil {
			t.Errorf("fetch of %+v: no error", desc)
		}
	}
	mustPush(t, dst, b)
	mustFetch(t, dst, b)
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

func testAgain(t *testing.T, dst Target) {
	b := randomBlob(t, 100_000)
	mustPush(t, dst, b)
	unread := failingReader{errors.New("was read")}
	if err := dst.Push(t.Context(), b.Descriptor, unread); err != nil {
		t.Errorf("push of what is there: %v", err)
	}
	mustFetch(t, dst, b)
}

func testManifest(t *testing.T, dst Target) {
	manifest, _ := pushImage(t, dst, "v1.9")
	for _, reference := range []string{"v1.9", manifest.Digest.String()} {
		desc, err := dst.Resolve(t.Context(), reference)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(manifest.Descriptor, desc); diff != "" {
			t.Errorf("resolve %s (-want +got):\n%s", reference, diff)
		}
	}
	mustFetch(t, dst, manifest)
	if there, err := dst.Exists(t.Context(), manifest.Descriptor); !there || err != nil {
		t.Errorf("exists: %v, %v; want true", there, err)
	}
	if _, writesOnce := dst.(*archiveTarget); writesOnce {
		if err := dst.Tag(t.Context(), manifest.Descriptor, "v1.10"); err == nil {
			t.Error("a second tag in an archive: no error")
		}
		return
	}
	if err := dst.Tag(t.Context(), manifest.Descriptor, "v1.10"); err != nil {
		t.Fatal(err)
	}
	if err := dst.Tag(t.Context(), manifest.Descriptor, ""); err != nil {
		t.Fatal(err)
	}
	other, _ := pushImage(t, dst, "v1.9")
	tags, err := dst.Tags(t.Context())
	if diff := cmp.Diff([]string{"latest", "v1.10", "v1.9"}, tags); diff != "" || err != nil {
		t.Errorf("tags: %v (-want +got):\n%s", err, diff)
	}
	for reference, want := range map[string]blob{"v1.9": other, "v1.10": manifest, "": manifest} {
		desc, err := dst.Resolve(t.Context(), reference)
		if err != nil || desc.Digest != want.Digest {
			t.Errorf("resolve %q: %s, %v; want %s", reference, desc.Digest, err, want.Digest)
		}
	}
	absent, _ := newManifest(t, randomBlob(t, 10))
	if err := dst.Tag(t.Context(), absent.Descriptor, "v2"); !errors.Is(err, ErrNotFound) {
		t.Errorf("tag of an absent manifest: %v; want ErrNotFound", err)
	}
}

func testRanges(t *testing.T, dst Target) {
	b := randomBlob(t, 300_000)
	mustPush(t, dst, b)
	for _, r := range [][2]int64{{0, 1}, {0, 300_000}, {1, 299_999}, {1000, 2000}, {299_999, 1}, {12, 0}, {300_000, 0}} {
		rc, start, err := dst.FetchRange(t.Context(), b.Descriptor, r[0], r[1])
		if err != nil {
			t.Errorf("range %v: %v", r, err)
			continue
		}
		got, err := io.ReadAll(rc)
		if err != nil || rc.Close() != nil {
			t.Errorf("range %v: %v", r, err)
		}
		if start != r[0] || !bytes.Equal(got, b.data[r[0]:r[0]+r[1]]) {
			t.Errorf("range %v: %d other bytes from %d on", r, len(got), start)
		}
	}
	for _, r := range [][2]int64{{-1, 1}, {0, 300_001}, {300_000, 1}, {300_001, 0}, {0, -1}, {1 << 62, 1 << 62}} {
		if _, _, err := dst.FetchRange(t.Context(), b.Descriptor, r[0], r[1]); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("range %v: %v; want ErrDamaged", r, err)
		}
	}
}

func testConcurrent(t *testing.T, dst Target) {
	same := randomBlob(t, 50_000)
	var wg sync.WaitGroup
	for range 8 {
		own := randomBlob(t, 50_000)
		wg.Go(func() {
			for _, b := range []blob{same, own} {
				if err := dst.Push(t.Context(), b.Descriptor, b.reader()); err != nil {
					t.Error(err)
				}
			}
			if got, err := fetch(t, dst, own.Descriptor); err != nil || !bytes.Equal(got, own.data) {
				t.Errorf("fetch: %d bytes, %v", len(got), err)
			}
		})
	}
	wg.Wait()
	mustFetch(t, dst, same)
}

func testCanceled(t *testing.T, dst Target) {
	b := randomBlob(t, 1<<20)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stopping := io.MultiReader(bytes.NewReader(b.data[:1000]), readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, ctx.Err()
	}))
	if err := dst.Push(ctx, b.Descriptor, stopping); !errors.Is(err, context.Canceled) {
		t.Errorf("push: %v; want context.Canceled", err)
	}
	mustPush(t, dst, b)
	mustFetch(t, dst, b)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// testMount mounts from a layout: where it can only be copied.
func testMount(t *testing.T, dst Target, opts Options) {
	from := "oci:" + t.TempDir()
	b := randomBlob(t, 100_000)
	mustPush(t, openTestTarget(t, from, opts), b)
	for range 2 {
		if err := dst.Mount(t.Context(), b.Descriptor, mustParse(t, from)); err != nil {
			t.Fatal(err)
		}
	}
	mustFetch(t, dst, b)
	absent := randomBlob(t, 10)
	if err := dst.Mount(t.Context(), absent.Descriptor, mustParse(t, from)); !errors.Is(err, ErrNotFound) {
		t.Errorf("mount of what is not there: %v; want ErrNotFound", err)
	}
}

func testMeter(t *testing.T, dst Target, meter *Meter) {
	b := randomBlob(t, 1_000_000)
	before := meter.Snapshot()
	mustPush(t, dst, b)
	if sent := meter.Snapshot().Sent - before.Sent; sent < 1_000_000 || sent > 1_010_000 {
		t.Errorf("sent %d bytes for a blob of 1,000,000", sent)
	}
	before = meter.Snapshot()
	mustFetch(t, dst, b)
	if received := meter.Snapshot().Received - before.Received; received < 1_000_000 || received > 1_010_000 {
		t.Errorf("received %d bytes for a blob of 1,000,000", received)
	}
	before = meter.Snapshot()
	rc, _, err := dst.FetchRange(t.Context(), b.Descriptor, 500_000, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, rc); err != nil || rc.Close() != nil {
		t.Fatal(err)
	}
	if received := meter.Snapshot().Received - before.Received; received != 1000 {
		t.Errorf("received %d bytes for a range of 1000", received)
	}
	isHTTP := strings.Contains(strings.ToLower(t.Name()), "registry")
	if requests := meter.Snapshot().Requests - before.Requests; isHTTP != (requests > 0) {
		t.Errorf("%d requests for a range", requests)
	}
}
