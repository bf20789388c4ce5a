package transfer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// Destination is where a push writes, and which images there it may build upon.
type Destination struct {
	remote.Target
	Reference remote.Reference // with a tag
	Bases     []Base
	since     []sinceImage // whoever gets what is written has these: their packs are named, and not written
}

// push is one push under way.
type push struct {
	codec *codec.Codec
	src   content.ReadOnlyStorage
	dst   Destination
	opts  Options

	root    ocispec.Descriptor // of the plain image as it is read
	known   *catalog
	recipes map[digest.Digest]reuse // of the bases
	bases   []baseImage
	fresh   map[codec.ID]bool // chunks that are packed or coded by this push
	up      *uploader
	packer  *packer
	deltas  *deltas // nil if there is nothing to code against

	image    remote.Parts
	at       map[digest.Digest]int                // place of each blob in the document
	unpacked map[digest.Digest]ocispec.Descriptor // what became of a compressed layer
	named    map[digest.Digest]bool               // recipes already in the image
	distinct distinctChunks                       // of the recipes, in the order of image.Recipes
	packed   map[compression]int                  // compressed layers that were kept
	findings map[digest.Digest]*recipe.Findings   // of the layers being pushed
}

// Push reads the plain image root from src and writes its chunked form to dst, under the tag of its reference. The tag
// changes only after everything that it leads to is there. root may be an index: then all its images are pushed.
func Push(ctx context.Context, c *codec.Codec, src content.ReadOnlyStorage, root ocispec.Descriptor, dst Destination, opts Options) (*Result, error) {
	p := &push{
		codec: c, src: src, dst: dst, opts: opts.withDefaults(), root: root,
		known:    newCatalog(),
		fresh:    make(map[codec.ID]bool),
		recipes:  make(map[digest.Digest]reuse),
		at:       make(map[digest.Digest]int),
		unpacked: make(map[digest.Digest]ocispec.Descriptor),
		named:    make(map[digest.Digest]bool),
		packed:   make(map[compression]int),
	}
	if err := p.opts.check(); err != nil {
		return nil, err
	}
	if err := refuseChunked(ctx, src, root); err != nil {
		return nil, err
	}
	bases, err := p.loadBases(ctx)
	if err != nil {
		return nil, err
	}
	if img := p.published(ctx, bases); img != nil {
		return p.republish(ctx, img)
	}
	if err := p.learn(ctx, bases); err != nil {
		return nil, err
	}
	return p.run(ctx)
}

// republish gives an image that is there already the tag of this push.
func (p *push) republish(ctx context.Context, img *remote.Image) (*Result, error) {
	now, err := p.dst.Resolve(ctx, p.dst.Reference.Tag)
	if err != nil && !errors.Is(err, remote.ErrNotFound) {
		return nil, err
	}
	if err != nil || now.Digest != img.Descriptor.Digest {
		if err := p.pushManifest(ctx, img.Descriptor, img.Manifest); err != nil {
			return nil, err
		}
	}
	return &Result{
		Digest: img.Document.Root.Digest, ChunkedDigest: img.Descriptor.Digest,
		RawBytes: img.Document.RawBytes(), ChunksTotal: img.Document.Chunks, Unchanged: true,
	}, nil
}

func (p *push) pushManifest(ctx context.Context, desc ocispec.Descriptor, manifest []byte) error {
	if err := p.dst.PushReference(ctx, desc, bytes.NewReader(manifest), p.dst.Reference.Tag); err != nil {
		return fmt.Errorf("upload the manifest: %w", err)
	}
	return nil
}

func (p *push) run(ctx context.Context) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.up = newUploader(ctx, p.dst, p.opts.Jobs, p.opts.Progress.Begin("upload", -1))
	root, err := p.pack(p.up.ctx)
	if err == nil {
		err = p.publishIndex(p.up.ctx)
	}
	if err != nil {
		cancel()
	}
	if uploaded := p.up.wait(); err == nil || uploaded != nil && errors.Is(err, context.Canceled) {
		err = uploaded
	}
	if err != nil {
		return nil, err
	}
	result, err := p.publish(ctx, root)
	if err != nil {
		return nil, err
	}
	p.hint()
	result.count(p.distinct.of(p.fresh))
	if p.opts.Prepared != nil {
		result.count(p.known.from(&p.opts.Prepared.Reference, p.distinct.list))
	}
	return result, nil
}

