package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/store"
)

// withDeltas are options of a push that makes deltas, against what it finds in the store in dir.
func (b *bench) withDeltas(dir string) Options {
	s := b.store(dir)
	return Options{Jobs: 2, OpenStore: func() (*store.Store, error) { return s, nil }}
}

// program returns the files of a release of a program: all of them change a little.
func program(n uint64) []file {
	return []file{
		file{"bin/tool", 1, 5 << 20}.release(n), file{"bin/small", 2, 40 << 10}.release(n),
		{"etc/same", 3, 100 << 10}, file{"etc/notes", 4, 3000}.release(n),
	}
}

// series pushes releases from 1 on, each on those before, and returns what each push sent.
func (b *bench) series(src images, releases int, o Options) (roots []ocispec.Descriptor, sent []int64) {
	for n := range releases {
		root := src.image(tarLayer(tarOf(b.t, int64(n), program(uint64(n))...)))
		before := b.meter.Snapshot().Sent
		b.push(src, root, fmt.Sprint("v", n+1), o)
		roots, sent = append(roots, root), append(sent, b.meter.Snapshot().Sent-before)
		*src.created = src.created.AddDate(0, 1, 0)
	}
	return roots, sent
}

// layersOf returns the manifest's layers of a media type.
func (b *bench) layersOf(tag, mediaType string) (found []ocispec.Descriptor) {
	for _, l := range manifestOf(b.t, b.target, b.resolve(tag)).Layers {
		if l.MediaType == mediaType {
			found = append(found, l)
		}
	}
	return found
}

func TestDeltas(t *testing.T) {
	b, src := newBench(t), newImages(t)
	roots, sent := b.series(src, 4, b.withDeltas(t.TempDir()))
	for i, n := range sent[1:] {
		if n > sent[0]/4 {
			t.Errorf("release %d sent %d bytes, the first one %d", i+2, n, sent[0])
		}
	}
	for name, before := range map[string][]string{
		"from nothing": nil, "from the release before": {"v1", "v2", "v3"}, "from the third": {"v3"}, "from the first": {"v1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := b.store(t.TempDir())
			for _, tag := range before {
				b.pull(s, tag, Options{})
			}
			received := b.meter.Snapshot().Received
			_, out := b.pull(s, "v4", Options{Jobs: 2})
			received = b.meter.Snapshot().Received - received
			sameImage(t, roots[3], src, out)
			if limit := sent[0] / 3; before != nil && received > limit {
				t.Errorf("received %d bytes, want at most %d", received, limit)
			}
			if limit := 2 * sent[0]; received > limit {
				t.Errorf("received %d bytes, want at most %d", received, limit)
			}
		})
	}
	if _, err := Verify(t.Context(), b.codec, b.target, b.resolve("v4"), Options{}); err != nil {
		t.Error(err)
	}
}

// TestDeltasOfRenamedFiles has names with versions in them.
func TestDeltasOfRenamedFiles(t *testing.T) {
	b, src := newBench(t), newImages(t)
	tool := file{"lib/python3.12/tool-1.30.1.so", 1, 2 << 20}
	next := tool.release(1)
	next.name = "lib/python3.13/tool-1.31.0.so"
	first := b.push(src, src.image(tarLayer(tarOf(t, 1, tool))), "v1", Options{})
	before := b.meter.Snapshot().Sent
	b.push(src, src.image(tarLayer(tarOf(t, 1, next))), "v2", b.withDeltas(t.TempDir()))
	if sent := b.meter.Snapshot().Sent - before; sent > first.RawBytes/8 {
		t.Errorf("sent %d bytes of a renamed file of %d", sent, first.RawBytes)
	}
}

