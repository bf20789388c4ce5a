package sealer

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// gate stands between sealer and a registry. It counts what passes, and can shut.
type gate struct {
	addr  string // host:port
	proxy *httputil.ReverseProxy

	mu     sync.Mutex
	server *http.Server // nil while shut
	passed traffic
	limit  int64 // bytes that pass before it shuts; 0 for no limit
}

// traffic is what passed a gate: bytes of bodies, and requests.
type traffic struct {
	sent, received int64
	requests       int
}

func (t traffic) bytes() int64 { return t.sent + t.received }

// openGate opens a gate before the registry at addr.
func openGate(addr string) (*gate, error) {
	g := &gate{addr: "127.0.0.1:0"}
	quiet := log.New(io.Discard, "", 0)
	g.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addr})
			r.Out.Host = r.In.Host // the registry's Location headers lead back here
		},
		ModifyResponse: func(answer *http.Response) error {
			answer.Body = counted{answer.Body, g, func(passed *traffic, n int64) { passed.received += n }}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     quiet,
	}
	return g, g.open()
}

// newGate opens a gate that ends with the test.
func newGate(t *testing.T, addr string) *gate {
	t.Helper()
	g, err := openGate(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.shut)
	return g
}

// open lets everything pass, for as much as is wanted. A gate that was open before opens at the same address.
func (g *gate) open() error {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", g.addr)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addr, g.limit = listener.Addr().String(), 0
	g.server = &http.Server{Handler: http.HandlerFunc(g.serve), ErrorLog: g.proxy.ErrorLog}
	go func(server *http.Server) { _ = server.Serve(listener) }(g.server) // until it is closed
	return nil
}

// shut breaks all connections, and refuses new ones.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.server != nil {
		_ = g.server.Close()
		g.server = nil
	}
}

// shutAfter makes the gate shut when so many more bytes have passed.
func (g *gate) shutAfter(bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = g.passed.bytes() + bytes
}

func (g *gate) serve(w http.ResponseWriter, r *http.Request) {
	g.pass(func(passed *traffic, _ int64) { passed.requests++ }, 0)
	if r.Body != http.NoBody {
		r.Body = counted{r.Body, g, func(passed *traffic, n int64) { passed.sent += n }}
	}
	g.proxy.ServeHTTP(w, r)
}

// pass notes n bytes.
func (g *gate) pass(note func(*traffic, int64), n int64) {
	g.mu.Lock()
	note(&g.passed, n)
	enough := g.limit > 0 && g.passed.bytes() >= g.limit
	g.mu.Unlock()
	if enough {
		g.shut()
	}
}

// take returns what passed since it was called before.
func (g *gate) take() traffic {
	g.mu.Lock()
	defer g.mu.Unlock()
	passed := g.passed
	g.passed = traffic{}
	return passed
}

// counted counts the bytes of a body.
type counted struct {
	io.ReadCloser
	gate *gate
	note func(*traffic, int64)
}

var errShut = errors.New("the gate is shut")

func (c counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.gate.pass(c.note, int64(n))
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	if c.gate.server == nil {
		return 0, errShut
	}
	return n, err
}
