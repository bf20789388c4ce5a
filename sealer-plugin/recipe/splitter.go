package recipe

import (
	"context"
	"errors"
	"io"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// splitter reads data into a worker's linear memory and cuts it into chunks there.
type splitter struct {
	worker     *codec.Worker
	hash       *hasher
	emit       func(codec.Chunk, []byte) error
	buf        []byte // of the worker's memory
	start, end int    // buf[start:end] is not yet cut
	chunks     []codec.Chunk
}

func newSplitter(worker *codec.Worker, hash *hasher, emit func(codec.Chunk, []byte) error) *splitter {
	return &splitter{worker: worker, hash: hash, emit: emit, buf: worker.Buffer()[:codec.BatchSize]}
}

// read reads n bytes, or what there is of them, and returns how many it read. The end of r is no error.
func (s *splitter) read(ctx context.Context, r io.Reader, n int64) (int64, error) {
	var done int64
	for done < n {
		if s.end == len(s.buf) {
			if err := s.makeRoom(ctx); err != nil {
				return done, err
			}
		}
		room := s.buf[s.end:]
		m, err := r.Read(room[:min(int64(len(room)), n-done)])
		s.hash.add(room[:m])
		s.end += m
		done += int64(m)
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// cut ends the chunk that the last byte read is in.
func (s *splitter) cut(ctx context.Context) error { return s.split(ctx, true) }

// makeRoom cuts what can be cut for certain and moves the rest to the beginning of the memory.
func (s *splitter) makeRoom(ctx context.Context) error {
	if err := s.split(ctx, false); err != nil {
		return err
	}
	s.hash.wait()
	s.end = copy(s.buf, s.buf[s.start:s.end])
	s.start = 0
	if s.end == len(s.buf) {
		return errors.New("split gave no chunk of a full buffer")
	}
	return nil
}

// split cuts the bytes that are not yet cut; all of them if they are final.
func (s *splitter) split(ctx context.Context, final bool) (err error) {
	if s.start == s.end {
		return nil
	}
	s.hash.start()
	s.chunks, err = s.worker.Split(ctx, s.start, s.end-s.start, final, s.chunks[:0])
	if err != nil {
		return err
	}
	for _, c := range s.chunks {
		if err := s.emit(c, s.buf[s.start:s.start+int(c.Size)]); err != nil {
			return err
		}
		s.start += int(c.Size)
	}
	if final && s.start != s.end {
		return errors.New("split left a part of its input")
	}
	return nil
}
