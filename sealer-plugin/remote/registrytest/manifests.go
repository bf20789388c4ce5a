package registrytest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxManifest is what registries must take.
const maxManifest = 4 << 20

// manifest answers GET and HEAD of a manifest.
func (r *Registry) manifest(c call) {
	r.mu.Lock()
	repo := r.repo(c.name)
	d, ok := repo.tags[c.ref]
	if !ok {
		d = digest.Digest(c.ref)
	}
	m, ok := repo.manifests[d]
	r.mu.Unlock()
	if !ok {
		refuse(c, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		return
	}
	c.Header().Set("Content-Type", m.mediaType)
	c.Header().Set("Docker-Content-Digest", d.String())
	c.Header().Set("Content-Length", strconv.Itoa(len(m.content)))
	if c.Method == http.MethodGet {
		_, _ = c.Write(m.content) // if the client is gone, nobody misses it
	}
}

// Write writes to the answer; Request.Write is hidden by it.
func (c call) Write(p []byte) (int, error) { return c.ResponseWriter.Write(p) }

// putManifest takes a manifest if all that it names is there.
func (r *Registry) putManifest(c call) {
	content, err := io.ReadAll(io.LimitReader(c.Body, maxManifest+1))
	if err != nil || len(content) > maxManifest {
		refuse(c, http.StatusRequestEntityTooLarge, "MANIFEST_INVALID", "too large")
		return
	}
	var m struct {
		Config    *ocispec.Descriptor  `json:"config"`
		Layers    []ocispec.Descriptor `json:"layers"`
		Manifests []ocispec.Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(content, &m); err != nil {
		refuse(c, http.StatusBadRequest, "MANIFEST_INVALID", err.Error())
		return
	}
	d := digest.FromBytes(content)
	if given, err := digest.Parse(c.ref); err == nil && given != d {
		refuse(c, http.StatusBadRequest, "DIGEST_INVALID", "the content is "+d.String())
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	repo := r.repo(c.name)
	if m.Config != nil {
		m.Layers = append(m.Layers, *m.Config)
	}
	if missing := repo.missing(m.Layers, m.Manifests); missing != "" {
		refuse(c, http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN", "unknown: "+missing.String())
		return
	}
	repo.manifests[d] = manifest{c.Request.Header.Get("Content-Type"), content}
	if d.String() != c.ref {
		repo.tags[c.ref] = d
	}
	created(c, "/v2/"+c.name+"/manifests/"+d.String(), d)
}

// missing returns the first of a manifest's parts that is not there. Layers with other places to get them from need not be.
func (repo *repository) missing(blobs, manifests []ocispec.Descriptor) digest.Digest {
	for _, b := range blobs {
		if !repo.blobs[b.Digest] && len(b.URLs) == 0 {
			return b.Digest
		}
	}
	for _, m := range manifests {
		if _, ok := repo.manifests[m.Digest]; !ok {
			return m.Digest
		}
	}
	return ""
}

// listTags lists tags in lexical order, page by page.
func (r *Registry) listTags(c call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.repos[c.name] == nil {
		refuse(c, http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
		return
	}
	query := c.URL.Query()
	tags := slices.DeleteFunc(slices.Sorted(maps.Keys(r.repos[c.name].tags)), func(tag string) bool {
		return tag <= query.Get("last") && query.Has("last")
	})
	if n, err := strconv.Atoi(query.Get("n")); err == nil && n >= 0 && n < len(tags) {
		tags = tags[:n]
		if n > 0 {
			next := url.Values{"n": {strconv.Itoa(n)}, "last": {tags[n-1]}}
			c.Header().Set("Link", fmt.Sprintf(`</v2/%s/tags/list?%s>; rel="next"`, c.name, next.Encode()))
		}
	}
	c.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(c).Encode(map[string]any{"name": c.name, "tags": tags}) // if the client is gone, nobody misses it
}
