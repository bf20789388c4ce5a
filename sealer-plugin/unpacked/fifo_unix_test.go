//go:build unix

package unpacked

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// TestPipe has a pipe where a file was: nobody writes to it.
func TestPipe(t *testing.T) {
	c := newCodec(t)
	l := newLayer(t, c, "a")
	_, r := set(t, c, l)
	file := filepath.Join(l.dir, "a")
	if err := errors.Join(os.Remove(file), syscall.Mkfifo(file, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Chunk(t.Context(), l.recipe.Chunks[0]); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("error %v, want %v", err, codec.ErrDamaged)
	}
}
