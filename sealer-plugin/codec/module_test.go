package codec

import "encoding/binary"

// WebAssembly's binary encoding, as far as testModule needs it.
const (
	opUnreachable = 0x00
	opCall        = 0x10
	opLocalGet    = 0x20
	opI64Load     = 0x29
	opI32Const    = 0x41
	opI64Const    = 0x42
	opI64DivU     = 0x80
	opEnd         = 0x0b
	typeI32       = 0x7f
	typeI64       = 0x7e
	kindFunction  = 0x00
	kindMemory    = 0x02
)

// testModule describes a module that has the interface of the storage routines and does nothing: the zero value
// passes all checks at load, and each field breaks one thing.
type testModule struct {
	traps    routine           // the routine that traps; 0 for none
	code     map[routine]code  // what other routines do instead of returning a result
	results  map[routine]int64 // what other routines return
	missing  routine           // the routine that is not exported; 0 for none
	params   int               // further parameters of split
	growable bool
	imports  bool
}

// code is instructions that leave an i64.
type code []byte

const testArena = 1 << 16

// trapping traps in each way that a module can: in split it gives up, in compress it reads memory that it does not have,
// and in restore it calls itself without end.
var trapping = testModule{code: map[routine]code{
	routineSplit:    {opUnreachable},
	routineCompress: {opI32Const, 0x7f, opI64Load, 0, 0}, // at address -1
	routineRestore: {opLocalGet, 0, opLocalGet, 1, opLocalGet, 2, opLocalGet, 3, opLocalGet, 4, opLocalGet, 5,
		opCall, byte(routineRestore), opI64Const, 3, opI64DivU}, // no tail call, which would need no stack
}}

func (m testModule) result(r routine) int64 {
	if v, ok := m.results[r]; ok {
		return v
	}
	return map[routine]int64{
		routineABIVersion: abiVersion,
		routineArena:      testArena,
		routineArenaSize:  17 << 20,
		routineStamp:      32,
	}[r]
}

func (m testModule) encode() []byte {
	var types, imports, functions, exports, codes [][]byte
	shift := byte(0) // imported functions come first in the function index space
	if m.imports {
		shift = 1
		imports = append(imports, append(append(name("env"), name("f")...), kindFunction, 0))
	}
	for r := range routineCount {
		n := signatures[r].params
		if r == routineSplit {
			n += m.params
		}
		types = append(types, functionType(n))
		functions = append(functions, []byte{byte(r)})
		codes = append(codes, m.body(r))
		if m.missing == 0 || r != m.missing {
			exports = append(exports, append(name(r.String()), kindFunction, byte(r)+shift))
		}
	}
	exports = append(exports, append(name("memory"), kindMemory, 0))

	out := []byte("\x00asm\x01\x00\x00\x00")
	out = append(out, section(1, types)...)
	if m.imports {
		out = append(out, section(2, imports)...)
	}
	out = append(out, section(3, functions)...)
	out = append(out, section(5, [][]byte{m.memory()})...)
	out = append(out, section(7, exports)...)
	return append(out, section(10, codes)...)
}

func (m testModule) memory() []byte {
	const pages = 274
	if m.growable {
		return leb(0, pages)
	}
	return leb(1, pages, pages)
}

func (m testModule) body(r routine) []byte {
	body := []byte{0} // no locals
	switch instructions, ok := m.code[r]; {
	case ok:
		body = append(body, instructions...)
	case r == m.traps && r != 0:
		body = append(body, opUnreachable)
	default:
		body = append(body, opI64Const)
		body = append(body, signedLEB(m.result(r))...)
	}
	body = append(body, opEnd)
	return append(leb(len(body)), body...)
}

func functionType(params int) []byte {
	t := append([]byte{0x60}, leb(params)...)
	for range params {
		t = append(t, typeI32)
	}
	return append(t, 1, typeI64)
}

func section(id byte, items [][]byte) []byte {
	content := leb(len(items))
	for _, item := range items {
		content = append(content, item...)
	}
	return append(append([]byte{id}, leb(len(content))...), content...)
}

func name(s string) []byte { return append(leb(len(s)), s...) }

func leb(values ...int) []byte {
	var out []byte
	for _, v := range values {
		out = binary.AppendUvarint(out, uint64(v))
	}
	return out
}

func signedLEB(v int64) []byte {
	var out []byte
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if (v == 0 && low&0x40 == 0) || (v == -1 && low&0x40 != 0) {
			return append(out, low)
		}
		out = append(out, low|0x80)
	}
}
