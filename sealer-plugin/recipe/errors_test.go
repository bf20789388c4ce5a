package recipe_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

var errBroken = errors.New("broken")

// after fails once n bytes were written.
type after struct{ n int }

func (a *after) Write(p []byte) (int, error) {
	if a.n -= len(p); a.n < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func ignore(codec.Chunk, []byte, []recipe.File) error { return nil }

// TestBuildReaderFails has the blob's reader fail at every byte of a small tar: that is never taken for its end.
func TestBuildReaderFails(t *testing.T) {
	blob := writeTar(t, file("a", []byte("1")), file("b", noise(1, 700)))
	blob = slices.Concat(blob, make([]byte, 600), blob[:700])
	for _, kind := range []recipe.Kind{recipe.Tar, recipe.Plain} {
		for _, want := range []error{errBroken, io.ErrUnexpectedEOF} {
			for n := range len(blob) + 1 {
				r := io.MultiReader(bytes.NewReader(blob[:n]), iotest.ErrReader(want))
				_, err := recipe.Build(t.Context(), testCodec(t), r, recipe.Options{Kind: kind, Level: codec.MinLevel}, io.Discard, ignore)
				if !errors.Is(err, want) {
					t.Fatalf("kind %d, failure at byte %d: error %v, want %v", kind, n, err, want)
				}
			}
		}
	}
}

func TestBuildFails(t *testing.T) {
	blob := slices.Concat(manySmallFiles(t, 2000), writeTar(t, file("f", noise(1, 20<<20))))
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	emitted := 0
	for name, test := range map[string]struct {
		ctx   context.Context
		blob  io.Reader
		level int
		out   io.Writer
		emit  func(codec.Chunk, []byte, []recipe.File) error
		want  error // nil: any
	}{
		"emit": {t.Context(), bytes.NewReader(blob), 1, io.Discard, func(codec.Chunk, []byte, []recipe.File) error { return errBroken }, errBroken},
		"emit later": {t.Context(), bytes.NewReader(blob), 1, io.Discard, func(codec.Chunk, []byte, []recipe.File) error {
			if emitted++; emitted == 100 {
				return errBroken
			}
			return nil
		}, errBroken},
		"out":         {t.Context(), bytes.NewReader(blob), 1, &after{0}, ignore, errBroken},
		"out's end":   {t.Context(), bytes.NewReader(blob[:512]), 1, &after{100}, ignore, errBroken},
		"canceled":    {canceled, bytes.NewReader(blob), 1, io.Discard, ignore, context.Canceled},
		"level":       {t.Context(), bytes.NewReader(blob), 20, io.Discard, ignore, nil},
		"no progress": {t.Context(), iotest.TimeoutReader(bytes.NewReader(blob)), 1, io.Discard, ignore, iotest.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := recipe.Build(test.ctx, testCodec(t), test.blob, recipe.Options{Level: test.level}, test.out, test.emit)
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

// TestBuildCanceledMidway cancels while the blob is being read.
func TestBuildCanceledMidway(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := recipe.Build(ctx, testCodec(t), zeros{}, recipe.Options{Kind: recipe.Plain, Level: codec.MinLevel}, io.Discard,
		func(codec.Chunk, []byte, []recipe.File) error {
			cancel()
			return nil
		})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestRebuildFails(t *testing.T) {
	b := build(t, bytes.NewReader(writeTar(t, file("a", noise(1, 5<<20)))), recipe.Tar)
	r := b.open(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx  context.Context
		w    io.Writer
		data func(context.Context, codec.Chunk) ([]byte, error)
		want error
	}{
		"chunk absent": {t.Context(), io.Discard, func(context.Context, codec.Chunk) ([]byte, error) { return nil, errAbsent }, errAbsent},
		"chunk too short": {t.Context(), io.Discard, func(_ context.Context, c codec.Chunk) ([]byte, error) {
			return make([]byte, c.Size-1), nil
		}, codec.ErrDamaged},
		"chunk too long": {t.Context(), io.Discard, func(_ context.Context, c codec.Chunk) ([]byte, error) {
			return make([]byte, c.Size+1), nil
		}, codec.ErrDamaged},
		"other bytes": {t.Context(), io.Discard, func(_ context.Context, c codec.Chunk) ([]byte, error) {
			return make([]byte, c.Size), nil
		}, codec.ErrDamaged},
		"full disk":         {t.Context(), &after{0}, b.data, errBroken},
		"full disk later":   {t.Context(), &after{2 << 20}, b.data, errBroken},
		"full disk at last": {t.Context(), &after{len(b.stream())}, b.data, errBroken},
		"canceled":          {canceled, io.Discard, b.data, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			if err := r.Rebuild(test.ctx, test.w, test.data); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestFilesStops(t *testing.T) {
	b := build(t, bytes.NewReader(manySmallFiles(t, 10)), recipe.Tar)
	n := 0
	for _, err := range b.open(t).Files(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d files before the iteration was left, want 3", n)
	}
}
