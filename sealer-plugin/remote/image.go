package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Media types of the chunked form (docs/format.md).
const (
	MediaTypeImage  = "application/vnd.sealift.image.v1"      // artifactType of the manifest
	MediaTypeDoc    = "application/vnd.sealift.image.v1+json" // the manifest's config
	MediaTypeIndex  = "application/vnd.sealift.index.v1"
	MediaTypeRecipe = "application/vnd.sealift.recipe.v1"
	MediaTypePack   = "application/vnd.sealift.pack.v1"
	MediaTypeDelta  = "application/vnd.sealift.delta.v1"
)

// Limits of the chunked form, in bytes.
const (
	MaxManifest       = 4 << 20
	MaxDocument       = 32 << 20
	MaxInline         = 16 << 10 // a blob that is no manifest, inside the image document
	MaxInlineManifest = MaxManifest
)

var (
	// ErrNotChunked says that an image is a plain one.
	ErrNotChunked = errors.New("not in chunked form")
	// ErrChunked says that an image is in chunked form already.
	ErrChunked = errors.New("in chunked form already: pull it to get the plain image")
	// ErrNewerFormat says that an image was written by a later, incompatible version.
	ErrNewerFormat = errors.New("written in a newer format: a newer sealift is needed")
)

// Document is the image document: which blobs the plain image has, and what rebuilds each.
type Document struct {
	Root   ocispec.Descriptor  `json:"root"`
	Origin *ocispec.Descriptor `json:"origin,omitempty"`
	Chunks int                 `json:"chunks"` // distinct ones of all recipes
	Blobs  []Blob              `json:"blobs"`
}

// RawBytes returns the size of all blobs of the plain image.
func (d Document) RawBytes() int64 {
	var n int64
	for _, b := range d.Blobs {
		n += b.Size
	}
	return n
}

// Blob is one blob of the plain image: its content stands in Data, or the recipe named by Recipe rebuilds it.
type Blob struct {
	MediaType string        `json:"mediaType"`
	Digest    digest.Digest `json:"digest"`
	Size      int64         `json:"size"`
	Data      []byte        `json:"data,omitempty"`
	Recipe    digest.Digest `json:"recipe,omitempty"`
}

// Descriptor returns the blob's OCI descriptor.
func (b Blob) Descriptor() ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: b.MediaType, Digest: b.Digest, Size: b.Size}
}

// Inline says whether the blob's content stands in the document itself.
func (b Blob) Inline() bool { return b.Recipe == "" }

// Image is a chunked image as its manifest and image document describe it.
type Image struct {
	Descriptor ocispec.Descriptor // of the manifest
	Manifest   []byte
	Created    string // as in the image's config; may be empty
	Document   Document
	Config     ocispec.Descriptor // of the image document
	Index      ocispec.Descriptor
	Recipes    []ocispec.Descriptor // in the order of the document
	Packs      []ocispec.Descriptor // of frames, then of deltas
}

// Blobs returns all that the manifest names, the packs last.
func (img *Image) Blobs() []ocispec.Descriptor {
	return slices.Concat([]ocispec.Descriptor{img.Config, img.Index}, img.Recipes, img.Packs)
}

// LoadImage reads the manifest desc and its image document from src. ErrNotChunked says that desc is a plain image.
// What it returns is consistent in itself: every recipe that the document names is there.
func LoadImage(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) (*Image, error) {
	img, err := LoadManifest(ctx, src, desc)
	if err != nil {
		return nil, err
	}
	if err := img.LoadDocument(ctx, src); err != nil {
		return nil, err
	}
	return img, nil
}

// LoadManifest reads the manifest desc from src, and not yet the image document. ErrNotChunked says that desc is a plain image.
func LoadManifest(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) (*Image, error) {
	manifest, err := FetchSmall(ctx, src, desc, MaxManifest)
	if err != nil {
		return nil, err
	}
	return parseManifest(desc, manifest)
}

// LoadDocument reads the image document. After an error the image is of no use.
func (img *Image) LoadDocument(ctx context.Context, src content.Fetcher) error {
	config := img.Config
	doc, err := FetchSmall(ctx, src, config, MaxDocument)
	if err != nil {
		return fmt.Errorf("image document: %w", err)
	}
	if err := json.Unmarshal(doc, &img.Document); err != nil {
		return fmt.Errorf("image document %s: %w: %w", config.Digest, codec.ErrDamaged, err)
	}
	if err := img.check(); err != nil {
		return fmt.Errorf("image document %s: %w: %w", config.Digest, codec.ErrDamaged, err)
	}
	return nil
}

