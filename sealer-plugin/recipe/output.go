package recipe

// pieceSize is how many bytes a stage takes at once, about.
const pieceSize = 512 << 10

// part is what comes next in a sequence of bytes: those of a buffer or, if that is nil, all that a stream has.
type part struct {
	buffer []byte
	stream <-chan []byte // buffers too
}

// stage does something with a sequence of bytes, piece by piece, while the next ones are being made.
type stage struct {
	parts chan part // of the sequence, in order; closed at its end
	// do takes over a buffer, and is told whether it is the last. It is nil if the sequence is empty.
	do   func(buffer []byte, last bool) error
	free buffers
	held []byte // a buffer to which more may come
}

func newStage(free buffers, do func([]byte, bool) error) *stage {
	return &stage{parts: make(chan part, cap(free)), do: do, free: free}
}

// run takes the parts. It returns when all is done, or cannot be done.
func (s *stage) run() error {
	for part := range s.parts {
		if part.buffer != nil {
			if err := s.take(part.buffer); err != nil {
				return err
			}
			continue
		}
		for buffer := range part.stream {
			if err := s.take(buffer); err != nil {
				return err
			}
		}
	}
	return s.do(s.held, true)
}

// take holds on to the next bytes, and does what was held if they do not fit in there too.
func (s *stage) take(buffer []byte) error {
	if s.held == nil {
		s.held = buffer
		return nil
	}
	if len(s.held)+len(buffer) <= pieceSize {
		s.held = append(s.held, buffer...)
		s.free.put(buffer)
		return nil
	}
	full := s.held
	s.held = buffer
	return s.do(full, false)
}

// buffers are those of an assembly that hold nothing. None is nil; they grow as they are used.
type buffers chan []byte

func newBuffers(n int) buffers {
	b := make(buffers, n)
	for range n {
		b <- []byte{}
	}
	return b
}

// put gives a buffer back. One that is far longer than a piece, which is rare, is not kept.
func (b buffers) put(buffer []byte) {
	if cap(buffer) > 2*pieceSize {
		buffer = []byte{}
	}
	b <- buffer[:0]
}
