package remote

import (
	"io"
	"net/http"
	"sync/atomic"
)

// Traffic is what went over the wire: requests, and the bytes of their bodies. Of a layout or an archive it is the
// bytes written and read, and no requests.
type Traffic struct {
	Requests int64 // HTTP requests, retries, redirects and token requests included
	Sent     int64 // bytes
	Received int64 // bytes
}

// Meter counts the traffic of all sources and targets that were opened with it. Its zero value is ready, and it is
// safe for concurrent use.
type Meter struct {
	requests, sent, received atomic.Int64
}

// Snapshot returns the traffic so far.
func (m *Meter) Snapshot() Traffic {
	return Traffic{Requests: m.requests.Load(), Sent: m.sent.Load(), Received: m.received.Load()}
}

// countedBody adds what is read from a body to a count.
type countedBody struct {
	io.ReadCloser
	count *atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.count.Add(int64(n))
	return n, err
}

// countedReaderAt does the same for random access.
type countedReaderAt struct {
	io.ReaderAt
	count *atomic.Int64
}

func (r countedReaderAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, off)
	r.count.Add(int64(n))
	return n, err
}

// countedWriter adds what is written to a count.
type countedWriter struct {
	io.Writer
	count *atomic.Int64
}

func (w countedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.count.Add(int64(n))
	return n, err
}

// meteredTransport counts what passes through base. It stands below everything that repeats requests.
type meteredTransport struct {
	base  http.RoundTripper
	meter *Meter
}

func (t *meteredTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.meter.requests.Add(1)
	resp, err := t.base.RoundTrip(t.countSent(req))
	if err != nil {
		return nil, err
	}
	if resp.Body != http.NoBody {
		resp.Body = &countedBody{resp.Body, &t.meter.received}
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		resp.Body = drainedBody{resp.Body}
	}
	return resp, nil
}

// maxDrained is how much of the body of an answer that is no success is read for the connection's sake.
const maxDrained = 8 << 10

// drainedBody is read to its end, if that is near, when it is closed: only then the connection serves another request.
type drainedBody struct{ io.ReadCloser }

func (b drainedBody) Close() error {
	_, _ = io.CopyN(io.Discard, b, maxDrained)
	return b.ReadCloser.Close()
}

func (t *meteredTransport) countSent(req *http.Request) *http.Request {
	if req.Body == nil || req.Body == http.NoBody {
		return req
	}
	counted := req.WithContext(req.Context()) // a round tripper must not change its request
	counted.Body = &countedBody{req.Body, &t.meter.sent}
	if req.GetBody != nil {
		counted.GetBody = func() (io.ReadCloser, error) {
			body, err := req.GetBody()
			if err != nil {
				return nil, err
			}
			return &countedBody{body, &t.meter.sent}, nil
		}
	}
	return counted
}
