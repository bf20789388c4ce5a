package recipe_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

func link(typeflag byte, name, target string) member {
	return member{Header: tar.Header{Typeflag: typeflag, Name: name, Linkname: target, Mode: 0o777}}
}

func directory(name string) member {
	return member{Header: tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}}
}

func withFormat(f tar.Format, m member) member {
	m.Format = f
	return m
}

func withRecords(m member, records map[string]string) member {
	m.PAXRecords = records
	return m
}

// TestArchives goes through what a tar can hold: whatever it is, it comes back byte for byte, and the files in it are
// found.
func TestArchives(t *testing.T) {
	long := strings.Repeat("long/", 60) + "name"
	tests := map[string][]byte{
		"no file":     writeTar(t),
		"one file":    writeTar(t, file("a", []byte("content"))),
		"empty files": writeTar(t, file("a", nil), file("b", nil)),
		"sizes around a block": writeTar(t, file("1", noise(1, 1)), file("2", noise(2, 2)), file("511", noise(3, 511)),
			file("512", noise(4, 512)), file("513", noise(5, 513)), file("514", noise(6, 514)), file("1 again", noise(7, 1))),
		"sizes around the shortest chunk": writeTar(t, file("a", noise(1, codec.MinChunk-1)), file("b", noise(2, codec.MinChunk)),
			file("c", noise(3, codec.MinChunk+1)), file("d", noise(4, codec.MinChunk))),
		"sizes around the buffer": writeTar(t, file("a", noise(1, codec.BatchSize-1)), file("b", noise(2, codec.BatchSize)),
			file("c", noise(3, codec.BatchSize+1))),
		"links": writeTar(t, directory("d/"), file("d/f", []byte("f")), link(tar.TypeLink, "d/hard", "d/f"),
			link(tar.TypeSymlink, "d/soft", "f"), link(tar.TypeSymlink, "far", long)),
		"devices":     writeTar(t, link(tar.TypeChar, "null", ""), link(tar.TypeBlock, "sda", ""), link(tar.TypeFifo, "pipe", "")),
		"whiteouts":   writeTar(t, file("d/.wh..wh..opq", nil), file("d/.wh.f", nil)),
		"names twice": writeTar(t, file("f", []byte("old")), file("f", []byte("new")), file("f", nil)),
		"long names, GNU": writeTar(t, withFormat(tar.FormatGNU, file(long, []byte("1"))),
			withFormat(tar.FormatGNU, link(tar.TypeLink, long+"2", long)), withFormat(tar.FormatGNU, file("short", []byte("2")))),
		"long names, PAX": writeTar(t, withFormat(tar.FormatPAX, file(long, []byte("1"))),
			withFormat(tar.FormatPAX, link(tar.TypeLink, long+"2", long)), withFormat(tar.FormatPAX, file("short", []byte("2")))),
		"prefix":    writeTar(t, withFormat(tar.FormatUSTAR, file(strings.Repeat("p/", 60)+"f", []byte("1")))),
		"not UTF-8": writeTar(t, withFormat(tar.FormatGNU, file("\xff\xfe\x80", []byte("1")))),
		"extended attributes": writeTar(t, withRecords(file("ping", noise(1, 700)),
			map[string]string{"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x20", "SCHILY.xattr.user.x": string(noise(2, 3000))})),
		"global header": writeTar(t, member{Header: tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header",
			PAXRecords: map[string]string{"comment": strings.Repeat("c", 500)}}}, file("f", []byte("1"))),
		"sparse, GNU":      fixture(t, "sparse-gnu.tar"),
		"sparse, PAX 0.0":  fixture(t, "sparse-0.0.tar"),
		"sparse, PAX 0.1":  fixture(t, "sparse-0.1.tar"),
		"sparse, PAX 1.0":  fixture(t, "sparse-1.0.tar"),
		"many small files": manySmallFiles(t, 3000),
	}
	for name, blob := range tests {
		t.Run(name, func(t *testing.T) {
			b := checkRoundTrip(t, blob, recipe.Tar)
			files := list(t, blob)
			if diff := cmp.Diff(files, b.listed(t)); diff != "" {
				t.Errorf("files (-want +got):\n%.2000s", diff)
			}
			var contents strings.Builder
			for _, f := range files {
				contents.WriteString(f.Content)
			}
			if string(b.stream()) != contents.String() {
				t.Errorf("%d bytes of data are not the contents of the files, %d bytes", len(b.stream()), contents.Len())
			}
			longer := checkRoundTrip(t, append(bytes.Clone(blob), make([]byte, 9*1024)...), recipe.Tar)
			if !slices.Equal(longer.emitted, b.emitted) {
				t.Error("padding changed the chunks")
			}
		})
	}
}

func TestSparseContents(t *testing.T) {
	var want strings.Builder
	for i := range 30 {
		want.WriteString(strings.Repeat(string(rune('A'+i%26)), 512))
	}
	for _, form := range []string{"gnu", "0.0", "0.1", "1.0"} {
		t.Run(form, func(t *testing.T) {
			b := build(t, bytes.NewReader(fixture(t, "sparse-"+form+".tar")), recipe.Tar)
			if diff := cmp.Diff([]listed{{Name: "sparse", Content: want.String()}}, b.listed(t)); diff != "" {
				t.Errorf("files (-want +got):\n%.2000s", diff)
			}
			if got := string(b.stream()); got != want.String() {
				t.Errorf("%d bytes of data are not the %d of the file without its holes", len(got), want.Len())
			}
		})
	}
}

