package main

import (
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// screen is standard error, which messages and live bars share: while there are bars, lines go above them.
// It is safe for concurrent use.
type screen struct {
	mu    sync.Mutex
	out   io.Writer
	above io.Writer // nil without bars
	asked bool      // the cursor stands behind a prompt
}

func newScreen(out io.Writer) *screen { return &screen{out: out} }

// Write writes whole lines.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.above != nil {
		if n, err := s.above.Write(p); err == nil {
			return n, nil
		}
	}
	s.breakLine()
	return s.out.Write(p)
}

// ask writes a prompt. The line is ended by answered, by hidden, or by what is written next.
func (s *screen) ask(prompt string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(s.out, prompt)
	s.asked = true
}

// answered says that the user has ended the line of the prompt, and that the terminal has shown it.
func (s *screen) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = false
}

// hidden says that the user has ended the line of the prompt, or given up, and that the terminal has not shown it.
func (s *screen) hidden() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breakLine()
}

func (s *screen) breakLine() {
	if s.asked {
		_, _ = io.WriteString(s.out, "\n")
		s.asked = false
	}
}

// lift sends lines to above from now on; nil sends them to standard error itself.
func (s *screen) lift(above io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.above = above
}

// rewind puts the cursor back to where the bars expect it, after the terminal has shown a key such as ^C.
func (s *screen) rewind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.above != nil {
		_, _ = io.WriteString(s.out, "\r")
	}
}

// live says whether the screen can redraw lines.
func (s *screen) live() bool {
	_, ok := terminal(s.out)
	return ok && os.Getenv("TERM") != "dumb"
}

// terminal returns the file descriptor of stream if it is a terminal.
func terminal(stream any) (fd int, ok bool) {
	f, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	fd = int(f.Fd())
	return fd, term.IsTerminal(fd)
}

// printable returns s with what could steer a terminal written out, line ends included: names in images and answers of
// registries are whatever others made them.
func printable(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}
