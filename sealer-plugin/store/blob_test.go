package store

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

func describe(content string) ocispec.Descriptor {
	return ocispec.Descriptor{Digest: digest.FromString(content), Size: int64(len(content))}
}

func readBlob(t *testing.T, s *Store, desc ocispec.Descriptor) string {
	t.Helper()
	f, err := s.Blob(desc)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBlobIsReadBack(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "short": "a recipe", "long": strings.Repeat("long ", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			desc := describe(content)
			if _, err := s.Blob(desc); !errors.Is(err, ErrNotFound) {
				t.Errorf("before: %v", err)
			}
			if err := s.PutBlob(t.Context(), desc, iotest.HalfReader(strings.NewReader(content))); err != nil {
				t.Fatal(err)
			}
			if got := readBlob(t, s, desc); got != content {
				t.Errorf("got %d bytes, want %d", len(got), len(content))
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if got := readBlob(t, openStore(t, dir), desc); got != content {
				t.Errorf("after open: got %d bytes, want %d", len(got), len(content))
			}
		})
	}
}

func TestPutBlobRefuses(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	good := describe("content")
	negative := good
	negative.Size = -1
	sha512 := ocispec.Descriptor{Digest: digest.Digest("sha512:" + strings.Repeat("ab", 64)), Size: 7}
	path := ocispec.Descriptor{Digest: "sha256:../../../../../../../../../../../../../../../../../../../../tmp/x", Size: 7}
	tests := []struct {
		name string
		ctx  context.Context
		desc ocispec.Descriptor
		r    io.Reader
		want error
	}{
		{"too short", t.Context(), good, strings.NewReader("conten"), codec.ErrDamaged},
		{"too long", t.Context(), good, strings.NewReader("content "), codec.ErrDamaged},
		{"other bytes", t.Context(), good, strings.NewReader("contend"), codec.ErrDamaged},
		{"negative size", t.Context(), negative, strings.NewReader(""), codec.ErrDamaged},
		{"broken reader", t.Context(), good, iotest.ErrReader(io.ErrClosedPipe), io.ErrClosedPipe},
		{"cancelled", cancelled, good, strings.NewReader("content"), context.Canceled},
		{"other algorithm", t.Context(), sha512, strings.NewReader("content"), digest.ErrDigestUnsupported},
		{"no digest", t.Context(), path, strings.NewReader("content"), digest.ErrDigestInvalidLength},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			if err := s.PutBlob(tt.ctx, tt.desc, tt.r); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if _, err := s.Blob(good); !errors.Is(err, ErrNotFound) {
				t.Errorf("a refused blob is there: %v", err)
			}
			if left, err := os.ReadDir(s.path("tmp")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestDamagedBlobIsRemoved(t *testing.T) {
	const content = "a recipe"
	desc := describe(content)
	for name, damaged := range map[string]string{"changed": "a Recipe", "shorter": "a", "longer": "a recipe "} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			path := s.path("blobs", "sha256", desc.Digest.Encoded())
			if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := s.Blob(desc)
			if !errors.Is(err, codec.ErrDamaged) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want ErrDamaged with the name of the file", err)
			}
			if _, err := s.Blob(desc); !errors.Is(err, ErrNotFound) {
				t.Errorf("second time: %v", err)
			}
			if err := s.PutBlob(t.Context(), desc, strings.NewReader(content)); err != nil {
				t.Fatal(err)
			}
			if got := readBlob(t, s, desc); got != content {
				t.Errorf("got %q", got)
			}
		})
	}
}
