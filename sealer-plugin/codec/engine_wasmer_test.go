//go:build wasmer && custom_wasmer_runtime && cgo && linux && (amd64 || arm64)

package codec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestEngineNamesCPU(t *testing.T) {
	c, err := New(t.Context(), Options{Engine: Wasmer})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	code, _, err := pickNative(storageWasm, storageNative)
	if err != nil {
		t.Fatal(err)
	}
	if want := "wasmer (" + code.variant + ")"; c.Engine() != want {
		t.Errorf("got engine %q, want %q", c.Engine(), want)
	}
}

func TestWasmerRefusesOtherCode(t *testing.T) {
	good := storageNative[len(storageNative)-1]
	garbage := pack(t, []byte("wasmer-universal? no: not anything that was ever compiled"))
	tests := []struct {
		name   string
		module []byte
		code   nativeCode
		want   string
	}{
		{"from another module", append(bytes.Clone(storageWasm), 0), good, "another storage.wasm"},
		{"for another CPU", storageWasm, withRecord(t, good, func(r *nativeRecord) { r.Features = []string{"amx"} }), "the CPU has no amx"},
		{"damaged record", storageWasm, nativeCode{good.variant, good.record[1:], good.packed}, "invalid character"},
		{"damaged frame", storageWasm, nativeCode{good.variant, good.record, good.packed[1:]}, good.variant},
		{"longer than recorded", storageWasm, withRecord(t, good, func(r *nativeRecord) { r.Size /= 2 }), good.variant},
		{"no code", storageWasm, nativeCode{good.variant, good.record, garbage}, good.variant},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := loadWasmer(tt.module, []nativeCode{tt.code})
			if err == nil {
				t.Fatal(errors.Join(errors.New("the code was accepted"), e.close(t.Context())))
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

// TestWasmerTakesTheBestFit puts code that this CPU cannot run before code that it can.
func TestWasmerTakesTheBestFit(t *testing.T) {
	good := storageNative[len(storageNative)-1]
	better := withRecord(t, good, func(r *nativeRecord) { r.Features = []string{"amx"} })
	better.variant = "better"
	e, err := loadWasmer(storageWasm, []nativeCode{better, good})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.close(context.WithoutCancel(t.Context())) }()
	if want := "wasmer (" + good.variant + ")"; e.name() != want {
		t.Errorf("got engine %q, want %q", e.name(), want)
	}
}

// withRecord returns code with a record that change changed.
func withRecord(t *testing.T, code nativeCode, change func(*nativeRecord)) nativeCode {
	t.Helper()
	var record nativeRecord
	if err := json.Unmarshal(code.record, &record); err != nil {
		t.Fatal(err)
	}
	change(&record)
	var err error
	if code.record, err = json.Marshal(record); err != nil {
		t.Fatal(err)
	}
	return code
}

func pack(t *testing.T, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

// newTrapping returns a codec of the module trapping, compiled ahead of time.
func newTrapping(t *testing.T) *Codec {
	t.Helper()
	native := make([]nativeCode, len(storageNative))
	for k, code := range storageNative {
		stem := "testdata/trap." + code.variant
		native[k] = nativeCode{code.variant, readFile(t, stem+".json"), readFile(t, stem+".wasmu.zst")}
	}
	e, err := loadWasmer(trapping.encode(), native)
	if err != nil {
		t.Fatal(err)
	}
	c := &Codec{engine: e}
	if err := c.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return c
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// traps calls a routine that traps.
var traps = map[routine]func(context.Context, *Worker) error{
	routineSplit: func(ctx context.Context, w *Worker) error {
		_, err := w.Split(ctx, 0, 1, true, nil)
		return err
	},
	routineCompress: func(ctx context.Context, w *Worker) error {
		_, err := w.Compress(ctx, 1, DefaultLevel)
		return err
	},
	routineRestore: func(ctx context.Context, w *Worker) error {
		_, err := w.Restore(ctx, 1, 1, nil)
		return err
	},
}

func TestWasmerTraps(t *testing.T) {
	c := newTrapping(t)
	reasons := map[routine]string{
		routineSplit:    "unreachable",
		routineCompress: "out of bounds memory access",
		routineRestore:  "call stack exhausted",
	}
	for r, call := range traps {
		t.Run(r.String(), func(t *testing.T) {
			w := acquire(t, c)
			err := call(t.Context(), w)
			var trap *TrapError
			if !errors.As(err, &trap) || trap.Routine != r.String() {
				t.Fatalf("got error %v, want a *TrapError of %v", err, r)
			}
			if !strings.Contains(err.Error(), reasons[r]) {
				t.Errorf("error %q does not say %q", err, reasons[r])
			}
			testDiscarded(t, c, w)
		})
	}
}

// TestWasmerTrapsKeepNoMemory lets instances touch memory and trap, many more than a store could hold.
func TestWasmerTrapsKeepNoMemory(t *testing.T) {
	c := newTrapping(t)
	trapOften := func(n int) {
		for k := range n {
			w, err := c.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			w.Buffer()[k%BufferSize] = 1
			var trap *TrapError
			if err := traps[routine(k)%3+routineSplit](t.Context(), w); !errors.As(err, &trap) {
				t.Fatalf("got error %v, want a *TrapError", err)
			}
			w.Release()
		}
	}
	trapOften(1000)
	before := residentMemory(t)
	trapOften(20_000)
	grown := residentMemory(t) - before
	t.Logf("memory grew by %d KiB", grown>>10)
	if grown > 64<<20 {
		t.Errorf("20,000 traps left %d MiB", grown>>20)
	}
}

// TestWasmerInstancesGiveMemoryBack closes instances that used much memory, though the store still holds them.
func TestWasmerInstancesGiveMemoryBack(t *testing.T) {
	e, err := newWasmerEngine(storageWasm)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.close(context.WithoutCancel(t.Context())) }()
	before := residentMemory(t)
	for range maxInstances * 5 / 2 {
		i, err := e.instantiate(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		clear(i.memory()[:4<<20])
		if err := i.close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	grown := residentMemory(t) - before
	t.Logf("memory grew by %d KiB", grown>>10)
	if grown > 32<<20 {
		t.Errorf("closed instances left %d MiB", grown>>20)
	}
}

// TestPanicsAreStillGo checks that wasmer's signal handlers leave to Go what is Go's.
func TestPanicsAreStillGo(t *testing.T) {
	c := newTrapping(t)
	w := acquire(t, c)
	if err := traps[routineCompress](t.Context(), w); err == nil {
		t.Fatal("no trap")
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	var nothing *Worker
	nothing.fault = nil
}
