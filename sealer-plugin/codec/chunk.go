package codec

import "encoding/hex"

// Sizes in bytes, all but the last two those of the format (docs/format.md), and compression levels.
const (
	MinChunk = 16 << 10  // shortest chunk that Split cuts, but for the last one of its input
	AvgChunk = 64 << 10  // length that Split aims at
	MaxChunk = 256 << 10 // longest chunk

	FrameTarget        = 1 << 20           // raw bytes that a writer puts into one frame
	MaxFrame           = 2 << 20           // longest frame, raw
	MaxCompressedFrame = MaxFrame + 64<<10 // longest frame, compressed
	MaxDeltaBase       = 8 << 20           // longest base of a delta
	MaxDelta           = 4 << 20           // most bytes that one delta makes; it is never longer than these

	BatchSize  = 8 << 20                 // bytes that a caller splits at once: more of the buffer costs memory and gains nothing
	BufferSize = MaxDeltaBase + MaxDelta // length of a worker's buffer

	MinLevel     = 1  // fastest
	MaxLevel     = 19 // smallest output
	DefaultLevel = 3
)

// ID names a chunk: the BLAKE3-256 hash of its bytes.
type ID [32]byte

// String returns the ID in lower-case hex.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Chunk is a run of bytes, known by its hash and its length.
type Chunk struct {
	ID   ID
	Size uint32 // 1 to MaxChunk
}

// Extent is the place of a chunk in the raw bytes of a frame.
type Extent struct {
	Chunk
	Offset uint32
}
