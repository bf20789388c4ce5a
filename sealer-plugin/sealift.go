// Package sealift pushes and pulls container images by chunks: only what the other side lacks travels, through any
// OCI registry or through a directory, and what comes out is byte for byte what went in.
//
// References are `host/repo:tag[@digest]`, `oci:DIR[:tag]`, `oci-archive:FILE[:tag]` and `docker-archive:FILE[:tag]`.
package sealift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"

	"github.com/adrg/xdg"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/store"
	"github.com/sealift/sealift/sealer-plugin/transfer"
)

// Errors that a program may want to act on; test for them with errors.Is.
var (
	ErrReference    = remote.ErrReference    // a reference that cannot be read
	ErrNotFound     = remote.ErrNotFound     // no such image, or a part of it is missing
	ErrUnauthorized = remote.ErrUnauthorized // the registry refused the credentials, or wants some
	ErrDamaged      = codec.ErrDamaged       // bytes that are not what their digest or ID says
	ErrStoreInUse   = store.ErrInUse         // another process has the store open
	ErrNotChunked   = remote.ErrNotChunked   // a plain image, where one in chunked form is wanted
	ErrChunked      = remote.ErrChunked      // in chunked form already, where a plain image is wanted
	ErrNewerFormat  = remote.ErrNewerFormat  // written by a later, incompatible version
)

// LackingError says that a place lacks what a file leaves out, as it was saved for places that have other images. It is an
// ErrNotFound.
type LackingError = transfer.LackingError

// Layers says what a push does with compressed layers.
type Layers = transfer.Layers

// What a push does with compressed layers.
const (
	Keep   = transfer.Keep   // store them as they are: every digest stays
	Unpack = transfer.Unpack // store them uncompressed: same image ID, another manifest digest
)

// What the functions of this package return, and whom they tell about progress.
type (
	Result       = transfer.Result
	Plan         = transfer.Plan
	Inspection   = transfer.Inspection
	Difference   = transfer.Difference
	Verification = transfer.Verification
	Traffic      = transfer.Traffic
	FileResult   = transfer.FileResult
	FileImage    = transfer.FileImage
	Progress     = transfer.Progress
	Task         = transfer.Task
)

// Options are common to all functions. The zero value works.
type Options struct {
	Platform  string         // "os/arch[/variant]": only this image of an index; "" takes all
	Jobs      int            // how many goroutines work on bytes at once; 0 is the number of CPUs
	Level     int            // zstd level of a push, 1 to 19; 0 is codec.DefaultLevel
	Layers    Layers         // of a push; "" is Keep
	Bases     []string       // more images that a push may build upon: in its registry, or in files if it goes to files
	Since     []string       // of a save: images that wherever the file goes are
	Prepared  string         // of a push: the same image, where it was pushed to before; "" is nowhere
	NoRebuild bool           // of a push: stores gzip files as they are, not as what is inside of them
	NoDelta   bool           // of a push: makes no deltas; of a pull: uses them only for what cannot be had otherwise
	Full      bool           // of a push: all that is in deltas is in whole chunks besides
	Store     string         // directory of the local store; "" is DefaultStore()
	Cache     string         // directory of the compiled routines; "" is DefaultCache()
	Remote    remote.Options // registries
	Progress  Progress       // nil shows nothing
	Log       *slog.Logger   // hints and warnings; nil drops them
}

// DefaultStore returns the directory of the local store: sealift/store under the user's data directory.
func DefaultStore() string { return filepath.Join(xdg.DataHome, "sealift", "store") }

// DefaultCache returns the directory in which compiled routines are kept: sealift under the user's cache directory.
func DefaultCache() string { return filepath.Join(xdg.CacheHome, "sealift") }

// Push reads the plain image src and writes its chunked form to dst. The tag of dst changes only when everything is
// there. The same push after an interruption goes on where that one ended.
func Push(ctx context.Context, src, dst string, o Options) (*Result, error) {
	result, err := measured(o, func(s *session) (*Result, error) {
		from, err := remote.ParseReference(src)
		if err != nil {
			return nil, err
		}
		to, err := remote.ParseReference(dst)
		if err != nil {
			return nil, err
		}
		source, root, err := s.resolveWith(ctx, from, s.near(from))
		if err != nil {
			return nil, err
		}
		return s.push(ctx, source, root, to)
	})
	return result, during("push", dst, err)
}

// PushFrom is a Push of the image root, a manifest or an index, that any storage has.
func PushFrom(ctx context.Context, src content.ReadOnlyStorage, root ocispec.Descriptor, dst string, o Options) (*Result, error) {
	result, err := measured(o, func(s *session) (*Result, error) {
		to, err := remote.ParseReference(dst)
		if err != nil {
			return nil, err
		}
		return s.push(ctx, src, root, to)
	})
	return result, during("push", dst, err)
}

