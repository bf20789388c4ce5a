package recipe

import (
	"bufio"
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

const (
	// zstdMagic is what a zstd frame begins with (RFC 8878, 3.1.1).
	zstdMagic = "\x28\xb5\x2f\xfd"
	// maxWindow is how far back a frame that is opened may refer to, in bytes. No encoder that is known goes further.
	maxWindow = 8 << 20
	// checksum is the length of what follows the blocks, if the byte behind the magic has checked set.
	checksum = 4
	checked  = 1 << 2
	// maxFrameHeader is how long the header of a frame is, at most, with the magic.
	maxFrameHeader = 18
)

// frameEncodings are all that frames are tried to be made by, in this order.
var frameEncodings = []codec.Encoding{
	{Encoder: codec.Zstd, Level: 3}, {Encoder: codec.Zstd117, Level: 3}, {Encoder: codec.Zstd120, Level: 3},
}

// newFrameReader returns what decompresses the frame that r begins with, and takes no more of r than that without its checksum.
func newFrameReader(r *bufio.Reader) (io.Reader, error) {
	return zstd.NewReader(&frame{r: r}, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow))
}

// frame reads the bytes of one zstd frame, as if it had no checksum.
type frame struct {
	r    *bufio.Reader
	read int  // bytes of the header, so far
	last bool // the part being read is the last one
	left int  // bytes of that part
}

// Read gives the bytes up to the checksum.
func (f *frame) Read(p []byte) (int, error) {
	for f.left == 0 {
		if f.last {
			return 0, io.EOF
		}
		next := f.block
		if f.read == 0 {
			next = f.header
		}
		if err := next(); err != nil {
			return 0, err
		}
	}
	n, err := f.r.Read(p[:min(len(p), f.left)])
	f.left -= n
	if at := len(zstdMagic) - f.read; 0 <= at && at < n {
		p[at] &^= checked
	}
	f.read = min(f.read+n, maxFrameHeader)
	return n, err
}

// header begins with the header of the frame.
func (f *frame) header() error {
	head, err := f.r.Peek(maxFrameHeader)
	if len(head) < 5 {
		return err
	}
	descriptor := head[4]
	f.left = 5 + []int{0, 1, 2, 4}[descriptor&3] + []int{0, 2, 4, 8}[descriptor>>6]
	if single := descriptor&(1<<5) != 0; !single || descriptor>>6 == 0 {
		f.left++ // the window, or a size of one byte
	}
	return nil
}

// block goes on with a block.
func (f *frame) block() error {
	const (
		size = 3 // of its header
		same = 1 // its type, if it is one byte, repeated
	)
	head, err := f.r.Peek(size)
	if err != nil {
		return err
	}
	header := uint32(binary.LittleEndian.Uint16(head)) | uint32(head[2])<<16
	f.left = size + int(header>>3)
	if header>>1&3 == same {
		f.left = size + 1
	}
	f.last = header&1 != 0
	return nil
}
