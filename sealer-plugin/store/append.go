package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// A pack is sealed when it reaches one of these. The second bounds the table of a pack whose frames shrank to nothing.
const (
	packTarget       = 8 << 20 // bytes of frames
	packChunksTarget = 8 << 10
)

// Append adds a compressed frame and the chunks that are known to lie in it; other parts of the frame stay unnamed. The
// caller has verified the chunks. Neither frame nor extents are kept.
//
// The chunks can be found and read when Append has completed a pack (about 8 MiB), or after Flush. Until then a crash
// loses them. After an error in writing, of a full disk for example, what was appended since the last Flush may be lost,
// and Append and Flush return that error until the store is opened again. It can still be read.
func (s *Store) Append(ctx context.Context, compressed []byte, extents []codec.Extent) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := newFrame(compressed, extents)
	if err != nil {
		return fmt.Errorf("append to store %s: %w", s.dir, err)
	}
	s.appending.RLock()
	defer s.appending.RUnlock()
	full, err := s.write(compressed, f)
	if err != nil || full == nil {
		return err
	}
	return s.seal(full)
}

func newFrame(compressed []byte, extents []codec.Extent) (frame, error) {
	if len(compressed) > codec.MaxCompressedFrame {
		return frame{}, fmt.Errorf("frame of %d compressed bytes is outside the limits", len(compressed))
	}
	raw, err := rawSize(compressed)
	if err != nil {
		return frame{}, err
	}
	f := frame{size: uint32(len(compressed)), raw: raw, extents: slices.Clone(extents)}
	return f, f.check()
}

// write adds the frame to the pending pack, which it returns when it is full and no longer pending.
func (s *Store) write(compressed []byte, f frame) (full *packWriter, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return nil, s.failed
	}
	if s.pending == nil {
		d, err := newDraft(s.path("tmp"))
		if err != nil {
			return nil, s.failLocked(err)
		}
		s.pending = &packWriter{draft: d, number: s.next}
		s.next++
	}
	if err := s.pending.add(compressed, f); err != nil {
		s.pending.draft.discard()
		s.pending = nil
		return nil, s.failLocked(err)
	}
	if s.pending.full() {
		s.sealing.Lock() // whoever appends waits, too: a crash loses two packs at most
		full, s.pending = s.pending, nil
	}
	return full, nil
}

// seal makes a pack durable and then visible, and enters its chunks in the index. If the last step fails, Open does it.
// The caller has locked s.sealing; seal unlocks it.
func (s *Store) seal(p *packWriter) error {
	err := p.finish(s.packPath(p.number))
	if err == nil {
		err = s.index.add(p.number, p.frames)
	}
	s.sealing.Unlock() // before fail, which waits for whoever waits for this
	if err != nil {
		return s.fail(err)
	}
	return nil
}

// Flush makes everything durable and readable that was appended before. Appends that come meanwhile wait.
func (s *Store) Flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.appending.Lock()
	defer s.appending.Unlock()
	return s.flush()
}

// flush does what Flush does; s.appending is held alone.
func (s *Store) flush() error {
	s.mu.Lock()
	p, failed := s.pending, s.failed
	s.pending = nil
	s.mu.Unlock()
	if p == nil {
		return failed
	}
	if failed != nil {
		p.draft.discard()
		return failed
	}
	s.sealing.Lock()
	return s.seal(p)
}

// fail notes that the store cannot be written to any more, and why, and returns the error that is to be reported. What
// the system still keeps of a file after a failed write or fsync is unknown, so nothing is built on it.
func (s *Store) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failLocked(err)
}

func (s *Store) failLocked(err error) error {
	err = fmt.Errorf("write to store %s: %w", s.dir, err)
	if s.failed == nil {
		s.failed = err
	}
	return err
}

// packWriter is a pack that is being written.
type packWriter struct {
	draft  *draft
	number uint32
	frames []frame
	size   int64
	chunks uint32
}

func (p *packWriter) add(compressed []byte, f frame) error {
	if _, err := p.draft.Write(compressed); err != nil {
		return err
	}
	f.offset, f.first = p.size, p.chunks
	p.frames = append(p.frames, f)
	p.size += int64(f.size)
	p.chunks += uint32(len(f.extents))
	return nil
}

func (p *packWriter) full() bool { return p.size >= packTarget || p.chunks >= packChunksTarget }

// finish completes the pack file and publishes it at path. After an error the draft is gone.
func (p *packWriter) finish(path string) error {
	if _, err := p.draft.Write(appendTable(nil, p.frames)); err != nil {
		p.draft.discard()
		return err
	}
	return p.draft.publish(path)
}
