//go:build wasmer && custom_wasmer_runtime && cgo && linux && (amd64 || arm64)

package codec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// nativeCode is a module compiled ahead of time; artifact/README.md says how.
type nativeCode struct {
	variant string // the kind of CPU that it is for
	record  []byte // JSON
	packed  []byte // a zstd frame of what wasmer serialized
}

// nativeRecord is what codec reads of a record.
type nativeRecord struct {
	WasmSHA256 string   `json:"wasm_sha256"` // of the module that was compiled
	Size       int      `json:"size"`        // of the code, in bytes
	Features   []string `json:"features"`    // of the CPU that the code needs
}

// pickNative returns the first of codes that was compiled from module and that this CPU can run.
func pickNative(module []byte, codes []nativeCode) (nativeCode, nativeRecord, error) {
	var errs []error
	for _, code := range codes {
		var record nativeRecord
		err := json.Unmarshal(code.record, &record)
		if err == nil {
			err = record.check(module)
		}
		if err == nil {
			return code, record, nil
		}
		errs = append(errs, fmt.Errorf("native code for %s: %w", code.variant, err))
	}
	return nativeCode{}, nativeRecord{}, errors.Join(errs...)
}

// check says whether code with this record does what module does, on this CPU.
func (r nativeRecord) check(module []byte) error {
	if sum := sha256.Sum256(module); hex.EncodeToString(sum[:]) != r.WasmSHA256 {
		return errors.New("it was compiled from another storage.wasm")
	}
	for _, feature := range r.Features {
		if !cpuFeatures[feature] {
			return fmt.Errorf("the CPU has no %s", feature)
		}
	}
	return nil
}

// unpack returns size bytes of code.
func (c nativeCode) unpack(size int) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(size)))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	code, err := d.DecodeAll(c.packed, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("native code for %s: %w", c.variant, err)
	}
	return code, nil
}