// TestDeltasByContent has files whose names, or sizes, tell nothing: chunks that they share with a base do.
func TestDeltasByContent(t *testing.T) {
	long(t)
	const size = 6 << 20
	content := file{seed: 1, size: size}.content()
	changed := file{seed: 1, size: size}.release(1).content()
	next := slices.Concat(content[:1<<20], changed[1<<20:]) // after the first MiB, all is a little different
	for name, test := range map[string]struct{ old, new []byte }{
		"renamed": {tarWith(t, "lib/libcrypt-a1b2.so", content), tarWith(t, "usr/lib/libcrypto.so", next)},
		"grown at its end": {
			tarWith(t, "data", slices.Concat(file{seed: 8, size: size}.content(), content)),
			tarWith(t, "data", slices.Concat(file{seed: 8, size: size}.content(), next, make([]byte, 20<<20))),
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, src := newBench(t), newImages(t)
			b.push(src, src.image(tarLayer(test.old)), "v1", Options{})
			before := b.meter.Snapshot().Sent
			root := src.image(tarLayer(test.new))
			b.push(src, root, "v2", b.withDeltas(t.TempDir()))
			if sent := b.meter.Snapshot().Sent - before; sent > size/10 {
				t.Errorf("sent %d bytes, want at most %d", sent, size/10)
			}
			_, out := b.pull(b.store(t.TempDir()), "v2", Options{})
			sameImage(t, root, src, out)
		})
	}
}

// TestDeltasAfterAReplacedPart has a file of which a part was replaced in the second release. What the third one is coded against is a
// mixture of the first one and the second, and longer than the file.
func TestDeltasAfterAReplacedPart(t *testing.T) {
	long(t)
	const size = 9 << 20
	part := func(seed, release uint64) []byte { return file{seed: seed, size: size}.release(release).content() }
	b, src := newBench(t), newImages(t)
	o := b.withDeltas(t.TempDir())
	var sent []int64
	for i, content := range [][]byte{
		slices.Concat(part(1, 0), part(2, 0), part(3, 0)),
		slices.Concat(part(1, 1), part(4, 0), part(3, 1)),
		slices.Concat(part(1, 2), part(4, 1), part(3, 2)),
	} {
		before := b.meter.Snapshot().Sent
		b.push(src, src.image(tarLayer(tarWith(t, "tool", content))), fmt.Sprint("v", i+1), o)
		sent = append(sent, b.meter.Snapshot().Sent-before)
		*src.created = src.created.AddDate(0, 1, 0)
	}
	if limit := sent[0] / 6; sent[2] > limit {
		t.Errorf("the third release sent %d bytes, want at most %d, after %v", sent[2], limit, sent[:2])
	}
}

func TestNoDeltas(t *testing.T) {
	for name, o := range map[string]Options{"no new deltas": {}, "full": {Full: true}} {
		t.Run(name, func(t *testing.T) {
			b, src := newBench(t), newImages(t)
			b.series(src, 2, b.withDeltas(t.TempDir()))
			if len(b.layersOf("v2", remote.MediaTypeDelta)) != 1 {
				t.Fatal("the second release is not in deltas")
			}
			root := src.image(tarLayer(tarOf(t, 7, program(1)...)), tarLayer(tarOf(t, 1, program(2)...)))
			b.push(src, root, "v3", o)
			if n := len(b.layersOf("v3", remote.MediaTypeDelta)); n != 1 {
				t.Errorf("%d packs of deltas, want the one of the second release", n)
			}
			_, out := b.pull(b.store(t.TempDir()), "v3", Options{})
			sameImage(t, root, src, out)
		})
	}
}

