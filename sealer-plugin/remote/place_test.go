package remote

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestPlaceFile writes a file that is longer than a step of what settles meanwhile, to its end and not.
func TestPlaceFile(t *testing.T) {
	dir, piece := t.TempDir(), randomBlob(t, settleStep/3+1).data
	name, errBroken := filepath.Join(dir, "large"), errors.New("broken")
	write := func(w io.Writer) error {
		for range 8 {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
		return nil
	}
	if err := placeFile(name, dir, func(w io.Writer) error { return errors.Join(write(w), errBroken) }); !errors.Is(err, errBroken) {
		t.Errorf("error %v, want %v", err, errBroken)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := placeFile(name, dir, write); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, bytes.Repeat(piece, 8)) {
		t.Errorf("%d bytes are there, other ones (%v)", len(got), err)
	}
}
