package remote

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// privateDir holds, inside a layout, what only Sealift needs while it writes. It may be deleted when nothing is being written.
const privateDir = ".sealift"

// layoutVersion is the content of the file oci-layout.
const layoutVersion = `{"imageLayoutVersion":"` + ocispec.ImageLayoutVersion + `"}`

// layoutTarget writes to a layout directory; several processes may do so at once. A blob becomes visible when it is
// complete, verified and on the disk; index.json is replaced as a whole, under a lock.
type layoutTarget struct {
	*layout
	opts Options
	dir  string

	mu    sync.Mutex
	inUse *fileLock // shared by all who write, so that the next one knows when what is unfinished is nobody's
}

var _ Target = (*layoutTarget)(nil)

func openLayoutTarget(ref Reference, opts Options) (*layoutTarget, error) {
	l := newLayout(ref, dirFiles(ref.Path), opts)
	if err := checkDestination(ref.Path); err != nil {
		return nil, localError(l.name, "open", err)
	}
	t := &layoutTarget{layout: l, opts: opts, dir: ref.Path}
	if _, err := os.Stat(t.path(ocispec.ImageLayoutFile)); err == nil {
		return t, l.checkVersion()
	}
	return t, nil
}

// checkDestination refuses a directory that is in use for something else. One in which a first push was interrupted is fine.
func checkDestination(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	ours := []string{privateDir, ocispec.ImageBlobsDir, ocispec.ImageIndexFile}
	for _, e := range entries {
		if e.Name() == ocispec.ImageLayoutFile {
			return nil
		}
		if !slices.Contains(ours, e.Name()) {
			err = fmt.Errorf("neither an OCI layout nor empty: it contains %q", e.Name())
		}
	}
	return err
}

func (t *layoutTarget) path(name string) string {
	return filepath.Join(t.dir, filepath.FromSlash(name))
}

func (t *layoutTarget) private(name string) string { return filepath.Join(t.dir, privateDir, name) }

// prepare makes the layout if it is not there, and removes what interrupted writers left.
func (t *layoutTarget) prepare() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.inUse != nil {
		return nil
	}
	if err := os.MkdirAll(t.private("tmp"), 0o777); err != nil {
		return err
	}
	lock, err := openLock(t.private("in-use"))
	if err != nil {
		return err
	}
	if err := errors.Join(t.sweep(lock), lock.share(), t.create()); err != nil {
		return errors.Join(err, lock.Close())
	}
	t.inUse = lock
	return nil
}

// sweep empties the directory of temporary files if nobody else writes.
func (t *layoutTarget) sweep(lock *fileLock) error {
	alone, err := lock.tryExclusive()
	if err != nil || !alone {
		return err
	}
	left, err := os.ReadDir(t.private("tmp"))
	for _, e := range left {
		err = errors.Join(err, os.Remove(filepath.Join(t.private("tmp"), e.Name())))
	}
	return err
}

// create writes the file that says that the directory is a layout, at last.
func (t *layoutTarget) create() error {
	if _, err := os.Stat(t.path(ocispec.ImageLayoutFile)); err == nil {
		return nil
	}
	if err := os.MkdirAll(t.path(ocispec.ImageBlobsDir), 0o777); err != nil {
		return err
	}
	if err := t.changeIndex(func(*layoutIndex) error { return nil }); err != nil {
		return err
	}
	if err := t.place(ocispec.ImageLayoutFile, strings.NewReader(layoutVersion)); err != nil {
		return err
	}
	return syncDir(filepath.Dir(filepath.Clean(t.dir)))
}

// place makes content the file of that name, in one step.
func (t *layoutTarget) place(name string, content io.Reader) error {
	return placeFile(t.path(name), t.private("tmp"), func(w io.Writer) error {
		_, err := io.CopyBuffer(countedWriter{w, &t.meter.sent}, content, make([]byte, copyBuffer))
		return err
	})
}

