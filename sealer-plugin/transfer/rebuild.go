package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/store"
)

// write rebuilds the plain image at out, from what is at hand. It says whether there was something to do.
func (p *Image) write(ctx context.Context, out Output) (bool, error) {
	root := p.plain.root
	now, err := out.Resolve(ctx, out.Reference.Tag)
	switch {
	case err == nil && now.Digest == root.Digest:
		return false, nil // it was tagged after everything that it leads to was there
	case err != nil && !errors.Is(err, remote.ErrNotFound):
		return false, err
	}
	if err := p.writeBlobs(ctx, out); err != nil {
		return true, err
	}
	for _, b := range slices.Backward(p.plain.blobs) { // what a manifest leads to comes before it
		if !isManifest(b.MediaType) && !isIndex(b.MediaType) || b.Digest == root.Digest {
			continue
		}
		if err := out.Push(ctx, b.Descriptor(), bytes.NewReader(b.Data)); err != nil {
			return true, fmt.Errorf("write manifest %s: %w", b.Digest, err)
		}
	}
	data, err := remote.FetchSmall(ctx, inlineBlobs(p.plain.blobs), root, remote.MaxManifest)
	if err != nil {
		return true, err
	}
	if err := out.PushReference(ctx, root, bytes.NewReader(data), out.Reference.Tag); err != nil {
		return true, fmt.Errorf("write manifest %s: %w", root.Digest, err)
	}
	return true, nil
}

// writeBlobs writes everything but manifests, several blobs at once.
func (p *Image) writeBlobs(ctx context.Context, out Output) error {
	task := p.opts.Progress.Begin("write", p.plain.size())
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.opts.Jobs)
	for _, b := range p.plain.blobs {
		if isManifest(b.MediaType) || isIndex(b.MediaType) {
			task.Add(b.Size)
			continue
		}
		group.Go(func() error {
			if err := p.writeBlob(ctx, out, b, task); err != nil {
				return fmt.Errorf("write blob %s: %w", b.Digest, err)
			}
			return nil
		})
	}
	err := group.Wait()
	task.End(err)
	return err
}

func (p *Image) writeBlob(ctx context.Context, out Output, b remote.Blob, task Task) error {
	there, err := out.Exists(ctx, b.Descriptor())
	if err != nil {
		return err
	}
	if there {
		task.Add(b.Size)
		return nil
	}
	if b.Inline() {
		return out.Push(ctx, b.Descriptor(), &countedReader{bytes.NewReader(b.Data), task})
	}
	blob := p.rebuildBy(ctx, b, (*recipe.Recipe).RebuildUnverified) // out verifies it
	err = out.Push(ctx, b.Descriptor(), &taskReader{blob, task})
	if rebuilt := blob.Close(); rebuilt != nil {
		return rebuilt
	}
	return err
}

// rebuildFunc is a method of a recipe that writes the blob.
type rebuildFunc = func(*recipe.Recipe, context.Context, io.Writer, func(context.Context, codec.Chunk) ([]byte, error)) error

// rebuild returns a reader of the blob as it is rebuilt from what is at hand.
func (p *Image) rebuild(ctx context.Context, b remote.Blob) *rebuiltBlob {
	return p.rebuildBy(ctx, b, (*recipe.Recipe).Rebuild)
}

// rebuildBy is rebuild by one of the recipe's methods.
func (p *Image) rebuildBy(ctx context.Context, b remote.Blob, method rebuildFunc) *rebuiltBlob {
	r, w := io.Pipe()
	blob := &rebuiltBlob{PipeReader: r}
	blob.rebuilding.Go(func() error {
		chunks := p.newChunkReader(p.chunksOf(b))
		defer chunks.close()
		err := method(p.image.recipes[b.Recipe], ctx, w, chunks.chunk)
		_ = w.CloseWithError(err) // never fails
		return err
	})
	return blob
}

// rebuiltBlob is a blob that is being rebuilt.
type rebuiltBlob struct {
	*io.PipeReader
	rebuilding errgroup.Group
}

// Close ends the rebuild. It returns why that failed; nil if only the reader did not want it to the end.
func (b *rebuiltBlob) Close() error {
	_ = b.PipeReader.Close() // never fails
	if err := b.rebuilding.Wait(); !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	return nil
}

// chunkReader reads chunks. It belongs to one goroutine.
type chunkReader struct {
	*localReader
	log      *slog.Logger
	chunks   []codec.Chunk                              // that will be read
	fetch    func(context.Context, []codec.Chunk) error // gets those of them that are not at hand
	arriving *arrivals                                  // what is being fetched anyway
}

func (p *Image) newChunkReader(chunks []codec.Chunk) *chunkReader {
	return &chunkReader{p.newReader(), p.opts.Log, chunks, p.fetchMissing, p.arriving}
}

// chunk returns the bytes of a chunk. Where local data turns out to be damaged, it gets what of the chunks is lacking then.
func (r *chunkReader) chunk(ctx context.Context, c codec.Chunk) ([]byte, error) {
	data, err := r.await(ctx, c)
	if !isLost(err) {
		return data, err
	}
	r.log.Warn("local data is damaged: what is lost is fetched again", "reason", err)
	if err := r.fetch(ctx, r.chunks); err != nil {
		return nil, err
	}
	return r.localReader.chunk(ctx, c)
}

// await returns the bytes of a chunk as soon as it has come.
func (r *chunkReader) await(ctx context.Context, c codec.Chunk) ([]byte, error) {
	for {
		data, more := r.arriving.look(c.ID)
		if data != nil {
			return data, nil
		}
		data, err := r.localReader.chunk(ctx, c)
		if more == nil || !errors.Is(err, store.ErrNotFound) {
			return data, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
