package recipe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"

	"github.com/vbatts/tar-split/archive/tar"
)

// File is a file in a tar.
type File struct {
	Name   string // as the tar has it, which may be any bytes; never to be used as a path on disk
	Within string // the file of the blob's own tar that it is inside of, compressed; empty if it is one of these itself
	Size   int64  // bytes of its contents in the tar, where the holes of a sparse file take none
	Offset int64  // where these begin in the data stream, that is in Chunks back to back

	// Of a file that is inside of Within: where in that the deflate stream begins that it is inside of; if that is inside of
	// the first one, where it begins in what this inflates to, and so on. At is where its contents begin in what the last one
	// inflates to. There are none if that is not known, or if it is inside of a zstd frame.
	Streams []int64
	At      int64
}

// Files iterates over the files in a tar, in order, without reading any chunk. They are the entries that can have
// contents, so no directories and links; names can repeat. Of a gzip file that can be made again, the files are listed that are in the
// tar inside of it; if it is no tar, what is inside is a file of the same name. A blob that is no tar has none. An error ends
// the iteration.
func (r *Recipe) Files(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		l := &listing{ctx: ctx, skeleton: r.skeleton(), streams: r.Streams, yield: yield}
		(&listedContent{listing: l, end: math.MaxInt64}).list()
		if l.err != nil && !errors.Is(l.err, errStopped) {
			yield(File{}, fmt.Errorf("list files: %w", l.err))
		}
	}
}

var errStopped = errors.New("iteration stopped")

// listing goes through the content of a blob without its data.
type listing struct {
	ctx      context.Context // of the one iteration that this is for
	skeleton *skeleton
	streams  []Stream // that did not begin yet
	yield    func(File, error) bool
	err      error // why it ended, other than at the end

	literals []byte // of the present pair, what is left
	data     uint64 // likewise
	at       int64  // position in the content
	passed   int64  // bytes of data so far
}

func (l *listing) put(f File) {
	if l.err == nil && !l.yield(f, nil) {
		l.err = errStopped
	}
}

// take drops up to n bytes, and returns how many that are and, if they are literals, these.
func (l *listing) take(n uint64) (taken uint64, literals []byte) {
	if len(l.literals) > 0 {
		n = min(n, uint64(len(l.literals)))
		literals, l.literals = l.literals[:n], l.literals[n:]
	} else {
		n = min(n, l.data)
		l.data -= n
		l.passed += int64(n)
	}
	l.at += int64(n)
	return n, literals
}

// listedContent is a blob, or what is inside of a stream, with zeros for all its data and for its own streams. A tar.Reader
// takes it apart as it took the tar, since what it looks at are literals.
type listedContent struct {
	*listing
	end    int64  // position in the content
	within string // file of the blob's own tar that it is inside of

	pos     int64   // bytes that were passed, with those of its streams
	path    []int64 // the streams that it is inside of, as a File has them
	literal bool    // there was one
	name    string  // of the file that a tar.Reader is at
	start   int64   // where that begins
	inside  bool    // what is inside of that file was listed
	hidden  uint64  // bytes of a stream that was gone through, still to be read
	sought  int64   // bytes passed by seeking
	listed  bool    // there was a file
}

var _ io.ReadSeeker = (*listedContent)(nil)

// list yields the files of all archives, and goes to the end.
func (c *listedContent) list() {
	for more := true; more; {
		end := c.listArchive()
		more = errors.Is(end, io.EOF) && c.skipPadding()
	}
	c.name = ""
	for c.fill() {
		c.skip(math.MaxUint64)
	}
}

