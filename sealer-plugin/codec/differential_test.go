package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// nativeVariable names the routines built natively, an executable: `cargo build --release --example routines`.
const nativeVariable = "SEALIFT_NATIVE_ROUTINES"

// implementation runs a routine on bytes, without this package's checks of arguments. The parameter is whether the input
// is final, the level, the raw length, or what runDeflate says; withBase makes the input of delta and patch. An error is
// ErrDamaged, or says that an argument is wrong.
type implementation func(tb testing.TB, r routine, input []byte, parameter int) ([]byte, error)

// implementations are all engines of this build and, where it was built, the native one.
func implementations(tb testing.TB) map[string]implementation {
	tb.Helper()
	all := make(map[string]implementation)
	for _, name := range enginesHere() {
		c, err := New(tb.Context(), Options{Engine: name})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = c.Close(context.Background()) })
		all[name] = c.runModule
	}
	if file := os.Getenv(nativeVariable); file != "" {
		all["native"] = startNative(tb, file).run
	}
	return all
}

// runModule is an implementation.
func (c *Codec) runModule(tb testing.TB, r routine, input []byte, parameter int) ([]byte, error) {
	w, err := c.Acquire(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	defer w.Release()
	l := c.layout
	if r == routineDeflate {
		return c.runDeflate(tb, w, input, parameter)
	}
	base := uint64(0)
	if r == routineDelta || r == routinePatch {
		base, input = uint64(binary.LittleEndian.Uint32(input)), input[4:]
	}
	n, p := uint64(copy(w.Buffer(), input))-base, uint64(uint32(parameter))
	in, out, extents := uint64(l.input), uint64(l.output), uint64(l.extents)
	stack := map[routine][maxParams]uint64{
		routineSplit:    {in, n, p, out, outputSize},
		routineCompress: {in, n, p, out, outputSize},
		routineRestore:  {in, n, extents, 0, out, p},
		routineDelta:    {in, base, in + base, n, p, out, n},
		routinePatch:    {in, base, in + base, n, extents, 0, out, p},
	}[r]
	if err := w.inst.call(tb.Context(), r, stack[:]); err != nil {
		tb.Fatalf("%s: %v: %v", c.Engine(), r, err)
	}
	size := int64(stack[0])
	if size < 0 {
		return nil, codeError(size)
	}
	if r == routineSplit {
		size *= int64(recordSize)
	}
	return bytes.Clone(l.result(w.inst.memory(), int(size))), nil
}

// runDeflate is an implementation of deflate_open and deflate: the parameter is the encoder and 256 times the level.
func (c *Codec) runDeflate(tb testing.TB, w *Worker, input []byte, parameter int) ([]byte, error) {
	in, out := uint64(c.layout.input), uint64(c.layout.output)
	size := must(tb, w, routineDeflateOpen, uint64(parameter&0xff), uint64(parameter>>8), in, maxState)
	if size < 0 {
		return nil, codeError(size)
	}
	var stream []byte
	for last := false; !last; {
		n := copy(w.Buffer()[maxState:], input[:min(len(input), MaxPiece)])
		input, last = input[n:], n == len(input)
		made := must(tb, w, routineDeflate, in, uint64(size), in+maxState, uint64(n), flag(last), out, outputSize)
		if made < 0 {
			return nil, codeError(made)
		}
		stream = append(stream, c.layout.result(w.inst.memory(), int(made))...)
	}
	return stream, nil
}

// must runs a routine that does not trap.
func must(tb testing.TB, w *Worker, r routine, args ...uint64) int64 {
	var stack [maxParams]uint64
	copy(stack[:], args)
	if err := w.inst.call(tb.Context(), r, stack[:]); err != nil {
		tb.Fatalf("%s: %v: %v", w.codec.Engine(), r, err)
	}
	return int64(stack[0])
}

// withBase is the input of delta and patch: the length of the base, the base, and rest.
func withBase(base, rest []byte) []byte {
	return slices.Concat(binary.LittleEndian.AppendUint32(nil, uint32(len(base))), base, rest)
}

func codeError(code int64) error {
	if code == codeCorrupt {
		return ErrDamaged
	}
	return fmt.Errorf("error %d", code)
}

// native is a process of the routines built natively; storage-wasm/examples/routines.rs says how to talk to it.
type native struct {
	in  io.Writer
	out io.Reader
}

func startNative(tb testing.TB, file string) native {
	tb.Helper()
	cmd := exec.Command(file)
	cmd.Stderr = os.Stderr
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			tb.Error(err)
		}
	})
	return native{in, out}
}

