package recipe

// outputSize is the length of the pieces that a stage passes on.
const outputSize = 512 << 10

// stage does something with a sequence of bytes, piece by piece, on a goroutine of its own, while the next ones are being made.
type stage struct {
	do   func([]byte) error
	buf  []byte      // being filled
	full chan []byte // to be done
	free chan []byte // to be filled
	done chan struct{}
	err  error // why it ended early; valid once done is closed
}

func newStage(do func([]byte) error) *stage {
	s := &stage{
		do:   do,
		full: make(chan []byte),
		free: make(chan []byte, 2),
		done: make(chan struct{}),
	}
	s.free <- nil // a second buffer, which grows as the first does
	go s.run()
	return s
}

func (s *stage) run() {
	defer close(s.done)
	for p := range s.full {
		if s.err = s.do(p); s.err != nil {
			return
		}
		s.free <- p[:0]
	}
}

// write appends a copy of p to the sequence.
func (s *stage) write(p []byte) error {
	for len(p) > 0 {
		if len(s.buf) == outputSize {
			if err := s.flush(); err != nil {
				return err
			}
		}
		n := min(len(p), outputSize-len(s.buf))
		s.buf = append(s.buf, p[:n]...)
		p = p[n:]
	}
	return nil
}

// flush hands over what was filled.
func (s *stage) flush() error {
	select {
	case s.full <- s.buf:
	case <-s.done:
		return s.err
	}
	select {
	case s.buf = <-s.free:
	case <-s.done:
		return s.err
	}
	return nil
}

// close waits until all is done, and returns why not all was.
func (s *stage) close() error {
	select {
	case s.full <- s.buf:
	case <-s.done:
	}
	close(s.full)
	<-s.done
	return s.err
}
