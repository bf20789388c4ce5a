package recipe_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// member is a member of a tar that a test makes.
type member struct {
	tar.Header
	content []byte
}

func file(name string, content []byte) member {
	return member{tar.Header{
		Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content)), ModTime: time.Unix(1_700_000_000, 0),
	}, content}
}

func writeTar(tb testing.TB, members ...member) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		if err := w.WriteHeader(&m.Header); err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write(m.content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// header is a header block by itself, without regard to whether the size can be true.
func header(name string, typeflag byte, size int64) []byte {
	b := make([]byte, 512)
	copy(b, name)
	copy(b[100:], "0000644\x000000000\x000000000\x00")
	b[124] = 0x80 // the size is binary
	for i := range 8 {
		b[135-i] = byte(size >> (8 * i))
	}
	copy(b[136:], "14524770400\x00        ")
	b[156] = typeflag
	copy(b[257:], "ustar\x0000")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

// padded is content with its padding.
func padded(content string) []byte {
	return append([]byte(content), make([]byte, -len(content)&511)...)
}

// paxHeader is a PAX header of n bytes, 100 to 9999, and its content.
func paxHeader(typeflag byte, n int) []byte {
	record := fmt.Sprintf("%d comment=", n)
	record += strings.Repeat("c", n-len(record)-1) + "\n"
	return append(header("pax", typeflag, int64(n)), padded(record)...)
}

// endMarker ends an archive.
func endMarker() []byte { return make([]byte, 1024) }

// noise returns n bytes that depend on seed and do not repeat.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)}).Read(b)
	return b
}

// manySmallFiles is a tar of n files of less than 4 KiB.
func manySmallFiles(tb testing.TB, n int) []byte {
	tb.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	members := make([]member, n)
	for i := range members {
		name := fmt.Sprintf("usr/share/%x/%x", r.IntN(1000), r.Uint32())
		members[i] = file(name, noise(uint64(i), r.IntN(4096)))
	}
	return writeTar(tb, members...)
}

func fixture(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// listed is a file in a tar with its contents as they lie there, which of a sparse file are those without the holes.
type listed struct {
	Name    string
	Content string
	Within  string
}

// list is what the standard library finds in a tar.
func list(tb testing.TB, blob []byte) []listed {
	tb.Helper()
	var files []listed
	for r := tar.NewReader(bytes.NewReader(blob)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			tb.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse {
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		if h.Typeflag == tar.TypeGNUSparse || h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.map"] != "" {
			content = bytes.ReplaceAll(content, make([]byte, 512), nil)
		}
		files = append(files, listed{Name: h.Name, Content: string(content)})
	}
}

// listed is what the recipe says is in the tar that it rebuilds.
func (b *built) listed(tb testing.TB) []listed {
	tb.Helper()
	var files []listed
	stream := b.stream()
	for _, f := range b.files(tb) {
		files = append(files, listed{f.Name, string(stream[f.Offset : f.Offset+f.Size]), f.Within})
	}
	return files
}
