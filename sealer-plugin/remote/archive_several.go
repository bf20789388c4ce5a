package remote

import (
	"archive/tar"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Archive is an OCI layout in a tar file that takes several images. It is FILE.partial until Complete puts it in its
// place, and stays that when it is closed before: the next Archive of FILE has its intact blobs, and only those that its
// images have get into FILE.
type Archive struct{ *archiveTarget }

var _ Target = (*Archive)(nil)

// OpenArchive opens the oci-archive that ref names for writing, alone among all processes. It reads and verifies what
// an interrupted run left.
func OpenArchive(ctx context.Context, ref Reference, opts Options) (*Archive, error) {
	t, err := openArchiveTarget(ref, opts)
	if err != nil {
		return nil, err
	}
	t.several = true
	if err := t.resume(ctx); err != nil {
		return nil, localError(t.name, "open", err)
	}
	return &Archive{t}, nil
}

// resume takes over the blobs of the temporary file as far as they are intact, and cuts off the rest.
func (t *archiveTarget) resume(ctx context.Context) error {
	f, err := openPartial(t.path + ".partial")
	if err != nil {
		return err
	}
	entries, end, err := intactBlobs(ctx, f)
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err == nil {
		err = f.Truncate(end)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	t.temp = f
	t.made.begin(f, entries)
	return nil
}

// intactBlobs finds the blobs with which a tar archive begins, and where they end.
func intactBlobs(ctx context.Context, f *os.File) (entries map[string]tarEntry, end int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	entries = make(map[string]tarEntry)
	r := tar.NewReader(f)
	for h, torn := r.Next(); torn == nil; h, torn = r.Next() {
		offset, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, 0, err
		}
		e := tarEntry{offset: offset, size: h.Size}
		_, known := entries[h.Name]
		if known || e.end() > info.Size() || !isBlob(ctx, h, r) {
			break
		}
		entries[h.Name], end = e, e.end()
	}
	return entries, end, cause(ctx)
}

// isBlob says whether an entry is the blob that its name says.
func isBlob(ctx context.Context, h *tar.Header, content io.Reader) bool {
	d := digest.NewDigestFromEncoded(digest.Canonical, path.Base(h.Name))
	if d.Validate() != nil || h.Name != blobName(d) {
		return false
	}
	verified, err := newVerifyReader(content, ocispec.Descriptor{Digest: d, Size: h.Size})
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, &cancelReader{ctx, verified})
	return err == nil
}

// end returns where the next entry of a tar archive begins.
func (e tarEntry) end() int64 { return (e.offset + e.size + blockSize - 1) / blockSize * blockSize }

const blockSize = 512 // of a tar archive

// Complete makes the images that were tagged the content of FILE.
func (a *Archive) Complete() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.dropOthers()
	if err == nil {
		err = a.complete()
	}
	return localError(a.name, "complete", err)
}

// dropOthers drops the blobs that the images do not have. If it is interrupted, the next run finds the intact ones.
func (a *Archive) dropOthers() error {
	own, err := a.blobsOfImages()
	if err != nil {
		return err
	}
	entries := a.made.files.entries
	names := slices.SortedFunc(maps.Keys(entries), func(x, y string) int {
		return cmp.Compare(entries[x].offset, entries[y].offset)
	})
	kept := make(map[string]tarEntry)
	var start, to int64 // of the entry: where it is, and where it will be
	for _, name := range names {
		e := entries[name]
		length := e.end() - start
		if own[name] {
			if err := moveDown(a.temp, start, to, length); err != nil {
				return err
			}
			kept[name] = tarEntry{offset: e.offset - start + to, size: e.size}
			to += length
		}
		start += length
	}
	if _, err := a.temp.Seek(to, io.SeekStart); err != nil {
		return err
	}
	a.made.begin(a.temp, kept)
	return a.temp.Truncate(to)
}

// moveDown moves a part of a file to a place before it, or leaves it where it is.
func moveDown(f *os.File, from, to, length int64) error {
	if from == to {
		return nil
	}
	_, err := io.Copy(io.NewOffsetWriter(f, to), io.NewSectionReader(f, from, length))
	return err
}

// blobsOfImages returns the names of all blobs that the images lead to.
func (a *Archive) blobsOfImages() (map[string]bool, error) {
	index, err := a.index()
	if err != nil {
		return nil, err
	}
	var pending []ocispec.Descriptor
	for _, e := range index.entries {
		pending = append(pending, e.desc)
	}
	names := make(map[string]bool)
	for len(pending) > 0 {
		desc := pending[0]
		pending = pending[1:]
		name := blobName(desc.Digest)
		if names[name] {
			continue
		}
		names[name] = true
		if !isManifest(desc) {
			continue
		}
		own, err := a.namedBy(desc)
		if err != nil {
			return nil, fmt.Errorf("manifest %s: %w", desc.Digest, err)
		}
		pending = append(pending, own...)
	}
	return names, nil
}

// namedBy returns the descriptors in a manifest.
func (a *Archive) namedBy(desc ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	data, err := a.readFile(blobName(desc.Digest))
	if err != nil {
		return nil, err
	}
	var m struct {
		Config    *ocispec.Descriptor  `json:"config"`
		Layers    []ocispec.Descriptor `json:"layers"`
		Manifests []ocispec.Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, damaged("it cannot be read: %v", err)
	}
	all := slices.Concat(m.Layers, m.Manifests)
	if m.Config != nil {
		all = append(all, *m.Config)
	}
	for _, d := range all {
		if err := checkDescriptor(d); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Close keeps what is not complete for the next run.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.temp == nil {
		return nil
	}
	var err error
	if info, statErr := a.temp.Stat(); statErr == nil && info.Size() == 0 {
		err = removeTemp(a.temp.Name())
	}
	err = errors.Join(err, a.temp.Close())
	a.temp, a.done = nil, true
	return localError(a.name, "close", err)
}
