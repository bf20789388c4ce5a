package transfer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// LackingError says that a place cannot take an image out of a file: it lacks what the file leaves out. It is a
// remote.ErrNotFound.
type LackingError struct {
	Place string         // that lacks it
	Since []remote.Since // images that have it
}

func (e *LackingError) Error() string {
	var images []string
	for _, s := range e.Since {
		images = append(images, s.String())
	}
	const text = "%s does not have all of %s, since which the file was saved: load that first, or save the file without --since"
	return fmt.Sprintf(text, e.Place, strings.Join(images, ", "))
}

func (e *LackingError) Unwrap() error { return remote.ErrNotFound }

// existence says what a place has.
type existence interface {
	Exists(ctx context.Context, desc ocispec.Descriptor) (bool, error)
}

var _ existence = content.ReadOnlyStorage(nil)

// lacking returns those of blobs that a place lacks, in their order.
func lacking(ctx context.Context, place existence, blobs []ocispec.Descriptor, jobs int) ([]ocispec.Descriptor, error) {
	there := make(map[digest.Digest]*bool)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * jobs) // it is the waiting that counts
	for _, desc := range blobs {
		if has(there, desc.Digest) {
			continue
		}
		found := new(bool)
		there[desc.Digest] = found
		group.Go(func() (err error) {
			*found, err = place.Exists(ctx, desc)
			return err
		})
	}
	err := group.Wait()
	return slices.DeleteFunc(slices.Clone(blobs), func(d ocispec.Descriptor) bool { return *there[d.Digest] }), err
}

// checkSource makes sure that what is to be fetched of an image that may not be whole is there.
func (p *Image) checkSource(ctx context.Context, plan fetchPlan) error {
	if len(p.since) == 0 {
		return nil
	}
	var packs []ocispec.Descriptor
	for _, job := range slices.Concat(plan.frames, plan.deltas) {
		packs = append(packs, job.desc)
	}
	missing, err := lacking(ctx, p.src, packs, p.opts.Jobs)
	if err == nil && len(missing) > 0 {
		err = &LackingError{Place: "the store", Since: p.since}
	}
	return err
}