// changeIndex replaces index.json, alone among all processes.
func (t *layoutTarget) changeIndex(change func(*layoutIndex) error) (err error) {
	lock, err := openLock(t.private("index-lock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := lock.exclusive(); err != nil {
		return err
	}
	index, err := t.index()
	if errors.Is(err, fs.ErrNotExist) {
		index, err = emptyIndex(), nil
	}
	if err != nil {
		return err
	}
	if err := change(index); err != nil {
		return err
	}
	data, err := index.encode()
	if err != nil {
		return err
	}
	return t.place(ocispec.ImageIndexFile, bytes.NewReader(data))
}

// Push writes a blob. One of the same size that is there already is verified, and replaced if it is damaged.
func (t *layoutTarget) Push(ctx context.Context, desc ocispec.Descriptor, content io.Reader) error {
	return localError(t.name, "push "+desc.Digest.String(), t.push(ctx, desc, content))
}

func (t *layoutTarget) push(ctx context.Context, desc ocispec.Descriptor, content io.Reader) error {
	verified, err := newVerifyReader(content, desc)
	if err != nil {
		return err
	}
	if t.intact(ctx, desc) {
		return nil
	}
	if err := t.prepare(); err != nil {
		return err
	}
	name := blobName(desc.Digest)
	if err := makeDir(filepath.Dir(t.path(name))); err != nil {
		return err
	}
	return t.place(name, &cancelReader{ctx, verified})
}

func (t *layoutTarget) intact(ctx context.Context, desc ocispec.Descriptor) bool {
	rc, err := t.Fetch(ctx, desc)
	if err != nil {
		return false
	}
	defer func() { _ = rc.Close() }()
	_, err = io.Copy(io.Discard, &cancelReader{ctx, rc})
	return err == nil
}

// PushReference writes a manifest, then tags it.
func (t *layoutTarget) PushReference(ctx context.Context, desc ocispec.Descriptor, content io.Reader, reference string) error {
	if err := t.Push(ctx, desc, content); err != nil {
		return err
	}
	return t.Tag(ctx, desc, reference)
}

// Tag lists a manifest in index.json.
func (t *layoutTarget) Tag(ctx context.Context, desc ocispec.Descriptor, reference string) error {
	reference = cmp.Or(reference, defaultTag)
	return localError(t.name, "tag "+desc.Digest.String()+" as "+reference, t.tag(ctx, desc, reference))
}

func (t *layoutTarget) tag(ctx context.Context, desc ocispec.Descriptor, tag string) error {
	if !layoutTag.MatchString(tag) {
		return fmt.Errorf("%w: %q cannot be a tag", ErrReference, tag)
	}
	switch there, err := t.Exists(ctx, desc); {
	case err != nil:
		return err
	case !there:
		return fmt.Errorf("manifest %w", ErrNotFound)
	}
	if err := t.prepare(); err != nil {
		return err
	}
	return t.changeIndex(func(index *layoutIndex) error { return index.tag(desc, tag) })
}

// Mount makes the file of a blob in another layout, as nobody changes such files, the target's too, or copies the blob.
func (t *layoutTarget) Mount(ctx context.Context, desc ocispec.Descriptor, from Reference) error {
	there, err := t.Exists(ctx, desc)
	if there || err != nil {
		return err
	}
	if from.Transport == TransportOCI && t.link(ctx, desc, from) == nil {
		return nil
	}
	return copyBlob(ctx, t, desc, from, t.opts)
}

// link makes an intact blob of another layout on the same file system the target's too.
func (t *layoutTarget) link(ctx context.Context, desc ocispec.Descriptor, from Reference) error {
	other := &layoutTarget{layout: newLayout(from, dirFiles(from.Path), Options{}), dir: from.Path}
	file := other.path(blobName(desc.Digest))
	switch info, err := os.Lstat(file); {
	case err != nil:
		return err
	case !info.Mode().IsRegular() || !other.intact(ctx, desc):
		return codec.ErrDamaged
	}
	if err := t.prepare(); err != nil {
		return err
	}
	name := blobName(desc.Digest)
	dir := filepath.Dir(t.path(name))
	if err := makeDir(dir); err != nil {
		return err
	}
	if err := os.Link(file, t.path(name)); err != nil {
		return err
	}
	return syncDir(dir)
}

// copyBlob copies a blob from elsewhere, unless it is there.
func copyBlob(ctx context.Context, to Target, desc ocispec.Descriptor, from Reference, opts Options) error {
	if there, err := to.Exists(ctx, desc); there || err != nil {
		return err
	}
	src, err := OpenSource(ctx, from, opts)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	content, err := src.Fetch(ctx, desc)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	return to.Push(ctx, desc, content)
}

// Close lets others clean up.
func (t *layoutTarget) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.inUse == nil {
		return nil
	}
	err := t.inUse.Close()
	t.inUse = nil
	return localError(t.name, "close", err)
}

// cancelReader ends in the cause of its context.
type cancelReader struct {
	ctx context.Context
	io.Reader
}

func (c *cancelReader) Read(p []byte) (int, error) {
	if err := cause(c.ctx); err != nil {
		return 0, err
	}
	return c.Reader.Read(p)
}
