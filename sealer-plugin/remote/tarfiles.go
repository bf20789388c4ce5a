package remote

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

const (
	maxEntries = 1 << 20 // of an archive
	maxLinks   = 8       // that lead from one to the next
)

// tarFiles are the files in a tar archive on disk, which is read once to find them. They are read where they lie.
type tarFiles struct {
	file    *os.File
	entries map[string]tarEntry
}

// tarEntry is a file at an offset, or a link to the entry named by link.
type tarEntry struct {
	offset, size int64
	link         string
}

func openTar(ctx context.Context, name string) (*tarFiles, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("file %w", ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	t := &tarFiles{file: f, entries: make(map[string]tarEntry)}
	if err = refuseCompressed(f); err == nil {
		err = t.scan(ctx)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return t, nil
}

// compressions are the first bytes of compressed files.
var compressions = []struct{ magic, name string }{
	{"\x1f\x8b", "gzip"},
	{"\x28\xb5\x2f\xfd", "zstd"},
	{"BZh", "bzip2"},
	{"\xfd7zXZ\x00", "xz"},
}

// compression is the name of what compressed a file that begins with head, or "".
func compression(head []byte) string {
	for _, c := range compressions {
		if bytes.HasPrefix(head, []byte(c.magic)) {
			return c.name
		}
	}
	return ""
}

// refuseCompressed says what to do with an archive in which nothing can be found without unpacking it.
func refuseCompressed(f *os.File) error {
	head := make([]byte, 8)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	if name := compression(head[:n]); name != "" {
		return fmt.Errorf("the archive is compressed with %s; decompress it first", name)
	}
	return nil
}

func (t *tarFiles) scan(ctx context.Context) error {
	r := tar.NewReader(t.file) // seeks over the content of files
	for {
		if err := cause(ctx); err != nil {
			return err
		}
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return damaged("the archive cannot be read: %v", err)
		}
		if len(t.entries) == maxEntries {
			return damaged("the archive has more than %d entries", maxEntries)
		}
		if err := t.add(h); err != nil {
			return err
		}
	}
}

func (t *tarFiles) add(h *tar.Header) error {
	name := cleanName(h.Name)
	switch h.Typeflag {
	case tar.TypeReg:
		for key := range h.PAXRecords {
			if strings.HasPrefix(key, "GNU.sparse.") {
				return fmt.Errorf("the archive has a sparse file, %q, which cannot be read in part", name)
			}
		}
		offset, err := t.file.Seek(0, io.SeekCurrent) // tar.Reader reads no more than the header
		if err != nil {
			return err
		}
		t.entries[name] = tarEntry{offset: offset, size: h.Size}
	case tar.TypeSymlink:
		t.entries[name] = tarEntry{link: cleanName(path.Join(path.Dir(name), h.Linkname))}
	case tar.TypeLink:
		t.entries[name] = tarEntry{link: cleanName(h.Linkname)}
	}
	return nil
}

// cleanName is the name of an entry without "./" and the like; it never leads out of the archive.
func cleanName(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// find follows links.
func (t *tarFiles) find(name string) (tarEntry, error) {
	at := cleanName(name)
	for range maxLinks {
		e, ok := t.entries[at]
		if !ok {
			break
		}
		if e.link == "" {
			return e, nil
		}
		at = e.link
	}
	return tarEntry{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (t *tarFiles) open(name string) (*file, error) {
	e, err := t.find(name)
	if err != nil {
		return nil, err
	}
	return &file{io.NewSectionReader(t.file, e.offset, e.size), io.NopCloser(nil), e.size}, nil
}

func (t *tarFiles) Close() error { return t.file.Close() }
