//go:build custom_wasmer_runtime && linux

package main

import _ "embed"

//go:embed artifact/sum.x86-64-v4.wasmu.zst
var sumV4 []byte

//go:embed artifact/sum.x86-64-v3.wasmu.zst
var sumV3 []byte

//go:embed artifact/sum.x86-64-v2.wasmu.zst
var sumV2 []byte

// native is sum.wasm compiled for the CPUs of this architecture, the fastest code first.
var native = [][]byte{sumV4, sumV3, sumV2}
