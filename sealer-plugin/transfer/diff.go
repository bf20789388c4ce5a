package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// Version is an image to compare: chunked, or plain and then chunked first, in a layout at hand.
type Version struct {
	remote.Source
	Root ocispec.Descriptor
}

// Diff tells what would travel to a place that has the image old and gets the image new. Plain images are
// brought into chunked form in scratch, which must be an empty OCI layout.
func Diff(ctx context.Context, c *codec.Codec, old, new Version, scratch Destination, opts Options) (*Difference, error) {
	opts = opts.withDefaults()
	before, err := chunkedVersion(ctx, c, old, scratch, "old", opts)
	if err != nil {
		return nil, fmt.Errorf("old image: %w", err)
	}
	after, err := chunkedVersion(ctx, c, new, scratch, "new", opts)
	if err != nil {
		return nil, fmt.Errorf("new image: %w", err)
	}
	return diffImages(ctx, before, after, opts.Platform)
}

func chunkedVersion(ctx context.Context, c *codec.Codec, v Version, scratch Destination, tag string, opts Options) (*chunkedImage, error) {
	src, desc := v.Source, v.Root
	img, err := remote.LoadImage(ctx, src, desc)
	if errors.Is(err, remote.ErrNotChunked) {
		scratch.Reference.Tag = tag
		if _, err := Push(ctx, c, src, desc, scratch, opts); err != nil {
			return nil, err
		}
		src = scratch.Target
		img, err = resolveImage(ctx, src, tag)
	}
	if err != nil {
		return nil, err
	}
	return openIndexed(ctx, c, src, img, opts.Jobs)
}

// diffImages compares the chunks of two images; of after, those of one platform if that is not empty.
func diffImages(ctx context.Context, before, after *chunkedImage, platform string) (*Difference, error) {
	wanted, err := documentImage(after.Document, platform)
	if err != nil {
		return nil, err
	}
	var chunks distinctChunks
	for _, b := range wanted.blobs {
		if !b.Inline() {
			chunks.add(after.recipes[b.Recipe].Chunks)
		}
	}
	fresh, err := planShares(before, after, chunks.list)
	if err != nil {
		return nil, err
	}
	d := &Difference{Chunks: len(chunks.list)}
	for _, b := range wanted.blobs {
		if b.Inline() {
			continue
		}
		before := len(fresh)
		layer, err := diffLayer(ctx, b, after.recipes[b.Recipe], fresh)
		if err != nil {
			return nil, err
		}
		d.ChunksNew += before - len(fresh)
		d.RawBytes += layer.RawBytes
		d.Packed += layer.Packed
		d.Layers = append(d.Layers, layer)
	}
	for _, packed := range fresh { // what is left is of no blob
		d.BaseBytes += packed
	}
	d.Packed += d.BaseBytes
	slices.SortStableFunc(d.Layers, func(a, b DiffLayer) int { return cmp.Compare(b.Packed, a.Packed) })
	return d, nil
}

// planShares returns what travels to a place that has the image before and gets chunks of the image after: these, and those
// that they are coded against, each with its share of the frame or delta that it is fetched from.
func planShares(before, after *chunkedImage, chunks []codec.Chunk) (map[codec.ID]int64, error) {
	there := make(map[codec.ID]bool, len(before.numbered))
	for _, c := range before.numbered {
		there[c.ID] = true
	}
	missing := func(chunks []codec.Chunk) ([]codec.Chunk, error) {
		return slices.DeleteFunc(slices.Clone(chunks), func(c codec.Chunk) bool { return there[c.ID] }), nil
	}
	p := &planner{chunkedImage: after, missing: missing}
	lacking, _ := missing(chunks)
	if _, err := p.plan(lacking); err != nil {
		return nil, err
	}
	return p.shares(), nil
}

// newBytes is a chunk that is new, in the data of a blob.
type newBytes struct {
	offset, end int64
	packed      int64
}

// diffLayer finds the chunks of a blob that are among fresh, and the files in which they lie. A chunk counts where it comes
// first: diffLayer takes it out of fresh.
func diffLayer(ctx context.Context, b remote.Blob, r *recipe.Recipe, fresh map[codec.ID]int64) (DiffLayer, error) {
	layer := DiffLayer{Digest: b.Digest, MediaType: b.MediaType, Size: b.Size}
	var spans []newBytes
	var at int64
	for _, c := range r.Chunks {
		end := at + int64(c.Size)
		if packed, new := fresh[c.ID]; new {
			delete(fresh, c.ID)
			layer.RawBytes += int64(c.Size)
			layer.Packed += packed
			spans = append(spans, newBytes{at, end, packed})
		}
		at = end
	}
	if len(spans) == 0 {
		return layer, nil
	}
	for f, err := range r.Files(ctx) {
		if err != nil {
			return layer, fmt.Errorf("recipe %s: %w", b.Recipe, err)
		}
		if raw, packed := overlap(&spans, f.Offset, f.Offset+f.Size); raw > 0 {
			layer.Files = append(layer.Files, DiffFile{Name: f.Name, Within: f.Within, Size: f.Size, RawBytes: raw, Packed: packed})
		}
	}
	slices.SortStableFunc(layer.Files, func(a, b DiffFile) int { return cmp.Compare(b.RawBytes, a.RawBytes) })
	return layer, nil
}

// overlap counts the bytes of the spans in [from, to), raw and, by their share, packed. It drops the spans that end before: it
// is asked in ascending order.
func overlap(spans *[]newBytes, from, to int64) (raw, packed int64) {
	for i, s := range *spans {
		if s.offset >= to {
			*spans = (*spans)[i:]
			return raw, packed
		}
		n := max(0, min(s.end, to)-max(s.offset, from))
		raw += n
		packed += n * s.packed / (s.end - s.offset)
		if s.end > to {
			*spans = (*spans)[i:]
			return raw, packed
		}
	}
	*spans = nil
	return raw, packed
}
