package recipe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// looked is a blob that is looked through: left is closed once somebody has done so.
type looked struct {
	io.ReaderAt
	left chan struct{}
	once sync.Once
}

func look(blob io.ReaderAt) *looked { return &looked{ReaderAt: blob, left: make(chan struct{})} }

func (l *looked) Read([]byte) (int, error) { return 0, errors.New("read, and not at a place") }

func (l *looked) Close() error {
	l.once.Do(func() { close(l.left) })
	return nil
}

func (l *looked) blob(size int) recipe.Blob {
	return recipe.Blob{Size: int64(size), Open: func(context.Context) (io.ReadCloser, error) { return l, nil }}
}

// survey begins to look through blobs with two goroutines.
func survey(tb testing.TB, blobs ...recipe.Blob) *recipe.Survey {
	tb.Helper()
	s := recipe.NewSurvey(context.Background(), testCodec(tb), blobs, 2)
	tb.Cleanup(s.Close)
	return s
}

// buildSurveyed builds a recipe of a blob that somebody has looked through, and somebody else may still do.
func buildSurveyed(tb testing.TB, blob []byte, kind recipe.Kind) *built {
	tb.Helper()
	l := look(bytes.NewReader(blob))
	s := survey(tb, l.blob(len(blob)))
	<-l.left
	return buildWith(tb, bytes.NewReader(blob), recipe.Options{Kind: kind, Level: codec.MinLevel, Findings: s.Findings(0)})
}

// reached calls itself when it is read.
type reached func()

func (r reached) Read([]byte) (int, error) {
	r()
	return 0, io.EOF
}

// TestSurveyReadsAgain looks through a blob that can only be read from its beginning on: the Build gets its second half once
// others have read all of it, which they do not before the Build has met a gzip file in the first one.
func TestSurveyReadsAgain(t *testing.T) {
	var files []member
	for seed := range uint64(8) {
		files = append(files, file(fmt.Sprint(seed), goGzip(t, prose(seed, 300_000), 6)))
	}
	blob := writeTar(t, files...)
	ahead := make(chan struct{})
	end := sync.OnceFunc(func() { close(ahead) })
	s := survey(t, recipe.Blob{Size: int64(len(blob)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(blob), reached(end))), nil
	}})
	half := len(blob) / 2
	late := io.MultiReader(bytes.NewReader(blob[:half]), reached(func() { <-ahead }), bytes.NewReader(blob[half:]))
	b := buildWith(t, late, recipe.Options{Level: codec.MinLevel, Findings: s.Findings(0)})
	if !bytes.Equal(b.encoded, build(t, bytes.NewReader(blob), recipe.Tar).encoded) {
		t.Error("another recipe")
	}
}

// atOnce is read from only once both are.
type atOnce struct {
	io.ReaderAt
	reached *sync.WaitGroup
	once    sync.Once
}

func (a *atOnce) ReadAt(p []byte, offset int64) (int, error) {
	a.once.Do(a.reached.Done)
	a.reached.Wait()
	return a.ReaderAt.ReadAt(p, offset)
}

// TestSurveyLooksThroughBlobsAtOnce has two blobs of which neither can be read alone.
func TestSurveyLooksThroughBlobsAtOnce(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	var blobs []recipe.Blob
	var left []chan struct{}
	for seed := range uint64(2) {
		blob := goGzip(t, prose(seed, 100_000), 6)
		l := look(&atOnce{ReaderAt: bytes.NewReader(blob), reached: &both})
		blobs, left = append(blobs, l.blob(len(blob))), append(left, l.left)
	}
	survey(t, blobs...)
	<-left[0]
	<-left[1]
}

// upTo can be read up to its end, where it is broken.
type upTo struct{ blob []byte }

func (u upTo) ReadAt(p []byte, offset int64) (int, error) {
	n := copy(p, u.blob[min(offset, int64(len(u.blob))):])
	if n < len(p) {
		return n, errBroken
	}
	return n, nil
}

// TestSurveyFails has what is read ahead fail at every place, which the blob itself does not: then the recipe is the same, or
// the error says so.
func TestSurveyFails(t *testing.T) {
	blob := goGzip(t, writeTar(t, file("a.tgz", goGzip(t, prose(1, 4000), 6)), file("b", prose(2, 2000))), 1)
	want := build(t, bytes.NewReader(blob), recipe.Tar).encoded
	step := 1
	if testing.Short() {
		step = 7
	}
	for n := 0; n < len(blob); n += step {
		l := look(upTo{blob[:n]})
		s := survey(t, l.blob(len(blob)))
		<-l.left
		var out bytes.Buffer
		_, err := recipe.Build(t.Context(), testCodec(t), bytes.NewReader(blob),
			recipe.Options{Level: codec.MinLevel, Findings: s.Findings(0)}, &out, ignore)
		if err != nil && !errors.Is(err, errBroken) {
			t.Fatalf("read ahead up to byte %d: error %v, want %v", n, err, errBroken)
		}
		if err == nil && !bytes.Equal(out.Bytes(), want) {
			t.Fatalf("read ahead up to byte %d: another recipe", n)
		}
	}
}
