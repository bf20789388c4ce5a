package transfer

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sealift-transfer-test-")
	if err != nil {
		panic(err)
	}
	compiled.dir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// release returns the files of a version of a small program: all but the last are the same in each.
func release(version uint64) []file {
	return []file{
		{"bin/tool", 1, 3 << 20}, {"etc/a.conf", 2, 700}, {"etc/b.conf", 3, 40}, {"lib/empty", 4, 0},
		{"lib/data", 5, 300 << 10}, {"bin/changed", 100 + version, 1 << 20},
	}
}

func TestRoundTrip(t *testing.T) {
	v1 := tarOf(t, 1, release(1)...)
	for name, make := range map[string]func(images) ocispec.Descriptor{
		"tar":        func(s images) ocispec.Descriptor { return s.image(tarLayer(v1)) },
		"gzip":       func(s images) ocispec.Descriptor { return s.image(gzipLayer(t, v1)) },
		"zstd":       func(s images) ocispec.Descriptor { return s.image(zstdLayer(t, v1)) },
		"no layers":  func(s images) ocispec.Descriptor { return s.image() },
		"empty tar":  func(s images) ocispec.Descriptor { return s.image(tarLayer(tarOf(t, 1))) },
		"empty blob": func(s images) ocispec.Descriptor { return s.image(tarLayer(nil)) },
		"same layer twice": func(s images) ocispec.Descriptor {
			return s.image(tarLayer(v1), gzipLayer(t, tarOf(t, 2, release(2)...)), tarLayer(v1))
		},
		"unknown types": func(s images) ocispec.Descriptor {
			odd := layer{"application/x.odd", file{"", 9, 200 << 10}.content(), nil}
			return s.image(odd, layer{"application/x.small", []byte("small"), nil})
		},
		"two platforms": func(s images) ocispec.Descriptor {
			return s.index(map[string]ocispec.Descriptor{
				"amd64": s.platformImage("amd64", tarLayer(v1)),
				"arm64": s.platformImage("arm64", tarLayer(v1), tarLayer(tarOf(t, 1, file{"arm", 8, 90 << 10}))),
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, src := newBench(t), newImages(t)
			root := make(src)
			pushed := b.push(src, root, "v1", Options{Jobs: 2})
			if pushed.Digest != root.Digest {
				t.Errorf("push says %s, want %s", pushed.Digest, root.Digest)
			}
			pulled, out := b.pull(b.store(t.TempDir()), "v1", Options{Jobs: 2})
			if pulled.Digest != root.Digest {
				t.Errorf("pull says %s, want %s", pulled.Digest, root.Digest)
			}
			if pulled.ChunksNew != pulled.ChunksTotal || pulled.ChunksTotal != pushed.ChunksTotal {
				t.Errorf("push had %d chunks, pull %d, %d of them new", pushed.ChunksTotal, pulled.ChunksTotal, pulled.ChunksNew)
			}
			tagged, err := out.Resolve(t.Context(), "pulled")
			if err != nil || tagged.Digest != root.Digest {
				t.Errorf("the tag is at %s, %v; want %s", tagged.Digest, err, root.Digest)
			}
			sameImage(t, root, src, out)
		})
	}
}

func TestPushAgainSendsNothing(t *testing.T) {
	b, src := newBench(t), newImages(t)
	root := src.image(tarLayer(tarOf(t, 1, release(1)...)))
	first := b.push(src, root, "v1", Options{})

	before := b.meter.Snapshot()
	again := b.push(src, root, "v1", Options{})
	if !again.Unchanged || again.ChunkedDigest != first.ChunkedDigest {
		t.Errorf("the second push: %+v", again)
	}
	if sent := b.meter.Snapshot().Sent - before.Sent; sent != 0 {
		t.Errorf("the second push wrote %d bytes", sent)
	}
	other := b.push(src, root, "other", Options{})
	if !other.Unchanged || b.resolve("other").Digest != first.ChunkedDigest {
		t.Errorf("the push under another tag: %+v", other)
	}
}

func TestPushSendsWhatChanged(t *testing.T) {
	b, src := newBench(t), newImages(t)
	b.push(src, src.image(tarLayer(tarOf(t, 1, release(1)...))), "v1", Options{})
	before := b.meter.Snapshot()
	v2 := src.image(tarLayer(tarOf(t, 2, release(2)...)))
	r := b.push(src, v2, "v2", Options{})
	if r.NewBytes != 1<<20 {
		t.Errorf("%d new bytes, want those of the changed file, %d", r.NewBytes, 1<<20)
	}
	if sent := b.meter.Snapshot().Sent - before.Sent; sent > 1<<20+32<<10 {
		t.Errorf("wrote %d bytes for a change of 1 MiB", sent)
	}
	_, out := b.pull(b.store(t.TempDir()), "v2", Options{})
	sameImage(t, v2, src, out)
}

func TestPushIsDeterministic(t *testing.T) {
	var digests []digest.Digest
	for _, jobs := range []int{1, 2, 7} {
		b, src := newBench(t), newImages(t)
		root := src.image(tarLayer(tarOf(t, 1, release(1)...)), gzipLayer(t, tarOf(t, 1, release(2)...)))
		digests = append(digests, b.push(src, root, "v1", Options{Jobs: jobs}).ChunkedDigest)
	}
	if digests[0] != digests[1] || digests[0] != digests[2] {
		t.Errorf("the chunked form depends on the number of jobs: %v", digests)
	}
}

func TestPushUnpack(t *testing.T) {
	b, src := newBench(t), newImages(t)
	v1 := tarOf(t, 1, release(1)...)
	root := src.image(gzipLayer(t, v1), zstdLayer(t, tarOf(t, 1, file{"z", 50, 99 << 10})))
	o := Options{Layers: Unpack}
	pushed := b.push(src, root, "v1", o)
	if pushed.Digest == root.Digest {
		t.Error("the digest did not change although layers were unpacked")
	}
	if again := b.push(src, root, "v1", o); !again.Unchanged {
		t.Errorf("pushed again: %+v", again)
	}
	if kept := b.push(src, root, "kept", Options{}); kept.Unchanged || kept.Digest != root.Digest {
		t.Errorf("a push that keeps layers found the unpacked image: %+v", kept)
	}

	_, out := b.pull(b.store(t.TempDir()), "v1", Options{})
	m := manifestOf(t, src, root)
	got := manifestOf(t, out, ocispec.Descriptor{MediaType: root.MediaType, Digest: pushed.Digest, Size: sizeOf(t, out)})
	if got.Config.Digest != m.Config.Digest {
		t.Errorf("image ID %s, want %s", got.Config.Digest, m.Config.Digest)
	}
	if diff := cmp.Diff(m.Annotations, got.Annotations); diff != "" {
		t.Error("annotations:", diff)
	}
	var config ocispec.Image
	decode(t, read(t, src, m.Config), &config)
	for i, l := range got.Layers {
		if l.Digest != config.RootFS.DiffIDs[i] || l.MediaType != ocispec.MediaTypeImageLayer {
			t.Errorf("layer %d is %s %s, want the tar %s", i, l.MediaType, l.Digest, config.RootFS.DiffIDs[i])
		}
		if l.Annotations["layer"] != m.Layers[i].Annotations["layer"] {
			t.Errorf("layer %d lost its annotations", i)
		}
	}

	v2 := src.image(gzipLayer(t, tarOf(t, 2, release(2)...)), zstdLayer(t, tarOf(t, 1, file{"z", 50, 99 << 10})))
	if r := b.push(src, v2, "v2", o); r.NewBytes != 1<<20 {
		t.Errorf("%d new bytes in the second version, want %d", r.NewBytes, 1<<20)
	}
}

func TestPushUnpackRefusesAnotherDiffID(t *testing.T) {
	b, src := newBench(t), newImages(t)
	lying := gzipLayer(t, tarOf(t, 1, release(1)...))
	lying.plain = []byte("something else")
	_, err := Push(t.Context(), b.codec, src, src.image(lying), b.destination("v1"), Options{Layers: Unpack})
	if !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("error %v, want damaged data", err)
	}
	if _, err := b.target.Resolve(t.Context(), "v1"); !errors.Is(err, remote.ErrNotFound) {
		t.Errorf("the tag is there: %v", err)
	}
}

