package codec

// linearMemory is the memory of one wazero instance. It is kept outside of Go's heap where the platform allows: on the
// heap, its full size would count as live data however little of it is in use, and the garbage collector would let
// everything else in the process grow by as much before it runs.
//
// It fulfils wazero's experimental.LinearMemory.
type linearMemory struct{ bytes []byte }

func newLinearMemory(size int) (*linearMemory, error) {
	bytes, err := mapMemory(size)
	if err != nil {
		return nil, err
	}
	return &linearMemory{bytes}, nil
}

// Reallocate returns the first size bytes: the memory never moves, nor grows beyond what it was made with.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.bytes)) {
		return nil
	}
	return m.bytes[:size:size]
}

// Free gives the memory back. Freeing twice is no error.
func (m *linearMemory) Free() {
	if m.bytes != nil {
		unmapMemory(m.bytes)
		m.bytes = nil
	}
}
