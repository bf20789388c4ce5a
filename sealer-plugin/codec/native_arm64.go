//go:build wasmer && custom_wasmer_runtime && cgo && linux

package codec

import (
	_ "embed"

	"golang.org/x/sys/cpu"
)

//go:embed artifact/storage.aarch64.wasmu.zst
var storageAarch64 []byte

//go:embed artifact/storage.aarch64.json
var storageAarch64Record []byte

// storageNative is storage.wasm compiled for the CPUs of this architecture.
var storageNative = []nativeCode{
	{"aarch64", storageAarch64Record, storageAarch64},
}

// cpuFeatures says which of the features that records name this CPU has.
var cpuFeatures = map[string]bool{
	"neon": cpu.ARM64.HasASIMD,
}
