package recipe_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// rebuilding is a call of Rebuild in a bubble of its own, in which no goroutine may stay.
type rebuilding struct {
	ctx   context.Context
	write func([]byte) (int, error)
	data  func(context.Context, codec.Chunk) ([]byte, error)
	over  bool // not to be written to any more: a race if it is
}

func (r *rebuilding) Write(p []byte) (int, error) {
	if r.over {
		panic("written to after Rebuild returned")
	}
	return r.write(p)
}

// rebuild returns the error of Rebuild, once set has changed how it is called.
func rebuild(t *testing.T, b *built, rec *recipe.Recipe, set func(*rebuilding)) (err error) {
	synctest.Test(t, func(t *testing.T) {
		r := &rebuilding{ctx: t.Context(), data: b.data}
		r.write = func(p []byte) (int, error) { return len(p), nil }
		set(r)
		err = rec.Rebuild(r.ctx, r, r.data)
		r.over = true
	})
	return err
}

// streamsInLayer is a gzip layer with gzip files side by side and in each other.
func streamsInLayer(tb testing.TB) []byte {
	tb.Helper()
	inner := writeTar(tb,
		file("x.gz", goGzip(tb, prose(1, 150_000), 6)),
		file("y", noise(2, 3000)),
		file("z.gz", goGzip(tb, prose(3, 5000), 9)),
	)
	return goGzip(tb, writeTar(tb,
		file("a.gz", goGzip(tb, slices.Concat(prose(4, 50_000), noise(5, 200_000)), 6)),
		file("b.tgz", goGzip(tb, inner, 1)),
		file("c", prose(6, 30_000)),
		file("d.gz", otherGzip(tb, slices.Concat(prose(9, 70_000), noise(7, 50_000)), 5)),
		file("e.gz", goGzip(tb, prose(8, 4000), 6)),
	), 1)
}

// TestRebuildOfStreamsFails has each thing fail that can, wherever it can.
func TestRebuildOfStreamsFails(t *testing.T) {
	blob := streamsInLayer(t)
	b := build(t, bytes.NewReader(blob), recipe.Tar)
	check := func(what string, r *recipe.Recipe, want error, set func(*rebuilding)) {
		t.Helper()
		if err := rebuild(t, b, r, set); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", what, err, want)
		}
	}
	none := func(*rebuilding) {}
	count := len(b.open(t).Streams)
	if count != 7 {
		t.Fatalf("%d streams", count)
	}
	for i := range count {
		for what, change := range map[string]func(*recipe.Stream){
			"too short":       func(s *recipe.Stream) { s.Size++ },
			"too long":        func(s *recipe.Stream) { s.Size-- },
			"empty":           func(s *recipe.Stream) { s.Size = 0 },
			"another level":   func(s *recipe.Stream) { s.Level = 3 },
			"no such encoder": func(s *recipe.Stream) { s.Encoder = 99 },
		} {
			r := b.open(t)
			change(&r.Streams[i])
			check(fmt.Sprintf("stream %d is %s", i, what), r, codec.ErrDamaged, none)
		}
	}
	r := b.open(t)
	for n := len(blob) - 1; n >= 0; n -= len(blob) / 10 {
		check(fmt.Sprintf("writing fails at byte %d", n), r, errBroken, func(r *rebuilding) {
			r.write = (&after{n}).Write
		})
	}
	for i := range r.Chunks {
		check(fmt.Sprintf("chunk %d is absent", i), r, errAbsent, func(r *rebuilding) {
			r.data = atChunk(b, i, func() error { return errAbsent })
		})
		check(fmt.Sprintf("canceled at chunk %d", i), r, context.Canceled, func(r *rebuilding) {
			ctx, cancel := context.WithCancel(r.ctx)
			r.ctx = ctx
			r.data = atChunk(b, i, func() error { cancel(); return nil })
		})
	}
	check("nothing", r, nil, none)
}

// atChunk has something happen when Rebuild asks for a chunk, by its place.
func atChunk(b *built, place int, do func() error) func(context.Context, codec.Chunk) ([]byte, error) {
	return func(ctx context.Context, c codec.Chunk) ([]byte, error) {
		if place--; place == -1 {
			if err := do(); err != nil {
				return nil, err
			}
		}
		return b.data(ctx, c)
	}
}

// TestRebuildGoesOnBehindStreams does not take anything of the first stream until all is asked for that is in those
// behind it. That is more than is held: they are made by then.
func TestRebuildGoesOnBehindStreams(t *testing.T) {
	members := []member{file("first.gz", goGzip(t, noise(1, 2<<20), gzip.BestSpeed))}
	for i := range 6 {
		content := slices.Concat(prose(uint64(i), 10_000), make([]byte, 5<<20))
		members = append(members, file(fmt.Sprintf("%d.gz", i), goGzip(t, content, gzip.BestSpeed)))
	}
	blob := writeTar(t, members...)
	b := build(t, bytes.NewReader(blob), recipe.Tar)
	r := b.open(t)
	var got []byte
	err := rebuild(t, b, r, func(c *rebuilding) {
		asked := make(chan struct{})
		c.write = func(p []byte) (int, error) {
			<-asked
			got = append(got, p...)
			return len(p), nil
		}
		c.data = atChunk(b, len(r.Chunks)-1, func() error { close(asked); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, blob) {
		t.Error("rebuilt another blob")
	}
}

// TestManyStreams has more of them, and more in them, than an assembly holds at once.
func TestManyStreams(t *testing.T) {
	var small []member
	for i := range 200 {
		small = append(small, file(fmt.Sprintf("%d.gz", i), goGzip(t, prose(uint64(i), 2000+i), 6)))
	}
	deep := writeTar(t, small[:20]...)
	for range 3 {
		deep = writeTar(t, small[0], file("deep.gz", goGzip(t, deep, 1)), small[1])
	}
	for name, blob := range map[string][]byte{
		"deep":        deep,
		"small":       writeTar(t, small...),
		"in a stream": goGzip(t, writeTar(t, small...), 1),
		"big": goGzip(t, writeTar(t,
			file("a.gz", goGzip(t, noise(1, 7<<20), 1)), file("b.gz", goGzip(t, noise(2, 7<<20), 1)),
			file("c.gz", goGzip(t, slices.Concat(make([]byte, 20<<20), noise(3, 1<<20)), 1)),
		), 1),
		"members": bytes.Repeat(goGzip(t, prose(1, 5000), 6), 20),
	} {
		t.Run(name, func(t *testing.T) { checkRoundTrip(t, blob, recipe.Tar) })
	}
}

// TestRebuildUnverified has a recipe state the digest of another blob.
func TestRebuildUnverified(t *testing.T) {
	blob := streamsInLayer(t)
	b := build(t, bytes.NewReader(blob), recipe.Tar)
	r := b.open(t)
	r.Digest = digest.FromString("another blob")
	if err := r.Rebuild(t.Context(), io.Discard, b.data); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("Rebuild: error %v, want %v", err, codec.ErrDamaged)
	}
	var got bytes.Buffer
	if err := r.RebuildUnverified(t.Context(), &got, b.data); err != nil || !bytes.Equal(got.Bytes(), blob) {
		t.Errorf("RebuildUnverified: %d bytes, not the blob's %d; error %v", got.Len(), len(blob), err)
	}
}
