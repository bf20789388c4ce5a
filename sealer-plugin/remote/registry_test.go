package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote/registrytest"
)

// faulty starts a registry with a blob of 300 kB, then breaks it.
func faulty(t *testing.T, change func(*registrytest.Faults)) (*registrytest.Registry, Target, blob) {
	t.Helper()
	reg, fresh := serve(t)
	dst := openTestTarget(t, fresh(t), testOptions())
	b := randomBlob(t, 300_000)
	mustPush(t, dst, b)
	reg.Forget()
	reg.Fail(change)
	return reg, dst, b
}

func readRange(t *testing.T, src Source, b blob, offset, length int64) (data []byte, start int64, err error) {
	t.Helper()
	rc, start, err := src.FetchRange(t.Context(), b.Descriptor, offset, length)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = rc.Close() }()
	data, err = io.ReadAll(rc)
	return data, start, err
}

func TestRangeIgnored(t *testing.T) {
	_, src, b := faulty(t, func(f *registrytest.Faults) { f.IgnoreRange = true })
	data, start, err := readRange(t, src, b, 1000, 2000)
	if err != nil || start != 0 || !bytes.Equal(data, b.data) {
		t.Errorf("%d bytes from %d on, %v; want the whole blob from 0 on", len(data), start, err)
	}
	data, start, err = readRange(t, src, b, 0, 2000)
	if err != nil || start != 0 || !bytes.Equal(data, b.data[:2000]) {
		t.Errorf("%d bytes from %d on, %v; want the first 2000", len(data), start, err)
	}
}

func TestDownloadGoesOnWhereItBroke(t *testing.T) {
	for _, ignoreRange := range []bool{false, true} {
		t.Run(fmt.Sprintf("range ignored %v", ignoreRange), func(t *testing.T) {
			reg, src, b := faulty(t, func(f *registrytest.Faults) {
				f.IgnoreRange, f.DropDownloads, f.DropAfter = ignoreRange, 3, 90_000
			})
			mustFetch(t, src, b)
			data, _, err := readRange(t, src, b, 0, 200_000)
			if err != nil || !bytes.Equal(data, b.data[:200_000]) {
				t.Errorf("range: %d bytes, %v", len(data), err)
			}
			var sent int64
			for _, req := range reg.Requests() {
				sent += req.Sent
			}
			if !ignoreRange && sent > 520_000 {
				t.Errorf("%d bytes were sent for 500,000", sent)
			}
		})
	}
}

func TestDownloadGivesUp(t *testing.T) {
	reg, src, b := faulty(t, func(f *registrytest.Faults) { f.IgnoreRange, f.DropDownloads, f.DropAfter = true, 1000, 90_000 })
	if _, err := fetch(t, src, b.Descriptor); !errors.Is(err, ErrInterrupted) {
		t.Errorf("%v; want ErrInterrupted", err)
	}
	if n := reg.Count("GET", "/blobs/"); n > 10 {
		t.Errorf("it asked %d times", n)
	}
}

func TestDamagedDownload(t *testing.T) {
	for name, damage := range map[string]func(file string, b blob) error{
		"truncated": func(file string, _ blob) error { return os.Truncate(file, 1000) },
		"longer":    func(file string, b blob) error { return os.WriteFile(file, append(b.data, 0), 0o666) },
		"changed":   func(file string, b blob) error { b.data[len(b.data)-1] ^= 1; return os.WriteFile(file, b.data, 0o666) },
	} {
		t.Run(name, func(t *testing.T) {
			reg, src, b := faulty(t, func(*registrytest.Faults) {})
			if err := damage(reg.BlobFile(b.Digest), b); err != nil {
				t.Fatal(err)
			}
			data, err := fetch(t, src, b.Descriptor)
			if !errors.Is(err, codec.ErrDamaged) || !strings.Contains(err.Error(), b.Digest.String()) {
				t.Errorf("fetch: %v; want ErrDamaged naming the blob", err)
			}
			if len(data) == len(b.data) {
				t.Error("fetch gave the whole damaged content")
			}
			if name == "changed" {
				return
			}
			if _, _, err := readRange(t, src, b, 200_000, 1000); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("range: %v; want ErrDamaged", err)
			}
			if _, err := src.Exists(t.Context(), b.Descriptor); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("exists: %v; want ErrDamaged", err)
			}
		})
	}
}

