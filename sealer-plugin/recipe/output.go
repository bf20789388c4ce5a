package recipe

import (
	"crypto/sha256"
	"hash"
	"io"

	"github.com/opencontainers/go-digest"
)

// outputSize is the length of the pieces in which a blob is written.
const outputSize = 512 << 10

// output writes and hashes a blob on a goroutine of its own, while the next bytes are being made.
type output struct {
	w    io.Writer
	sum  hash.Hash
	buf  []byte      // being filled
	full chan []byte // to be written
	free chan []byte // to be filled
	done chan struct{}
	err  error // why writing ended early; valid once done is closed
}

func newOutput(w io.Writer) *output {
	o := &output{
		w:    w,
		sum:  sha256.New(),
		full: make(chan []byte),
		free: make(chan []byte, 2),
		done: make(chan struct{}),
	}
	o.free <- nil // a second buffer, which grows as the first does
	go o.run()
	return o
}

func (o *output) run() {
	defer close(o.done)
	for p := range o.full {
		if _, o.err = o.w.Write(p); o.err != nil {
			return
		}
		o.sum.Write(p)
		o.free <- p[:0]
	}
}

// write appends a copy of p to the blob.
func (o *output) write(p []byte) error {
	for len(p) > 0 {
		if len(o.buf) == outputSize {
			if err := o.flush(); err != nil {
				return err
			}
		}
		n := min(len(p), outputSize-len(o.buf))
		o.buf = append(o.buf, p[:n]...)
		p = p[n:]
	}
	return nil
}

// flush hands over what was filled.
func (o *output) flush() error {
	select {
	case o.full <- o.buf:
	case <-o.done:
		return o.err
	}
	select {
	case o.buf = <-o.free:
	case <-o.done:
		return o.err
	}
	return nil
}

// close waits until all is written and returns the digest of it, or why it could not be written.
func (o *output) close() (digest.Digest, error) {
	select {
	case o.full <- o.buf:
	case <-o.done:
	}
	close(o.full)
	<-o.done
	return digest.NewDigest(digest.SHA256, o.sum), o.err
}
