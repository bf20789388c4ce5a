//go:build custom_wasmer_runtime && linux

package main

import _ "embed"

//go:embed artifact/sum.aarch64.wasmu.zst
var sumAarch64 []byte

// native is sum.wasm compiled for the CPUs of this architecture.
var native = [][]byte{sumAarch64}
