package recipe

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Rebuild writes the blob to w. It asks data for the bytes of each chunk, in the order of Chunks; they must stay
// valid until it asks for the next. data is called by the calling goroutine, with a context that the first error ends;
// w by another one, but never after Rebuild returned.
//
// What was written is the blob only if the error is nil. Data that does not fit the recipe, and a blob whose size or
// digest is not the one that the recipe states, are codec.ErrDamaged. Never more than Size bytes are written.
func (r *Recipe) Rebuild(
	ctx context.Context, w io.Writer, data func(context.Context, codec.Chunk) ([]byte, error),
) error {
	sum := sha256.New()
	if err := r.RebuildUnverified(ctx, io.MultiWriter(w, sum), data); err != nil {
		return err
	}
	if d := digest.NewDigest(digest.SHA256, sum); d != r.Digest {
		return fmt.Errorf("rebuild: %w", damagedf("the blob is %v, not %v", d, r.Digest))
	}
	return nil
}

// RebuildUnverified is Rebuild for a w that verifies the blob: its digest is not looked at here.
func (r *Recipe) RebuildUnverified(ctx context.Context, w io.Writer, data func(context.Context, codec.Chunk) ([]byte, error)) error {
	blob := newAssembly(ctx, r, w)
	if err := blob.end(r.assemble(blob, data)); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	return nil
}

// assemble writes literals and data to out in their order.
func (r *Recipe) assemble(out *assembly, data fetchFunc) error {
	chunks, rest := r.Chunks, []byte(nil) // rest: of the chunk before chunks
	for s := r.skeleton(); ; {
		literals, n, err := s.next(out.ctx)
		if errors.Is(err, io.EOF) {
			if err := out.turn(); err != nil {
				return err
			}
			return out.flush()
		}
		if err != nil {
			return err
		}
		if err := out.write(literals); err != nil {
			return err
		}
		for n > 0 {
			if len(rest) == 0 {
				// There is one: the skeleton gives out no more data than the chunks hold.
				if rest, err = fetch(out.ctx, chunks[0], data); err != nil {
					return err
				}
				chunks = chunks[1:]
			}
			part := rest[:min(uint64(len(rest)), n)]
			if err := out.write(part); err != nil {
				return err
			}
			rest = rest[len(part):]
			n -= uint64(len(part))
		}
	}
}

type fetchFunc = func(context.Context, codec.Chunk) ([]byte, error)

// fetch returns the bytes of a chunk, as many as it must have.
func fetch(ctx context.Context, c codec.Chunk, data fetchFunc) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := data(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("chunk %v: %w", c.ID, err)
	}
	if len(b) != int(c.Size) {
		return nil, fmt.Errorf("chunk %v: %w", c.ID, damagedf("%d bytes, not %d", len(b), c.Size))
	}
	return b, nil
}