// TestFull has deltas beside whole chunks: who has nothing takes these, who has a base takes those.
func TestFull(t *testing.T) {
	b, src := newBench(t), newImages(t)
	o := b.withDeltas(t.TempDir())
	_, sent := b.series(src, 2, o)
	o.Full = true
	root := src.image(tarLayer(tarOf(t, 9, program(2)...)))
	b.push(src, root, "v3", o)
	for name, test := range map[string]struct {
		before []string
		o      Options
		limit  int64
	}{
		"from nothing":             {nil, Options{}, sent[0] * 3 / 2},
		"update":                   {[]string{"v1"}, Options{}, sent[0] / 4},
		"update from a delta":      {[]string{"v2"}, Options{}, sent[0] / 4},
		"update without deltas":    {[]string{"v1"}, Options{NoDelta: true}, sent[0] * 3 / 2},
		"update, some is the same": {[]string{"v1", "v2"}, Options{Jobs: 1}, sent[0] / 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := b.store(t.TempDir())
			for _, tag := range test.before {
				b.pull(s, tag, Options{})
			}
			before := b.meter.Snapshot().Received
			_, out := b.pull(s, "v3", test.o)
			received := b.meter.Snapshot().Received - before
			sameImage(t, root, src, out)
			if received > test.limit || test.o.NoDelta && received < sent[0]*3/4 {
				t.Errorf("received %d bytes, want at most %d", received, test.limit)
			}
		})
	}
	if _, err := Verify(t.Context(), b.codec, b.target, b.resolve("v3"), Options{}); err != nil {
		t.Error(err)
	}
	pack := b.layersOf("v3", remote.MediaTypeDelta)[0]
	damage(t, filepath.Join(b.dir, "blobs", "sha256", pack.Digest.Encoded()), int(pack.Size)/2)
	if _, err := Verify(t.Context(), b.codec, b.target, b.resolve("v3"), Options{}); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("verify says %v of a damaged delta", err)
	}
}

