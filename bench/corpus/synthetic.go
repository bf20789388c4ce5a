package corpus

import (
	"archive/tar"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Tree describes made-up files. Their content compresses as software does, to about a third.
type Tree struct {
	Seed  uint64
	Files int
	Size  int            // bytes of each file
	Built time.Time      // mtime of every file
	Edits map[int]uint64 // files with another content than Seed gives, by number; the value seeds it
	Noise bool           // content that does not compress at all
}

// Layer returns the tree as a layer.
func (t Tree) Layer(encoding Encoding) Layer {
	return Layer{Encoding: encoding, Write: Tar(t.write)}
}

// Tar returns a function that puts out the tar that write fills.
func Tar(write func(*tar.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		archive := tar.NewWriter(w)
		if err := write(archive); err != nil {
			return err
		}
		return archive.Close()
	}
}

func (t Tree) write(archive *tar.Writer) error {
	content := make([]byte, t.Size)
	for i := range t.Files {
		seed, edited := t.Edits[i]
		if !edited {
			seed = t.Seed
		}
		t.fill(content, seed, uint64(i))
		header := &tar.Header{
			Name:     fmt.Sprintf("tree-%d/%03d/file-%06d", t.Seed, i/256, i),
			Typeflag: tar.TypeReg,
			Mode:     0o644,
			Size:     int64(t.Size),
			ModTime:  t.Built,
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	return nil
}

const (
	cell    = 64 // bytes that are either new, or a phrase that was there before
	phrases = 64
)

// stock holds the phrases that all content has in common.
var stock = func() (stock [phrases * cell]byte) {
	_, _ = rand.NewChaCha8([32]byte{}).Read(stock[:])
	return stock
}()

// fill makes the content of a file. Unless it is noise, one cell in four is random, and the others are phrases.
func (t Tree) fill(content []byte, seed, number uint64) {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:8], seed)
	binary.LittleEndian.PutUint64(key[8:16], number)
	key[16] = 1
	random := rand.NewChaCha8(key)
	if t.Noise {
		_, _ = random.Read(content)
		return
	}
	for len(content) > 0 {
		n := min(cell, len(content))
		if dice := random.Uint64(); dice&3 == 0 {
			_, _ = random.Read(content[:n])
		} else {
			copy(content[:n], stock[dice>>8%phrases*cell:][:cell])
		}
		content = content[n:]
	}
}