// TestRangeAnswers are answers to a request for 100 bytes from 1000 on of a blob of 5000.
func TestRangeAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status       int
		contentRange string
		body         int
		want         error
	}{
		"right":               {206, "bytes 1000-1099/5000", 100, nil},
		"total unknown":       {206, "bytes 1000-1099/*", 100, nil},
		"no header":           {206, "", 100, codec.ErrDamaged},
		"another offset":      {206, "bytes 1001-1100/5000", 100, codec.ErrDamaged},
		"fewer bytes":         {206, "bytes 1000-1049/5000", 50, codec.ErrDamaged},
		"another total":       {206, "bytes 1000-1099/1100", 100, codec.ErrDamaged},
		"body too short":      {206, "bytes 1000-1099/5000", 50, codec.ErrDamaged},
		"body too long":       {206, "bytes 1000-1099/5000", 101, codec.ErrDamaged},
		"nonsense":            {206, "bytes 1000-1099", 100, codec.ErrDamaged},
		"whole, wrong length": {200, "", 4999, codec.ErrDamaged},
		"beyond the end":      {416, "bytes */500", 0, codec.ErrDamaged},
		"gone":                {404, "", 0, ErrNotFound},
		"forbidden":           {403, "", 0, ErrUnauthorized},
		"teapot":              {418, "", 0, ErrRejected},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if got := req.Header.Get("Range"); got != "bytes=1000-1099" {
					t.Errorf("asked for %q", got)
				}
				if c.contentRange != "" {
					w.Header().Set("Content-Range", c.contentRange)
				}
				w.Header().Set("Content-Length", fmt.Sprint(c.body))
				w.WriteHeader(c.status)
				_, _ = w.Write(make([]byte, c.body))
			}))
			t.Cleanup(server.Close)
			src := openTestTarget(t, server.Listener.Addr().String()+"/a", testOptions())
			b := newBlob("application/octet-stream", make([]byte, 5000))
			data, start, err := readRange(t, src, b, 1000, 100)
			if !errors.Is(err, c.want) || c.want == nil && (err != nil || start != 1000 || len(data) != 100) {
				t.Errorf("%d bytes from %d on, %v; want %v", len(data), start, err, c.want)
			}
		})
	}
}

func TestShortBodyOfUnknownLength(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", "bytes 1000-1099/5000")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(make([]byte, 50))
		_ = http.NewResponseController(w).Flush() // chunked: without a length
	}))
	t.Cleanup(server.Close)
	src := openTestTarget(t, server.Listener.Addr().String()+"/a", testOptions())
	b := newBlob("application/octet-stream", make([]byte, 5000))
	if data, _, err := readRange(t, src, b, 1000, 100); err == nil {
		t.Errorf("%d of 100 bytes, and no error", len(data))
	}
}

func TestBurstOfErrors(t *testing.T) {
	for _, status := range []int{500, 502, 503, 429} {
		reg, dst, b := faulty(t, func(*registrytest.Faults) {})
		burst := func() { reg.Fail(func(f *registrytest.Faults) { f.Errors, f.ErrorStatus = 4, status }) }
		burst()
		mustFetch(t, dst, b)
		burst()
		mustPush(t, dst, randomBlob(t, 1000))
		burst()
		pushImage(t, dst, "v1")
		burst()
		if _, err := dst.Resolve(t.Context(), "v1"); err != nil {
			t.Errorf("%d: resolve: %v", status, err)
		}
	}
}

func TestLastingErrors(t *testing.T) {
	reg, dst, b := faulty(t, func(f *registrytest.Faults) { f.Errors = 1 << 30 })
	if _, err := fetch(t, dst, b.Descriptor); !errors.Is(err, ErrInterrupted) || !strings.Contains(err.Error(), "500") {
		t.Errorf("fetch: %v; want ErrInterrupted and the status", err)
	}
	if n := len(reg.Requests()); n != 6 {
		t.Errorf("it asked %d times; want 6", n)
	}
}