// TestFullAgain pushes an image with whole chunks that is there in deltas, and then once more.
func TestFullAgain(t *testing.T) {
	b, src := newBench(t), newImages(t)
	o := b.withDeltas(t.TempDir())
	roots, _ := b.series(src, 2, o)
	o.Full = true
	for _, unchanged := range []bool{false, true} {
		if r := b.push(src, roots[1], "v2", o); r.Unchanged != unchanged {
			t.Errorf("unchanged is %v, want %v", r.Unchanged, unchanged)
		}
	}
	for _, before := range []string{"", "v1"} {
		s := b.store(t.TempDir())
		if before != "" {
			b.pull(s, before, Options{})
		}
		plan, err := PlanPull(t.Context(), b.codec, s, b.target, b.resolve("v2"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if update := before != ""; plan.DeltaBytes > plan.FrameBytes != update || !update && plan.DeltaBytes > 0 {
			t.Errorf("from %q, %d bytes of frames and %d of deltas are fetched", before, plan.FrameBytes, plan.DeltaBytes)
		}
		_, out := b.pull(s, "v2", Options{})
		sameImage(t, roots[1], src, out)
	}
}

// TestNothingLikeIt has files of the same name and other content: they are sent whole.
func TestNothingLikeIt(t *testing.T) {
	b, src := newBench(t), newImages(t)
	b.push(src, src.image(tarLayer(tarOf(t, 1, file{"a", 1, 2 << 20}))), "v1", Options{})
	root := src.image(tarLayer(tarOf(t, 1, file{"a", 2, 2 << 20})))
	b.push(src, root, "v2", b.withDeltas(t.TempDir()))
	if n := len(b.layersOf("v2", remote.MediaTypeDelta)); n != 0 {
		t.Errorf("%d packs of deltas", n)
	}
	_, out := b.pull(b.store(t.TempDir()), "v2", Options{})
	sameImage(t, root, src, out)
}

// TestHopelessFile has a large file of other content under the same name: after some tries its base is not fetched any more.
func TestHopelessFile(t *testing.T) {
	long(t)
	const size = 48 << 20
	b, src := newBench(t), newImages(t)
	other := file{"b", 3, 1 << 20}
	b.push(src, src.image(tarLayer(tarOf(t, 1, file{"a", 1, size}, other))), "v1", Options{})
	before := b.meter.Snapshot()
	root := src.image(tarLayer(tarOf(t, 1, file{"a", 2, size}, other.release(1))))
	b.push(src, root, "v2", b.withDeltas(t.TempDir()))
	if received := b.meter.Snapshot().Received - before.Received; received > before.Sent*2/3 {
		t.Errorf("received %d bytes of a base of %d", received, before.Sent)
	}
	if n := len(b.layersOf("v2", remote.MediaTypeDelta)); n != 1 {
		t.Errorf("%d packs of deltas, want one with the other file", n)
	}
	_, out := b.pull(b.store(t.TempDir()), "v2", Options{})
	sameImage(t, root, src, out)
}

// TestFileIsPackedAnew has a file of which most parts are others in the second release, and some changed a little: deltas of these
// would pay, but make it a mixture of two releases. In the third one all parts changed a little.
func TestFileIsPackedAnew(t *testing.T) {
	long(t)
	const parts, size = 6, 5 << 20
	tool := func(first, release uint64) []byte {
		var content []byte
		for i := range uint64(parts) {
			seed := 1 + i // of the parts that stay
			if i%3 != 0 {
				seed += first
			}
			content = append(content, file{seed: seed, size: size}.release(release).content()...)
		}
		return content
	}
	b, src := newBench(t), newImages(t)
	o := b.withDeltas(t.TempDir())
	var roots []ocispec.Descriptor
	var sent []int64
	for i, content := range [][]byte{tool(0, 0), tool(100, 1), tool(100, 2)} {
		before := b.meter.Snapshot().Sent
		roots = append(roots, src.image(tarLayer(tarWith(t, "tool", content))))
		b.push(src, roots[i], fmt.Sprint("v", i+1), o)
		sent = append(sent, b.meter.Snapshot().Sent-before)
		*src.created = src.created.AddDate(0, 1, 0)
	}
	if n := len(b.layersOf("v2", remote.MediaTypeDelta)); n != 0 {
		t.Errorf("%d packs of deltas in the second release", n)
	}
	if limit := sent[1] / 4; sent[2] > limit {
		t.Errorf("the third release sent %d bytes, want at most %d", sent[2], limit)
	}
	old := b.layersOf("v1", remote.MediaTypePack)
	for _, pack := range b.layersOf("v3", remote.MediaTypePack) {
		if slices.ContainsFunc(old, func(d ocispec.Descriptor) bool { return d.Digest == pack.Digest }) {
			t.Errorf("the third release needs a pack of the first one")
		}
	}
	for before, limit := range map[string]int64{"": sent[0] * 3 / 2, "v1": sent[0] * 3 / 2, "v2": sent[1] / 4} {
		s := b.store(t.TempDir())
		if before != "" {
			b.pull(s, before, Options{})
		}
		received := b.meter.Snapshot().Received
		_, out := b.pull(s, "v3", Options{})
		received = b.meter.Snapshot().Received - received
		sameImage(t, roots[2], src, out)
		if received > limit {
			t.Errorf("from %q, received %d bytes, want at most %d", before, received, limit)
		}
	}
}

// TestDeltasAreTheSame pushes with any number of jobs: an interrupted push finds what it sent.
func TestDeltasAreTheSame(t *testing.T) {
	var manifests []string
	for jobs := range 4 {
		b, src := newBench(t), newImages(t)
		o := b.withDeltas(t.TempDir())
		o.Jobs = jobs + 1
		b.series(src, 3, o)
		manifests = append(manifests, string(b.resolve("v3").Digest))
		if manifests[jobs] != manifests[0] {
			t.Errorf("with %d jobs the manifest is %s, with one %s", jobs+1, manifests[jobs], manifests[0])
		}
	}
}

// TestDamagedBaseInStore has a chunk that a delta is coded against damaged in the local store: its frame is fetched.
func TestDamagedBaseInStore(t *testing.T) {
	b, src := newBench(t), newImages(t)
	roots, _ := b.series(src, 2, b.withDeltas(t.TempDir()))
	dir := t.TempDir()
	s := b.store(dir)
	b.pull(s, "v1", Options{})
	packs, err := filepath.Glob(filepath.Join(dir, "packs", "*"))
	if err != nil || len(packs) == 0 {
		t.Fatal(packs, err)
	}
	for _, p := range packs {
		damage(t, p, 100_000)
	}
	var log bytes.Buffer
	_, out := b.pull(s, "v2", Options{Jobs: 2, Log: slog.New(slog.NewTextHandler(&log, nil))})
	sameImage(t, roots[1], src, out)
	if !strings.Contains(log.String(), "fetched again") {
		t.Errorf("nothing is said of the damage:\n%s", &log)
	}
}

func damage(t *testing.T, file string, at int) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 1
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedDelta has a delta damaged on the remote: it is named, and nothing is written.
func TestDamagedDelta(t *testing.T) {
	b, src := newBench(t), newImages(t)
	b.series(src, 2, b.withDeltas(t.TempDir()))
	pack := b.layersOf("v2", remote.MediaTypeDelta)[0]
	damage(t, filepath.Join(b.dir, "blobs", "sha256", pack.Digest.Encoded()), int(pack.Size)/2)
	_, err := Pull(t.Context(), b.codec, b.store(t.TempDir()), b.target, b.resolve("v2"), nil, Options{})
	if !errors.Is(err, codec.ErrDamaged) || !strings.Contains(err.Error(), pack.Digest.String()) {
		t.Errorf("error %v, want one that names %s", err, pack.Digest)
	}
	if _, err := Verify(t.Context(), b.codec, b.target, b.resolve("v2"), Options{}); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("verify says %v", err)
	}
}

// TestUnreadableBase has a pack of the base gone, which the push still finds in the index: the chunks travel whole.
func TestUnreadableBase(t *testing.T) {
	b, src := newBench(t), newImages(t)
	b.series(src, 1, Options{})
	for _, pack := range b.layersOf("v1", remote.MediaTypePack) {
		damage(t, filepath.Join(b.dir, "blobs", "sha256", pack.Digest.Encoded()), 1000)
	}
	var log bytes.Buffer
	o := b.withDeltas(t.TempDir())
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	b.push(src, src.image(tarLayer(tarOf(t, 1, program(1)...))), "v2", o)
	if !strings.Contains(log.String(), "base") {
		t.Errorf("nothing is said of the base:\n%s", &log)
	}
}

// TestPlanPull checks that what is planned is what travels.
func TestPlanPull(t *testing.T) {
	b, src := newBench(t), newImages(t)
	b.series(src, 2, b.withDeltas(t.TempDir()))
	s := b.store(t.TempDir())
	b.pull(s, "v1", Options{})
	for name, s := range map[string]*store.Store{"update": s, "from nothing": b.store(t.TempDir())} {
		t.Run(name, func(t *testing.T) {
			plan, err := PlanPull(t.Context(), b.codec, s, b.target, b.resolve("v2"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			before := b.meter.Snapshot().Received
			r, err := Pull(t.Context(), b.codec, s, b.target, b.resolve("v2"), nil, Options{})
			if err != nil {
				t.Fatal(err)
			}
			received := b.meter.Snapshot().Received - before
			// The store has manifest, image document and recipes by now, but not the index.
			index := b.layersOf("v2", remote.MediaTypeIndex)[0].Size + b.resolve("v2").Size
			if planned := plan.FrameBytes + plan.DeltaBytes; planned == 0 || received < planned || received > planned+2*index {
				t.Errorf("planned %d bytes, received %d", planned, received)
			}
			if plan.ChunksNew != r.ChunksNew || plan.NewBytes != r.NewBytes || plan.ChunksTotal != r.ChunksTotal {
				t.Errorf("planned %+v, pulled %+v", plan, r)
			}
			plan, err = PlanPull(t.Context(), b.codec, s, b.target, b.resolve("v2"), Options{})
			if err != nil || plan.ChunksNew != 0 || plan.FrameBytes+plan.DeltaBytes != 0 {
				t.Errorf("planned again: %+v, %v", plan, err)
			}
		})
	}
}

// TestDeltasAreInterrupted ends a push while deltas are made.
func TestDeltasAreInterrupted(t *testing.T) {
	b, src := newBench(t), newImages(t)
	b.series(src, 1, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	o := b.withDeltas(t.TempDir())
	open := o.OpenStore
	o.OpenStore = func() (*store.Store, error) { cancel(); return open() }
	root := src.image(tarLayer(tarOf(t, 1, program(1)...)))
	if _, err := Push(ctx, b.codec, src, root, b.destination("v2"), o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := b.target.Resolve(t.Context(), "v2"); !errors.Is(err, remote.ErrNotFound) {
		t.Errorf("the tag is there: %v", err)
	}
}
