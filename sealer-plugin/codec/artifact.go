package codec

// storageWasm is the module of storage routines.
var storageWasm []byte
