package remote

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/remote/registrytest"
)

const packSize = 32 << 20

// benchmarkTargets runs a benchmark against a registry, a layout and an archive, each on the same disk.
func benchmarkTargets(b *testing.B, run func(b *testing.B, open func() Target)) {
	for _, kind := range []string{TransportRegistry, TransportOCI, TransportOCIArchive} {
		b.Run(kind, func(b *testing.B) {
			run(b, func() Target {
				ref := kind + ":" + filepath.Join(b.TempDir(), "image")
				if kind == TransportRegistry {
					_, host := registrytest.Start(b)
					ref = host + "/a"
				}
				return openTestTarget(b, ref, testOptions())
			})
		})
	}
}

// BenchmarkPush pushes packs, each to an empty target.
func BenchmarkPush(b *testing.B) {
	pack := randomBlob(b, packSize)
	benchmarkTargets(b, func(b *testing.B, open func() Target) {
		b.SetBytes(packSize)
		for b.Loop() {
			b.StopTimer()
			dst := open()
			b.StartTimer()
			mustPush(b, dst, pack)
		}
	})
}

// BenchmarkFetchRange reads a pack in parts of 1 MiB, as a pull does.
func BenchmarkFetchRange(b *testing.B) {
	pack := randomBlob(b, packSize)
	benchmarkTargets(b, func(b *testing.B, open func() Target) {
		src := open()
		mustPush(b, src, pack)
		b.SetBytes(1 << 20)
		var offset int64
		for b.Loop() {
			rc, _, err := src.FetchRange(b.Context(), pack.Descriptor, offset, 1<<20)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, rc); err != nil || rc.Close() != nil {
				b.Fatal(err)
			}
			offset = (offset + 1<<20) % packSize
		}
	})
}
