package codec_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// TestWorkersDoNotDisturbEachOther runs all routines in many goroutines at once, some of them on damaged frames.
func TestWorkersDoNotDisturbEachOther(t *testing.T) {
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	group, ctx := errgroup.WithContext(t.Context())
	for i := range 8 {
		raw := append([]byte{byte(i)}, text(200_000)...)
		group.Go(func() error {
			for round := range 6 {
				if err := workOn(ctx, c, raw, round%2 == 1); err != nil {
					return fmt.Errorf("goroutine %d, round %d: %w", i, round, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func workOn(ctx context.Context, c *codec.Codec, raw []byte, damage bool) error {
	w, err := c.Acquire(ctx)
	if err != nil {
		return err
	}
	defer w.Release()
	n := copy(w.Buffer(), raw)
	chunks, err := w.Split(ctx, 0, n, true, nil)
	if err != nil {
		return err
	}
	frame, err := w.Compress(ctx, n, codec.MinLevel)
	if err != nil {
		return err
	}
	n = copy(w.Buffer(), frame)
	if damage {
		w.Buffer()[n/2] ^= 0x80
	}
	got, err := w.Restore(ctx, n, len(raw), extentsOf(chunks))
	if damage {
		if !errors.Is(err, codec.ErrDamaged) {
			return fmt.Errorf("a damaged frame gives error %w", err)
		}
		return nil
	}
	if err == nil && !bytes.Equal(got, raw) {
		err = errors.New("restore gives other bytes")
	}
	return err
}

// TestCloseDuringWork closes a codec under goroutines that use it: they see ErrClosed and keep their memory.
func TestCloseDuringWork(t *testing.T) {
	c, err := codec.New(t.Context(), codec.Options{CacheDir: cacheDir})
	if err != nil {
		t.Fatal(err)
	}
	raw := text(20_000)
	var group errgroup.Group
	working := make(chan struct{}, 4)
	for range cap(working) {
		group.Go(func() error {
			working <- struct{}{}
			for {
				if err := workOn(t.Context(), c, raw, false); err != nil {
					return err
				}
			}
		})
	}
	for range cap(working) {
		<-working
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := group.Wait(); !errors.Is(err, codec.ErrClosed) {
		t.Errorf("got error %v, want %v", err, codec.ErrClosed)
	}
}
