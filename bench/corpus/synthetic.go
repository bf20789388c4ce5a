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
	Patch uint64         // if not 0, one cell in 256 of all files is another one, which this seeds
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
	piece := make([]byte, min(t.Size, pieceSize))
	for i := range t.Files {
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
		content := t.content(i)
		for left := t.Size; left > 0; left -= len(piece) {
			piece = piece[:min(left, pieceSize)]
			content.fill(piece)
			if _, err := archive.Write(piece); err != nil {
				return err
			}
		}
		piece = piece[:min(t.Size, pieceSize)]
	}
	return nil
}

const (
	cell    = 64 // bytes that are either new, or a phrase that was there before
	phrases = 64

	pieceSize = 1 << 20 // of a file that is made at once, some cells
)

// stock holds the phrases that all content has in common.
var stock = func() (stock [phrases * cell]byte) {
	_, _ = rand.NewChaCha8([32]byte{}).Read(stock[:])
	return stock
}()

// content makes the bytes of one file, from its start to its end.
type content struct {
	random *rand.ChaCha8
	patch  *rand.ChaCha8 // nil if nothing is patched
	noise  bool
}

func (t Tree) content(number int) content {
	seed, edited := t.Edits[number]
	if !edited {
		seed = t.Seed
	}
	c := content{random: seeded(seed, uint64(number)), noise: t.Noise}
	if t.Patch != 0 {
		c.patch = seeded(t.Patch, uint64(number))
	}
	return c
}

func seeded(seed, number uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:8], seed)
	binary.LittleEndian.PutUint64(key[8:16], number)
	key[16] = 1
	return rand.NewChaCha8(key)
}

// fill makes the next bytes. Unless they are noise, one cell in four is random, and the others are phrases.
func (c content) fill(piece []byte) {
	for len(piece) > 0 {
		n := min(cell, len(piece))
		c.fillCell(piece[:n])
		if c.patch != nil && c.patch.Uint64()&255 == 0 {
			_, _ = c.patch.Read(piece[:n])
		}
		piece = piece[n:]
	}
}

func (c content) fillCell(bytes []byte) {
	if c.noise {
		_, _ = c.random.Read(bytes)
	} else if dice := c.random.Uint64(); dice&3 == 0 {
		_, _ = c.random.Read(bytes)
	} else {
		copy(bytes, stock[dice>>8%phrases*cell:][:cell])
	}
}
