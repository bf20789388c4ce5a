package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// mountSmall mounts a file system of that many bytes, and returns a function that gives it another size.
func mountSmall(t *testing.T, size int) (dir string, resize func(size int)) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("a full disk takes a file system of its own, which only root may mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir, func(size int) {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", size)); err != nil {
			t.Fatal(err)
		}
	}
}

func wantFull(t *testing.T, what string, err error, dir string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error on a full disk", what)
		return
	}
	for _, part := range []string{dir, "no space left on device"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error %q does not say %q", what, err, part)
		}
	}
}

// fillUp stores samples one by one until the disk is full, and returns those that were confirmed.
func fillUp(t *testing.T, s *Store, samples []sample) (confirmed []sample) {
	t.Helper()
	ctx := context.Background()
	for i, f := range samples {
		err := s.Append(ctx, f.Frame, f.Extents)
		if err == nil {
			err = s.Flush(ctx)
		}
		if err != nil {
			wantFull(t, "append", err, s.dir)
			wantFull(t, "append afterwards", s.Append(ctx, f.Frame, f.Extents), s.dir)
			wantFull(t, "flush afterwards", s.Flush(ctx), s.dir)
			wantReadable(t, s, chunksOf(samples[:i]...))
			wantFull(t, "close", s.Close(), s.dir)
			return samples[:i]
		}
	}
	t.Fatal("the disk is not full")
	return nil
}

func TestFullDisk(t *testing.T) {
	tests := []struct {
		name           string
		samples        []sample
		from, to, step int // sizes of the disk
	}{
		{"by packs", newSamples(t, 12, 90<<10), 8 << 10, 512 << 10, 24 << 10},
		{"by the index", newFineSamples(t, 12, 20_000, 40), 60 << 10, 640 << 10, 36 << 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			most := 0
			for size := tt.from; size <= tt.to; size += tt.step {
				most = max(most, fillUpAndRecover(t, size, tt.samples))
			}
			if most < 4 {
				t.Errorf("at most %d samples fitted: the sizes do not test much", most)
			}
		})
	}
}

// fillUpAndRecover fills a disk of that size, opens the store while it is full, and then with space again. It returns
// how many samples fitted.
func fillUpAndRecover(t *testing.T, size int, samples []sample) int {
	t.Helper()
	dir, resize := mountSmall(t, size)
	var confirmed []sample
	if s, err := Open(dir); err != nil {
		wantFull(t, "open", err, dir)
	} else {
		confirmed = fillUp(t, s, samples)
		if s, err = Open(dir); err != nil {
			t.Fatal(err)
		}
		wantReadable(t, s, chunksOf(confirmed...))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	resize(8 << 20)
	s := openStore(t, dir)
	wantReadable(t, s, chunksOf(confirmed...))
	appendAndFlush(t, s, samples...)
	wantReadable(t, s, chunksOf(samples...))
	return len(confirmed)
}

// A pack that is sealed by Append, and a blob, meet a full disk, too.
func TestFullDiskInMidPack(t *testing.T) {
	dir, resize := mountSmall(t, 1<<20)
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept := newSamples(t, 1, 100<<10)
	appendAndFlush(t, s, kept...)
	blob := strings.Repeat("blob", 1<<20)
	wantFull(t, "blob", s.PutBlob(t.Context(), describe(blob), strings.NewReader(blob)), dir)
	appendAndFlush(t, s, newSamples(t, 1, 101<<10)...) // a blob that failed takes no space and stops nothing

	for range 100 {
		if err = s.Append(t.Context(), kept[0].Frame, kept[0].Extents); err != nil {
			break
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("append: %v, want ENOSPC", err)
	}
	wantReadable(t, s, chunksOf(kept...))
	if err := s.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("close: %v, want ENOSPC", err)
	}
	resize(32 << 20)
	s = openStore(t, dir)
	wantReadable(t, s, chunksOf(kept...))
	if err := s.PutBlob(t.Context(), describe(blob), strings.NewReader(blob)); err != nil {
		t.Error(err)
	}
	appendAndFlush(t, s, fakeFrames(8, codec.FrameTarget, 16)...)
}
