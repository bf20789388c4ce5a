package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	chunkers "github.com/PlakarKorp/go-cdc-chunkers"
	_ "github.com/PlakarKorp/go-cdc-chunkers/chunkers/fastcdc" // registers its algorithms
	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// libraries are the routines made of what a Go programmer would take instead of them: other chunks and other frames come
// out, of about the same sizes. Nothing but gathering and cutting copies what is held.
type libraries struct {
	sum      func([]byte) [32]byte
	held     []byte
	gathered []byte
	output   []byte
	cutter   *chunkers.Chunker
	encoders map[zstd.EncoderLevel]*zstd.Encoder
	decoder  *zstd.Decoder
}

var _ routines = (*libraries)(nil)

// newLibraries returns them as a candidate. sum is the hash that names chunks.
func newLibraries(title string, sum func([]byte) [32]byte, w *work, threads int) (*inProcess, error) {
	p := &inProcess{title: title, work: w.named(sum), finish: func() error { return nil }}
	for range threads {
		first, err := openLibraries(sum)
		if err != nil {
			return nil, err
		}
		second, err := openLibraries(sum)
		if err != nil {
			return nil, err
		}
		p.threads = append(p.threads, &thread{first: first, second: second})
	}
	return p, nil
}

func openLibraries(sum func([]byte) [32]byte) (*libraries, error) {
	sizes := chunkers.ChunkerOpts{MinSize: codec.MinChunk, NormalSize: codec.AvgChunk, MaxSize: codec.MaxChunk}
	cutter, err := chunkers.NewChunker("fastcdc-v1.0.0", nil, &sizes)
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return &libraries{
		sum:      sum,
		gathered: make([]byte, 0, codec.MaxFrame),
		output:   make([]byte, 0, codec.MaxCompressedFrame),
		cutter:   cutter,
		encoders: make(map[zstd.EncoderLevel]*zstd.Encoder),
		decoder:  decoder,
	}, nil
}

func (l *libraries) hold(parts ...[]byte) {
	if len(parts) == 1 {
		l.held = parts[0]
		return
	}
	l.held = l.gathered[:0]
	for _, p := range parts {
		l.held = append(l.held, p...)
	}
}

func (l *libraries) split(_ context.Context, chunks []codec.Chunk) ([]codec.Chunk, error) {
	l.cutter.Reset(bytes.NewReader(l.held))
	for done := false; !done; {
		piece, err := l.cutter.Next()
		done = errors.Is(err, io.EOF)
		if err != nil && !done {
			return chunks, err
		}
		if len(piece) > 0 {
			chunks = append(chunks, codec.Chunk{ID: l.sum(piece), Size: uint32(len(piece))})
		}
	}
	return chunks, nil
}

func (l *libraries) compress(_ context.Context, level int) ([]byte, error) {
	speed := zstd.EncoderLevelFromZstd(level)
	encoder := l.encoders[speed]
	if encoder == nil {
		var err error
		encoder, err = zstd.NewWriter(nil,
			zstd.WithEncoderLevel(speed), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
		if err != nil {
			return nil, err
		}
		l.encoders[speed] = encoder
	}
	return encoder.EncodeAll(l.held, l.output[:0]), nil
}

func (l *libraries) restore(_ context.Context, raw int, extents []codec.Extent) ([]byte, error) {
	b, err := l.decoder.DecodeAll(l.held, l.output[:0])
	if err != nil {
		return nil, err
	}
	if len(b) != raw {
		return nil, fmt.Errorf("%d bytes come out of a frame of %d", len(b), raw)
	}
	for _, e := range extents {
		if l.sum(b[e.Offset:e.Offset+e.Size]) != e.ID {
			return nil, fmt.Errorf("chunk %v is another", e.ID)
		}
	}
	return b, nil
}
