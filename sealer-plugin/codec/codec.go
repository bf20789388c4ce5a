// Package codec runs Sealift's storage routines: it cuts byte streams into chunks and names them, compresses frames,
// and restores and verifies them.
//
// The routines are written in Rust and compiled to a WebAssembly module that imports nothing: it sees the bytes in its
// own linear memory, and nothing else. A [Codec] holds the compiled module; a [Worker] is an instance of it, with a
// buffer in linear memory that callers read into and that the routines work on in place.
package codec

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// Options says how to set up a codec. The zero value is ready to use.
type Options struct {
	// Engine is Wazero or Wasmer. Empty means what the environment variable SEALIFT_ENGINE says or, without it, the
	// fastest engine of this build.
	Engine string

	// CacheDir is a directory of the codec's own for compiled code, so that only the first process on a machine spends
	// the time to compile. It is made if it does not exist. Whoever can write to it can run code in this process. A
	// cache that is damaged or cannot be written is no error. Empty means that every codec compiles anew. Wasmer needs
	// no cache.
	CacheDir string
}

// Codec is the compiled storage routines and a pool of their instances. It is safe for concurrent use.
type Codec struct {
	engine engine
	layout layout
	stamp  string

	mu     sync.Mutex
	idle   []instance // last in, first out
	inUse  int        // instances that workers hold
	closed bool
}

// New compiles the routines, or loads them compiled from the cache, and checks that the module is one that this package
// can drive. The caller must close the codec.
func New(ctx context.Context, opts Options) (*Codec, error) {
	return newCodec(ctx, storageWasm, opts)
}

func newCodec(ctx context.Context, module []byte, opts Options) (*Codec, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e, err := newEngine(ctx, module, opts)
	if err != nil {
		return nil, fmt.Errorf("load storage routines: %w", err)
	}
	c := &Codec{engine: e}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("load storage routines: %w", err), e.close(ctx))
	}
	return c, nil
}

// start makes the first instance and learns from it what all of them have in common.
func (c *Codec) start(ctx context.Context) error {
	inst, err := c.engine.instantiate(ctx)
	if err != nil {
		return err
	}
	if err := c.describe(ctx, inst); err != nil {
		return errors.Join(err, inst.close(ctx))
	}
	c.idle = append(c.idle, inst)
	return nil
}

// Engine names the engine that runs the routines, and the kind of CPU that their code was compiled for, if that was
// done ahead of time.
func (c *Codec) Engine() string { return c.engine.name() }

// Stamp is the hash, in hex, of the sources from which the running routines were built.
func (c *Codec) Stamp() string { return c.stamp }

// Acquire returns a worker for the calling goroutine, on an instance that was released before or a new one. It never
// waits for other workers: a caller bounds the number of its own. Every worker must be released.
func (c *Codec) Acquire(ctx context.Context) (*Worker, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	inst, err := c.checkOut()
	if err != nil {
		return nil, err
	}
	if inst == nil {
		if inst, err = c.engine.instantiate(ctx); err != nil {
			c.checkIn(nil)
			return nil, fmt.Errorf("new instance of the storage routines: %w", err)
		}
	}
	return &Worker{codec: c, inst: inst}, nil
}

// checkOut counts an instance as in use and returns an idle one, or nil if there is none.
func (c *Codec) checkOut() (instance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	c.inUse++
	last := len(c.idle) - 1
	if last < 0 {
		return nil, nil
	}
	inst := c.idle[last]
	c.idle[last] = nil
	c.idle = c.idle[:last]
	return inst, nil
}

// checkIn counts an instance as not in use any more and keeps it for the next worker; nil means that it is not fit for
// that. What need not be kept is closed.
func (c *Codec) checkIn(inst instance) {
	c.mu.Lock()
	c.inUse--
	if inst != nil && !c.closed && len(c.idle) < runtime.GOMAXPROCS(0) {
		c.idle = append(c.idle, inst)
		inst = nil
	}
	last := c.closed && c.inUse == 0
	c.mu.Unlock()

	// Closing only unmaps memory; there is nobody who could act on an error.
	if inst != nil {
		_ = inst.close(context.Background())
	}
	if last {
		_ = c.engine.close(context.Background())
	}
}

// isClosed says whether Close was called.
func (c *Codec) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Close frees what the codec holds. Workers that are still acquired return ErrClosed from now on, but their buffers
// stay valid until they are released. Closing twice is no error.
func (c *Codec) Close(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	idle, last := c.idle, c.inUse == 0
	c.idle = nil
	c.mu.Unlock()

	var errs []error
	for _, inst := range idle {
		errs = append(errs, inst.close(ctx))
	}
	if last {
		errs = append(errs, c.engine.close(ctx))
	}
	return errors.Join(errs...)
}