// nativeRoutines are the numbers that it knows routines by.
var nativeRoutines = map[routine]uint32{
	routineSplit: 0, routineCompress: 1, routineRestore: 2, routineDelta: 3, routinePatch: 4, routineDeflate: 5,
}

// run is an implementation.
func (n native) run(tb testing.TB, r routine, input []byte, parameter int) ([]byte, error) {
	request := binary.LittleEndian.AppendUint32(nil, nativeRoutines[r])
	request = binary.LittleEndian.AppendUint32(request, uint32(parameter))
	request = binary.LittleEndian.AppendUint32(request, uint32(len(input)))
	if _, err := n.in.Write(append(request, input...)); err != nil {
		tb.Fatal(err)
	}
	var length int32
	if err := binary.Read(n.out, binary.LittleEndian, &length); err != nil {
		tb.Fatal(err)
	}
	if length < 0 {
		return nil, codeError(int64(length))
	}
	output := make([]byte, length)
	if _, err := io.ReadFull(n.out, output); err != nil {
		tb.Fatal(err)
	}
	return output, nil
}

// same runs a routine everywhere and returns what all gave, or fails.
func same(tb testing.TB, all map[string]implementation, r routine, input []byte, parameter int) ([]byte, error) {
	tb.Helper()
	want, wantErr := all[Wazero](tb, r, input, parameter)
	for name, run := range all {
		if name == Wazero {
			continue
		}
		got, err := run(tb, r, input, parameter)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			tb.Fatalf("%v of %d bytes, %d: %s gives error %v, %s %v", r, len(input), parameter, name, err, Wazero, wantErr)
		}
		if !bytes.Equal(got, want) {
			tb.Fatalf("%v of %d bytes, %d: %s gives other bytes than %s", r, len(input), parameter, name, Wazero)
		}
	}
	return want, wantErr
}

// compare runs all routines on input everywhere, and restores what compress gave, whole and damaged.
func compare(tb testing.TB, all map[string]implementation, input []byte, level int) {
	tb.Helper()
	for _, final := range []int{0, 1} {
		if _, err := same(tb, all, routineSplit, input, final); err != nil {
			tb.Errorf("split: %v", err)
		}
	}
	raw := input[:min(len(input), MaxFrame)]
	frame, err := same(tb, all, routineCompress, raw, level)
	if err != nil {
		return
	}
	if restored, err := same(tb, all, routineRestore, frame, len(raw)); err != nil || !bytes.Equal(restored, raw) {
		tb.Errorf("restore: what was compressed does not come back: error %v", err)
	}
	for _, at := range []int{0, 5, len(frame) / 2, len(frame) - 1} {
		damaged := bytes.Clone(frame)
		damaged[at%len(frame)] ^= 0x10
		_, _ = same(tb, all, routineRestore, damaged, len(raw))
		_, _ = same(tb, all, routineRestore, frame[:at%len(frame)], len(raw))
	}
	_, _ = same(tb, all, routineRestore, frame, len(raw)+1)
}

// compareDeltas codes raw against base everywhere, and makes it again of what came out, whole and damaged.
func compareDeltas(tb testing.TB, all map[string]implementation, base, raw []byte, level int) {
	tb.Helper()
	delta, err := same(tb, all, routineDelta, withBase(base, raw), level)
	if err != nil {
		return
	}
	got, err := same(tb, all, routinePatch, withBase(base, delta), len(raw))
	if err != nil || !bytes.Equal(got, raw) {
		tb.Errorf("patch: what was coded does not come back: error %v", err)
	}
	for _, at := range []int{0, 5, len(delta) / 2, len(delta) - 1} {
		damaged := bytes.Clone(delta)
		damaged[at%len(delta)] ^= 0x10
		_, _ = same(tb, all, routinePatch, withBase(base, damaged), len(raw))
		_, _ = same(tb, all, routinePatch, withBase(base, delta[:at%len(delta)]), len(raw))
	}
	_, _ = same(tb, all, routinePatch, withBase(base, delta), len(raw)+1)
	_, _ = same(tb, all, routinePatch, withBase(base[:len(base)/2], delta), len(raw))
}

// long skips a test that takes long, and whose outcome no engine changes, in a short run.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: run it without -short")
	}
}

