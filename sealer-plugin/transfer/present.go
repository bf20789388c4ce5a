package transfer

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// present leaves out of a plan for a whole image what lies in packs that the source lacks, and deltas coded against that.
// A pack of which nothing is left then it verifies as such. It returns how many packs there are.
func (p *Image) present(ctx context.Context, plan fetchPlan) (fetchPlan, int, error) {
	missing, err := lacking(ctx, p.src, p.image.Packs, p.opts.Jobs)
	if err != nil {
		return plan, 0, err
	}
	absent := make(map[digest.Digest]bool)
	for _, d := range missing {
		absent[d.Digest] = true
	}
	isAbsent := func(j packJob) bool { return absent[j.desc.Digest] }
	now := fetchPlan{frames: slices.DeleteFunc(plan.frames, isAbsent)}
	usable := now.usable()
	for _, j := range slices.DeleteFunc(plan.deltas, isAbsent) {
		frames := slices.DeleteFunc(slices.Concat(j.ranges...), func(f frameJob) bool { return !usable(f) })
		if len(frames) > 0 {
			now.deltas = append(now.deltas, packJob{j.desc, [][]frameJob{frames}})
		} else if err := p.check(ctx, j.desc); err != nil {
			return plan, 0, fmt.Errorf("pack %s: %w", j.desc.Digest, err)
		}
	}
	return now, len(p.image.Packs) - len(missing), nil
}

// usable returns what says of a delta whether it is coded against what is in the frames of the plan.
func (plan fetchPlan) usable() func(frameJob) bool {
	there := make(map[codec.ID]bool)
	for _, j := range plan.frames {
		for _, f := range slices.Concat(j.ranges...) {
			for _, e := range f.extents {
				there[e.ID] = true
			}
		}
	}
	return func(f frameJob) bool {
		return !slices.ContainsFunc(f.base, func(c codec.Chunk) bool { return !there[c.ID] })
	}
}

// check reads and verifies a blob.
func (p *Image) check(ctx context.Context, desc ocispec.Descriptor) error {
	rc, err := p.src.Fetch(ctx, desc)
	if err != nil {
		return err
	}
	defer func() { _ = rc.Close() }()
	_, err = io.Copy(io.Discard, rc)
	return err
}
