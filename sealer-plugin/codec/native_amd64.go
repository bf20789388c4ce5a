//go:build wasmer && custom_wasmer_runtime && cgo && linux

package codec

import (
	_ "embed"

	"golang.org/x/sys/cpu"
)

//go:embed artifact/storage.x86-64-v4.wasmu.zst
var storageV4 []byte

//go:embed artifact/storage.x86-64-v4.json
var storageV4Record []byte

//go:embed artifact/storage.x86-64-v3.wasmu.zst
var storageV3 []byte

//go:embed artifact/storage.x86-64-v3.json
var storageV3Record []byte

//go:embed artifact/storage.x86-64-v2.wasmu.zst
var storageV2 []byte

//go:embed artifact/storage.x86-64-v2.json
var storageV2Record []byte

// storageNative is storage.wasm compiled for the CPUs of this architecture, the fastest code first.
var storageNative = []nativeCode{
	{"x86-64-v4", storageV4Record, storageV4},
	{"x86-64-v3", storageV3Record, storageV3},
	{"x86-64-v2", storageV2Record, storageV2},
}

// cpuFeatures says which of the features that records name this CPU has.
var cpuFeatures = map[string]bool{
	"sse2":     cpu.X86.HasSSE2,
	"sse3":     cpu.X86.HasSSE3,
	"ssse3":    cpu.X86.HasSSSE3,
	"sse4.1":   cpu.X86.HasSSE41,
	"sse4.2":   cpu.X86.HasSSE42,
	"popcnt":   cpu.X86.HasPOPCNT,
	"avx":      cpu.X86.HasAVX,
	"avx2":     cpu.X86.HasAVX2,
	"bmi":      cpu.X86.HasBMI1,
	"bmi2":     cpu.X86.HasBMI2,
	"fma":      cpu.X86.HasFMA,
	"lzcnt":    cpu.X86.HasLZCNT,
	"avx512f":  cpu.X86.HasAVX512F,
	"avx512dq": cpu.X86.HasAVX512DQ,
	"avx512vl": cpu.X86.HasAVX512VL,
}