// TestChangedHeaders has all times, owners, modes and header formats change: no chunk may.
func TestChangedHeaders(t *testing.T) {
	members := func(change func(*tar.Header)) []member {
		all := []member{
			directory("etc/"), file("etc/passwd", noise(1, 1500)), file("etc/group", noise(2, 1)), file("bin/sh", noise(3, 300_000)),
			file("empty", nil), file("lib/libc.so", noise(4, 9<<20)), link(tar.TypeSymlink, "bin/bash", "sh"), file("z", noise(5, 4000)),
		}
		for i := range all {
			change(&all[i].Header)
		}
		return all
	}
	before := build(t, bytes.NewReader(writeTar(t, members(func(*tar.Header) {})...)), recipe.Tar)
	changes := map[string]func(*tar.Header){
		"time":   func(h *tar.Header) { h.ModTime = h.ModTime.Add(time.Hour) },
		"PAX":    func(h *tar.Header) { h.Format, h.ModTime = tar.FormatPAX, time.Unix(1, 5) },
		"GNU":    func(h *tar.Header) { h.Format, h.AccessTime = tar.FormatGNU, time.Unix(1, 0) },
		"owner":  func(h *tar.Header) { h.Uid, h.Gid, h.Uname, h.Gname = 1, 2, "user", "group" },
		"mode":   func(h *tar.Header) { h.Mode = 0o7777 },
		"name":   func(h *tar.Header) { h.Name = "x/" + h.Name },
		"xattrs": func(h *tar.Header) { h.PAXRecords = map[string]string{"SCHILY.xattr.user.a": "b"} },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			after := checkRoundTrip(t, writeTar(t, members(change)...), recipe.Tar)
			if after.Digest == before.Digest {
				t.Fatal("the tar did not change")
			}
			if !slices.Equal(before.emitted, after.emitted) {
				t.Error("chunks changed")
			}
		})
	}
}

// TestFilesHaveTheirOwnChunks checks that a file that is not small is cut the same wherever it stands, and small ones
// together.
func TestFilesHaveTheirOwnChunks(t *testing.T) {
	alone := map[string]*built{}
	var members []member
	for name, size := range map[string]int{"a": codec.MinChunk, "b": codec.MinChunk + 1, "c": 200_000, "d": 9 << 20} {
		content := noise(uint64(size), size)
		alone[name] = build(t, bytes.NewReader(content), recipe.Plain)
		for range 5 {
			members = append(members, file("small", noise(9, 1000)))
		}
		members = append(members, file(name, content))
	}
	b := checkRoundTrip(t, writeTar(t, members...), recipe.Tar)
	chunks, offset := b.emitted, int64(0)
	next := func() (c codec.Chunk) {
		c, chunks = chunks[0], chunks[1:]
		offset += int64(c.Size)
		return c
	}
	for _, f := range b.files(t) {
		if f.Name == "small" {
			continue
		}
		if c := next(); c.Size != 5*1000 || offset != f.Offset {
			t.Errorf("five small files before %s are in a chunk of %d bytes", f.Name, c.Size)
		}
		for _, want := range alone[f.Name].emitted {
			if got := next(); got != want {
				t.Fatalf("file %s: chunk %v, which by itself is %v", f.Name, got, want)
			}
		}
	}
}

// TestEmittedFiles checks that a chunk is emitted with the files that it has bytes of.
func TestEmittedFiles(t *testing.T) {
	members := []member{file("empty", nil)}
	for i := range 300 {
		members = append(members, file(fmt.Sprintf("small%d", i), noise(uint64(i), 1+i*7)))
	}
	members = append(members, file("large", noise(1, 9<<20)), file("last", noise(2, 1)))
	b := checkRoundTrip(t, writeTar(t, members...), recipe.Tar)
	files, offset := b.files(t), int64(0)
	for i, c := range b.emitted {
		end := offset + int64(c.Size)
		var want []recipe.File
		for _, f := range files {
			if f.Offset < end && f.Offset+f.Size > offset {
				want = append(want, f)
			}
		}
		if diff := cmp.Diff(want, b.with[i]); diff != "" {
			t.Fatalf("files of chunk %d (-want +got):\n%s", i, diff)
		}
		offset = end
	}
}

func TestPlain(t *testing.T) {
	for name, blob := range map[string][]byte{
		"nothing":   nil,
		"one byte":  {1},
		"a config":  []byte(`{"architecture":"amd64"}`),
		"a tar":     manySmallFiles(t, 50),
		"zeros":     make([]byte, 3*codec.MaxChunk),
		"long":      noise(1, 20<<20),
		"a buffer":  noise(2, codec.BatchSize),
		"a buffer+": noise(3, codec.BatchSize+1),
	} {
		t.Run(name, func(t *testing.T) {
			b := checkRoundTrip(t, blob, recipe.Plain)
			if !bytes.Equal(b.stream(), blob) {
				t.Error("the chunks are not the blob")
			}
			if files := b.files(t); len(files) > 0 {
				t.Errorf("files in a plain blob: %v", files)
			}
		})
	}
}
