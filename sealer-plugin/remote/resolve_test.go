package remote

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
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

func TestRefusalsKeepTheConnection(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	opts := testOptions()
	opts.PlainHTTP, opts.Meter = true, new(Meter)
	src := openTestTarget(t, server.Listener.Addr().String()+"/a", opts)
	for range 3 {
		if _, err := src.Resolve(t.Context(), "v1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v; want ErrNotFound", err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections; want 1", n)
	}
	if got, want := opts.Meter.Snapshot().Received, int64(3*len("404 page not found\n")); got != want {
		t.Errorf("%d bytes received are counted; want %d", got, want)
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
