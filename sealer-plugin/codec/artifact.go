package codec

import _ "embed"

// storageWasm is the module of storage routines; artifact/README.md says how it was built.
//
//go:embed artifact/storage.wasm
var storageWasm []byte
