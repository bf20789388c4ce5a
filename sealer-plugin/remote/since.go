package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// AnnotationSince is an annotation of an image in a layout that does not hold all of its packs: a JSON list of Since.
const AnnotationSince = "sealift.image.since"

// Since is an image that has what another one, saved for places where it is, leaves out.
type Since struct {
	Reference string        `json:"reference"` // where it was when the other one was saved
	Digest    digest.Digest `json:"digest"`    // of the manifest of its chunked form
}

func (s Since) String() string { return fmt.Sprintf("%s (%s)", s.Reference, s.Digest) }

// WithSince returns a descriptor that says what the image leaves out, for Target.Tag of a layout.
func WithSince(desc ocispec.Descriptor, since []Since) (ocispec.Descriptor, error) {
	text, err := json.Marshal(since)
	desc.Annotations = map[string]string{AnnotationSince: string(text)}
	return desc, err
}

// Since implements Source: a registry takes whole images only.
func (r *registry) Since(context.Context, digest.Digest) ([]Since, error) { return nil, nil }

// Since finds what index.json says of the image.
func (l *layout) Since(_ context.Context, manifest digest.Digest) ([]Since, error) {
	index, err := l.index()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, localError(l.name, "read its index", err)
	}
	for _, e := range index.entries {
		text := e.desc.Annotations[AnnotationSince]
		if e.desc.Digest != manifest || text == "" {
			continue
		}
		var since []Since
		if err := json.Unmarshal([]byte(text), &since); err != nil {
			err = damaged("annotation %s of %s: %v", AnnotationSince, manifest, err)
			return nil, localError(l.name, "read its index", err)
		}
		return since, nil
	}
	return nil, nil
}