func TestUploadBeginsAnew(t *testing.T) {
	reg, dst, _ := faulty(t, func(f *registrytest.Faults) { f.DropUploads, f.DropAfter = 3, 100_000 })
	b := randomBlob(t, 400_000)
	mustPush(t, dst, b)
	if n := reg.Count("POST", "/uploads/"); n != 4 {
		t.Errorf("%d uploads were begun; want 4", n)
	}
	mustFetch(t, dst, b)

	reg.Fail(func(f *registrytest.Faults) { f.DropUploads, f.DropAfter = 1, 100_000 })
	stream := randomBlob(t, 400_000)
	if err := dst.Push(t.Context(), stream.Descriptor, io.MultiReader(stream.reader())); !errors.Is(err, ErrInterrupted) {
		t.Errorf("push of a stream: %v; want ErrInterrupted", err)
	}
}

func TestUploadRefused(t *testing.T) {
	for _, c := range []struct {
		status  int
		message string
		want    error
		says    string
	}{
		{507, "", ErrNoSpace, "no space left"},
		{500, "write /data: no space left on device", ErrNoSpace, "no space left"},
		{403, "storage quota of project exceeded", ErrNoSpace, "quota"},
		{413, "", ErrRejected, "size"},
		{400, "blob upload invalid", ErrRejected, "blob upload invalid"},
		{403, "requested access to the resource is denied", ErrUnauthorized, "is denied"},
	} {
		reg, dst, _ := faulty(t, func(f *registrytest.Faults) { f.UploadStatus, f.UploadMessage = c.status, c.message })
		b := randomBlob(t, 8<<20)
		err := dst.Push(t.Context(), b.Descriptor, b.reader())
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d: %v; want %v and %q", c.status, err, c.want, c.says)
		}
		if n := reg.Count("PUT", "/uploads/"); n != 1 {
			t.Errorf("%d: %d uploads; want 1", c.status, n)
		}
		var answered *Error
		if !errors.As(err, &answered) || answered.Status != c.status {
			t.Errorf("%d: %#v", c.status, err)
		}
	}
}

func TestManifestRefused(t *testing.T) {
	_, dst, _ := faulty(t, func(*registrytest.Faults) {})
	manifest, _ := newManifest(t, randomBlob(t, 10)) // whose parts are not there
	err := dst.PushReference(t.Context(), manifest.Descriptor, manifest.reader(), "v1")
	if !errors.Is(err, ErrRejected) || !strings.Contains(err.Error(), "manifest blob unknown") {
		t.Errorf("%v; want ErrRejected and the registry's reason", err)
	}
}

func TestMountInRegistry(t *testing.T) {
	reg, host := registrytest.Start(t)
	reg.Require(registrytest.Access{User: "me", Password: secret, Bearer: true})
	opts := withPassword()
	b := randomBlob(t, 200_000)
	mustPush(t, openTestTarget(t, host+"/from/a", opts), b)
	dst := openTestTarget(t, host+"/to/b", opts)
	sent := opts.Meter.Snapshot().Sent
	if err := dst.Mount(t.Context(), b.Descriptor, mustParse(t, host+"/from/a:v1")); err != nil {
		t.Fatal(err)
	}
	if got := opts.Meter.Snapshot().Sent; got != sent {
		t.Errorf("%d bytes were sent", got-sent)
	}
	mustFetch(t, dst, b)
}

func TestMountRefused(t *testing.T) {
	reg, host := registrytest.Start(t)
	opts := testOptions()
	b := randomBlob(t, 200_000)
	mustPush(t, openTestTarget(t, host+"/from/a", opts), b)
	reg.Fail(func(f *registrytest.Faults) { f.RefuseMount, f.DropUploads, f.DropAfter = true, 1, 1000 })
	dst := openTestTarget(t, host+"/to/b", opts)
	if err := dst.Mount(t.Context(), b.Descriptor, mustParse(t, host+"/from/a")); err != nil {
		t.Fatal(err)
	}
	mustFetch(t, dst, b)
	if err := dst.Mount(t.Context(), randomBlob(t, 10).Descriptor, mustParse(t, host+"/from/a")); !errors.Is(err, ErrNotFound) {
		t.Errorf("mount of what is not there: %v; want ErrNotFound", err)
	}
}

