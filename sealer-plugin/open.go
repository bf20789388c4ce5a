package sealift

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/store"
	"github.com/sealift/sealift/sealer-plugin/transfer"
	"github.com/sealift/sealift/sealer-plugin/unpacked"
)

// resolve opens the image ref for reading.
func (s *session) resolve(ctx context.Context, ref string) (remote.Source, ocispec.Descriptor, error) {
	parsed, err := remote.ParseReference(ref)
	if err != nil {
		return nil, ocispec.Descriptor{}, err
	}
	return s.resolveWith(ctx, parsed, s.Remote)
}

func (s *session) resolveWith(ctx context.Context, parsed remote.Reference, o remote.Options) (remote.Source, ocispec.Descriptor, error) {
	source, err := remote.OpenSource(ctx, parsed, o)
	if err != nil {
		return nil, ocispec.Descriptor{}, err
	}
	s.closes(source)
	desc, err := source.Resolve(ctx, parsed.Name())
	return source, desc, err
}

// near returns the options for the end of a transfer at which the image is plain: what goes through a directory or an
// archive there does not travel, and is not counted.
func (s *session) near(ref remote.Reference) remote.Options {
	o := s.Remote
	if ref.Transport != remote.TransportRegistry {
		o.Meter = nil
	}
	return o
}

// destination opens where a push writes, and its bases.
func (s *session) destination(ctx context.Context, to remote.Reference) (transfer.Destination, error) {
	d := transfer.Destination{Reference: to}
	if to.Digest != "" {
		return d, fmt.Errorf("%w: %s: a destination has a tag and no digest", ErrReference, to)
	}
	for _, ref := range s.Bases {
		base, err := remote.ParseReference(ref)
		if err != nil {
			return d, err
		}
		if base.Host != to.Host {
			return d, fmt.Errorf("%w: base %s is not where %s is: the destination must have the base's chunks", ErrReference, base, to)
		}
		source, err := remote.OpenSource(ctx, base, s.Remote)
		if err != nil {
			return d, err
		}
		s.closes(source)
		d.Bases = append(d.Bases, transfer.Base{Source: source, Reference: base})
	}
	var err error
	if d.Target, err = remote.OpenTarget(ctx, to, s.Remote); err != nil {
		return d, err
	}
	s.closes(d.Target)
	return d, nil
}

// prepared opens where the image was pushed to before; nil if that is not there.
func (s *session) prepared(ctx context.Context) (*transfer.Base, error) {
	if s.Prepared == "" {
		return nil, nil
	}
	ref, err := remote.ParseReference(s.Prepared)
	if err != nil {
		return nil, err
	}
	source, err := remote.OpenSource(ctx, ref, s.near(ref))
	if err != nil {
		s.log.Debug("nothing is prepared", "image", ref, "reason", err)
		return nil, context.Cause(ctx)
	}
	s.closes(source)
	return &transfer.Base{Source: source, Reference: ref}, nil
}

// stored opens the image ref for reading, the store that it is read through, and the routines.
func (s *session) stored(ctx context.Context, ref string) (remote.Source, ocispec.Descriptor, *store.Store, error) {
	source, desc, err := s.resolve(ctx, ref)
	if err != nil {
		return nil, desc, nil, err
	}
	chunks, err := s.openStore()
	if err != nil {
		return nil, desc, nil, err
	}
	return source, desc, chunks, s.openCodec(ctx)
}

// open opens the chunked image ref, and the store that it is read through.
func (s *session) open(ctx context.Context, ref string) (*transfer.Image, error) {
	source, desc, chunks, err := s.stored(ctx, ref)
	if err != nil {
		return nil, err
	}
	s.unpacked = unpacked.New(s.codec)
	s.closes(s.unpacked)
	opts := s.transferOptions()
	opts.Unpacked = s.unpacked
	return transfer.OpenImage(ctx, s.codec, chunks, source, desc, opts)
}

// output opens where a pull writes; nil if dst is empty.
func (s *session) output(ctx context.Context, dst string) (*transfer.Output, error) {
	if dst == "" {
		return nil, nil
	}
	to, err := remote.ParseReference(dst)
	if err != nil {
		return nil, err
	}
	if to.Digest != "" {
		return nil, fmt.Errorf("%w: %s: a destination has a tag and no digest", ErrReference, to)
	}
	target, err := remote.OpenTarget(ctx, to, s.near(to))
	if err != nil {
		return nil, err
	}
	s.closes(target)
	return &transfer.Output{Target: target, Reference: to}, nil
}

// scratch makes an empty layout that is removed with the session.
func (s *session) scratch(ctx context.Context) (transfer.Destination, error) {
	dir, err := s.temporary("sealift-diff-")
	if err != nil {
		return transfer.Destination{}, err
	}
	return s.destination(ctx, remote.Reference{Transport: remote.TransportOCI, Path: dir})
}

func (s *session) openStore() (*store.Store, error) {
	dir := s.Store
	if dir == "" {
		dir = DefaultStore()
	}
	chunks, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	s.closes(chunks)
	return chunks, nil
}

// openStoreOrNew opens the store or, where that cannot be, an empty one that is removed with the session.
func (s *session) openStoreOrNew() (*store.Store, error) {
	chunks, err := s.openStore()
	if err == nil {
		return chunks, nil
	}
	level := slog.LevelWarn
	if errors.Is(err, ErrStoreInUse) {
		level = slog.LevelDebug
	}
	s.log.Log(context.Background(), level, "the push does without the local store", "reason", err)
	return s.newStore()
}

// newStore makes an empty store that is removed with the session.
func (s *session) newStore() (*store.Store, error) {
	dir, err := s.temporary("sealift-store-")
	if err != nil {
		return nil, err
	}
	chunks, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	s.closes(chunks)
	return chunks, nil
}

// temporary makes a directory that is removed with the session.
func (s *session) temporary(pattern string) (string, error) {
	dir, err := os.MkdirTemp("", pattern)
	if err != nil {
		return "", err
	}
	s.closer = append(s.closer, func() error { return os.RemoveAll(dir) })
	return dir, nil
}

func (s *session) openCodec(ctx context.Context) error {
	dir := s.Cache
	if dir == "" {
		dir = DefaultCache()
	}
	c, err := codec.New(ctx, codec.Options{CacheDir: dir})
	if err != nil {
		return fmt.Errorf("load the storage routines: %w", err)
	}
	s.codec = c
	s.closer = append(s.closer, func() error { return c.Close(context.WithoutCancel(ctx)) })
	return nil
}
