package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/containers/buildah/define"
	"github.com/containers/buildah/pkg/parse"
	"github.com/containers/common/pkg/auth"
	"github.com/containers/image/v5/copy"
	"github.com/containers/image/v5/manifest"
	"github.com/containers/image/v5/signature"
	containers "github.com/containers/image/v5/storage"
	"github.com/containers/image/v5/types"
	"github.com/containers/storage"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealer/transport"
)

// puller pulls one image into the local storage.
type puller struct {
	store  storage.Store
	sys    *types.SystemContext
	policy define.PullPolicy
	report io.Writer

	name  string // of the image in the storage
	to    types.ImageReference
	bases *bases
}

// newPuller makes a puller as the flags of sealer's pull say.
func newPuller(cmd *cobra.Command, name string) (*puller, error) {
	flags := cmd.Flags()
	platform, _ := flags.GetString("platform")
	policy, _ := flags.GetString("policy")
	quiet, _ := flags.GetBool("quiet")
	insecure, _ := flags.GetBool("skip-tls-verify")

	engine, err := newEngine()
	if err != nil {
		return nil, err
	}
	p := &puller{store: engine.ImageStore(), sys: engine.SystemContext(), report: os.Stderr, name: name}
	if quiet {
		p.report = io.Discard
	}
	if err := auth.CheckAuthFile(p.sys.AuthFilePath); err != nil {
		return nil, err
	}
	if p.sys.OSChoice, p.sys.ArchitectureChoice, p.sys.VariantChoice, err = parse.Platform(platform); err != nil {
		return nil, fmt.Errorf("failed to init platform from %s: %w", platform, err)
	}
	p.sys.DockerInsecureSkipTLSVerify = types.NewOptionalBool(insecure)
	var known bool
	if p.policy, known = define.PolicyMap[policy]; !known {
		return nil, fmt.Errorf("unsupported pull policy %q", policy)
	}
	p.to, err = containers.Transport.ParseStoreReference(p.store, name)
	return p, err
}

// local returns the image in the storage that has the name.
func (p *puller) local() (*storage.Image, error) {
	img, err := containers.Transport.GetStoreImage(p.store, p.to)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return img, nil
}

func (p *puller) localID() (string, error) {
	img, err := p.local()
	if err != nil {
		return "", err
	}
	return img.ID, nil
}

// fetch opens the image from, and gets everything that is needed of it: when it is there, nothing that happens to the
// registry leaves the storage with half of an image. It returns nil if the image is not wanted.
func (p *puller) fetch(ctx context.Context, from *transport.Reference) (*transport.Source, error) {
	src, err := from.Open(ctx, p.sys)
	if err != nil {
		return nil, err
	}
	man, err := p.choose(ctx, src)
	wanted := err == nil && p.wants(man)
	if wanted {
		err = p.bases.addTo(ctx, src, repositoryOf(p.name))
	}
	if wanted && err == nil {
		err = p.prefetch(ctx, src, man)
	}
	if err != nil || !wanted {
		return nil, errors.Join(err, src.Close())
	}
	return src, nil
}

// choose returns the manifest of the image for the platform.
func (p *puller) choose(ctx context.Context, src *transport.Source) ([]byte, error) {
	top, mediaType, err := src.GetManifest(ctx, nil)
	if err != nil || !manifest.MIMETypeIsMultiImage(mediaType) {
		return top, err
	}
	list, err := manifest.ListFromBlob(top, mediaType)
	if err != nil {
		return nil, err
	}
	instance, err := list.ChooseInstance(p.sys)
	if err != nil {
		return nil, err
	}
	chosen, _, err := src.GetManifest(ctx, &instance)
	return chosen, err
}

// wants says whether the image with the manifest man is to be pulled. As sealer does with all images that are pulled
// for a platform, it takes every policy but "always" for "ifnewer".
func (p *puller) wants(man []byte) bool {
	if p.policy == define.PullAlways {
		return true
	}
	img, err := p.local()
	return err != nil || !slices.Contains(img.Digests, digest.FromBytes(man))
}

// prefetch gets what the layers of the image with the manifest man need, unless the storage has them.
func (p *puller) prefetch(ctx context.Context, src *transport.Source, man []byte) error {
	var m ocispec.Manifest
	if err := json.Unmarshal(man, &m); err != nil {
		return err
	}
	var missing []ocispec.Descriptor
	for _, layer := range m.Layers {
		there, err := p.store.LayersByUncompressedDigest(layer.Digest)
		if err != nil && !errors.Is(err, storage.ErrLayerUnknown) {
			return err
		}
		if len(there) == 0 {
			missing = append(missing, layer)
		}
	}
	return src.Prefetch(ctx, missing)
}

// copy copies src into the storage, keeps the recipes of its layers, and closes it.
func (p *puller) copy(ctx context.Context, src *transport.Source) error {
	policy, err := signature.DefaultPolicy(p.sys)
	if err != nil {
		return errors.Join(err, src.Close())
	}
	allowed, err := signature.NewPolicyContext(policy)
	if err != nil {
		return errors.Join(err, src.Close())
	}
	defer func() { _ = allowed.Destroy() }()
	man, err := copy.Image(ctx, allowed, p.to, src.Once(), &copy.Options{
		ReportWriter: p.report, SourceCtx: p.sys, DestinationCtx: p.sys,
	})
	if err != nil {
		return err
	}
	if err := p.bases.recipes.keep(src.Recipes(), p.store); err != nil {
		logrus.Warnf("recipes of the image are not kept, so it will be read before the next pull: %v", err)
	}
	return p.restore(man)
}

// restore gives the image the manifest that it had where it was pushed from, in place of man, by which it was copied.
func (p *puller) restore(man []byte) error {
	origin, err := transport.Origin(man)
	if err != nil || origin == nil {
		return err
	}
	img, err := p.local()
	if err != nil {
		return err
	}
	named := storage.ImageDigestManifestBigDataNamePrefix + "-" + digest.FromBytes(origin).String()
	for _, key := range []string{named, storage.ImageDigestBigDataKey} {
		if err := p.store.SetImageBigData(img.ID, key, origin, manifest.Digest); err != nil {
			return fmt.Errorf("manifest of image %s: %w", img.ID, err)
		}
	}
	return nil
}
