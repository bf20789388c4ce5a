package recipe_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// FuzzBuild takes in anything as a tar: it always comes back byte for byte, and the files in it lie in its data, one
// after the other.
func FuzzBuild(f *testing.F) {
	small := writeTar(f, file("a", []byte("1")), file("b", noise(1, 700)))
	long := strings.Repeat("n", 200)
	for _, seed := range [][]byte{
		nil, small, small[:700], slices.Concat(small, make([]byte, 700), small), slices.Concat(small, []byte("garbage")),
		writeTar(f, withFormat(tar.FormatPAX, file(long, nil)), withFormat(tar.FormatGNU, file(long, nil))),
		fixture(f, "sparse-gnu.tar")[:4096], fixture(f, "sparse-0.0.tar")[:4096],
		fixture(f, "sparse-0.1.tar")[:4096], fixture(f, "sparse-1.0.tar")[:4096],
		slices.Concat(paxHeader('g', 513), header("f", '0', 1), padded("1")),
		slices.Concat(header("f", '0', 1<<60), []byte("content")),
		goGzip(f, writeTar(f, file("a.tgz", goGzip(f, writeTar(f, file("x", prose(1, 2000))), 6)), file("b", prose(2, 2000))), 1),
		goZstd(f, writeTar(f, file("a.zst", goZstd(f, prose(1, 2000))), file("b", prose(2, 2000)))),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, blob []byte) { checkAnything(t, blob) })
}

// checkAnything checks what holds of every blob.
func checkAnything(t *testing.T, blob []byte) {
	b := checkRoundTrip(t, blob, recipe.Tar)
	end, size := int64(0), int64(len(b.stream()))
	for _, file := range b.files(t) {
		if file.Offset < end || file.Size < 0 || file.Size > size-file.Offset {
			t.Fatalf("file %+v after %d of %d bytes of data", file, end, size)
		}
		end = file.Offset + file.Size
	}
}

// FuzzMembers is FuzzBuild with tars whose headers have good checksums, but little else that is sure: five bytes of
// the input make a member.
func FuzzMembers(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x00\x00"))
	f.Add([]byte("\x0a\x00\x00\x00\x00\x00\x02\x00\x00\x00"))
	f.Add([]byte("\x09\x00\x00\x00\x41\x01\x00\x40\x00\x00\x10\x00\x00\x00\x00\x00\x00\x05\x01\x00"))
	f.Fuzz(func(t *testing.T, members []byte) {
		var blob []byte
		for ; len(members) >= 5 && len(blob) < 1<<20; members = members[5:] {
			blob = appendMember(blob, [5]byte(members))
		}
		checkAnything(t, blob)
	})
}

// records are PAX records that change how a member is read.
var records = []string{
	"comment=c", "path=name", "size=0", "size=1", "size=513", "size=20000", "size=9223372036854775807", "GNU.sparse.major=0",
	"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.minor=1", "GNU.sparse.map=0,1,5,512", "GNU.sparse.numblocks=2",
	"GNU.sparse.realsize=1000", "GNU.sparse.size=1000", "GNU.sparse.name=sparse", "GNU.sparse.offset=0", "GNU.sparse.numbytes=1",
}

// appendMember appends a member, or what may stand between members, by five bytes: its kind, two of its size, one for
// how the size lies, and one for its content.
func appendMember(blob []byte, by [5]byte) []byte {
	const typeflags = "0\x001234567SgxLKVDM"
	kind := int(by[0]) % (len(typeflags) + 2)
	if kind == len(typeflags) {
		return append(blob, endMarker()...)
	}
	if kind > len(typeflags) {
		return append(blob, make([]byte, int(by[1])*int(by[2]))...)
	}
	content := bytes.Repeat(by[4:], int(by[1])|int(by[2]&0x7f)<<8)
	switch typeflags[kind] {
	case 'x', 'g':
		content = nil
		for i := range 2 {
			r := records[(int(by[4])+i*int(by[1]))%len(records)]
			content = fmt.Appendf(content, "%d %s\n", len(r)+4, r)
		}
	case '0':
		if by[4]&1 == 1 { // a map of a sparse file
			content = append([]byte("2\n0\n1\n5\n512\n"), content...)
		}
	}
	size := int64(len(content))
	switch by[3] {
	case 1:
		size++
	case 2:
		size = 1 << 60
	case 3:
		size = -1
	}
	blob = append(blob, header("name", typeflags[kind], size)...)
	return append(blob, padded(string(content))...)
}

// zeroData gives chunks of zeros.
func zeroData(_ context.Context, c codec.Chunk) ([]byte, error) { return make([]byte, c.Size), nil }

// FuzzOpen takes anything for a recipe.
func FuzzOpen(f *testing.F) {
	f.Add([]byte{})
	f.Add(build(f, strings.NewReader("content"), recipe.Plain).encoded)
	f.Add(build(f, bytes.NewReader(writeTar(f, file("a", make([]byte, 5000)))), recipe.Tar).encoded)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		if _, err := use(t.Context(), testCodec(t), encoded, zeroData); err != nil && !errors.Is(err, codec.ErrDamaged) {
			t.Fatal(err)
		}
	})
}

// FuzzBlocks takes anything for the content of a recipe's blocks.
func FuzzBlocks(f *testing.F) {
	id := make([]byte, 32)
	f.Add(slices.Concat(uvarints(1, 7), id), uvarints(1, 0, 7), slices.Concat(uvarints(1, 7), id))
	f.Add(slices.Concat(uvarints(1, 5), id), append(uvarints(2, 1, 2, 1, 3), 'a', 'b'), slices.Concat(uvarints(1, 7), id))
	f.Add([]byte{0}, slices.Concat(uvarints(1, 512, 0), header("f", '0', 3)), slices.Concat(uvarints(0, 512), id))
	f.Fuzz(func(t *testing.T, chunks, skeleton, end []byte) {
		for _, b := range [][]byte{chunks, skeleton, end} {
			if len(b) == 0 || len(b) > codec.MaxFrame {
				t.Skip("no block is like that")
			}
		}
		encoded := encode(t, rawBlock{1, chunks}, rawBlock{2, skeleton}, rawBlock{block.KindEnd, end})
		if _, err := use(t.Context(), testCodec(t), encoded, zeroData); err != nil && !errors.Is(err, codec.ErrDamaged) {
			t.Fatal(err)
		}
	})
}
