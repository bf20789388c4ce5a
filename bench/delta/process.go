package main

import (
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// process is a process that only encodes or decodes the windows of a plan. Deltas are written each after its length.
type process struct {
	worker  *codec.Worker
	windows []window
	old     *os.File
	in, out *os.File
	worked  time.Duration // the CPU, on the routines
}

// runProcess does what, encode or decode. The files are a plan, the old file, what is read, and what is made. It
// returns the CPU time of the calls that encode or decode: neither the start of the process nor its files are in it.
func runProcess(ctx context.Context, what string, level int, files []string) (worked time.Duration, err error) {
	if len(files) != 4 {
		return 0, errors.New("want four files: a plan, the old one, the input and the output")
	}
	p := new(process)
	if p.windows, err = readPlan(files[0]); err != nil {
		return 0, err
	}
	if p.old, err = os.Open(files[1]); err != nil {
		return 0, err
	}
	defer p.old.Close()
	if p.in, err = os.Open(files[2]); err != nil {
		return 0, err
	}
	defer p.in.Close()
	if p.out, err = os.Create(files[3]); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.out.Close()) }()
	runtime.LockOSThread() // whose clock is read
	defer runtime.UnlockOSThread()
	err = withWorker(ctx, func(w *codec.Worker) error {
		p.worker = w
		if what == "encode" {
			return p.encode(ctx, level)
		}
		return p.decode(ctx)
	})
	return p.worked, err
}

// encode reads the new file and makes the deltas.
func (p *process) encode(ctx context.Context, level int) error {
	for _, w := range p.windows {
		if err := p.readBase(w); err != nil {
			return err
		}
		raw := p.worker.Buffer()[w.BaseSize:]
		for _, c := range w.Chunks {
			if _, err := p.in.ReadAt(raw[:c.Size], c.At); err != nil {
				return err
			}
			raw = raw[c.Size:]
		}
		delta, err := p.timed(func() ([]byte, error) {
			return p.worker.Delta(ctx, 0, w.BaseSize, w.Raw, level, w.Raw)
		})
		if err != nil {
			return err
		}
		if delta == nil {
			return fmt.Errorf("no delta of the %d bytes at %d is shorter than they are", w.Raw, w.Chunks[0].At)
		}
		if err := binary.Write(p.out, binary.LittleEndian, uint32(len(delta))); err != nil {
			return err
		}
		if _, err := p.out.Write(delta); err != nil {
			return err
		}
	}
	return nil
}

// decode reads the deltas and makes the chunks of the new file, all of which are checked.
func (p *process) decode(ctx context.Context) error {
	for _, w := range p.windows {
		if err := p.readBase(w); err != nil {
			return err
		}
		var size uint32
		if err := binary.Read(p.in, binary.LittleEndian, &size); err != nil {
			return err
		}
		if _, err := io.ReadFull(p.in, p.worker.Buffer()[w.BaseSize:][:size]); err != nil {
			return err
		}
		extents := w.extents()
		raw, err := p.timed(func() ([]byte, error) {
			return p.worker.Patch(ctx, 0, w.BaseSize, int(size), w.Raw, extents)
		})
		if err != nil {
			return err
		}
		if _, err := p.out.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

// timed calls a routine, and adds up what this thread worked on it.
func (p *process) timed(routine func() ([]byte, error)) ([]byte, error) {
	before, err := threadTime()
	if err != nil {
		return nil, err
	}
	made, err := routine()
	if err != nil {
		return nil, err
	}
	after, err := threadTime()
	p.worked += after - before
	return made, err
}

// threadTime is how long a CPU has worked for this thread.
func threadTime() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0, fmt.Errorf("CPU time of the thread: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

func (p *process) readBase(w window) error {
	_, err := p.old.ReadAt(p.worker.Buffer()[:w.BaseSize], w.Base)
	return err
}

func writePlan(name string, windows []window) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(gob.NewEncoder(file).Encode(windows), file.Close())
}

func readPlan(name string) (windows []window, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return windows, gob.NewDecoder(file).Decode(&windows)
}
