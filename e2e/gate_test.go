package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"
)

// gate stands between sealift and a registry: it counts what passes, independently of what sealift says, and makes
// faults.
type gate struct {
	addr string // host:port

	mu          sync.Mutex
	ignoreRange bool                                                    // the registry gets no Range header
	handle      func(http.ResponseWriter, *http.Request) bool           // answers in place of the registry, if true
	corrupt     func(r *http.Request, body io.ReadCloser) io.ReadCloser // changes what the registry answered
	passed      func(sent, received int64)                              // is told the bytes so far, after each read

	exchanges []*exchange
	sent      int64 // bytes of bodies, to the registry
	received  int64 // from the registry
}

// set changes what the gate does.
func (g *gate) set(change func(*gate)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(g)
}

// exchange is one request and its answer.
type exchange struct {
	method, path string
	query        url.Values
	status       int
	sent         int64
	received     int64
}

// newGate starts a gate before the registry at addr.
func newGate(t *testing.T, addr string) *gate {
	t.Helper()
	g := &gate{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addr})
			r.Out.Host = r.In.Host // the registry's Location headers lead back here
		},
		ModifyResponse: g.answered,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:       quiet,
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, handle := g.asked(r)
		if handle != nil && handle(w, r) {
			return
		}
		if r.Body != http.NoBody {
			r.Body = &counted{ReadCloser: r.Body, gate: g, total: &g.sent, own: &e.sent}
		}
		proxy.ServeHTTP(w, r.WithContext(withExchange(r.Context(), e)))
	}))
	server.Config.ErrorLog = quiet
	server.Start()
	t.Cleanup(server.Close)
	g.addr = strings.TrimPrefix(server.URL, "http://")
	return g
}

// asked notes a request.
func (g *gate) asked(r *http.Request) (*exchange, func(http.ResponseWriter, *http.Request) bool) {
	e := &exchange{method: r.Method, path: r.URL.Path, query: r.URL.Query()}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.exchanges = append(g.exchanges, e)
	if g.ignoreRange {
		r.Header.Del("Range")
	}
	return e, g.handle
}

func (g *gate) answered(answer *http.Response) error {
	e := exchangeOf(answer.Request.Context())
	g.mu.Lock()
	e.status = answer.StatusCode
	corrupt := g.corrupt
	g.mu.Unlock()
	if corrupt != nil {
		answer.Body = corrupt(answer.Request, answer.Body)
	}
	answer.Body = &counted{ReadCloser: answer.Body, gate: g, total: &g.received, own: &e.received}
	return nil
}

// counted counts the bytes of a body.
type counted struct {
	io.ReadCloser
	gate       *gate
	total, own *int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.gate.mu.Lock()
	*c.total += int64(n)
	*c.own += int64(n)
	sent, received, passed := c.gate.sent, c.gate.received, c.gate.passed
	c.gate.mu.Unlock()
	if passed != nil {
		passed(sent, received)
	}
	return n, err
}

// traffic is what passed a gate.
type traffic struct {
	exchanges      []exchange
	sent, received int64
}

// take returns the exchanges that began since it was called before.
func (g *gate) take() traffic {
	g.mu.Lock()
	defer g.mu.Unlock()
	var passed traffic
	for _, e := range g.exchanges {
		passed.exchanges = append(passed.exchanges, *e)
		passed.sent += e.sent
		passed.received += e.received
	}
	g.exchanges, g.sent, g.received = nil, 0, 0
	return passed
}

// uploaded returns the blobs that the registry confirmed to have got, with the bytes that each needed.
func (p traffic) uploaded() map[digest.Digest]int64 {
	blobs := map[digest.Digest]int64{}
	for _, e := range p.exchanges {
		if d := e.query.Get("digest"); e.method == http.MethodPut && e.status == http.StatusCreated && d != "" {
			blobs[digest.Digest(d)] += e.sent
		}
	}
	return blobs
}

// fetched returns the blobs of which something was read, with the bytes.
func (p traffic) fetched() map[digest.Digest]int64 {
	blobs := map[digest.Digest]int64{}
	for _, e := range p.exchanges {
		if d, ok := blobOf(e.path); ok && e.method == http.MethodGet {
			blobs[d] += e.received
		}
	}
	return blobs
}

// blobOf returns the digest in the path of a blob.
func blobOf(path string) (digest.Digest, bool) {
	_, d, found := strings.Cut(path, "/blobs/sha256:")
	return digest.Digest("sha256:" + d), found
}
