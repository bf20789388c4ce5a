package recipe

import (
	"bufio"
	"bytes"
	"io"
)

// section reads a part of a content, and can go back to any place behind its mark.
type section struct {
	r    *bufio.Reader // where it is
	from io.Reader
	hash *hasher // of all bytes, unless nil

	start  int64  // in the content
	given  int64  // bytes that r got so far
	again  []byte // that r gets next, a second time
	kept   []byte // that r got since the mark
	marked bool
}

// newSection returns a section of the n bytes that r gives, which are at start in the content.
func newSection(r io.Reader, start, n int64) *section {
	s := &section{from: io.LimitReader(r, n), start: start}
	s.r = bufio.NewReaderSize(s, readSize)
	return s
}

// Read is what r reads through.
func (s *section) Read(p []byte) (n int, err error) {
	if len(s.again) > 0 {
		n = copy(p, s.again)
		s.again = s.again[n:]
	} else {
		n, err = s.from.Read(p)
		if s.hash != nil {
			s.hash.addCopy(p[:n])
		}
	}
	s.given += int64(n)
	if s.marked {
		s.kept = append(s.kept, p[:n]...)
	}
	return n, err
}

// position returns how many bytes were taken from r.
func (s *section) position() int64 { return s.given - int64(s.r.Buffered()) }

// mark keeps what is read from here on, and returns the position.
func (s *section) mark() int64 {
	ahead, _ := s.r.Peek(s.r.Buffered()) // never fails
	s.kept = append(s.kept[:0], ahead...)
	s.marked = true
	return s.position()
}

// since returns the bytes between two positions behind the mark, the second of which was reached. They are valid until more
// is read.
func (s *section) since(start, end int64) []byte {
	first := s.given - int64(len(s.kept))
	return s.kept[start-first : end-first]
}

// forget moves the mark to a position behind it.
func (s *section) forget(position int64) {
	s.kept = s.kept[:copy(s.kept, s.since(position, s.given))]
}

// rewind goes back to a position behind the mark, and removes the mark.
func (s *section) rewind(position int64) {
	s.again = append(bytes.Clone(s.since(position, s.given)), s.again...)
	s.given = position
	s.marked, s.kept = false, s.kept[:0]
	s.r.Reset(s)
}
