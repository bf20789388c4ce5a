package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// files are the files of a layout: those of a directory, or the entries of an archive. Names have slashes. What is not there
// is an error that wraps fs.ErrNotExist.
type files interface {
	open(name string) (*file, error)
	io.Closer
}

// file is an open file of known size.
type file struct {
	io.ReaderAt
	io.Closer
	size int64
}

// layout is an OCI image layout (image-spec, image-layout.md).
type layout struct {
	name  string // for errors
	files files
	meter *Meter
}

var _ Source = (*layout)(nil)

func openLayout(ref Reference, opts Options) (*layout, error) {
	l := newLayout(ref, dirFiles(ref.Path), opts)
	switch info, err := os.Stat(ref.Path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, localError(l.name, "open", fmt.Errorf("directory %w", ErrNotFound))
	case err != nil:
		return nil, localError(l.name, "open", err)
	case !info.IsDir():
		return nil, localError(l.name, "open", errors.New("not a directory"))
	}
	return l, l.checkVersion()
}

func newLayout(ref Reference, files files, opts Options) *layout {
	ref.Tag, ref.Digest = "", ""
	l := &layout{name: ref.String(), files: files, meter: opts.Meter}
	if l.meter == nil {
		l.meter = new(Meter)
	}
	return l
}

// checkVersion makes sure that it is an OCI layout at all.
func (l *layout) checkVersion() error {
	data, err := l.readFile(ocispec.ImageLayoutFile)
	var version ocispec.ImageLayout
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("not an OCI layout: it has no file %q", ocispec.ImageLayoutFile)
	case err != nil:
	case json.Unmarshal(data, &version) != nil:
		err = damaged("file %q cannot be read", ocispec.ImageLayoutFile)
	case version.Version != ocispec.ImageLayoutVersion:
		err = fmt.Errorf("an OCI layout of version %q; known is %q", version.Version, ocispec.ImageLayoutVersion)
	}
	return localError(l.name, "open", err)
}

// readFile reads a small file.
func (l *layout) readFile(name string) ([]byte, error) {
	f, err := l.files.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if f.size > MaxManifest {
		return nil, damaged("file %q has %d bytes, at most %d are allowed", name, f.size, MaxManifest)
	}
	data := make([]byte, f.size)
	_, err = io.ReadFull(l.section(f, 0, f.size), data)
	return data, err
}

func (l *layout) section(f *file, offset, length int64) io.Reader {
	return io.NewSectionReader(countedReaderAt{f, &l.meter.received}, offset, length)
}

// blobName is the name of the file of a blob. The digest must be valid.
func blobName(d digest.Digest) string {
	return path.Join(ocispec.ImageBlobsDir, d.Algorithm().String(), d.Encoded())
}

// openBlob opens a blob, and makes sure that it has the size that it should have.
func (l *layout) openBlob(desc ocispec.Descriptor) (*file, error) {
	f, err := l.files.open(blobName(desc.Digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("blob %w", ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if f.size != desc.Size {
		_ = f.Close()
		return nil, damaged("it has %d bytes instead of %d", f.size, desc.Size)
	}
	return f, nil
}

// Exists says whether there is a blob of that digest and size. That it has the digest is only found out when it is read.
func (l *layout) Exists(_ context.Context, desc ocispec.Descriptor) (bool, error) {
	if err := checkDescriptor(desc); err != nil {
		return false, localError(l.name, "look for a blob", err)
	}
	f, err := l.files.open(blobName(desc.Digest))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, localError(l.name, "look for "+desc.Digest.String(), err)
	}
	return f.size == desc.Size, f.Close()
}

// IsNear says that a blob can be fetched again at little cost.
func (*layout) IsNear(ocispec.Descriptor) bool { return true }

// localBlob is a blob that is read and verified, and of which any part can be read besides, unverified.
type localBlob struct {
	errorReader
	io.ReaderAt
}

// Fetch reads and verifies a blob. What it returns is an io.ReaderAt, too, which verifies nothing.
func (l *layout) Fetch(_ context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if err := checkDescriptor(desc); err != nil {
		return nil, localError(l.name, "fetch", err)
	}
	doing := "fetch " + desc.Digest.String()
	f, err := l.openBlob(desc)
	if err != nil {
		return nil, localError(l.name, doing, err)
	}
	verified, err := newVerifyReader(l.section(f, 0, desc.Size), desc)
	return &localBlob{errorReader{verified, f, func(err error) error { return localError(l.name, doing, err) }}, f}, err
}

// FetchRange reads a part of a blob; start is always offset.
func (l *layout) FetchRange(_ context.Context, desc ocispec.Descriptor, offset, length int64) (io.ReadCloser, int64, error) {
	if err := checkRange(desc, offset, length); err != nil {
		return nil, 0, localError(l.name, "fetch", err)
	}
	f, err := l.openBlob(desc)
	if err != nil {
		return nil, 0, localError(l.name, "fetch "+desc.Digest.String(), err)
	}
	return readCloser{l.section(f, offset, length), f}, offset, nil
}

// Close closes an archive.
func (l *layout) Close() error { return localError(l.name, "close", l.files.Close()) }

// dirFiles are the files below a directory.
type dirFiles string

func (d dirFiles) open(name string) (*file, error) {
	f, err := os.Open(filepath.Join(string(d), filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: f.Name(), Err: errors.New("not a regular file")}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &file{f, f, info.Size()}, nil
}

func (d dirFiles) Close() error { return nil }

// sniffManifest returns the media type of what looks like a manifest, or "".
func sniffManifest(data []byte) string {
	var m struct {
		MediaType string            `json:"mediaType"`
		Config    json.RawMessage   `json:"config"`
		Layers    []json.RawMessage `json:"layers"`
		Manifests []json.RawMessage `json:"manifests"`
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&m); err != nil {
		return ""
	}
	switch {
	case isManifest(ocispec.Descriptor{MediaType: strings.TrimSpace(m.MediaType)}):
		return m.MediaType
	case m.Manifests != nil:
		return ocispec.MediaTypeImageIndex
	case m.Config != nil && m.Layers != nil:
		return ocispec.MediaTypeImageManifest
	}
	return ""
}
