// Package transport makes chunked images a transport of containers/image: what its tools push to, or pull from,
// sealift://HOST/REPO:TAG or sealift:oci:DIR:TAG travels by chunks.
//
// A push takes layers as the source has them. What containers-storage has are the bare tars, which share more with
// other versions than compressed ones do: the image that is pushed has these as its layers. The manifest that the
// source had before goes along (Origin), so that the image can be restored to the last byte.
package transport

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containers/image/v5/docker/policyconfiguration"
	"github.com/containers/image/v5/docker/reference"
	"github.com/containers/image/v5/image"
	"github.com/containers/image/v5/types"
	"github.com/containers/storage"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// Name is the name of the transport: what stands before the first colon.
const Name = "sealift"

// Transport is the transport. Its fields may be changed as long as no reference is in use.
type Transport struct {
	Options sealift.Options                   // of pushes and pulls; registries are as the SystemContext says
	Root    string                            // below it is what pulls have begun; "" is DefaultRoot()
	Storage storage.Store                     // the containers-storage whose images are pushed; may be nil
	Pushed  func(*Reference, *sealift.Result) // told about every push; may be nil
}

var (
	_ types.ImageTransport = (*Transport)(nil)
	_ types.ImageReference = (*Reference)(nil)
)

// Name implements types.ImageTransport.
func (*Transport) Name() string { return Name }

// ParseReference implements types.ImageTransport. Errors are sealift.ErrReference.
func (t *Transport) ParseReference(s string) (types.ImageReference, error) { return t.Parse(s) }

// Parse reads a reference without the name of the transport: //HOST/REPO[:TAG][@DIGEST], or what else
// remote.ParseReference reads. The tag of an image in a registry is "latest" unless it has one.
func (t *Transport) Parse(s string) (*Reference, error) {
	ref, err := remote.ParseReference(strings.TrimPrefix(s, "//"))
	if err != nil {
		return nil, err
	}
	r := &Reference{transport: t, ref: ref}
	if ref.Transport != remote.TransportRegistry {
		return r, nil
	}
	if ref.Tag == "" && ref.Digest == "" {
		r.ref.Tag = "latest"
	}
	name, err := reference.ParseNamed(ref.Host + "/" + ref.Repository)
	if err == nil && r.ref.Tag != "" {
		name, err = reference.WithTag(name, r.ref.Tag)
	}
	r.name = name
	return r, err
}

// ValidatePolicyConfigurationScope implements types.ImageTransport.
func (*Transport) ValidatePolicyConfigurationScope(string) error { return nil }

// Reference is a place of a chunked image.
type Reference struct {
	transport *Transport
	ref       remote.Reference
	name      reference.Named // nil outside of registries; without the digest, which is that of the chunked form
}

// Remote returns the reference as package sealift knows it.
func (r *Reference) Remote() remote.Reference { return r.ref }

// Transport implements types.ImageReference.
func (r *Reference) Transport() types.ImageTransport { return r.transport }

// StringWithinTransport implements types.ImageReference.
func (r *Reference) StringWithinTransport() string {
	if r.ref.Transport == remote.TransportRegistry {
		return "//" + r.ref.String()
	}
	return r.ref.String()
}

// String returns the reference with the name of the transport.
func (r *Reference) String() string { return Name + ":" + r.StringWithinTransport() }

// DockerReference implements types.ImageReference.
func (r *Reference) DockerReference() reference.Named { return r.name }

// PolicyConfigurationIdentity implements types.ImageReference. In policies, images in registries are called as in
// those for transport docker.
func (r *Reference) PolicyConfigurationIdentity() string {
	if r.name == nil || reference.IsNameOnly(r.name) {
		return ""
	}
	identity, err := policyconfiguration.DockerReferenceIdentity(r.name)
	if err != nil { // not reached: it is tagged
		return ""
	}
	return identity
}

// PolicyConfigurationNamespaces implements types.ImageReference.
func (r *Reference) PolicyConfigurationNamespaces() []string {
	if r.name == nil {
		return nil
	}
	return policyconfiguration.DockerReferenceNamespaces(r.name)
}

// NewImage implements types.ImageReference.
func (r *Reference) NewImage(ctx context.Context, sys *types.SystemContext) (types.ImageCloser, error) {
	src, err := r.NewImageSource(ctx, sys)
	if err != nil {
		return nil, err
	}
	return image.FromSource(ctx, sys, src)
}

// NewImageSource implements types.ImageReference.
func (r *Reference) NewImageSource(ctx context.Context, sys *types.SystemContext) (types.ImageSource, error) {
	return r.Open(ctx, sys)
}

// NewImageDestination implements types.ImageReference.
func (r *Reference) NewImageDestination(_ context.Context, sys *types.SystemContext) (types.ImageDestination, error) {
	return newDestination(r, sys)
}

// DeleteImage implements types.ImageReference.
func (r *Reference) DeleteImage(context.Context, *types.SystemContext) error {
	return fmt.Errorf("delete %s: %w", r, errors.ErrUnsupported)
}
