package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// registry is as much of an OCI registry as the commands need, in memory.
type registry struct {
	user, password string        // empty: everybody is welcome
	held           chan struct{} // if not nil: uploads do not end, and each tells this channel that it has begun

	mu        sync.Mutex
	blobs     map[string][]byte // by digest
	manifests map[string]manifest
	tags      map[string]string // "repository:tag" to digest
}

type manifest struct {
	mediaType string
	content   []byte
}

// serve starts the registry on a loopback port and returns "host:port".
func (g *registry) serve(t testing.TB) string {
	g.blobs, g.manifests, g.tags = map[string][]byte{}, map[string]manifest{}, map[string]string{}
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/", g.dispatch)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func (g *registry) dispatch(w http.ResponseWriter, r *http.Request) {
	if user, password, _ := r.BasicAuth(); user != g.user || password != g.password {
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED")
		return
	}
	repository, rest := strings.TrimPrefix(r.URL.Path, "/v2/"), ""
	for _, kind := range []string{"/blobs/uploads/", "/blobs/", "/manifests/", "/tags/"} {
		if at := strings.Index(repository, kind); at >= 0 {
			repository, rest = repository[:at], repository[at:]
			break
		}
	}
	switch name := path.Base(rest); {
	case repository == "":
	case strings.HasPrefix(rest, "/blobs/uploads/"):
		g.upload(w, r, repository)
	case strings.HasPrefix(rest, "/blobs/"):
		g.blob(w, r, name)
	case strings.HasPrefix(rest, "/manifests/") && r.Method == http.MethodPut:
		g.putManifest(w, r, repository, name)
	case strings.HasPrefix(rest, "/manifests/"):
		g.manifest(w, r, repository, name)
	case strings.HasPrefix(rest, "/tags/"):
		g.list(w, repository)
	default:
		refuse(w, http.StatusNotFound, "UNSUPPORTED")
	}
}

func (g *registry) upload(w http.ResponseWriter, r *http.Request, repository string) {
	if r.Method == http.MethodPost {
		w.Header().Set("Location", "/v2/"+repository+"/blobs/uploads/1")
		w.WriteHeader(http.StatusAccepted)
		return
	}
	content, err := io.ReadAll(r.Body) // before waiting: the server notices a client's end only after the body's
	if g.held != nil {
		g.held <- struct{}{}
		<-r.Context().Done()
		return
	}
	digest := digestOf(content)
	if err != nil || digest != r.URL.Query().Get("digest") {
		refuse(w, http.StatusBadRequest, "DIGEST_INVALID")
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.blobs[digest] = content
	w.Header().Set("Docker-Content-Digest", digest)
	w.WriteHeader(http.StatusCreated)
}

func (g *registry) blob(w http.ResponseWriter, r *http.Request, digest string) {
	g.mu.Lock()
	content, ok := g.blobs[digest]
	g.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "BLOB_UNKNOWN")
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Docker-Content-Digest", digest)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
}

func (g *registry) putManifest(w http.ResponseWriter, r *http.Request, repository, name string) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "MANIFEST_INVALID")
		return
	}
	digest := digestOf(content)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.manifests[digest] = manifest{r.Header.Get("Content-Type"), content}
	if name != digest {
		g.tags[repository+":"+name] = digest
	}
	w.Header().Set("Docker-Content-Digest", digest)
	w.WriteHeader(http.StatusCreated)
}

func (g *registry) manifest(w http.ResponseWriter, r *http.Request, repository, name string) {
	g.mu.Lock()
	digest, tagged := g.tags[repository+":"+name]
	if !tagged {
		digest = name
	}
	m, ok := g.manifests[digest]
	g.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN")
		return
	}
	w.Header().Set("Content-Type", m.mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(m.content)))
	w.Header().Set("Docker-Content-Digest", digest)
	if r.Method == http.MethodGet {
		_, _ = w.Write(m.content)
	}
}

func (g *registry) list(w http.ResponseWriter, repository string) {
	tags := []string{}
	g.mu.Lock()
	for name := range g.tags {
		if tag, ok := strings.CutPrefix(name, repository+":"); ok {
			tags = append(tags, tag)
		}
	}
	g.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{"name": repository, "tags": tags})
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"refused"}]}`, code)
}

func digestOf(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }
