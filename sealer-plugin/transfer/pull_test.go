package transfer

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

func TestPullFetchesWhatTheStoreLacks(t *testing.T) {
	b, src := newBench(t), newImages(t)
	v1 := src.image(tarLayer(tarOf(t, 1, release(1)...)))
	v2 := src.image(tarLayer(tarOf(t, 2, release(2)...)))
	b.push(src, v1, "v1", Options{})
	b.push(src, v2, "v2", Options{})
	s := b.store(t.TempDir())
	b.pull(s, "v1", Options{})

	r, out := b.pull(s, "v2", Options{})
	if r.NewBytes != 1<<20 {
		t.Errorf("%d new bytes, want those of the changed file, %d", r.NewBytes, 1<<20)
	}
	sameImage(t, v2, src, out)
	if r, err := Pull(t.Context(), b.codec, s, b.target, b.resolve("v2"), &out, Options{}); err != nil || !r.Unchanged {
		t.Errorf("pulled again: %+v, %v", r, err)
	}
}

func TestPullIntoTheStoreOnly(t *testing.T) {
	b, src := newBench(t), newImages(t)
	root := src.image(tarLayer(tarOf(t, 1, release(1)...)))
	b.push(src, root, "v1", Options{})
	s := b.store(t.TempDir())
	if r, err := Pull(t.Context(), b.codec, s, b.target, b.resolve("v1"), nil, Options{}); err != nil || r.ChunksNew == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	r, out := b.pull(s, "v1", Options{})
	if r.ChunksNew != 0 {
		t.Errorf("%d chunks were fetched although the store has all", r.ChunksNew)
	}
	sameImage(t, root, src, out)
}

func TestPullPlatform(t *testing.T) {
	b, src := newBench(t), newImages(t)
	arm := src.platformImage("arm64", tarLayer(tarOf(t, 1, file{"arm", 8, 400 << 10})))
	amd := src.platformImage("amd64", tarLayer(tarOf(t, 1, file{"amd", 9, 700 << 10})))
	b.push(src, src.index(map[string]ocispec.Descriptor{"amd64": amd, "arm64": arm}), "v1", Options{})

	r, out := b.pull(b.store(t.TempDir()), "v1", Options{Platform: "linux/arm64"})
	if r.Digest != arm.Digest || r.NewBytes != 400<<10 {
		t.Errorf("pulled %s with %d new bytes, want %s with the arm layer only", r.Digest, r.NewBytes, arm.Digest)
	}
	sameImage(t, arm, src, out)
	b.push(src, amd, "amd", Options{})
	for _, tag := range []string{"v1", "amd"} {
		_, err := Pull(t.Context(), b.codec, b.store(t.TempDir()), b.target, b.resolve(tag), nil, Options{Platform: "linux/s390x"})
		if !errors.Is(err, remote.ErrNotFound) || !strings.Contains(err.Error(), "linux/amd64") {
			t.Errorf("error %v, want one that names the platforms that there are", err)
		}
	}
}

// flaky breaks off a reader of a range after some bytes, as often as breaks says.
type flaky struct {
	remote.Source
	after  int64
	breaks *atomic.Int64
	asked  *atomic.Int64 // bytes of all ranges that were read
}

func (f flaky) FetchRange(ctx context.Context, desc ocispec.Descriptor, offset, length int64) (io.ReadCloser, int64, error) {
	rc, start, err := f.Source.FetchRange(ctx, desc, offset, length)
	if err != nil {
		return nil, 0, err
	}
	var r io.Reader = rc
	if f.breaks.Add(-1) >= 0 {
		r = io.MultiReader(io.LimitReader(rc, f.after), broken{})
	}
	return struct {
		io.Reader
		io.Closer
	}{&meteredReader{r, f.asked}, rc}, start, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, remote.ErrInterrupted }

type meteredReader struct {
	io.Reader
	n *atomic.Int64
}

func (m *meteredReader) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.n.Add(int64(n))
	return n, err
}

func TestPullGoesOnWhereAConnectionBroke(t *testing.T) {
	b, src := newBench(t), newImages(t)
	root := src.image(tarLayer(tarOf(t, 1, file{"big", 1, 12 << 20})))
	b.push(src, root, "v1", Options{})
	shaky := flaky{b.target, 2 << 20, new(atomic.Int64), new(atomic.Int64)}
	shaky.breaks.Store(3)
	s := b.store(t.TempDir())
	if _, err := Pull(t.Context(), b.codec, s, shaky, b.resolve("v1"), nil, Options{Jobs: 1}); err != nil {
		t.Fatal(err)
	}
	img, err := remote.LoadImage(t.Context(), b.target, b.resolve("v1"))
	if err != nil {
		t.Fatal(err)
	}
	var packed int64
	for _, p := range img.Packs {
		packed += p.Size
	}
	if again := shaky.asked.Load() - packed; again > 3*codec.MaxCompressedFrame {
		t.Errorf("%d bytes were fetched twice, want at most one frame for each of 3 breaks", again)
	}
}

func TestPullKeepsWhatCameBeforeItFailed(t *testing.T) {
	b, src := newBench(t), newImages(t)
	root := src.image(tarLayer(tarOf(t, 1, file{"big", 1, 12 << 20})))
	b.push(src, root, "v1", Options{})
	dead := flaky{b.target, 2 << 20, new(atomic.Int64), new(atomic.Int64)}
	dead.breaks.Store(1 << 30)
	dead.after = 0
	halfway := flaky{b.target, 3 << 20, new(atomic.Int64), new(atomic.Int64)}
	halfway.breaks.Store(1)
	dir := t.TempDir()
	s := b.store(dir)
	first := sequence{[]remote.Source{halfway, dead}, new(atomic.Int64), b.target}
	if _, err := Pull(t.Context(), b.codec, s, first, b.resolve("v1"), nil, Options{Jobs: 1}); !errors.Is(err, remote.ErrInterrupted) {
		t.Fatalf("error %v, want interrupted", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Pull(t.Context(), b.codec, b.store(dir), b.target, b.resolve("v1"), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.ChunksNew == 0 || r.ChunksNew > r.ChunksTotal*9/10 {
		t.Errorf("%d of %d chunks were fetched by the second pull", r.ChunksNew, r.ChunksTotal)
	}
}

// sequence answers each range from the next of its sources.
type sequence struct {
	list []remote.Source
	n    *atomic.Int64
	remote.Source
}

func (s sequence) FetchRange(ctx context.Context, desc ocispec.Descriptor, offset, length int64) (io.ReadCloser, int64, error) {
	i := min(int(s.n.Add(1))-1, len(s.list)-1)
	return s.list[i].FetchRange(ctx, desc, offset, length)
}

// whole ignores ranges, as some registries do.
type whole struct {
	remote.Source
	requests *atomic.Int64
}

func (w whole) FetchRange(ctx context.Context, desc ocispec.Descriptor, _, _ int64) (io.ReadCloser, int64, error) {
	w.requests.Add(1)
	rc, err := w.Fetch(ctx, desc)
	return rc, 0, err
}

func TestPullWithoutRanges(t *testing.T) {
	b, src := newBench(t), newImages(t)
	parts := []file{{"keep", 1, 3 << 20}, {"a", 2, 1 << 20}, {"between", 3, 9 << 20}, {"b", 4, 1 << 20}}
	b.push(src, src.image(tarLayer(tarOf(t, 1, parts...))), "all", Options{})
	b.push(src, src.image(tarLayer(tarOf(t, 1, parts[0], parts[2]))), "some", Options{})
	s := b.store(t.TempDir())
	b.pull(s, "some", Options{})
	src2 := whole{b.target, new(atomic.Int64)}
	r, err := Pull(t.Context(), b.codec, s, src2, b.resolve("all"), nil, Options{})
	if err != nil || r.NewBytes < 2<<20 || r.NewBytes > 3<<20 {
		t.Fatalf("%+v, %v", r, err)
	}
	if n := src2.requests.Load(); n != 1 {
		t.Errorf("the pack was fetched %d times, want once", n)
	}
}

func TestPullRefusesDamage(t *testing.T) {
	for name, damage := range map[string]func(*bench, *remote.Image){
		"a bit flipped in a pack":    func(b *bench, img *remote.Image) { b.flip(img.Packs[0]) },
		"a bit flipped in a recipe":  func(b *bench, img *remote.Image) { b.flip(img.Recipes[0]) },
		"a bit flipped in the index": func(b *bench, img *remote.Image) { b.flip(img.Index) },
		"a pack cut short":           func(b *bench, img *remote.Image) { b.truncate(img.Packs[0]) },
		"an index with wrong places": func(b *bench, img *remote.Image) { b.swapIndex(img) },
	} {
		t.Run(name, func(t *testing.T) {
			b, src := newBench(t), newImages(t)
			b.push(src, src.image(tarLayer(tarOf(t, 1, release(1)...))), "v1", Options{})
			img, err := remote.LoadImage(t.Context(), b.target, b.resolve("v1"))
			if err != nil {
				t.Fatal(err)
			}
			damage(b, img)
			ref := remote.Reference{Transport: remote.TransportOCI, Path: t.TempDir(), Tag: "out"}
			out := Output{b.layout(ref.Path), ref}
			_, err = Pull(t.Context(), b.codec, b.store(t.TempDir()), b.target, b.resolve("v1"), &out, Options{})
			if !errors.Is(err, codec.ErrDamaged) && !errors.Is(err, remote.ErrInterrupted) {
				t.Errorf("error %v, want damaged data", err)
			}
			if _, err := out.Resolve(t.Context(), "out"); !errors.Is(err, remote.ErrNotFound) {
				t.Errorf("the tag is there: %v", err)
			}
			if _, err := Verify(t.Context(), b.codec, b.target, b.resolve("v1"), Options{}); err == nil {
				t.Error("verify found nothing wrong")
			}
		})
	}
}

func (b *bench) blobPath(desc ocispec.Descriptor) string {
	return filepath.Join(b.dir, "blobs", "sha256", desc.Digest.Encoded())
}

// edit changes a blob of the layout in place.
func (b *bench) edit(desc ocispec.Descriptor, change func([]byte) []byte) {
	b.t.Helper()
	path := b.blobPath(desc)
	data, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, change(data), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) flip(desc ocispec.Descriptor) {
	b.edit(desc, func(data []byte) []byte {
		data[len(data)/2] ^= 4
		return data
	})
}

func (b *bench) truncate(desc ocispec.Descriptor) {
	b.edit(desc, func(data []byte) []byte { return data[:len(data)/2] })
}

// swapIndex gives the image under v1 an index that has every chunk at the beginning of its frame.
func (b *bench) swapIndex(img *remote.Image) {
	b.t.Helper()
	full, err := openRecipes(b.t.Context(), b.codec, b.target, img, 1)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := full.loadIndex(b.t.Context(), b.codec, b.target); err != nil {
		b.t.Fatal(err)
	}
	for i := range full.index.Locations {
		full.index.Locations[i].Offset = 0
	}
	file, err := newSpool()
	if err != nil {
		b.t.Fatal(err)
	}
	defer file.discard()
	if err := full.index.Encode(b.t.Context(), file, b.codec, 3, full.chunks); err != nil {
		b.t.Fatal(err)
	}
	b.replaceIndex(img, file)
}

func (b *bench) replaceIndex(img *remote.Image, file *spool) {
	b.t.Helper()
	index := file.descriptor(remote.MediaTypeIndex)
	if err := b.target.Push(b.t.Context(), index, io.NewSectionReader(file.file, 0, file.size)); err != nil {
		b.t.Fatal(err)
	}
	p := push{dst: b.destination("v1"), opts: Options{}.withDefaults(), image: remote.Parts{Document: img.Document, Index: index, Recipes: img.Recipes, Packs: img.Packs}}
	if _, err := p.publish(b.t.Context(), img.Document.Root); err != nil {
		b.t.Fatal(err)
	}
}

func TestPullMendsADamagedStore(t *testing.T) {
	b, src := newBench(t), newImages(t)
	root := src.image(tarLayer(tarOf(t, 1, release(1)...)))
	b.push(src, root, "v1", Options{})
	dir := t.TempDir()
	s := b.store(dir)
	if _, err := Pull(t.Context(), b.codec, s, b.target, b.resolve("v1"), nil, Options{}); err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(dir, "packs", "*", "*"))
	if err != nil || len(packs) == 0 {
		packs, err = filepath.Glob(filepath.Join(dir, "packs", "*"))
	}
	if err != nil || len(packs) == 0 {
		t.Fatalf("no packs in the store, %v", err)
	}
	data, err := os.ReadFile(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/3] ^= 1
	if err := errors.Join(os.Chmod(packs[0], 0o600), os.WriteFile(packs[0], data, 0o600)); err != nil {
		t.Fatal(err)
	}
	r, out := b.pull(s, "v1", Options{})
	if r.ChunksNew == 0 || r.ChunksNew == r.ChunksTotal {
		t.Errorf("%d of %d chunks were fetched, want those of the damaged frame", r.ChunksNew, r.ChunksTotal)
	}
	sameImage(t, root, src, out)
}

func TestVerify(t *testing.T) {
	b, src := newBench(t), newImages(t)
	root := src.image(tarLayer(tarOf(t, 1, release(1)...)))
	pushed := b.push(src, root, "v1", Options{})
	got, err := Verify(t.Context(), b.codec, b.target, b.resolve("v1"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := &Verification{Digest: root.Digest, Blobs: 3, Chunks: pushed.ChunksTotal, Packs: 1, RawBytes: pushed.RawBytes}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCopyPlainImage(t *testing.T) {
	b, src := newBench(t), newImages(t)
	root := src.image(tarLayer(tarOf(t, 1, release(1)...)), gzipLayer(t, tarOf(t, 1, release(2)...)))
	ref := remote.Reference{Transport: remote.TransportOCI, Path: b.dir, Tag: "copy"}
	out := Output{b.target, ref}
	if r, err := Copy(t.Context(), src, root, out, Options{}); err != nil || r.Digest != root.Digest {
		t.Fatalf("%+v, %v", r, err)
	}
	sameImage(t, root, src, out)
	if v, err := Verify(t.Context(), b.codec, b.target, b.resolve("copy"), Options{}); err != nil || v.Blobs != 4 {
		t.Errorf("verify: %+v, %v", v, err)
	}
	b.flip(manifestOf(t, src, root).Layers[1])
	if _, err := Verify(t.Context(), b.codec, b.target, b.resolve("copy"), Options{}); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("verify of a damaged layer: %v", err)
	}
}