// pack reads the image, and packs all that is new in it. It returns the root of the image as it will be pulled.
func (p *push) pack(ctx context.Context) (ocispec.Descriptor, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	line := pipeline{p.codec, p.opts.Level, p.opts.Jobs, p.up, ctx, cancel}
	p.packer = newPacker(line)
	if origins, err := p.origins(ctx); err != nil {
		cancel(err)
	} else if origins != nil {
		p.deltas = newDeltas(line, origins)
		p.deltas.besides = p.opts.Full
	}
	root, err := p.manifest(ctx, p.root)
	if err != nil {
		cancel(err)
	}
	p.packer.finish()
	if p.deltas != nil {
		p.deltas.finish()
	}
	if ctx.Err() != nil {
		return root, context.Cause(ctx)
	}
	p.known.addPacked(p.known.chunks, p.packer.packs, p.packer.frames)
	if p.deltas != nil {
		p.known.addPacked(p.known.chunks, p.deltas.rejected.packs, p.deltas.rejected.frames)
		p.known.addPacked(p.known.deltas(), p.deltas.packs, p.deltas.frames)
	}
	return root, nil
}

// publishIndex uploads the index, and mounts the packs of the bases that need it.
func (p *push) publishIndex(ctx context.Context) error {
	index, packs := p.known.index(p.distinct.list)
	for _, source := range packs {
		p.image.Packs = append(p.image.Packs, source.desc)
		if source.from != nil {
			p.up.mount(source.desc, *source.from)
		}
	}
	file, err := newSpool()
	if err != nil {
		return err
	}
	if err := index.Encode(ctx, file, p.codec, p.opts.Level, p.distinct.list); err != nil {
		file.discard()
		return fmt.Errorf("write the index: %w", err)
	}
	p.image.Index = file.descriptor(remote.MediaTypeIndex)
	return p.up.spooled(p.image.Index, file)
}

// publish uploads the image document and then, as everything it leads to is there, the manifest.
func (p *push) publish(ctx context.Context, root ocispec.Descriptor) (*Result, error) {
	p.image.Document.Root = root
	p.image.Document.Chunks = len(p.distinct.list)
	if p.opts.Layers == Unpack {
		p.image.Document.Origin = &p.root
	}
	document, manifest, err := p.image.Encode()
	if err != nil {
		return nil, err
	}
	if err := p.dst.Push(ctx, content.NewDescriptorFromBytes(remote.MediaTypeDoc, document), bytes.NewReader(document)); err != nil {
		return nil, fmt.Errorf("upload the image document: %w", err)
	}
	desc := content.NewDescriptorFromBytes(ocispec.MediaTypeImageManifest, manifest)
	if err := p.pushManifest(ctx, desc, manifest); err != nil {
		return nil, err
	}
	return &Result{
		Digest: root.Digest, ChunkedDigest: desc.Digest,
		RawBytes: p.image.Document.RawBytes(), ChunksTotal: p.image.Document.Chunks,
	}, nil
}

// hint says what would make the next push smaller.
func (p *push) hint() {
	for compression, n := range p.packed {
		p.opts.Log.Info(fmt.Sprintf("%d layers are %s and stored as they are, so they share little with other versions; --layers unpack stores them uncompressed (same image ID, other manifest digest)", n, compression))
	}
}

// reserve gives a blob its place in the document, before what it leads to.
func (p *push) reserve(d digest.Digest) int {
	slot := len(p.image.Document.Blobs)
	p.at[d] = slot
	p.image.Document.Blobs = append(p.image.Document.Blobs, remote.Blob{})
	return slot
}

