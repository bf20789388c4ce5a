package codec_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// cacheDir holds the compiled routines during the tests.
var cacheDir string

func TestMain(m *testing.M) {
	var err error
	if cacheDir, err = os.MkdirTemp("", "codec-test-"); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	os.RemoveAll(cacheDir)
	os.Exit(code)
}

// shared is one codec for all tests that do not need their own.
var shared = sync.OnceValues(func() (*codec.Codec, error) {
	return codec.New(context.Background(), codec.Options{CacheDir: cacheDir})
})

func newWorker(tb testing.TB) *codec.Worker {
	tb.Helper()
	c, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	w, err := c.Acquire(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.Release)
	return w
}

// noise is n bytes that do not compress and in which no two places are alike.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// text is n bytes that compress about as well as program text.
func text(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%s = %d;\n", strings.Repeat("chunk ", r.IntN(4)), r.IntN(1000))
	}
	return []byte(b.String()[:n])
}

// split cuts b as a whole.
func split(tb testing.TB, w *codec.Worker, b []byte) []codec.Chunk {
	tb.Helper()
	n := copy(w.Buffer(), b)
	chunks, err := w.Split(tb.Context(), 0, n, true, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return chunks
}

// compress returns a copy of the frame.
func compress(tb testing.TB, w *codec.Worker, b []byte, level int) []byte {
	tb.Helper()
	n := copy(w.Buffer(), b)
	frame, err := w.Compress(tb.Context(), n, level)
	if err != nil {
		tb.Fatal(err)
	}
	return append([]byte(nil), frame...)
}

// restore puts frame into w's buffer and restores it.
func restore(tb testing.TB, w *codec.Worker, frame []byte, raw int, extents []codec.Extent) ([]byte, error) {
	tb.Helper()
	n := copy(w.Buffer(), frame)
	return w.Restore(tb.Context(), n, raw, extents)
}

func parseID(tb testing.TB, s string) codec.ID {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return codec.ID(b)
}
