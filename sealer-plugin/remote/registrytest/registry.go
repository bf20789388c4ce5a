// Package registrytest is an OCI registry for tests: small, true to the distribution specification (1.1), and able to
// fail in the ways in which registries and networks fail. It is no registry to keep images in.
package registrytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"
)

// Registry is the handler of a registry. It is safe for concurrent use.
type Registry struct {
	dir string // of blobs and uploads

	mu       sync.Mutex
	repos    map[string]*repository
	uploads  map[string]int64 // received bytes of those that are under way
	serial   int
	faults   Faults
	access   Access
	tokens   map[string][]string // to scopes
	requests []Request
}

// repository is what a registry knows of one name.
type repository struct {
	blobs     map[digest.Digest]bool
	manifests map[digest.Digest]manifest
	tags      map[string]digest.Digest
}

type manifest struct {
	mediaType string
	content   []byte
}

// Request is one that the registry answered.
type Request struct {
	Method   string
	Path     string // with the query
	Range    string // the header
	Status   int    // 0 if the connection was broken off
	Received int64  // bytes of the body
	Sent     int64  // bytes of the body
}

// New makes an empty registry that keeps its blobs in dir, which must exist.
func New(dir string) *Registry {
	return &Registry{
		dir:     dir,
		repos:   make(map[string]*repository),
		uploads: make(map[string]int64),
		tokens:  make(map[string][]string),
	}
}

// Start serves a new registry in plain HTTP on a loopback port until the test ends, and returns its host:port.
func Start(t testing.TB) (r *Registry, host string) {
	t.Helper()
	r = New(t.TempDir())
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, server.Listener.Addr().String()
}

// Requests are the requests so far, in the order in which they were answered.
func (r *Registry) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// Count counts the requests so far of a method whose path contains a text.
func (r *Registry) Count(method, path string) int {
	n := 0
	for _, req := range r.Requests() {
		if req.Method == method && strings.Contains(req.Path, path) {
			n++
		}
	}
	return n
}

// Forget forgets the requests so far.
func (r *Registry) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = nil
}

// BlobFile is the file that has the content of a blob, for a test to damage.
func (r *Registry) BlobFile(d digest.Digest) string { return filepath.Join(r.dir, d.Encoded()) }

// repo returns the repository of that name, which is made if it does not exist. r.mu must be held.
func (r *Registry) repo(name string) *repository {
	if r.repos[name] == nil {
		r.repos[name] = &repository{
			blobs:     make(map[digest.Digest]bool),
			manifests: make(map[digest.Digest]manifest),
			tags:      make(map[string]digest.Digest),
		}
	}
	return r.repos[name]
}

const (
	namePattern = `[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*`
	refPattern  = `[\w][\w.:-]*`
)

// call is a request, taken apart.
type call struct {
	http.ResponseWriter
	*http.Request
	name, ref string
}

// routes are the end points of the specification.
var routes = []struct {
	path    *regexp.Regexp
	methods map[string]func(*Registry, call)
}{
	{regexp.MustCompile(`^/v2/()()$`), map[string]func(*Registry, call){
		http.MethodGet: func(_ *Registry, c call) { c.WriteHeader(http.StatusOK) },
	}},
	{regexp.MustCompile(`^/v2/(` + namePattern + `)/blobs/uploads/()$`), map[string]func(*Registry, call){
		http.MethodPost: (*Registry).startUpload,
	}},
	{regexp.MustCompile(`^/v2/(` + namePattern + `)/blobs/uploads/(\w+)$`), map[string]func(*Registry, call){
		http.MethodPatch: (*Registry).continueUpload, http.MethodPut: (*Registry).finishUpload,
	}},
	{regexp.MustCompile(`^/v2/(` + namePattern + `)/blobs/(` + refPattern + `)$`), map[string]func(*Registry, call){
		http.MethodGet: (*Registry).blob, http.MethodHead: (*Registry).blob,
	}},
	{regexp.MustCompile(`^/v2/(` + namePattern + `)/manifests/(` + refPattern + `)$`), map[string]func(*Registry, call){
		http.MethodGet: (*Registry).manifest, http.MethodHead: (*Registry).manifest, http.MethodPut: (*Registry).putManifest,
	}},
	{regexp.MustCompile(`^/v2/(` + namePattern + `)/tags/list()$`), map[string]func(*Registry, call){
		http.MethodGet: (*Registry).listTags,
	}},
	{regexp.MustCompile(`^/v2/(` + namePattern + `)/referrers/(` + refPattern + `)$`), map[string]func(*Registry, call){
		http.MethodGet: func(_ *Registry, c call) { refuse(c, http.StatusNotFound, "UNSUPPORTED", "no referrers API") },
	}},
}

// ServeHTTP implements http.Handler.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	record := &recorder{ResponseWriter: w}
	req.Body = &countedBody{req.Body, &record.received}
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests = append(r.requests, Request{
			Method: req.Method, Path: req.URL.RequestURI(), Range: req.Header.Get("Range"),
			Status: record.status, Received: record.received.Load(), Sent: record.sent,
		})
	}()
	if req.URL.Path == tokenPath {
		r.giveToken(record, req)
		return
	}
	if r.failing(record) {
		return
	}
	for _, route := range routes {
		parts := route.path.FindStringSubmatch(req.URL.Path)
		if parts == nil {
			continue
		}
		c := call{record, req, parts[1], parts[2]}
		handle, ok := route.methods[req.Method]
		switch {
		case !r.allowed(c):
		case !ok:
			refuse(c, http.StatusMethodNotAllowed, "UNSUPPORTED", "method not allowed")
		default:
			handle(r, c)
		}
		return
	}
	refuse(record, http.StatusNotFound, "NAME_INVALID", "no such end point")
}

// refuse answers with an error in the form of the specification.
func refuse(w http.ResponseWriter, status int, code, message string) {
	body, err := json.Marshal(map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}})
	if err != nil {
		panic(fmt.Sprintf("registrytest: %v", err)) // strings can always be encoded
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // if the client is gone, nobody misses it
}
