package registrytest

import (
	"io"
	"net/http"
	"sync/atomic"
)

// recorder notes what was answered, and cuts answers short.
type recorder struct {
	http.ResponseWriter
	status   int
	received atomic.Int64
	sent     int64
	limit    int64 // bytes after which the connection breaks; 0: it does not
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.limit > 0 && r.sent+int64(len(p)) > r.limit {
		n, _ := r.ResponseWriter.Write(p[:r.limit-r.sent])
		r.sent += int64(n)
		_ = http.NewResponseController(r.ResponseWriter).Flush() // so that what was written arrives
		r.status = 0
		panic(http.ErrAbortHandler)
	}
	n, err := r.ResponseWriter.Write(p)
	r.sent += int64(n)
	return n, err
}

// countedBody counts what arrives.
type countedBody struct {
	io.ReadCloser
	count *atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.count.Add(int64(n))
	return n, err
}
