package remote

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

func TestWhatIsResolvedIsRequestedOnce(t *testing.T) {
	reg, fresh := serve(t)
	ref := fresh(t)
	one, _ := pushImage(t, openTestTarget(t, ref, testOptions()), "v1")
	two, _ := pushImage(t, openTestTarget(t, ref, testOptions()), "v2")
	reg.Forget()
	src := openTestTarget(t, ref, testOptions())
	if _, err := src.Resolve(t.Context(), "v1"); err != nil {
		t.Fatal(err)
	}
	mustFetch(t, src, one)
	mustFetch(t, src, one)
	if n := len(reg.Requests()); n != 1 {
		t.Errorf("%d requests; want 1", n)
	}
	mustFetch(t, src, two)
	if n := len(reg.Requests()); n != 2 {
		t.Errorf("%d requests with another manifest; want 2", n)
	}
}

func TestDamagedManifestIsNotResolved(t *testing.T) {
	manifest, _ := newManifest(t)
	for name, body := range map[string][]byte{
		"changed": append(manifest.data[:len(manifest.data)-1:len(manifest.data)-1], ' '),
		"longer":  append(manifest.data[:len(manifest.data):len(manifest.data)], ' '),
		"none":    {},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
			w.Header().Set("Docker-Content-Digest", digest.FromBytes(manifest.data).String())
			_, _ = w.Write(body)
		}))
		t.Cleanup(server.Close)
		src := openTestTarget(t, server.Listener.Addr().String()+"/a", testOptions())
		if _, err := src.Resolve(t.Context(), "v1"); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("%s: %v; want ErrDamaged", name, err)
		}
	}
}
