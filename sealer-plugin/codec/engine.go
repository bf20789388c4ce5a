package codec

import "context"

// A routine is an exported function of the module.
type routine int

const (
	routineABIVersion routine = iota
	routineArena
	routineArenaSize
	routineStamp
	routineSplit
	routineCompress
	routineRestore
	routineDelta
	routinePatch
	routineDeflateOpen
	routineDeflate
	routineCount
)

// signatures holds each routine's name in the module and how many parameters it has. All of them are i32; every result
// is one i64.
var signatures = [routineCount]struct {
	name   string
	params int
}{
	routineABIVersion:  {"abi_version", 0},
	routineArena:       {"arena", 0},
	routineArenaSize:   {"arena_size", 0},
	routineStamp:       {"stamp", 1},
	routineSplit:       {"split", 5},
	routineCompress:    {"compress", 5},
	routineRestore:     {"restore", 6},
	routineDelta:       {"delta", 7},
	routinePatch:       {"patch", 8},
	routineDeflateOpen: {"deflate_open", 4},
	routineDeflate:     {"deflate", 7},
}

// maxParams is the number of parameters that no routine exceeds.
const maxParams = 8

func (r routine) String() string { return signatures[r].name }

// engine makes instances of one compiled module. It is safe for concurrent use.
type engine interface {
	// name says which engine this is, for version output and bug reports.
	name() string
	// instantiate makes an instance with memory of its own.
	instantiate(ctx context.Context) (instance, error)
	// close frees the compiled code. All instances must have been closed.
	close(ctx context.Context) error
}

// instance is a module with its memory. It belongs to one goroutine at a time.
type instance interface {
	// call runs a routine with the arguments in stack, which has room for maxParams values, and leaves the result in
	// stack[0]. An error is a trap: the instance may then only be closed.
	call(ctx context.Context, r routine, stack []uint64) error
	// memory is the whole linear memory, in the same place and of the same length until close.
	memory() []byte
	// close frees the memory; no slice of it may be used afterwards.
	close(ctx context.Context) error
}
