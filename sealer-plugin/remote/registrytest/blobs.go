package registrytest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/go-digest"
)

// blob answers GET and HEAD of a blob.
func (r *Registry) blob(c call) {
	d, err := digest.Parse(c.ref)
	if err != nil {
		refuse(c, http.StatusBadRequest, "DIGEST_INVALID", err.Error())
		return
	}
	r.mu.Lock()
	known, faults := r.repo(c.name).blobs[d], r.faults
	r.mu.Unlock()
	if !known {
		refuse(c, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")
		return
	}
	c.Header().Set("Docker-Content-Digest", d.String())
	c.Header().Set("Content-Type", "application/octet-stream")
	if c.Method == http.MethodGet {
		if faults.Redirect != "" {
			http.Redirect(c, c.Request, faults.Redirect+"/"+d.Encoded()+"?X-Signature="+Signature, http.StatusTemporaryRedirect)
			return
		}
		r.dropDownload(c.ResponseWriter)
	}
	r.serveFile(c, c.Request, d.Encoded())
}

// header is the header of the answer; that of the question is hidden by it.
func (c call) Header() http.Header { return c.ResponseWriter.Header() }

// serveFile gives a file, or a part of it.
func (r *Registry) serveFile(w http.ResponseWriter, req *http.Request, name string) {
	f, err := os.Open(filepath.Join(r.dir, filepath.Base(name)))
	if err != nil {
		refuse(w, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to storage")
		return
	}
	defer func() { _ = f.Close() }()
	r.mu.Lock()
	ignoreRange := r.faults.IgnoreRange
	r.mu.Unlock()
	if !ignoreRange {
		info, err := f.Stat()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, req, "", info.ModTime(), f)
		return
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Length", fmt.Sprint(size))
	if req.Method == http.MethodGet {
		_, _ = io.Copy(w, io.NewSectionReader(f, 0, size)) // if the client is gone, nobody misses it
	}
}

// startUpload answers a POST: a mount, or the beginning of an upload.
func (r *Registry) startUpload(c call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	query := c.URL.Query()
	mount, from := digest.Digest(query.Get("mount")), query.Get("from")
	if mount != "" && !r.faults.RefuseMount && r.repos[from] != nil && r.repos[from].blobs[mount] {
		r.repo(c.name).blobs[mount] = true
		created(c, "/v2/"+c.name+"/blobs/"+mount.String(), mount)
		return
	}
	r.serial++
	id := fmt.Sprintf("upload%d", r.serial)
	r.uploads[id] = 0
	r.acceptUpload(c, id)
}

// acceptUpload tells where the upload goes on. r.mu must be held.
func (r *Registry) acceptUpload(c call, id string) {
	c.Header().Set("Location", "/v2/"+c.name+"/blobs/uploads/"+id+"?state=of-"+id)
	c.Header().Set("Range", fmt.Sprintf("0-%d", max(r.uploads[id]-1, 0)))
	c.WriteHeader(http.StatusAccepted)
}

func created(c call, location string, d digest.Digest) {
	c.Header().Set("Location", location)
	c.Header().Set("Docker-Content-Digest", d.String())
	c.WriteHeader(http.StatusCreated)
}

// continueUpload answers a PATCH.
func (r *Registry) continueUpload(c call) {
	if !r.receive(c) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acceptUpload(c, c.ref)
}

// finishUpload answers a PUT: the rest of the content, or all of it, and its digest.
func (r *Registry) finishUpload(c call) {
	want, err := digest.Parse(c.URL.Query().Get("digest"))
	if err != nil {
		refuse(c, http.StatusBadRequest, "DIGEST_INVALID", err.Error())
		return
	}
	if !r.receive(c) {
		return
	}
	name := filepath.Join(r.dir, c.ref)
	got, err := digestOf(want.Algorithm(), name)
	if err != nil || got != want {
		refuse(c, http.StatusBadRequest, "DIGEST_INVALID", fmt.Sprintf("provided digest did not match uploaded content: %v", err))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := os.Rename(name, r.BlobFile(want)); err != nil {
		refuse(c, http.StatusInternalServerError, "UNKNOWN", err.Error())
		return
	}
	delete(r.uploads, c.ref)
	r.repo(c.name).blobs[want] = true
	created(c, "/v2/"+c.name+"/blobs/"+want.String(), want)
}

func digestOf(algorithm digest.Algorithm, name string) (digest.Digest, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return algorithm.FromString(""), nil
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	return algorithm.FromReader(f)
}

// receive appends the body to the upload. As in Docker's registry, what arrived before a connection broke stays, so that a
// repeated request does not give the content.
func (r *Registry) receive(c call) bool {
	r.mu.Lock()
	at, known := r.uploads[c.ref]
	r.mu.Unlock()
	if !known {
		refuse(c, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "upload unknown")
		return false
	}
	if given := c.Request.Header.Get("Content-Range"); given != "" && !strings.HasPrefix(given, fmt.Sprintf("%d-", at)) {
		refuse(c, http.StatusRequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID", "out of order")
		return false
	}
	body, refused := r.uploadBody(c)
	if refused {
		return false
	}
	f, err := os.OpenFile(filepath.Join(r.dir, c.ref), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		refuse(c, http.StatusInternalServerError, "UNKNOWN", err.Error())
		return false
	}
	defer func() { _ = f.Close() }()
	n, err := io.Copy(f, body)
	r.mu.Lock()
	r.uploads[c.ref] = at + n
	r.mu.Unlock()
	if err != nil {
		refuse(c, http.StatusInternalServerError, "UNKNOWN", err.Error())
	}
	return err == nil
}
