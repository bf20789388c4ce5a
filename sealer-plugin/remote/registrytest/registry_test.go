package registrytest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request.
func ask(t *testing.T, method, url string, body []byte, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(content)}
}

func want(t *testing.T, doing string, a answer, status int) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: status %d, want %d", doing, a.status, status)
	}
}

// TestChunkedUpload uploads in the way of the specification that the client of this project does not use.
func TestChunkedUpload(t *testing.T) {
	_, host := Start(t)
	base := "http://" + host
	content := []byte("in three chunks")
	a := ask(t, "POST", base+"/v2/a/b/blobs/uploads/", nil)
	want(t, "begin", a, http.StatusAccepted)
	location := a.header.Get("Location")
	a = ask(t, "PATCH", base+location, content[:5], "Content-Range", "0-4")
	want(t, "first chunk", a, http.StatusAccepted)
	if got := a.header.Get("Range"); got != "0-4" {
		t.Errorf("range %q, want 0-4", got)
	}
	a = ask(t, "PATCH", base+location, content[9:], "Content-Range", "9-14")
	want(t, "out of order", a, http.StatusRequestedRangeNotSatisfiable)
	a = ask(t, "PATCH", base+location, content[5:9], "Content-Range", "5-8")
	want(t, "second chunk", a, http.StatusAccepted)
	d := digest.FromBytes(content)
	a = ask(t, "PUT", base+location+"&digest="+d.String(), content[9:], "Content-Range", "9-14")
	want(t, "last chunk", a, http.StatusCreated)
	if got := ask(t, "GET", base+a.header.Get("Location"), nil); got.body != string(content) {
		t.Errorf("the blob is %q", got.body)
	}
}

func TestRefusals(t *testing.T) {
	_, host := Start(t)
	base := "http://" + host
	a := ask(t, "POST", base+"/v2/a/blobs/uploads/", nil)
	location := base + a.header.Get("Location")
	wrong := digest.FromString("something else").String()
	for _, c := range []struct {
		method, url, body, code string
		status                  int
	}{
		{"PUT", location + "&digest=" + wrong, "x", "DIGEST_INVALID", 400},
		{"PUT", location + "&digest=nonsense", "x", "DIGEST_INVALID", 400},
		{"PUT", base + "/v2/a/blobs/uploads/unknown?digest=" + wrong, "x", "BLOB_UPLOAD_UNKNOWN", 404},
		{"GET", base + "/v2/a/blobs/" + wrong, "", "BLOB_UNKNOWN", 404},
		{"GET", base + "/v2/a/blobs/nonsense", "", "DIGEST_INVALID", 400},
		{"DELETE", base + "/v2/a/blobs/" + wrong, "", "UNSUPPORTED", 405},
		{"GET", base + "/v2/a/manifests/v1", "", "MANIFEST_UNKNOWN", 404},
		{"PUT", base + "/v2/a/manifests/v1", "{", "MANIFEST_INVALID", 400},
		{"PUT", base + "/v2/a/manifests/" + wrong, "{}", "DIGEST_INVALID", 400},
		{"PUT", base + "/v2/a/manifests/v1", `{"layers":[{"digest":"` + wrong + `"}]}`, "MANIFEST_BLOB_UNKNOWN", 404},
		{"PUT", base + "/v2/a/manifests/v1", `{"manifests":[{"digest":"` + wrong + `"}]}`, "MANIFEST_BLOB_UNKNOWN", 404},
		{"PUT", base + "/v2/a/manifests/v1", strings.Repeat(" ", maxManifest+1), "MANIFEST_INVALID", 413},
		{"GET", base + "/v2/unknown/tags/list", "", "NAME_UNKNOWN", 404},
		{"GET", base + "/v2/a/referrers/" + wrong, "", "UNSUPPORTED", 404},
		{"GET", base + "/v2/UPPER/tags/list", "", "NAME_INVALID", 404},
	} {
		a := ask(t, c.method, c.url, []byte(c.body))
		want(t, c.method+" "+c.url, a, c.status)
		if !strings.Contains(a.body, `"code":"`+c.code+`"`) {
			t.Errorf("%s %s: %s; want %s", c.method, c.url, a.body, c.code)
		}
	}
}

func TestTagPages(t *testing.T) {
	r, host := Start(t)
	base := "http://" + host
	for i := range 5 {
		a := ask(t, "PUT", fmt.Sprintf("%s/v2/a/manifests/v%d", base, i), []byte(`{}`))
		want(t, "put", a, http.StatusCreated)
	}
	a := ask(t, "GET", base+"/v2/a/tags/list?n=2", nil)
	if link := a.header.Get("Link"); link != `</v2/a/tags/list?last=v1&n=2>; rel="next"` || !strings.Contains(a.body, `"tags":["v0","v1"]`) {
		t.Errorf("first page: %s, %s", link, a.body)
	}
	a = ask(t, "GET", base+"/v2/a/tags/list?n=3&last=v1", nil)
	if link := a.header.Get("Link"); link != "" || !strings.Contains(a.body, `"tags":["v2","v3","v4"]`) {
		t.Errorf("last page: %s, %s", link, a.body)
	}
	if n := r.Count("PUT", "/manifests/"); n != 5 {
		t.Errorf("%d manifests were put; want 5", n)
	}
	r.Forget()
	if n := len(r.Requests()); n != 0 {
		t.Errorf("%d requests after Forget", n)
	}
}