// TestDeltasAgree compares what the implementations make of an input and the input before.
func TestDeltasAgree(t *testing.T) {
	long(t)
	all := implementations(t)
	inputs := realAndMadeUp(t)
	inputs["nothing"] = nil
	inputs["other sources"] = bytes.ReplaceAll(sources(t), []byte("err"), []byte("fault"))
	inputs["rest of the program"] = program(t, 11<<20)[1<<20+1:]
	for _, pair := range [][2]string{
		{"program", "rest of the program"}, {"rest of the program", "program"}, {"sources", "other sources"},
		{"the module", "program"}, {"maximal noise", "maximal noise"}, {"maximal zeros", "maximal zeros"},
		{"nothing", "noise of 1"}, {"noise of 1", "nothing"}, {"noise of 16384", "noise of 65536"}, {"nothing", "sources"},
	} {
		base, raw := inputs[pair[0]], inputs[pair[1]]
		base, raw = base[:min(len(base), MaxDeltaBase)], raw[:min(len(raw), MaxDelta)]
		t.Run(fmt.Sprint(pair), func(t *testing.T) {
			for _, level := range []int{0, MinLevel, 9, MaxLevel + 1} {
				compareDeltas(t, all, base, raw, level)
			}
		})
	}
	t.Run("level 19", func(t *testing.T) {
		compareDeltas(t, all, storageWasm, program(t, 1<<20), MaxLevel)
	})
}

// TestStreamsAgree compares the streams that the implementations make of an input, with each encoder and level, and
// what they say of encodings that there are not.
func TestStreamsAgree(t *testing.T) {
	long(t)
	all := implementations(t)
	levels := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	for _, test := range []struct {
		name   string
		input  []byte
		levels []int
	}{
		{"nothing", nil, levels},
		{"a part of a program", program(t, 300_000), levels},
		{"program", program(t, MaxPiece+100_000), []int{1, 5, 6}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for e := range Pgzip1103 + 2 {
				for _, level := range test.levels {
					_, _ = same(t, all, routineDeflate, test.input, int(e)|level<<8)
				}
			}
		})
	}
}

// TestImplementationsAgree compares the engines of this build and the native routines, byte for byte.
func TestImplementationsAgree(t *testing.T) {
	long(t)
	all := implementations(t)
	for name, input := range realAndMadeUp(t) {
		t.Run(name, func(t *testing.T) {
			for _, level := range []int{MinLevel, DefaultLevel, 9} {
				compare(t, all, input, level)
			}
		})
	}
	t.Run("level 19", func(t *testing.T) { compare(t, all, program(t, MaxFrame), MaxLevel) })
	for _, level := range []int{-1, 0, MaxLevel + 1, 1 << 30} {
		t.Run(fmt.Sprint("level ", level), func(t *testing.T) { compare(t, all, []byte("text"), level) })
	}
}

// realAndMadeUp are inputs of all sorts: of no bytes, on both sides of limits, and as long as can be.
func realAndMadeUp(t *testing.T) map[string][]byte {
	noise := make([]byte, BufferSize)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(noise)
	inputs := map[string][]byte{
		"maximal noise":   noise,
		"maximal zeros":   make([]byte, BufferSize),
		"program":         program(t, 3<<20),
		"sources":         sources(t),
		"the module":      storageWasm,
		"noise and zeros": append(bytes.Clone(noise[:100_000]), make([]byte, 400_000)...),
	}
	for _, n := range []int{0, 1, MinChunk, AvgChunk, MaxChunk, MaxFrame} {
		for _, near := range []int{max(n-1, 0), n, n + 1} {
			inputs[fmt.Sprint("noise of ", near)] = noise[1:][:near]
		}
	}
	return inputs
}

// program is n bytes of the running test.
func program(t *testing.T, n int) []byte {
	t.Helper()
	file, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b[:min(n, len(b))]
}

// sources are those of this project's packages, one after the other.
func sources(t *testing.T) []byte {
	t.Helper()
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// FuzzImplementations gives arbitrary bytes to all implementations, as input and as a frame.
func FuzzImplementations(f *testing.F) {
	all := implementations(f)
	frame, err := all[Wazero](f, routineCompress, []byte("a frame, a frame, a frame"), DefaultLevel)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("input"), uint8(3), uint16(200), uint32(5))
	f.Add(frame, uint8(19), uint16(0), uint32(25))
	f.Fuzz(func(t *testing.T, piece []byte, level uint8, repeat uint16, raw uint32) {
		input := bytes.Repeat(piece, int(repeat)+1)
		input = input[:min(len(input), BufferSize)]
		compare(t, all, input, int(level))
		frame := input[:min(len(input), MaxCompressedFrame)]
		_, _ = same(t, all, routineRestore, frame, int(raw%(MaxFrame+2)))
		compareDeltas(t, all, piece, input[:min(len(input), MaxDelta)], int(level))
		_, _ = same(t, all, routinePatch, withBase(piece, frame), int(raw%(MaxDelta+2)))
	})
}
