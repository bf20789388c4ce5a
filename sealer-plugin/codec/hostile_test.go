package codec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

// enginesHere are the engines of this build.
func enginesHere() []string {
	if preferredEngine == Wazero {
		return []string{Wazero}
	}
	return []string{Wazero, preferredEngine}
}

// hostile makes calls that no caller should make.
type hostile struct {
	*rand.Rand
	layout layout
	memory uint32 // its length
}

// address is one at or near the end of something, and rarely one that would do.
func (h hostile) address() uint64 {
	edges := []uint32{0, h.layout.input, h.layout.output, h.layout.extents, h.memory, 1 << 31, 0}
	return uint64(edges[h.IntN(len(edges))] + uint32(h.IntN(5)-2))
}

func (h hostile) length() uint64 {
	edges := []uint32{0, 1, uint32(recordSize), uint32(extentSize), goodLength, MaxFrame + 2, MaxDelta, BufferSize, h.memory, 1 << 31, 0}
	return uint64(edges[h.IntN(len(edges))] + uint32(h.IntN(5)-2))
}

// arguments are for any routine: each takes addresses, lengths, and small numbers.
func (h hostile) arguments() (stack [maxParams]uint64) {
	for k := range stack {
		switch h.IntN(3) {
		case 0:
			stack[k] = h.address()
		case 1:
			stack[k] = h.length()
		default:
			stack[k] = uint64(uint32(h.IntN(24) - 2))
		}
	}
	return stack
}

// call calls any routine in the module itself, past all checks of this package.
func (h hostile) call(ctx context.Context, w *Worker) error {
	r, stack := routine(h.IntN(int(routineCount))), h.arguments()
	given := stack
	if err := w.inst.call(ctx, r, stack[:]); err != nil {
		return fmt.Errorf("%v%v trapped: %w", r, given[:signatures[r].params], err)
	}
	if result := int64(stack[0]); result > int64(h.memory) {
		return fmt.Errorf("%v%v gave %d", r, given[:signatures[r].params], result)
	}
	return nil
}

// frame has a worker restore what is no frame, or not the one that it should be.
func (h hostile) frame(ctx context.Context, w *Worker, good sound) error {
	n := copy(w.Buffer(), good.frame)
	raw, extents := goodLength, good.extents
	switch h.IntN(4) {
	case 0:
		n = h.IntN(n)
	case 1:
		w.Buffer()[h.IntN(n)] ^= byte(1 + h.IntN(255))
	case 2:
		if raw = int(int32(h.length())); raw == goodLength {
			raw++
		}
	default:
		extents = []Extent{{Offset: uint32(h.length()), Chunk: Chunk{Size: uint32(h.length())}}}
	}
	if _, err := w.Restore(ctx, n, raw, extents); !errors.Is(err, ErrDamaged) {
		return fmt.Errorf("restore: got error %w, want %w", err, ErrDamaged)
	}
	return nil
}

// patch has a worker patch with what is no delta, or not the one that it should be.
func (h hostile) patch(ctx context.Context, w *Worker, good sound) error {
	base := copy(w.Buffer(), good.base)
	n := copy(w.Buffer()[base:], good.delta)
	raw, extents := goodLength, good.extents
	switch h.IntN(5) {
	case 0:
		n = h.IntN(n)
	case 1:
		w.Buffer()[base+h.IntN(n)] ^= byte(1 + h.IntN(255))
	case 2:
		if raw = int(int32(h.length())); raw == goodLength {
			raw++
		}
	case 3:
		base = int(int32(h.length()))
		n = copy(w.Buffer()[min(max(base, 0), MaxDeltaBase):], good.delta[1:])
	default:
		extents = []Extent{{Offset: uint32(h.length()), Chunk: Chunk{Size: uint32(h.length())}}}
	}
	got, err := w.Patch(ctx, 0, base, n, raw, extents)
	if err == nil && bytes.Equal(got, good.raw) {
		return nil // what was changed does not matter
	}
	if !errors.Is(err, ErrDamaged) {
		return fmt.Errorf("patch: got error %w, want %w", err, ErrDamaged)
	}
	return nil
}

