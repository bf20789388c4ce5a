package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// A push looks for bases by itself: the image under its own tag, then the newest under other tags, as far as they are
// chunked. More of them cost requests and seldom save bytes.
const (
	maxBases = 2
	maxTags  = 8 // other tags whose images are looked at, to find the newest
)

// Base is a chunked image to build upon. One that is named as a base lies where the destination does, or in another
// repository of the same registry.
type Base struct {
	Source    remote.Source
	Reference remote.Reference
}

// base is a chunked image whose chunks are on the destination, or can be mounted there, or need not be there.
type base struct {
	*remote.Image
	src   remote.Source
	from  *remote.Reference // the repository that has it, if it is not the destination's
	since *chunkedImage     // the image, if its packs need not be there
}

// loadBases returns the bases of a push, those that were named first. An image that was named must be usable; of those
// that are only found, the unusable are left out, with a warning where that is a surprise.
func (p *push) loadBases(ctx context.Context) ([]base, error) {
	var bases []base
	for _, s := range p.dst.since {
		bases = append(bases, base{s.Image, s.Source, &s.Reference, s.chunkedImage})
	}
	for _, named := range p.dst.Bases {
		img, err := p.resolveBase(ctx, named)
		if err != nil {
			return nil, fmt.Errorf("base %s: %w", named.Reference, err)
		}
		b := base{Image: img, src: named.Source}
		if !sameRepository(named.Reference, p.dst.Reference) {
			b.from = &named.Reference
		}
		bases = append(bases, b)
	}
	found, err := p.findBases(ctx)
	return append(bases, found...), err
}

// findBases looks at the image under the destination's own tag, and at those under other tags: of these the newest are
// bases.
func (p *push) findBases(ctx context.Context) ([]base, error) {
	own := p.dst.Reference.Tag
	bases, err := p.lookAt(ctx, []string{own})
	if err != nil || len(bases) > 0 && p.makes(bases[0].Document) {
		return bases, err // in the latter case nothing is left to push
	}
	tags, err := p.dst.Tags(ctx)
	if err != nil {
		p.opts.Log.Warn("the tags cannot be listed, so none is a base", "repository", p.dst.Reference, "reason", err)
		return bases, context.Cause(ctx)
	}
	tags = slices.DeleteFunc(tags, func(tag string) bool { return tag == own })
	others, err := p.lookAt(ctx, tags[:min(len(tags), maxTags)])
	if err != nil {
		return nil, err
	}
	for _, b := range others {
		if p.makes(b.Document) {
			return []base{b}, nil
		}
	}
	slices.SortStableFunc(others, func(a, b base) int { return createdAt(b).Compare(createdAt(a)) })
	bases = append(bases, others...)
	return bases[:min(len(bases), maxBases)], nil
}

// createdAt returns when the image of a base was made; long ago if it does not say.
func createdAt(b base) time.Time {
	t, _ := time.Parse(time.RFC3339, b.Created) // the zero time if there is none
	return t
}

