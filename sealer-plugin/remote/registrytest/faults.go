package registrytest

import (
	"io"
	"net/http"
)

// Faults are ways to fail. The zero value is a registry that works.
type Faults struct {
	IgnoreRange bool   // answer a ranged GET with the whole blob and status 200, as the specification allows
	RefuseMount bool   // answer a mount with a new upload, as the specification allows
	Redirect    string // send readers of blobs to this URL, with the digest and a signature appended: see Storage

	Errors      int // how many of the next requests fail, whatever they are
	ErrorStatus int // with which status; 500 if zero

	DropDownloads int   // how many of the next blobs that are read break off,
	DropUploads   int   // how many of the next contents that are sent do,
	DropAfter     int64 // after so many bytes, at least one

	UploadStatus  int    // refuse all contents with this status, unread: 507 or 500 if the disk is full, 413 if too large
	UploadMessage string // and with this message
}

// Fail changes how the registry fails.
func (r *Registry) Fail(change func(*Faults)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.faults)
}

// take takes one from a number of failures to come.
func (r *Registry) take(number func(*Faults) *int) (f Faults, fails bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := number(&r.faults)
	f, fails = r.faults, *n > 0
	if fails {
		*n--
	}
	return f, fails
}

// failing answers the request if it is one of those that fail.
func (r *Registry) failing(w http.ResponseWriter) bool {
	f, fails := r.take(func(f *Faults) *int { return &f.Errors })
	if !fails {
		return false
	}
	if f.ErrorStatus == 0 {
		f.ErrorStatus = http.StatusInternalServerError
	}
	refuse(w, f.ErrorStatus, "UNKNOWN", "failing as told")
	return true
}

// dropDownload has the connection break off while a blob is read.
func (r *Registry) dropDownload(w http.ResponseWriter) {
	if f, fails := r.take(func(f *Faults) *int { return &f.DropDownloads }); fails {
		w.(*recorder).limit = max(f.DropAfter, 1)
	}
}

// uploadBody is the body of an upload, or one that breaks off. It answers the request if the content is refused.
func (r *Registry) uploadBody(c call) (body io.Reader, refused bool) {
	f, fails := r.take(func(f *Faults) *int { return &f.DropUploads })
	switch {
	case f.UploadStatus != 0:
		refuse(c, f.UploadStatus, "DENIED", f.UploadMessage)
		return nil, true
	case fails:
		return io.MultiReader(io.LimitReader(c.Body, max(f.DropAfter, 1)), breakOff{}), false
	}
	return c.Body, false
}

// breakOff breaks the connection off when it is read.
type breakOff struct{}

func (breakOff) Read([]byte) (int, error) { panic(http.ErrAbortHandler) }

// Storage is where Faults.Redirect sends readers: to be served on another host or port. It refuses what a storage with
// signed URLs refuses: a request with a second kind of authorization, or without the signature.
func (r *Registry) Storage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		record := &recorder{ResponseWriter: w}
		switch {
		case req.Header.Get("Authorization") != "":
			http.Error(record, "only one authorization mechanism allowed", http.StatusBadRequest)
		case req.URL.Query().Get("X-Signature") != Signature:
			http.Error(record, "bad signature", http.StatusForbidden)
		default:
			r.serveFile(record, req, req.URL.Path[1:])
		}
	})
}

// Signature is the secret in the URLs that readers are sent to.
const Signature = "c2lnbmF0dXJl-of-storage"
