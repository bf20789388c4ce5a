package recipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/vbatts/tar-split/archive/tar"
)

// File is a file in a tar.
type File struct {
	Name   string // as the tar has it, which may be any bytes; never to be used as a path on disk
	Size   int64  // bytes of its contents in the tar, where the holes of a sparse file take none
	Offset int64  // where these begin in the data stream, that is in Chunks back to back
}

// Files iterates over the files in a tar, in order, without reading any chunk. They are the entries that can have
// contents, so no directories and links; names can repeat. A blob that is no tar has none. An error ends the
// iteration.
func (r *Recipe) Files(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		l := &listing{ctx: ctx, skeleton: r.skeleton()}
		for more := true; more; {
			end := l.readArchive(yield)
			if errors.Is(end, errStopped) {
				return
			}
			more = errors.Is(end, io.EOF) && l.skipPadding()
		}
		if l.err != nil {
			yield(File{}, fmt.Errorf("list files: %w", l.err))
		}
	}
}

var errStopped = errors.New("iteration stopped")

// listing is the tar from which a recipe was built, with zeros for all its data. A tar.Reader takes it apart as it
// took the tar, since what it looks at are literals.
type listing struct {
	ctx      context.Context // of the one iteration that this is for
	skeleton *skeleton
	err      error // why the skeleton cannot be read on, other than its end

	literals []byte // of the present pair, what is left
	data     uint64 // likewise
	passed   int64  // bytes of data so far
	sought   int64  // bytes passed by seeking
}

var _ io.ReadSeeker = (*listing)(nil)

// readArchive yields the files of an archive and returns why it ended: io.EOF at its end.
func (l *listing) readArchive(yield func(File, error) bool) error {
	r := tar.NewReader(l)
	var file *File // whose contents the reader is at
	for {
		header, err := r.Next()
		if l.err != nil {
			return l.err
		}
		if file != nil {
			file.Size = l.passed - file.Offset
			if !yield(*file, nil) {
				return errStopped
			}
			file = nil
		}
		if err != nil {
			return err
		}
		if hasContents(header.Typeflag) {
			file = &File{Name: header.Name, Offset: l.passed}
		}
	}
}

func hasContents(typeflag byte) bool {
	switch typeflag {
	case tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeDir, tar.TypeFifo, tar.TypeXGlobalHeader:
		return false
	}
	return true
}

// skipPadding skips zeros, and all data, behind an archive and says whether another one may follow.
func (l *listing) skipPadding() bool {
	var skipped uint64
	for l.fill() {
		zeros := leadingZeros(l.literals)
		skipped += uint64(zeros)
		if zeros < len(l.literals) {
			// An archive begins with the block that the first other byte is in.
			back := int(skipped % blockSize)
			if back > zeros {
				l.literals = append(make([]byte, back), l.literals[zeros:]...)
			} else {
				l.literals = l.literals[zeros-back:]
			}
			return true
		}
		skipped += l.data
		l.passed += int64(l.data)
		l.literals, l.data = nil, 0
	}
	return false
}

// fill makes literals or data non-empty. It returns false at the end, and on an error.
func (l *listing) fill() bool {
	for len(l.literals) == 0 && l.data == 0 {
		var err error
		if l.literals, l.data, err = l.skeleton.next(l.ctx); err != nil {
			l.err = ignoreEOF(err)
			return false
		}
	}
	return true
}

// Read reads literals, or zeros for data.
func (l *listing) Read(p []byte) (n int, err error) {
	if !l.fill() {
		if l.err != nil {
			return 0, l.err
		}
		return 0, io.EOF
	}
	if len(l.literals) > 0 {
		n = copy(p, l.literals)
		l.literals = l.literals[n:]
		return n, nil
	}
	n = int(min(uint64(len(p)), l.data))
	clear(p[:n])
	l.data -= uint64(n)
	l.passed += int64(n)
	return n, nil
}

// Seek skips offset bytes, or what there is of them.
func (l *listing) Seek(offset int64, whence int) (int64, error) {
	for left := uint64(offset); left > 0 && l.fill(); {
		n := min(left, uint64(len(l.literals)))
		l.literals = l.literals[n:]
		m := min(left-n, l.data)
		l.data -= m
		l.passed += int64(m)
		l.sought += int64(n + m)
		left -= n + m
	}
	return l.sought, l.err
}
