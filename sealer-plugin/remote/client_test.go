package remote

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/remote/registrytest"
)

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "a.localhost:5000": true, "127.0.0.1": true, "127.8.9.1:443": true, "[::1]:5000": true,
		"::1": true, "example.com": false, "localhost.example.com:5000": false, "10.0.0.1:5000": false, "": false, "[::2]:5000": false,
	} {
		if got := isLoopback(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

// TestTLS has a loopback registry answer in TLS, which is then taken without being told so.
func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(registrytest.New(t.TempDir()))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	host := server.Listener.Addr().String()

	insecure := testOptions()
	insecure.Insecure = true
	pushImage(t, openTestTarget(t, host+"/a", insecure), "v1")

	_, err := openTestTarget(t, host+"/a", testOptions()).Resolve(t.Context(), "v1")
	if !errors.Is(err, ErrCertificate) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown certificate: %v; want ErrCertificate", err)
	}

	trusting := testOptions()
	trusting.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
	trusting.TLS.RootCAs.AddCert(server.Certificate())
	if _, err := openTestTarget(t, host+"/a", trusting).Resolve(t.Context(), "v1"); err != nil {
		t.Errorf("with the certificate among the trusted ones: %v", err)
	}

	plain := testOptions()
	plain.PlainHTTP = true
	_, err = openTestTarget(t, host+"/a", plain).Resolve(t.Context(), "v1")
	if !errors.Is(err, ErrHTTPS) || !errors.Is(err, ErrUnreachable) {
		t.Errorf("plain HTTP: %v; want ErrHTTPS, an ErrUnreachable", err)
	}
}

func TestTLSServerThatOnlySendsAlerts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1000))
			_, _ = conn.Write([]byte{0x15, 3, 3, 0, 2, 2, 10}) // as OpenSSL answers to what is no TLS
			_ = conn.Close()
		}
	}()
	plain := testOptions()
	plain.PlainHTTP = true
	_, err = openTestTarget(t, l.Addr().String()+"/a", plain).Resolve(t.Context(), "v1")
	if !errors.Is(err, ErrHTTPS) {
		t.Errorf("%v; want ErrHTTPS", err)
	}
}

func TestPlainRegistryMeantForTLS(t *testing.T) {
	_, fresh := serve(t)
	src := openTestTarget(t, fresh(t), testOptions()).(*registry)
	src.client.plainHTTP, src.repo.PlainHTTP = false, false // as for a host that is not loopback
	b := randomBlob(t, 10)
	_, err := src.Resolve(t.Context(), "v1")
	_, existsErr := src.Exists(t.Context(), b.Descriptor)
	for _, err := range []error{err, existsErr} {
		if !errors.Is(err, ErrPlainHTTP) {
			t.Errorf("%v; want ErrPlainHTTP", err)
		}
	}
}

func TestScrub(t *testing.T) {
	for in, want := range map[string]string{
		`Get "https://s3.example.com/a/b?X-Amz-Signature=abc&y=z": EOF`: `Get "https://s3.example.com/a/b": EOF`,
		"at https://me:pass@example.com/a":                              "at https://example.com/a",
		"sent Bearer eyJhbGciOi.x.y":                                    "sent Bearer ...",
		"Basic bWU6cGFzcw== refused":                                    "Basic ... refused",
		"basic authentication":                                          "basic ...",
		"a\x1b[31mred\nline":                                            "a [31mred line",
	} {
		if got := scrub(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := scrub(strings.Repeat("ü", maxReason)); len(got) > maxReason+3 || !bytes.HasSuffix([]byte(got), []byte("ü...")) {
		t.Errorf("a long text becomes %q", got)
	}
}