func parseManifest(desc ocispec.Descriptor, data []byte) (*Image, error) {
	var m ocispec.Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("manifest %s: %w: %w", desc.Digest, codec.ErrDamaged, err)
	}
	if err := chunkedForm(m.ArtifactType); err != nil {
		return nil, fmt.Errorf("manifest %s: %w", desc.Digest, err)
	}
	img := &Image{Descriptor: desc, Manifest: data, Created: m.Annotations[ocispec.AnnotationCreated], Config: m.Config}
	for _, layer := range m.Layers {
		if err := layer.Digest.Validate(); err != nil || layer.Size < 0 {
			return nil, fmt.Errorf("manifest %s: %w: layer %q of %d bytes", desc.Digest, codec.ErrDamaged, layer.Digest, layer.Size)
		}
		switch layer.MediaType {
		case MediaTypeIndex:
			img.Index = layer
		case MediaTypeRecipe:
			img.Recipes = append(img.Recipes, layer)
		case MediaTypePack, MediaTypeDelta:
			img.Packs = append(img.Packs, layer)
		default:
			return nil, fmt.Errorf("manifest %s: %w: unknown layer %s", desc.Digest, codec.ErrDamaged, layer.MediaType)
		}
	}
	if img.Index.Digest == "" {
		return nil, fmt.Errorf("manifest %s: %w: no index", desc.Digest, codec.ErrDamaged)
	}
	return img, nil
}

// chunkedForm tells the versions of the chunked form apart by the manifest's artifactType.
func chunkedForm(artifactType string) error {
	family := strings.TrimRight(MediaTypeImage, "0123456789")
	switch version, ours := strings.CutPrefix(artifactType, family); {
	case artifactType == MediaTypeImage:
		return nil
	case ours:
		return fmt.Errorf("format version %s: %w", version, ErrNewerFormat)
	}
	return ErrNotChunked
}

// CheckPlain refuses the chunked form where a plain image is wanted.
func CheckPlain(artifactType string) error {
	if errors.Is(chunkedForm(artifactType), ErrNotChunked) {
		return nil
	}
	return ErrChunked
}

func (img *Image) check() error {
	recipes := make(map[digest.Digest]bool, len(img.Recipes))
	for _, r := range img.Recipes {
		recipes[r.Digest] = true
	}
	blobs := make(map[digest.Digest]bool, len(img.Document.Blobs))
	for _, b := range img.Document.Blobs {
		if err := b.check(recipes); err != nil {
			return fmt.Errorf("blob %q: %w", b.Digest, err)
		}
		blobs[b.Digest] = true
	}
	if !blobs[img.Document.Root.Digest] {
		return fmt.Errorf("the root %q is not among its blobs", img.Document.Root.Digest)
	}
	return nil
}

func (b Blob) check(recipes map[digest.Digest]bool) error {
	if err := b.Digest.Validate(); err != nil {
		return err
	}
	if b.Size < 0 {
		return fmt.Errorf("size %d", b.Size)
	}
	if !b.Inline() {
		if !recipes[b.Recipe] {
			return fmt.Errorf("recipe %q is not in the manifest", b.Recipe)
		}
		return nil
	}
	if int64(len(b.Data)) != b.Size || b.Digest.Algorithm().FromBytes(b.Data) != b.Digest {
		return errors.New("the content in the document is not what the digest says")
	}
	return nil
}

// Parts are what a writer puts together into a chunked image.
type Parts struct {
	Document Document
	Created  string
	Index    ocispec.Descriptor
	Recipes  []ocispec.Descriptor
	Packs    []ocispec.Descriptor
}

// Encode returns the image document and the manifest of the parts: the same parts always give the same bytes.
func (p Parts) Encode() (document, manifest []byte, err error) {
	document, err = json.Marshal(p.Document)
	if err != nil {
		return nil, nil, err
	}
	if len(document) > MaxDocument {
		return nil, nil, fmt.Errorf("image document of %d bytes: at most %d are allowed", len(document), MaxDocument)
	}
	m := ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: MediaTypeImage,
		Config:       content.NewDescriptorFromBytes(MediaTypeDoc, document),
		Layers:       slices.Concat([]ocispec.Descriptor{p.Index}, p.Recipes, p.Packs),
	}
	if p.Created != "" {
		m.Annotations = map[string]string{ocispec.AnnotationCreated: p.Created}
	}
	manifest, err = json.Marshal(m)
	if err == nil && len(manifest) > MaxManifest {
		err = fmt.Errorf("manifest of %d bytes: registries take at most %d", len(manifest), MaxManifest)
	}
	return document, manifest, err
}

// FetchSmall reads a whole blob that must not be larger than limit, and verifies its digest.
func FetchSmall(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor, limit int64) ([]byte, error) {
	if desc.Size < 0 || desc.Size > limit {
		return nil, fmt.Errorf("%s: %w: it claims %d bytes, at most %d are allowed", desc.Digest, codec.ErrDamaged, desc.Size, limit)
	}
	if err := desc.Digest.Validate(); err != nil {
		return nil, fmt.Errorf("digest %q: %w: %w", desc.Digest, codec.ErrDamaged, err)
	}
	rc, err := src.Fetch(ctx, desc)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rc.Close() }()
	var buf bytes.Buffer
	if _, err := io.Copy(&buf, io.LimitReader(rc, desc.Size+1)); err != nil {
		return nil, fmt.Errorf("%s: %w", desc.Digest, err)
	}
	if int64(buf.Len()) != desc.Size || desc.Digest.Algorithm().FromBytes(buf.Bytes()) != desc.Digest {
		return nil, fmt.Errorf("%s: %w: %d bytes of another content arrived", desc.Digest, codec.ErrDamaged, buf.Len())
	}
	return buf.Bytes(), nil
}
