package remote

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// archiveTarget writes an OCI layout into a tar file: the blobs in the order in which they come, and at last the rest: when
// an image is tagged, unless it takes several. Until then the file is FILE.partial, which the next one who writes FILE
// takes over.
type archiveTarget struct {
	*layout
	opts    Options
	path    string
	several bool // images

	made growingFiles
	mu   sync.Mutex // guards all below, and writes to made
	temp *os.File   // nil before the first write and after Close
	done bool
}

var _ Target = (*archiveTarget)(nil)

func openArchiveTarget(ref Reference, opts Options) (*archiveTarget, error) {
	t := &archiveTarget{opts: opts, path: ref.Path}
	t.layout = newLayout(ref, &t.made, opts)
	if info, err := os.Stat(ref.Path); err == nil && !info.Mode().IsRegular() {
		return nil, localError(t.name, "open", errors.New("not a regular file"))
	}
	return t, nil
}

// growingFiles are the entries written so far, and the index.json that will come after them.
type growingFiles struct {
	mu    sync.RWMutex
	files tarFiles
	index []byte // nil before there is an image
}

func (g *growingFiles) open(name string) (*file, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if name == ocispec.ImageIndexFile && g.index != nil {
		return &file{bytes.NewReader(g.index), io.NopCloser(nil), int64(len(g.index))}, nil
	}
	return g.files.open(name)
}

func (g *growingFiles) setIndex(data []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.index = data
}

func (g *growingFiles) add(name string, e tarEntry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.files.entries[name] = e
}

// begin tells where the entries are.
func (g *growingFiles) begin(f *os.File, entries map[string]tarEntry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.files = tarFiles{file: f, entries: entries}
}

func (g *growingFiles) Close() error { return nil }

// prepare makes the temporary file.
func (t *archiveTarget) prepare() error {
	if t.done {
		return errors.New("the archive is complete already; it takes one image")
	}
	if t.temp != nil {
		return nil
	}
	f, err := openPartial(t.path + ".partial")
	if err != nil {
		return err
	}
	t.temp = f
	t.made.begin(f, make(map[string]tarEntry))
	return f.Truncate(0)
}

// openPartial opens a file that no other process writes to.
func openPartial(name string) (*os.File, error) {
	for {
		lock, err := openLock(name)
		if err != nil {
			return nil, err
		}
		alone, err := lock.tryExclusive()
		if err == nil && !alone {
			err = fmt.Errorf("another process is writing %s", name)
		}
		var opened, named os.FileInfo
		if err == nil {
			opened, err = lock.file.Stat()
		}
		if err != nil {
			return nil, errors.Join(err, lock.Close())
		}
		if named, err = os.Stat(name); err == nil && os.SameFile(opened, named) {
			return lock.file, nil
		}
		_ = lock.Close() // another process has just completed it, so that it has another name now
	}
}

// Push appends a blob. Others that are pushed at the same time wait.
func (t *archiveTarget) Push(ctx context.Context, desc ocispec.Descriptor, content io.Reader) error {
	return localError(t.name, "push "+desc.Digest.String(), t.push(ctx, desc, content))
}

func (t *archiveTarget) push(ctx context.Context, desc ocispec.Descriptor, content io.Reader) error {
	verified, err := newVerifyReader(content, desc)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if there, err := t.Exists(ctx, desc); there || err != nil {
		return err
	}
	if err := t.prepare(); err != nil {
		return err
	}
	return t.append(blobName(desc.Digest), desc.Size, &cancelReader{ctx, verified})
}

// append writes an entry. If that fails, the archive is as it was before.
func (t *archiveTarget) append(name string, size int64, content io.Reader) (err error) {
	start, err := t.temp.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, seekErr := t.temp.Seek(start, io.SeekStart)
			err = errors.Join(err, seekErr, t.temp.Truncate(start))
		}
	}()
	w := tar.NewWriter(countedWriter{t.temp, &t.meter.sent})
	if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: size, Format: entryFormat(size)}); err != nil {
		return err
	}
	offset, err := t.temp.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, content); err != nil {
		return err
	}
	if err := w.Flush(); err != nil { // pads, and does not end the archive
		return err
	}
	t.made.add(name, tarEntry{offset: offset, size: size})
	return nil
}

// entryFormat is the plainest format that can say the size.
func entryFormat(size int64) tar.Format {
	if size < 8<<30 {
		return tar.FormatUSTAR
	}
	return tar.FormatPAX
}

// PushReference writes a manifest, then tags it.
func (t *archiveTarget) PushReference(ctx context.Context, desc ocispec.Descriptor, content io.Reader, reference string) error {
	if err := t.Push(ctx, desc, content); err != nil {
		return err
	}
	return t.Tag(ctx, desc, reference)
}

// Tag lists the image. The archive is complete then, unless it takes several.
func (t *archiveTarget) Tag(ctx context.Context, desc ocispec.Descriptor, reference string) error {
	reference = cmp.Or(reference, defaultTag)
	return localError(t.name, "tag "+desc.Digest.String()+" as "+reference, t.tag(ctx, desc, reference))
}

func (t *archiveTarget) tag(ctx context.Context, desc ocispec.Descriptor, tag string) error {
	if !layoutTag.MatchString(tag) {
		return fmt.Errorf("%w: %q cannot be a tag", ErrReference, tag)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.prepare(); err != nil {
		return err
	}
	if there, err := t.Exists(ctx, desc); !there {
		return errors.Join(err, fmt.Errorf("manifest %w", ErrNotFound))
	}
	index, err := t.index()
	if errors.Is(err, fs.ErrNotExist) {
		index, err = emptyIndex(), nil
	}
	if err != nil {
		return err
	}
	if err := index.tag(desc, tag); err != nil {
		return err
	}
	data, err := index.encode()
	if err != nil {
		return err
	}
	t.made.setIndex(data)
	if t.several {
		return nil
	}
	return t.complete()
}

// complete writes what makes an archive of the blobs, and puts it in its place.
func (t *archiveTarget) complete() error {
	index := t.made.index
	if err := t.append(ocispec.ImageIndexFile, int64(len(index)), bytes.NewReader(index)); err != nil {
		return err
	}
	if err := t.append(ocispec.ImageLayoutFile, int64(len(layoutVersion)), strings.NewReader(layoutVersion)); err != nil {
		return err
	}
	if _, err := t.temp.Write(make([]byte, 1024)); err != nil { // the two blocks that end a tar archive
		return err
	}
	partial := t.temp
	if err := partial.Sync(); err != nil {
		return err
	}
	if err := partial.Close(); err != nil { // Windows renames no open file
		return err
	}
	if err := os.Rename(partial.Name(), t.path); err != nil {
		return err
	}
	t.done = true
	complete, err := os.Open(t.path)
	if err != nil {
		return err
	}
	t.temp = complete
	t.made.begin(complete, t.made.files.entries)
	return syncDir(filepath.Dir(t.path))
}

// Mount copies the blob.
func (t *archiveTarget) Mount(ctx context.Context, desc ocispec.Descriptor, from Reference) error {
	return copyBlob(ctx, t, desc, from, t.opts)
}

// Close throws away what was not completed.
func (t *archiveTarget) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.temp == nil {
		return nil
	}
	var err error
	if !t.done {
		err = removeTemp(t.temp.Name())
	}
	err = errors.Join(err, t.temp.Close())
	t.temp, t.done = nil, true
	return localError(t.name, "close", err)
}
