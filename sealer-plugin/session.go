package sealift

import (
	"context"
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
