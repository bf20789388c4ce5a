package sealift

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/store"
	"github.com/sealift/sealift/sealer-plugin/transfer"
	"github.com/sealift/sealift/sealer-plugin/unpacked"
)

// session holds what one call of this package has open.
type session struct {
	Options
	log      *slog.Logger
	codec    *codec.Codec
	unpacked *unpacked.Layers // of an image that is open
	closer   []func() error   // in the order of opening
}

func newSession(o Options) *session {
	s := &session{Options: o, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.Remote.Meter == nil {
		s.Remote.Meter = new(remote.Meter)
	}
	return s
}

// close closes what was opened, last first. Everything of value was made durable before, so that its errors only matter to the
// curious.
func (s *session) close() {
	for i := len(s.closer) - 1; i >= 0; i-- {
		if err := s.closer[i](); err != nil {
			s.log.Debug("close", "reason", err)
		}
	}
}

func (s *session) closes(c io.Closer) { s.closer = append(s.closer, c.Close) }

// during says in an error what was being done, and to which image.
func during(doing, ref string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", doing, ref, err)
}

// measured runs do in a session of its own and enters traffic and time into the result.
func measured[R interface{ SetTraffic(transfer.Traffic) }](o Options, do func(*session) (R, error)) (none R, err error) {
	start := time.Now()
	s := newSession(o)
	defer s.close()
	before := s.Remote.Meter.Snapshot()
	result, err := do(s)
	if err != nil {
		return none, err
	}
	after := s.Remote.Meter.Snapshot()
	result.SetTraffic(transfer.Traffic{
		SentBytes:     after.Sent - before.Sent,
		ReceivedBytes: after.Received - before.Received,
		Requests:      after.Requests - before.Requests,
		Seconds:       time.Since(start).Seconds(),
	})
	return result, nil
}

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

// push pushes the image root of source to a destination.
func (s *session) push(
	ctx context.Context, source content.ReadOnlyStorage, root ocispec.Descriptor, to remote.Reference,
) (*Result, error) {
	root, err := transfer.SelectPlatform(ctx, source, root, s.Platform)
	if err != nil {
		return nil, err
	}
	destination, err := s.destination(ctx, to)
	if err != nil {
		return nil, err
	}
	opts := s.transferOptions()
	if opts.Prepared, err = s.prepared(ctx); err != nil {
		return nil, err
	}
	if !s.NoDelta {
		opts.OpenStore = s.openStoreOrNew
	}
	if err := s.openCodec(ctx); err != nil {
		return nil, err
	}
	return transfer.Push(ctx, s.codec, source, root, destination, opts)
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

func (s *session) planPull(ctx context.Context, ref string) (*Plan, error) {
	source, desc, chunks, err := s.stored(ctx, ref)
	if err != nil {
		return nil, err
	}
	return transfer.PlanPull(ctx, s.codec, chunks, source, desc, s.transferOptions())
}

func (s *session) addUnpacked(ctx context.Context, dir, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := recipe.Open(ctx, s.codec, f, info.Size())
	if err != nil {
		return err
	}
	return s.unpacked.Add(ctx, r, dir)
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

func (s *session) transferOptions() transfer.Options {
	return transfer.Options{
		Jobs: s.Jobs, Level: s.Level, Layers: s.Layers, Platform: s.Platform, Full: s.Full, NoDelta: s.NoDelta, NoRebuild: s.NoRebuild,
		Progress: s.Progress, Log: s.log,
	}
}

func (s *session) inspect(ctx context.Context, ref string) (*Inspection, error) {
	source, desc, err := s.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := s.openCodec(ctx); err != nil {
		return nil, err
	}
	in, err := transfer.Inspect(ctx, s.codec, source, desc, s.transferOptions())
	if err == nil {
		in.Reference = ref
	}
	return in, err
}

func (s *session) verify(ctx context.Context, ref string) (*Verification, error) {
	start := time.Now()
	source, desc, err := s.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := s.openCodec(ctx); err != nil {
		return nil, err
	}
	v, err := transfer.Verify(ctx, s.codec, source, desc, s.transferOptions())
	if err != nil {
		return nil, err
	}
	v.Reference, v.Seconds = ref, time.Since(start).Seconds()
	return v, nil
}
