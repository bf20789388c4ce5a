package transfer

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// maxRecipe is the longest recipe that is read into memory, in bytes: recipes are about a thousandth of their blobs.
const maxRecipe = 1 << 30

// maxIndex is the longest index that is read, in bytes, compressed.
const maxIndex = 2 * pack.MaxIndex

// chunkedImage is a chunked image with its recipes opened.
type chunkedImage struct {
	*remote.Image
	recipes map[digest.Digest]*recipe.Recipe
	chunks  []codec.Chunk // distinct, in the order of the index
	index   *pack.Index   // nil until loadIndex

	numbered []codec.Chunk // chunks, then those that deltas are coded against, as the index counts them; from loadIndex on
}

// openRecipes reads the recipes of img from src.
func openRecipes(ctx context.Context, c *codec.Codec, src content.Fetcher, img *remote.Image, jobs int) (*chunkedImage, error) {
	opened, err := readRecipes(ctx, c, src, img.Recipes, jobs)
	if err != nil {
		return nil, err
	}
	return withRecipes(img, opened)
}

// readRecipes reads recipes, side by side, from src.
func readRecipes(
	ctx context.Context, c *codec.Codec, src content.Fetcher, recipes []ocispec.Descriptor, jobs int,
) ([]*recipe.Recipe, error) {
	opened := make([]*recipe.Recipe, len(recipes))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * jobs) // small, so it is the waiting that counts
	for i, r := range recipes {
		group.Go(func() error {
			data, err := remote.FetchSmall(ctx, src, r, maxRecipe)
			if err != nil {
				return fmt.Errorf("recipe: %w", err)
			}
			if opened[i], err = recipe.Open(ctx, c, bytes.NewReader(data), r.Size); err != nil {
				return fmt.Errorf("recipe %s: %w", r.Digest, err)
			}
			return nil
		})
	}
	return opened, group.Wait()
}

// withRecipes puts an image and its recipes, in the order of the manifest, together.
func withRecipes(img *remote.Image, opened []*recipe.Recipe) (*chunkedImage, error) {
	full := &chunkedImage{Image: img, recipes: make(map[digest.Digest]*recipe.Recipe, len(opened))}
	var distinct distinctChunks
	for i, r := range opened {
		full.recipes[img.Recipes[i].Digest] = r
		distinct.add(r.Chunks)
	}
	full.chunks = distinct.list
	return full, full.checkSizes()
}

// openIndexed reads the recipes and the index of img from src.
func openIndexed(ctx context.Context, c *codec.Codec, src content.Fetcher, img *remote.Image, jobs int) (*chunkedImage, error) {
	full, err := openRecipes(ctx, c, src, img, jobs)
	if err != nil {
		return nil, err
	}
	return full, full.loadIndex(ctx, c, src)
}

// checkSizes holds the recipes against the document: a blob must be what its recipe rebuilds.
func (img *chunkedImage) checkSizes() error {
	for _, b := range img.Document.Blobs {
		if b.Inline() {
			continue
		}
		if r := img.recipes[b.Recipe]; r.Digest != b.Digest || r.Size != b.Size {
			return fmt.Errorf("recipe %s: %w: it rebuilds %s, not %s", b.Recipe, codec.ErrDamaged, r.Digest, b.Digest)
		}
	}
	return nil
}

// loadIndex reads the image's index from src.
func (img *chunkedImage) loadIndex(ctx context.Context, c *codec.Codec, src content.Fetcher) error {
	data, err := remote.FetchSmall(ctx, src, img.Index, maxIndex)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	index, err := pack.DecodeIndex(ctx, bytes.NewReader(data), c, img.chunks)
	if err != nil {
		return fmt.Errorf("index %s: %w", img.Index.Digest, err)
	}
	if len(index.Packs) != len(img.Packs) {
		return fmt.Errorf("index %s: %w: %d packs, the manifest has %d", img.Index.Digest, codec.ErrDamaged, len(index.Packs), len(img.Packs))
	}
	for i, p := range index.Packs {
		if want := img.Packs[i]; p.Digest != want.Digest || p.Size != want.Size || p.Delta != isDeltas(want) {
			return fmt.Errorf("index %s: %w: pack %d is %s, in the manifest %s", img.Index.Digest, codec.ErrDamaged, i, p.Digest, want.Digest)
		}
	}
	img.index, img.numbered = index, index.Chunks(img.chunks)
	return nil
}

// isDeltas says whether a pack holds deltas, and not frames.
func isDeltas(desc ocispec.Descriptor) bool { return desc.MediaType == remote.MediaTypeDelta }

// baseOf returns the chunks that a delta is coded against, nil if the frame is none.
func (img *chunkedImage) baseOf(f pack.Place) []codec.Chunk {
	var base []codec.Chunk
	for _, run := range f.Base {
		base = append(base, img.numbered[run.First:][:run.Count]...)
	}
	return base
}

// packOf returns the pack that a location is in.
func (img *chunkedImage) packOf(at pack.Location) digest.Digest {
	return img.index.Packs[img.index.Frames[at.Frame].Pack].Digest
}

// inFrames says whether all chunks of the image have their locations in zstd frames.
func (img *chunkedImage) inFrames() bool {
	return !slices.ContainsFunc(img.index.Locations[:len(img.chunks)], func(at pack.Location) bool {
		return img.index.Frames[at.Frame].Delta()
	})
}

// packedSizes returns what each of the numbered chunks takes in its frame.
func (img *chunkedImage) packedSizes() []int64 {
	sizes := make([]int64, len(img.numbered))
	for i, c := range img.numbered {
		sizes[i] = shareOf(c, img.index.Frames[img.index.Locations[i].Frame])
	}
	return sizes
}

// shareOf returns what a chunk takes in its frame, by its share of the raw bytes.
func shareOf(c codec.Chunk, f pack.Place) int64 {
	return (int64(c.Size)*int64(f.Size) + int64(f.Raw) - 1) / int64(f.Raw)
}

// recipeDescriptor returns the descriptor of the recipe d.
func (img *chunkedImage) recipeDescriptor(d digest.Digest) ocispec.Descriptor {
	for _, r := range img.Recipes {
		if r.Digest == d {
			return r
		}
	}
	return ocispec.Descriptor{} // not reached: LoadImage checked it
}

// distinctChunks collects chunks, each where it comes first. The zero value is empty.
type distinctChunks struct {
	list []codec.Chunk
	seen map[codec.ID]bool
}

func (d *distinctChunks) add(chunks []codec.Chunk) {
	if d.seen == nil {
		d.seen = make(map[codec.ID]bool)
	}
	for _, c := range chunks {
		if !d.seen[c.ID] {
			d.seen[c.ID] = true
			d.list = append(d.list, c)
		}
	}
}

// of returns those of the chunks that are wanted.
func (d *distinctChunks) of(wanted map[codec.ID]bool) []codec.Chunk {
	return slices.DeleteFunc(slices.Clone(d.list), func(c codec.Chunk) bool { return !wanted[c.ID] })
}
