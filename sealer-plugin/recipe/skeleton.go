package recipe

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// skeleton reads how literals and data make up the content of a blob.
type skeleton struct {
	blocks   *block.Reader
	pairs    []byte // of the present block, from the next one on
	literals []byte // of these pairs
	size     uint64 // what the rest of the content must be long
	data     uint64 // what the rest of the data stream is long
}

func (r *Recipe) skeleton() *skeleton {
	return &skeleton{
		blocks: r.blocks(),
		size:   uint64(r.content),
		data:   uint64(r.data),
	}
}

// next returns literals, valid until the next call, and how many bytes of the data stream follow them. It returns
// io.EOF where the content ends, and codec.ErrDamaged as soon as the parts and the whole disagree.
func (s *skeleton) next(ctx context.Context) (literals []byte, data uint64, err error) {
	for len(s.pairs) == 0 {
		if err := s.nextBlock(ctx); err != nil {
			return nil, 0, err
		}
	}
	// The block has been checked: the integers are there, and there are as many literals.
	length, n := binary.Uvarint(s.pairs)
	data, m := binary.Uvarint(s.pairs[n:])
	s.pairs = s.pairs[n+m:]
	literals, s.literals = s.literals[:length], s.literals[length:]
	if data > s.data || data > s.size || length > s.size-data {
		return nil, 0, damagedf("literals and data are longer than what they make up")
	}
	s.data -= data
	s.size -= length + data
	return literals, data, nil
}

func (s *skeleton) nextBlock(ctx context.Context) error {
	for {
		header, err := s.blocks.Header()
		if errors.Is(err, io.EOF) && (s.size > 0 || s.data > 0) {
			return damagedf("%d bytes are missing, %d of them data", s.size, s.data)
		}
		if err != nil {
			return err
		}
		if header.Kind != kindSkeleton {
			continue
		}
		raw, err := s.blocks.Raw(ctx)
		if err != nil {
			return err
		}
		s.pairs, s.literals, err = parseSkeleton(raw)
		return err
	}
}

// parseSkeleton divides a block into its pairs and its literals, and checks that they agree.
func parseSkeleton(raw []byte) (pairs, literals []byte, err error) {
	f := fields{rest: raw}
	count := f.uvarint()
	if count > uint64(len(f.rest)/minPair) {
		f.bad = true
	}
	pairs = f.rest
	var sum uint64
	for i := uint64(0); i < count && !f.bad; i++ {
		length := f.uvarint()
		f.uvarint()
		sum += min(length, codec.MaxFrame+1)
	}
	literals = f.rest
	if f.bad || sum != uint64(len(literals)) {
		return nil, nil, damagedf("a skeleton block whose pairs and literals do not agree")
	}
	return pairs[:len(pairs)-len(literals)], literals, nil
}