// deflate goes on with a stream whose state was changed: any bytes come of it, and no trap.
func (h hostile) deflate(ctx context.Context, c *Codec, good sound) error {
	var e Encoding
	for !e.Exists() {
		e = Encoding{Encoder: Encoder(1 + h.IntN(int(Pgzip1103))), Level: uint8(1 + h.IntN(9))}
	}
	d, err := c.NewDeflater(ctx, e)
	if err != nil {
		return err
	}
	if _, err := d.Write(ctx, good.raw, false); err != nil {
		return err
	}
	const header = 8 // which encoder it is
	for range 1 << h.IntN(12) {
		d.state[header+h.IntN(len(d.state)-header)] ^= byte(1 + h.IntN(255))
	}
	_, err = d.Write(ctx, good.raw, h.IntN(2) == 0)
	if trap := (*TrapError)(nil); errors.As(err, &trap) {
		return fmt.Errorf("%v of a state that was changed: %w", e, err)
	}
	return nil
}

// work makes n calls, of which many fail, in workers that are acquired anew from time to time.
func (h hostile) work(ctx context.Context, c *Codec, good sound, n int) error {
	for n > 0 {
		w, err := c.Acquire(ctx)
		if err != nil {
			return err
		}
		for range min(n, 50) {
			switch k := h.IntN(64); {
			case k == 0: // a state is long
				err = errors.Join(err, h.deflate(ctx, c, good))
			case k < 16:
				err = errors.Join(err, h.frame(ctx, w, good))
			case k < 32:
				err = errors.Join(err, h.patch(ctx, w, good))
			default:
				err = errors.Join(err, h.call(ctx, w))
			}
		}
		n -= 50
		w.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// TestHostileCalls makes 100,000 calls with wrong lengths, with pointers at and past the end of memory, and with frames,
// deltas and states of streams that are cut short or changed, in 16 goroutines. Each fails, if it does, with an error; no
// memory is lost, and afterwards the workers work.
func TestHostileCalls(t *testing.T) {
	for _, name := range enginesHere() {
		t.Run(name, func(t *testing.T) {
			c, err := New(t.Context(), Options{Engine: name})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(t.Context())
			good := makeSound(t, c)
			attack(t, c, good, 16_000)
			before := residentMemory(t)
			attack(t, c, good, 100_000)
			grown := residentMemory(t) - before
			t.Logf("memory grew by %d KiB", grown>>10)
			if grown > 64<<20 {
				t.Errorf("the calls left %d MiB", grown>>20)
			}
			if diff := cmp.Diff(good, makeSound(t, c), cmp.AllowUnexported(sound{})); diff != "" {
				t.Errorf("after the calls, the routines give something else (-before +after):\n%s", diff)
			}
		})
	}
}

// sound is a frame of goodLength bytes, half of them noise, a delta that makes them of a base, and what is in them.
type sound struct {
	raw, frame  []byte
	base, delta []byte
	extents     []Extent
}

const goodLength = 4096

func makeSound(t *testing.T, c *Codec) sound {
	t.Helper()
	w := acquire(t, c)
	defer w.Release()
	good := w.Buffer()[:goodLength]
	clear(good)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(good[:goodLength/2])
	raw := bytes.Clone(good)
	chunks, err := w.Split(t.Context(), 0, goodLength, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	frame, err := w.Compress(t.Context(), goodLength, DefaultLevel)
	if err != nil {
		t.Fatal(err)
	}
	frame = bytes.Clone(frame)
	base := bytes.Clone(raw)
	copy(w.Buffer()[goodLength:], base)
	for k := range base {
		base[k] += byte(k % 7 / 6)
	}
	copy(w.Buffer(), base)
	delta, err := w.Delta(t.Context(), 0, goodLength, goodLength, DefaultLevel, goodLength)
	if err != nil || delta == nil {
		t.Fatalf("delta: got %d bytes, error %v", len(delta), err)
	}
	return sound{raw, frame, base, bytes.Clone(delta), []Extent{{Chunk: chunks[0]}}}
}

func attack(t *testing.T, c *Codec, good sound, calls int) {
	t.Helper()
	const goroutines = 16
	w := acquire(t, c)
	memory := uint32(len(w.inst.memory()))
	w.Release()
	group, ctx := errgroup.WithContext(t.Context())
	for k := range goroutines {
		h := hostile{rand.New(rand.NewPCG(3, uint64(k))), c.layout, memory}
		group.Go(func() error { return h.work(ctx, c, good, calls/goroutines) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// residentMemory is how many bytes of this process are in memory, after a collection of garbage.
func residentMemory(t *testing.T) int {
	t.Helper()
	runtime.GC()
	b, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the system does not tell how much memory a process has")
	}
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