// Pull reads the chunked image src and writes the plain image to dst; an empty dst fills the local store only. A src
// that is a plain image is copied blob by blob.
func Pull(ctx context.Context, src, dst string, o Options) (*Result, error) {
	result, err := measured(o, func(s *session) (*Result, error) {
		source, desc, err := s.resolve(ctx, src)
		if err != nil {
			return nil, err
		}
		out, err := s.output(ctx, dst)
		if err != nil {
			return nil, err
		}
		chunks, err := s.openStore()
		if err != nil {
			return nil, err
		}
		if err := s.openCodec(ctx); err != nil {
			return nil, err
		}
		result, err := transfer.Pull(ctx, s.codec, chunks, source, desc, out, s.transferOptions())
		if !errors.Is(err, remote.ErrNotChunked) {
			return result, err
		}
		if out == nil {
			return nil, errors.New("a plain image, so there is nothing for the store; name a destination to copy it")
		}
		s.log.Info("a plain image: copied blob by blob, no chunks are saved", "image", src)
		root, err := transfer.SelectPlatform(ctx, source, desc, o.Platform)
		if err != nil {
			return nil, err
		}
		return transfer.Copy(ctx, source, root, *out, s.transferOptions())
	})
	return result, during("pull", src, err)
}

// PlanPull says what a Pull of the chunked image src would fetch. Only manifest, image document, recipes and index are read.
func PlanPull(ctx context.Context, src string, o Options) (*Plan, error) {
	s := newSession(o)
	defer s.close()
	plan, err := s.planPull(ctx, src)
	return plan, during("pull", src, err)
}

// Image is a chunked image that is open for reading: the storage of the plain image that it stands for.
type Image struct {
	*transfer.Image
	session *session
}

// Open opens the chunked image ref. What is read of it comes by way of the local store, of which the image is the only user until
// it is closed.
func Open(ctx context.Context, ref string, o Options) (*Image, error) {
	s := newSession(o)
	image, err := s.open(ctx, ref)
	if err != nil {
		s.close()
		return nil, during("open", ref, err)
	}
	return &Image{image, s}, nil
}

// AddUnpacked adds a layer that a container engine has unpacked in the directory dir, and whose recipe is in a file.
// Chunks that lie there are not fetched, nor put into the store, as long as the files are what they were. ErrDamaged says
// that the file is no recipe. Nothing may be read of the image meanwhile.
func (i *Image) AddUnpacked(ctx context.Context, dir, recipe string) error {
	if err := i.session.addUnpacked(ctx, dir, recipe); err != nil {
		return fmt.Errorf("unpacked layer %s: %w", dir, err)
	}
	return nil
}

// BuildRecipe writes the recipe of a bare layer, which it reads to its end, to out.
func BuildRecipe(ctx context.Context, layer io.Reader, out io.Writer, o Options) (recipe.Summary, error) {
	s := newSession(o)
	defer s.close()
	if err := s.openCodec(ctx); err != nil {
		return recipe.Summary{}, err
	}
	level := cmp.Or(o.Level, codec.DefaultLevel)
	return recipe.Build(ctx, s.codec, layer, recipe.Options{Level: level}, out, func(codec.Chunk, []byte, []recipe.File) error { return nil })
}

// Close closes the image. No reader of its blobs may be in use.
func (i *Image) Close() error {
	i.session.close()
	return nil
}

// Inspect describes the image ref.
func Inspect(ctx context.Context, ref string, o Options) (*Inspection, error) {
	s := newSession(o)
	defer s.close()
	in, err := s.inspect(ctx, ref)
	return in, during("inspect", ref, err)
}

// Diff tells what would travel to a place that has the image old and gets the image new. Images that are not in chunked
// form are brought into it first, in a temporary directory.
func Diff(ctx context.Context, old, new string, o Options) (*Difference, error) {
	s := newSession(o)
	defer s.close()
	versions := make([]transfer.Version, 2)
	for i, ref := range []string{old, new} {
		source, root, err := s.resolve(ctx, ref)
		if err == nil {
			root, err = transfer.SelectPlatform(ctx, source, root, o.Platform)
		}
		if err != nil {
			return nil, during("diff", ref, err)
		}
		versions[i] = transfer.Version{Source: source, Root: root}
	}
	scratch, err := s.scratch(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.openCodec(ctx); err != nil {
		return nil, err
	}
	opts := s.transferOptions()
	opts.OpenStore = s.newStore
	d, err := transfer.Diff(ctx, s.codec, versions[0], versions[1], scratch, opts)
	if err == nil {
		d.Old, d.New = old, new
	}
	return d, err
}

// Verify reads all of the image ref and checks every digest and every chunk. The local store is not used.
func Verify(ctx context.Context, ref string, o Options) (*Verification, error) {
	s := newSession(o)
	defer s.close()
	v, err := s.verify(ctx, ref)
	return v, during("verify", ref, err)
}