// liar gives another content than asked for.
type liar struct {
	images
	about digest.Digest
}

func TestPushRefusesADamagedSource(t *testing.T) {
	b, src := newBench(t), newImages(t)
	good := tarLayer(tarOf(t, 1, release(1)...))
	root := src.image(good)
	_, err := Push(t.Context(), b.codec, liar{src, digest.FromBytes(good.stored)}, root, b.destination("v1"), Options{})
	if !errors.Is(err, codec.ErrDamaged) || !strings.Contains(err.Error(), digest.FromBytes(good.stored).String()) {
		t.Errorf("error %v, want one that names the damaged layer", err)
	}
	if _, err := b.target.Resolve(t.Context(), "v1"); !errors.Is(err, remote.ErrNotFound) {
		t.Errorf("the tag is there: %v", err)
	}
}

func TestPushFindsTheNewestBases(t *testing.T) {
	b, src := newBench(t), newImages(t)
	for i := range 6 {
		*src.created = src.created.AddDate(0, 0, 1)
		app := file{"app", uint64(10 + i), 400 << 10}
		b.push(src, src.image(tarLayer(tarOf(t, 1, app))), string(rune('a'+i)), Options{})
	}
	*src.created = src.created.AddDate(-1, 0, 0)
	b.push(src, src.image(tarLayer(tarOf(t, 1, file{"old", 99, 400 << 10}))), "z", Options{})

	next := src.image(tarLayer(tarOf(t, 1, file{"app", 15, 400 << 10}, file{"more", 50, 100 << 10})))
	if r := b.push(src, next, "g", Options{}); r.NewBytes != 100<<10 {
		t.Errorf("%d new bytes, want %d: the newest image has the rest", r.NewBytes, 100<<10)
	}
}