// blob pushes a blob as it is.
func (p *push) blob(ctx context.Context, desc ocispec.Descriptor) error {
	if has(p.at, desc.Digest) {
		return nil
	}
	slot := p.reserve(desc.Digest)
	b, err := p.store(ctx, desc)
	if err != nil {
		return fmt.Errorf("blob %s: %w", desc.Digest, err)
	}
	p.image.Document.Blobs[slot] = b
	return nil
}

func (p *push) store(ctx context.Context, desc ocispec.Descriptor) (remote.Blob, error) {
	b := remote.Blob{MediaType: desc.MediaType, Digest: desc.Digest, Size: desc.Size}
	if desc.Size <= remote.MaxInline {
		var err error
		b.Data, err = remote.FetchSmall(ctx, p.src, desc, remote.MaxInline)
		return b, err
	}
	if known, ok := p.recipes[desc.Digest]; ok {
		b.Recipe = p.reuse(known)
		return b, nil
	}
	rc, err := p.src.Fetch(ctx, desc)
	if err != nil {
		return b, err
	}
	defer func() { _ = rc.Close() }()
	r := bufio.NewReaderSize(rc, readSize)
	kind, compressed := sniff(r, desc.MediaType)
	sum, err := p.build(ctx, r, kind, &b)
	if err == nil && (sum.Digest != desc.Digest || sum.Size != desc.Size) {
		err = fmt.Errorf("%w: the source gave %d bytes of %s", codec.ErrDamaged, sum.Size, sum.Digest)
	}
	if compressed != none && sum.Streams == 0 {
		p.packed[compressed]++
	}
	return b, err
}

// build makes the recipe of what r gives, sends its chunks to the packer and the recipe to the target, and enters it in b.
func (p *push) build(ctx context.Context, r io.Reader, kind recipe.Kind, b *remote.Blob) (recipe.Summary, error) {
	file, err := newSpool()
	if err != nil {
		return recipe.Summary{}, err
	}
	var chunks []codec.Chunk
	offset := int64(0)
	opts := recipe.Options{Kind: kind, Level: p.opts.Level, KeepGzip: p.opts.NoRebuild, Findings: p.findings[b.Digest]}
	task := p.opts.Progress.Begin("read "+shortDigest(b.Digest), b.Size)
	sum, err := recipe.Build(ctx, p.codec, &taskReader{r, task}, opts, file, func(c codec.Chunk, data []byte, files []recipe.File) error {
		chunks = append(chunks, c)
		err := p.chunk(c, data, offset, files)
		offset += int64(c.Size)
		return err
	})
	task.End(err)
	if err != nil {
		file.discard()
		return sum, err
	}
	desc := file.descriptor(remote.MediaTypeRecipe)
	b.Recipe = desc.Digest
	p.nameRecipe(desc, chunks)
	return sum, p.up.spooled(desc, file)
}

// chunk packs a chunk that is not known yet, or codes it against those of a base.
func (p *push) chunk(c codec.Chunk, data []byte, offset int64, files []recipe.File) error {
	if has(p.known.chunks, c.ID) || p.fresh[c.ID] {
		if p.deltas != nil {
			p.deltas.pass(c, offset, files)
		}
		return nil
	}
	p.fresh[c.ID] = true
	if p.deltas != nil && !has(p.known.besides, c.ID) {
		if taken, err := p.deltas.add(c, data, offset, files); taken || err != nil {
			return err
		}
	}
	return p.packer.add(c, data)
}

// reuse enters a recipe of a base.
func (p *push) reuse(r reuse) digest.Digest {
	if r.from != nil && !p.named[r.desc.Digest] {
		p.up.mount(r.desc, *r.from)
	}
	p.nameRecipe(r.desc, r.chunks)
	return r.desc.Digest
}

func (p *push) nameRecipe(desc ocispec.Descriptor, chunks []codec.Chunk) {
	if p.named[desc.Digest] {
		return
	}
	p.named[desc.Digest] = true
	p.image.Recipes = append(p.image.Recipes, desc)
	p.distinct.add(chunks)
}