// lookAt returns the images under tags of the destination, in this order, without those that are no bases.
func (p *push) lookAt(ctx context.Context, tags []string) ([]base, error) {
	found := make([][]base, len(tags))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * p.opts.Jobs) // small, so it is the waiting that counts
	for i, tag := range tags {
		group.Go(func() (err error) {
			found[i], err = p.tryBase(ctx, tag)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// tryBase returns the image under a tag of the destination, or none if it is no base.
func (p *push) tryBase(ctx context.Context, tag string) ([]base, error) {
	at := p.dst.Reference
	at.Tag = tag
	img, err := p.resolveBase(ctx, Base{p.dst, at})
	var lacking *LackingError
	switch {
	case err == nil:
		return []base{{Image: img, src: p.dst}}, nil
	case errors.As(err, &lacking), errors.Is(err, codec.ErrDamaged), errors.Is(err, remote.ErrNewerFormat):
		p.opts.Log.Warn("cannot be used as a base", "tag", tag, "reason", err)
		return nil, nil
	case errors.Is(err, remote.ErrNotFound), errors.Is(err, remote.ErrNotChunked):
		return nil, nil
	}
	return nil, fmt.Errorf("look for a base at tag %s: %w", tag, err)
}

// resolveBase returns an image to build upon: all of it must be there, unless what this push makes leaves out the same.
func (p *push) resolveBase(ctx context.Context, b Base) (*remote.Image, error) {
	img, err := resolveImage(ctx, b.Source, b.Reference.Name())
	if err != nil || len(p.dst.since) > 0 {
		return img, err
	}
	since, err := b.Source.Since(ctx, img.Descriptor.Digest)
	if err == nil && len(since) > 0 {
		err = &LackingError{Place: b.Reference.String(), Since: since}
	}
	return img, err
}

func resolveImage(ctx context.Context, src remote.Source, reference string) (*remote.Image, error) {
	desc, err := src.Resolve(ctx, reference)
	if err != nil {
		return nil, err
	}
	return remote.LoadImage(ctx, src, desc)
}

func sameRepository(a, b remote.Reference) bool {
	return a.Transport == b.Transport && a.Host == b.Host && a.Repository == b.Repository && a.Path == b.Path
}

// makes says whether doc is what this push makes.
func (p *push) makes(doc remote.Document) bool {
	if p.opts.Layers == Unpack {
		return doc.Origin != nil && doc.Origin.Digest == p.root.Digest
	}
	return doc.Origin == nil && doc.Root.Digest == p.root.Digest
}

// published returns the base that is already what this push makes, or nil.
func (p *push) published(ctx context.Context, bases []base) *remote.Image {
	for _, b := range bases {
		if b.from == nil && p.makes(b.Document) && p.fullEnough(ctx, b) {
			return b.Image
		}
	}
	return nil
}

// fullEnough says whether a base has all chunks in frames, if that is wanted. One that cannot be read has not.
func (p *push) fullEnough(ctx context.Context, b base) bool {
	if !p.opts.Full || !slices.ContainsFunc(b.Packs, isDeltas) {
		return true
	}
	img, err := openRecipes(ctx, p.codec, b.src, b.Image, p.opts.Jobs)
	if err == nil {
		err = img.loadIndex(ctx, p.codec, b.src)
	}
	return err == nil && img.inFrames()
}

// learn reads the recipes and indexes of the bases: their chunks become known, their recipes reusable.
func (p *push) learn(ctx context.Context, bases []base) error {
	var images []knownImage
	for _, b := range bases {
		full, err := b.open(ctx, p.codec, p.opts.Jobs)
		if errors.Is(err, codec.ErrDamaged) {
			p.opts.Log.Warn("cannot be used as a base", "image", b.Descriptor.Digest, "reason", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("base %s: %w", b.Descriptor.Digest, err)
		}
		images = append(images, knownImage{full, b.from, b.since != nil})
		p.bases = append(p.bases, baseImage{full, b.src})
	}
	p.known.full = p.opts.Full
	p.known.add(images)
	for _, img := range images {
		p.addReusable(img)
	}
	return p.learnPrepared(ctx)
}

// open reads recipes and index.
func (b base) open(ctx context.Context, c *codec.Codec, jobs int) (*chunkedImage, error) {
	if b.since != nil {
		return b.since, nil
	}
	return openIndexed(ctx, c, b.src, b.Image, jobs)
}

// learnPrepared makes the chunks and recipes of the prepared image known, as far as copying its packs to the destination
// is better than packing what the bases lack.
func (p *push) learnPrepared(ctx context.Context) error {
	prepared := p.opts.Prepared
	if prepared == nil {
		return nil
	}
	img, err := prepared.open(ctx, p.codec, p.opts.Jobs)
	switch {
	case err == nil && !p.makes(img.Document):
		p.opts.Log.Debug("another image was prepared", "prepared", prepared.Reference, "image", img.Document.Root.Digest)
	case err == nil:
		known := knownImage{img, &prepared.Reference, false}
		p.known.addLacking(known)
		p.addReusable(known)
	case ctx.Err() == nil:
		p.opts.Log.Debug("nothing is prepared", "image", prepared.Reference, "reason", err)
	}
	return context.Cause(ctx)
}

// open reads the image with recipes and index.
func (b Base) open(ctx context.Context, c *codec.Codec, jobs int) (*chunkedImage, error) {
	img, err := resolveImage(ctx, b.Source, b.Reference.Name())
	if err != nil {
		return nil, err
	}
	return openIndexed(ctx, c, b.Source, img, jobs)
}

// baseImage is a base with recipes and index.
type baseImage struct {
	*chunkedImage
	src remote.Source
}

// origins returns the files of the bases; nil if no deltas are wanted, or there is no base.
func (p *push) origins(ctx context.Context) (*origins, error) {
	if p.opts.OpenStore == nil || len(p.bases) == 0 {
		return nil, nil
	}
	s, err := p.opts.OpenStore()
	if err != nil {
		return nil, err
	}
	o := newOrigins(&joined{Progress: p.opts.Progress, name: "fetch bases"})
	opts := p.opts
	opts.Progress = o.fetching
	usable := func(c codec.Chunk) bool { return p.known.inFrames([]codec.Chunk{c}) }
	for _, b := range p.bases {
		image := &Image{local: local{p.codec, s, opts.Unpacked}, src: b.src, opts: opts, image: b.chunkedImage, keepAll: true}
		if image.since, err = b.src.Since(ctx, b.Descriptor.Digest); err != nil {
			return nil, err
		}
		if err := o.add(ctx, image, usable); err != nil {
			return nil, fmt.Errorf("base %s: %w", b.Descriptor.Digest, err)
		}
	}
	return o, nil
}

// reuse is a recipe of a base for a blob of the image at hand, all chunks of which are known.
type reuse struct {
	desc   ocispec.Descriptor
	size   int64 // of the blob
	chunks []codec.Chunk
	from   *remote.Reference
}

func (p *push) addReusable(img knownImage) {
	for _, blob := range img.Document.Blobs {
		if blob.Inline() || has(p.recipes, blob.Digest) {
			continue
		}
		if chunks := img.recipes[blob.Recipe].Chunks; p.known.has(chunks) {
			p.recipes[blob.Digest] = reuse{img.recipeDescriptor(blob.Recipe), blob.Size, chunks, img.from}
		}
	}
}