// TestPushTakesAChangeBack pushes files of which one is as in the base before the newest: chunks of the same frame are known by
// both bases then.
func TestPushTakesAChangeBack(t *testing.T) {
	b, src := newBench(t), newImages(t)
	v1 := src.image(tarLayer(tarOf(t, 1, file{"a", 1, 200 << 10}, file{"b", 2, 200 << 10})))
	v2 := src.image(tarLayer(tarOf(t, 1, file{"a", 1, 200 << 10}, file{"b", 3, 200 << 10})))
	b.push(src, v1, "v1", Options{})
	b.push(src, v2, "v2", Options{})
	v3 := src.image(tarLayer(tarOf(t, 1, file{"a", 1, 200 << 10}, file{"b", 2, 200 << 10}, file{"c", 4, 200 << 10})))
	b.push(src, v3, "v3", Options{})
	_, out := b.pull(b.store(t.TempDir()), "v3", Options{})
	sameImage(t, v3, src, out)
}

func TestPushKeepsPacksThatABaseUses(t *testing.T) {
	b, src := newBench(t), newImages(t)
	big, small := file{"big", 1, 4 << 20}, file{"small", 2, 1 << 20}
	b.push(src, src.image(tarLayer(tarOf(t, 1, big, small))), "all", Options{})
	b.push(src, src.image(tarLayer(tarOf(t, 1, small))), "few", Options{})
	if r := b.push(src, src.image(tarLayer(tarOf(t, 2, small))), "next", Options{}); r.NewBytes != 0 {
		t.Errorf("%d bytes were packed anew although another image uses the whole pack", r.NewBytes)
	}
}

func TestPushPacksAnewWhatIsMostlyDead(t *testing.T) {
	b, src := newBench(t), newImages(t)
	big, small := file{"big", 1, 4 << 20}, file{"small", 2, 1 << 20}
	b.push(src, src.image(tarLayer(tarOf(t, 1, big, small))), "app", Options{})
	b.push(src, src.image(tarLayer(tarOf(t, 1, small))), "app", Options{}) // uses a fifth of the pack
	v3 := src.image(tarLayer(tarOf(t, 2, small, file{"new", 3, 200 << 10})))
	r := b.push(src, v3, "app", Options{})
	if want := int64(1<<20 + 200<<10); r.NewBytes != want {
		t.Errorf("%d bytes were packed, want %d: the live chunks of the old pack too", r.NewBytes, want)
	}
	img, err := remote.LoadImage(t.Context(), b.target, b.resolve("app"))
	if err != nil || len(img.Packs) != 1 {
		t.Errorf("%d packs, %v; want only the new one", len(img.Packs), err)
	}
}

func TestPushCancelled(t *testing.T) {
	b, src := newBench(t), newImages(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	root := src.image(tarLayer(tarOf(t, 1, release(1)...)))
	if _, err := Push(ctx, b.codec, src, root, b.destination("v1"), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