// listArchive yields the files of an archive and returns why it ended: io.EOF at its end.
func (c *listedContent) listArchive() error {
	r := tar.NewReader(c)
	var file *File // whose contents the reader is at
	for {
		header, err := r.Next()
		if c.err != nil {
			return c.err
		}
		if file != nil && !c.inside {
			file.Size = c.passed - file.Offset
			c.listed = true
			c.put(*file)
		}
		file, c.name, c.inside = nil, "", false
		if c.err != nil || err != nil {
			return cmp.Or(c.err, err)
		}
		if hasContents(header.Typeflag) {
			file = &File{Name: header.Name, Within: c.within, Offset: c.passed}
			if c.within != "" {
				file.Streams, file.At = c.path, c.pos
			}
			c.name, c.start = header.Name, c.pos
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
func (c *listedContent) skipPadding() bool {
	var skipped uint64
	for c.fill() {
		ahead := c.literals[:min(uint64(len(c.literals)), c.room())]
		if c.hidden > 0 || len(ahead) == 0 {
			skipped += c.skip(math.MaxUint64)
			continue
		}
		zeros := leadingZeros(ahead)
		skipped += uint64(zeros)
		if zeros < len(ahead) {
			// An archive begins with the block that the first other byte is in.
			back := int(skipped % blockSize)
			c.literals = append(make([]byte, back), c.literals[zeros:]...)
			c.at += int64(zeros - back)
			c.pos += int64(zeros - back)
			return true
		}
		c.pass(uint64(zeros))
	}
	return false
}

// fill makes what comes next known: bytes of a stream that was gone through, literals or data. It returns false at the end,
// and on an error.
func (c *listedContent) fill() bool {
	for c.hidden == 0 {
		switch {
		case c.err != nil || c.at == c.end:
			return false
		case len(c.streams) > 0 && c.streams[0].Start == c.at:
			c.enter(c.streams[0])
		case len(c.literals) == 0 && c.data == 0:
			var err error
			if c.literals, c.data, err = c.skeleton.next(c.ctx); err != nil {
				c.err = ignoreEOF(err)
				return false
			}
		default:
			return true
		}
	}
	return c.err == nil
}

// enter lists what is inside of a stream, which begins here.
func (c *listedContent) enter(s Stream) {
	c.streams = c.streams[1:]
	inner := &listedContent{listing: c.listing, end: s.end(), within: cmp.Or(c.within, c.name)}
	switch {
	case s.IsZstd(), c.within != "" && c.path == nil: // whoever reads by the path does not look into frames
	case c.within != "":
		inner.path = append(slices.Clone(c.path), c.pos)
	case c.name != "":
		inner.path = []int64{c.pos - c.start}
	}
	start := c.passed
	inner.list()
	if inner.literal {
		inner.path = nil // where the data begin was not looked at
	}
	if !inner.listed && c.name != "" && c.passed > start {
		c.put(File{Name: c.name, Within: inner.within, Size: c.passed - start, Offset: start, Streams: inner.path})
	}
	c.inside, c.listed, c.hidden = true, true, uint64(s.Size)
}

// room returns how many of the next literals or data are of this content.
func (c *listedContent) room() uint64 {
	room := c.end - c.at
	if len(c.streams) > 0 {
		room = min(room, c.streams[0].Start-c.at)
	}
	return uint64(room)
}

// skip passes up to n bytes of one kind, and returns how many.
func (c *listedContent) skip(n uint64) uint64 {
	if c.hidden > 0 {
		n = min(n, c.hidden)
		c.hidden -= n
		c.pos += int64(n)
		return n
	}
	n, _ = c.pass(n)
	return n
}

// pass takes up to n of the next literals or data.
func (c *listedContent) pass(n uint64) (passed uint64, literals []byte) {
	passed, literals = c.take(min(n, c.room()))
	c.pos += int64(passed)
	c.literal = c.literal || literals != nil
	return passed, literals
}

// Read reads literals, or zeros for all else.
func (c *listedContent) Read(p []byte) (int, error) {
	if !c.fill() {
		return 0, cmp.Or(c.err, io.EOF)
	}
	if c.hidden > 0 {
		n := c.skip(uint64(len(p)))
		clear(p[:n])
		return int(n), nil
	}
	n, literals := c.pass(uint64(len(p)))
	clear(p[copy(p, literals):n])
	return int(n), nil
}

// Seek skips offset bytes, or what there is of them.
func (c *listedContent) Seek(offset int64, whence int) (int64, error) {
	for left := uint64(offset); left > 0 && c.fill(); {
		n := c.skip(left)
		left -= n
		c.sought += int64(n)
	}
	return c.sought, c.err
}
