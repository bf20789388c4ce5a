//go:build custom_wasmer_runtime && linux && (amd64 || arm64)

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"

	"github.com/klauspost/compress/zstd"
	"github.com/wasmerio/wasmer-go/wasmer"
)

// module is an instance of sum.wasm, with a memory of its own. It belongs to one goroutine at a time.
type module struct {
	store    *wasmer.Store
	code     *wasmer.Module
	instance *wasmer.Instance

	address int64  // of the buffer, in linear memory
	buffer  []byte // the same place as Go sees it
}

// newModule makes an instance of the first of codes that this CPU can run: wasmer refuses the others.
func newModule(codes [][]byte) (*module, error) {
	m := &module{store: wasmer.NewStore(wasmer.NewEngine())}
	if err := m.load(codes); err != nil {
		return nil, err
	}
	var err error
	if m.instance, err = wasmer.NewInstance(m.code, wasmer.NewImportObject()); err != nil { // it imports nothing
		return nil, err
	}
	return m, m.findBuffer()
}

func (m *module) load(codes [][]byte) error {
	unpacker, err := zstd.NewReader(nil)
	if err != nil {
		return err
	}
	defer unpacker.Close()
	errs := []error{errors.New("no native code that this CPU can run")}
	for _, packed := range codes {
		code, err := unpacker.DecodeAll(packed, nil)
		if err == nil {
			m.code, err = wasmer.DeserializeModule(m.store, code)
		}
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// findBuffer asks the module where its buffer is. Its memory never grows, so the buffer stays there.
func (m *module) findBuffer() error {
	memory, err := m.instance.Exports.GetMemory("memory")
	if err != nil {
		return err
	}
	if m.address, err = m.call("buffer"); err != nil {
		return err
	}
	size, err := m.call("buffer_size")
	if err != nil {
		return err
	}
	m.buffer = memory.Data()[m.address:][:size]
	return nil
}

// sum adds up numbers, of which the buffer holds 16384.
func (m *module) sum(numbers []uint32) (int64, error) {
	if most := len(m.buffer) / 4; len(numbers) > most {
		return 0, fmt.Errorf("%d numbers are too many: at most %d fit the buffer", len(numbers), most)
	}
	input := m.buffer[:0]
	for _, n := range numbers {
		input = binary.LittleEndian.AppendUint32(input, n)
	}
	return m.call("sum", int32(m.address), int32(len(input)))
}

// call runs an exported function. Results below 0 are errors.
func (m *module) call(name string, args ...any) (int64, error) {
	function, err := m.instance.Exports.GetFunction(name)
	if err != nil {
		return 0, err
	}
	result, err := function(args...)
	runtime.KeepAlive(m) // wasmer-go frees what is unreachable, even if it runs
	if err != nil {
		return 0, fmt.Errorf("%s broke off: %w", name, err)
	}
	if result.(int64) < 0 {
		return 0, fmt.Errorf("%s: error %d", name, result)
	}
	return result.(int64), nil
}
