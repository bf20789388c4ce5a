package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// tarBlock is the length of a header in a tar, in bytes.
const tarBlock = 512

// Inspect describes the image desc, chunked or plain, without reading chunks.
func Inspect(ctx context.Context, c *codec.Codec, src remote.Source, desc ocispec.Descriptor, opts Options) (*Inspection, error) {
	opts = opts.withDefaults()
	img, err := remote.LoadImage(ctx, src, desc)
	if errors.Is(err, remote.ErrNotChunked) {
		return inspectPlain(ctx, src, desc)
	}
	if err != nil {
		return nil, err
	}
	full, err := openIndexed(ctx, c, src, img, opts.Jobs)
	if err != nil {
		return nil, err
	}
	return full.inspect(ctx)
}

func (img *chunkedImage) inspect(ctx context.Context) (*Inspection, error) {
	root := img.Document.Root
	in := &Inspection{
		Digest: root.Digest, MediaType: root.MediaType, ChunkedDigest: img.Descriptor.Digest, Created: img.Created,
		RawBytes: img.Document.RawBytes(), Chunks: len(img.chunks),
	}
	if img.Document.Origin != nil {
		in.Origin = img.Document.Origin.Digest
	}
	for _, p := range img.Packs {
		if isDeltas(p) {
			in.DeltaPacks, in.DeltaBytes = in.DeltaPacks+1, in.DeltaBytes+p.Size
			continue
		}
		in.Packs, in.PackBytes = in.Packs+1, in.PackBytes+p.Size
	}
	images, err := imagesOf(ctx, inlineBlobs(img.Document.Blobs), root)
	if err != nil {
		return nil, err
	}
	in.Platforms = platformNames(images)
	packed := img.packedByID()
	for _, b := range img.Document.Blobs {
		report, err := img.report(ctx, b, packed)
		if err != nil {
			return nil, err
		}
		in.Blobs = append(in.Blobs, report)
	}
	return in, nil
}

// packedByID returns what each chunk takes in its frame.
func (img *chunkedImage) packedByID() map[codec.ID]int64 {
	packed := make(map[codec.ID]int64, len(img.numbered))
	for i, n := range img.packedSizes() {
		packed[img.numbered[i].ID] = n
	}
	return packed
}

// report describes a blob. What a chunk takes is counted for the first blob that has it: report takes it out of packed.
func (img *chunkedImage) report(ctx context.Context, b remote.Blob, packed map[codec.ID]int64) (BlobReport, error) {
	report := BlobReport{Digest: b.Digest, MediaType: b.MediaType, Size: b.Size, Stored: "inline"}
	if b.Inline() {
		return report, nil
	}
	r := img.recipes[b.Recipe]
	tar, err := hasFiles(ctx, r)
	if err != nil {
		return report, fmt.Errorf("recipe %s: %w", b.Recipe, err)
	}
	report.Stored = "bytes"
	if tar {
		report.Stored = "tar"
	}
	report.Gzip = gzipOf(r)
	report.Chunks = len(r.Chunks)
	report.Packed = img.recipeDescriptor(b.Recipe).Size
	for _, c := range r.Chunks {
		report.Packed += packed[c.ID]
		delete(packed, c.ID)
	}
	return report, nil
}

// gzipOf describes the streams of a blob that are made again.
func gzipOf(r *recipe.Recipe) []GzipReport {
	var reports []GzipReport
	for _, s := range r.Streams {
		own := s.Depth == 0 && r.Streams[0].Start < tarBlock // in a tar, a header comes first
		i := slices.IndexFunc(reports, func(r GzipReport) bool { return r.Encoder == s.String() && r.Blob == own })
		if i < 0 {
			i = len(reports)
			reports = append(reports, GzipReport{Format: s.Format(), Encoder: s.String(), Blob: own})
		}
		reports[i].Streams++
		reports[i].Size += s.Size
		reports[i].Raw += s.Raw
	}
	return reports
}

func hasFiles(ctx context.Context, r *recipe.Recipe) (bool, error) {
	for _, err := range r.Files(ctx) {
		return err == nil, err
	}
	return false, nil
}

func inspectPlain(ctx context.Context, src remote.Source, root ocispec.Descriptor) (*Inspection, error) {
	images, err := imagesOf(ctx, src, root)
	if err != nil {
		return nil, err
	}
	in := &Inspection{Digest: root.Digest, MediaType: root.MediaType, Platforms: platformNames(images)}
	pending := []ocispec.Descriptor{root}
	for seen := map[string]bool{}; len(pending) > 0; {
		desc := pending[0]
		pending = pending[1:]
		if seen[desc.Digest.String()] {
			continue
		}
		seen[desc.Digest.String()] = true
		in.RawBytes += desc.Size
		in.Blobs = append(in.Blobs, BlobReport{Digest: desc.Digest, MediaType: desc.MediaType, Size: desc.Size, Stored: "plain"})
		children, err := parts(ctx, src, desc)
		if err != nil {
			return nil, err
		}
		pending = append(children, pending...)
	}
	return in, nil
}