func TestMountFromOtherRegistry(t *testing.T) {
	_, from := registrytest.Start(t)
	_, to := registrytest.Start(t)
	opts := testOptions()
	b := randomBlob(t, 200_000)
	mustPush(t, openTestTarget(t, from+"/a", opts), b)
	dst := openTestTarget(t, to+"/a", opts)
	if err := dst.Mount(t.Context(), b.Descriptor, mustParse(t, from+"/a")); err != nil {
		t.Fatal(err)
	}
	mustFetch(t, dst, b)
}

func TestTagsOfManyPages(t *testing.T) {
	_, fresh := serve(t)
	dst := openTestTarget(t, fresh(t), testOptions())
	manifest, _ := pushImage(t, dst, "v0")
	for i := range 25 {
		if err := dst.PushReference(t.Context(), manifest.Descriptor, manifest.reader(), fmt.Sprintf("v%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	dst.(*registry).repo.TagListPageSize = 2
	tags, err := dst.Tags(t.Context())
	if err != nil || len(tags) != 2*tagPages {
		t.Fatalf("%d tags, %v; want those of %d pages of 2", len(tags), err, tagPages)
	}
	dst.(*registry).repo.TagListPageSize = 10
	tags, err = dst.Tags(t.Context())
	if err != nil || len(tags) != 25 || tags[0] != "v24" || tags[24] != "v0" {
		t.Errorf("%v, %v; want v24 to v0", tags, err)
	}
}

func TestRequestsOfAPush(t *testing.T) {
	reg, fresh := serve(t)
	dst := openTestTarget(t, fresh(t), testOptions())
	b := randomBlob(t, 1000)
	mustPush(t, dst, b, b)
	var got []string
	for _, req := range reg.Requests() {
		got = append(got, req.Method)
	}
	if want := "HEAD POST PUT HEAD"; strings.Join(got, " ") != want {
		t.Errorf("requests: %v; want %s", got, want)
	}
}

func TestCopiesWithOras(t *testing.T) {
	_, fresh := serve(t)
	src := openTestTarget(t, "oci:"+t.TempDir(), testOptions())
	manifest, layer := pushImage(t, src, "v1")
	dst := openTestTarget(t, fresh(t), testOptions())
	if _, err := oras.Copy(t.Context(), src, "v1", dst, "v2", oras.DefaultCopyOptions); err != nil {
		t.Fatal(err)
	}
	mustFetch(t, dst, layer)
	if desc, err := dst.Resolve(t.Context(), "v2"); err != nil || desc.Digest != manifest.Digest {
		t.Errorf("%v, %v", desc, err)
	}
}

func TestUnauthorized(t *testing.T) {
	wrong := testOptions()
	wrong.Credentials = func(context.Context, string) (auth.Credential, error) {
		return auth.Credential{Username: "me", Password: "wrong-" + secret}, nil
	}
	for _, bearer := range []bool{false, true} {
		for name, opts := range map[string]Options{"no password": testOptions(), "wrong password": wrong} {
			t.Run(fmt.Sprintf("%s, bearer %v", name, bearer), func(t *testing.T) {
				reg, fresh := serve(t)
				reg.Require(registrytest.Access{User: "me", Password: secret, Bearer: bearer})
				ref := fresh(t)
				dst := openTestTarget(t, ref, opts)
				b := randomBlob(t, 10)
				manifest, _ := newManifest(t)
				_, err := dst.Resolve(t.Context(), "v1")
				_, fetchErr := fetch(t, dst, b.Descriptor)
				_, existsErr := dst.Exists(t.Context(), b.Descriptor)
				_, tagsErr := dst.Tags(t.Context())
				for doing, err := range map[string]error{
					"resolve":  err,
					"fetch":    fetchErr,
					"exists":   existsErr,
					"tags":     tagsErr,
					"push":     dst.Push(t.Context(), b.Descriptor, b.reader()),
					"manifest": dst.PushReference(t.Context(), manifest.Descriptor, manifest.reader(), "v1"),
				} {
					var refused *Error
					if !errors.Is(err, ErrUnauthorized) || !errors.As(err, &refused) || refused.Remote != ref {
						t.Errorf("%s: %v; want ErrUnauthorized of %s", doing, err, ref)
					}
					hidesSecret(t, err)
				}
			})
		}
	}
}

func hidesSecret(t *testing.T, err error) {
	t.Helper()
	for _, s := range []string{secret, "secret-token", registrytest.Signature, "Authorization"} {
		if err != nil && strings.Contains(fmt.Sprintf("%v %+v %s", err, err, err), s) {
			t.Errorf("error with a credential: %v", err)
		}
	}
}

func TestPublicPull(t *testing.T) {
	for _, bearer := range []bool{false, true} {
		reg, fresh := serve(t)
		reg.Require(registrytest.Access{User: "me", Password: secret, Bearer: bearer, PublicPull: true})
		ref := fresh(t)
		manifest, layer := pushImage(t, openTestTarget(t, ref, withPassword()), "v1")
		anyone := openTestTarget(t, ref, testOptions())
		mustFetch(t, anyone, manifest)
		mustFetch(t, anyone, layer)
		b := randomBlob(t, 10)
		if err := anyone.Push(t.Context(), b.Descriptor, b.reader()); !errors.Is(err, ErrUnauthorized) {
			t.Errorf("push: %v; want ErrUnauthorized", err)
		}
	}
}

func TestExpiredToken(t *testing.T) {
	reg, fresh := serve(t)
	reg.Require(registrytest.Access{User: "me", Password: secret, Bearer: true})
	dst := openTestTarget(t, fresh(t), withPassword())
	first := randomBlob(t, 1000)
	mustPush(t, dst, first)
	reg.ExpireTokens()
	mustFetch(t, dst, first)
	second := randomBlob(t, 1000)
	seek := bytes.NewReader(second.data)
	expiring := struct {
		io.Reader
		io.Seeker
	}{readerFunc(func(p []byte) (int, error) {
		if seek.Len() == 1000 && reg.Count("PUT", "/uploads/") == 1 { // after the POST, before the PUT arrives
			reg.ExpireTokens()
		}
		return seek.Read(p)
	}), seek}
	if err := dst.Push(t.Context(), second.Descriptor, expiring); err != nil {
		t.Errorf("push with a token that expires on the way: %v", err)
	}
	mustFetch(t, dst, second)
}

// TestErrorsHideSecrets has storage and registry fail in ways that put URLs and headers into errors.
func TestErrorsHideSecrets(t *testing.T) {
	reg, fresh := serve(t)
	reg.Require(registrytest.Access{User: "me", Password: secret})
	dst := openTestTarget(t, fresh(t), withPassword())
	b := randomBlob(t, 1000)
	mustPush(t, dst, b)

	for name, handler := range map[string]http.HandlerFunc{
		"forbidden": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"failing":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"breaking":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"looping": func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, req.URL.String(), http.StatusFound)
		},
		"lost": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://\x7f?key="+secret)
			w.WriteHeader(http.StatusFound)
		},
		"echoing": func(w http.ResponseWriter, req *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":"GET %s with Basic %s failed"}]}`, req.URL, secret)
		},
	} {
		storage := httptest.NewServer(handler)
		reg.Fail(func(f *registrytest.Faults) { f.Redirect = storage.URL })
		_, err := fetch(t, dst, b.Descriptor)
		storage.Close()
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		t.Log(name, err)
		hidesSecret(t, err)
	}
	_, err := fetch(t, dst, b.Descriptor)
	if !errors.Is(err, ErrUnreachable) {
		t.Errorf("storage gone: %v; want ErrUnreachable", err)
	}
	hidesSecret(t, err)
}

// unusedPort is a loopback address at which nothing listens.
func unusedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestUnreachable(t *testing.T) {
	for _, host := range []string{unusedPort(t), "registry.invalid"} {
		src := openTestTarget(t, host+"/a", testOptions())
		_, err := src.Resolve(t.Context(), "v1")
		if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "cannot reach "+host) {
			t.Errorf("%s: %v; want ErrUnreachable", host, err)
		}
	}
}

func TestNotFound(t *testing.T) {
	_, fresh := serve(t)
	src := openTestTarget(t, fresh(t), testOptions())
	_, err := src.Resolve(t.Context(), "v1")
	if !errors.Is(err, ErrNotFound) || !errors.Is(err, errdef.ErrNotFound) || !strings.Contains(err.Error(), "resolve v1: not found") {
		t.Errorf("%v; want ErrNotFound", err)
	}
}
