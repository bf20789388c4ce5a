package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"
)

const (
	dialTimeout  = 10 * time.Second
	probeTimeout = 3 * time.Second
)

// client speaks HTTP with one registry.
type client struct {
	*auth.Client
	transport *http.Transport
	plainHTTP bool
	policy    retry.Policy
}

// newClient makes a client for host. It asks a loopback host whether it speaks TLS.
func newClient(ctx context.Context, host string, opts Options) *client {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:     opts.tlsConfig(),
		TLSHandshakeTimeout: dialTimeout,
		ForceAttemptHTTP2:   true,
		DisableCompression:  true, // the bytes of a blob are what is counted and hashed
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
	}
	c := &client{transport: transport, plainHTTP: opts.PlainHTTP, policy: opts.policy}
	if !opts.PlainHTTP && isLoopback(host) {
		c.plainHTTP = !answersTLS(ctx, host, "443")
	}
	if c.policy == nil {
		c.policy = defaultPolicy
	}
	meter := opts.Meter
	if meter == nil {
		meter = new(Meter)
	}
	metered := &meteredTransport{schemeGuard{transport}, meter}
	c.Client = &auth.Client{
		Client:     &http.Client{Transport: &retry.Transport{Base: metered, Policy: func() retry.Policy { return c.policy }}},
		Cache:      auth.NewCache(),
		Credential: opts.Credentials,
	}
	if c.Credential == nil {
		c.Credential = dockerCredentials()
	}
	userAgent := opts.UserAgent
	if userAgent == "" {
		userAgent = "sealift"
	}
	c.SetUserAgent(userAgent)
	return c
}

func (o Options) tlsConfig() *tls.Config {
	config := o.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	config.InsecureSkipVerify = config.InsecureSkipVerify || o.Insecure
	return config
}

func (c *client) scheme() string {
	if c.plainHTTP {
		return "http"
	}
	return "https"
}

// dockerCredentials looks credentials up where the Docker configuration says, which is read when first needed.
func dockerCredentials() auth.CredentialFunc {
	open := sync.OnceValues(func() (credentials.Store, error) { return dockerStore(credentials.StoreOptions{}) })
	return func(ctx context.Context, hostport string) (auth.Credential, error) {
		store, err := open()
		if err != nil {
			return auth.EmptyCredential, err
		}
		return credentials.Credential(store)(ctx, hostport)
	}
}

func dockerStore(opts credentials.StoreOptions) (credentials.Store, error) {
	store, err := credentials.NewStoreFromDocker(opts)
	if err != nil {
		return nil, fmt.Errorf("docker configuration: %w", err)
	}
	return store, nil
}

// isLoopback says whether host, with or without a port, is this machine by its very name.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// answersTLS says whether a TLS handshake with host gets as far as an answer in TLS. No request is made, and nothing
// is trusted because of it.
func answersTLS(ctx context.Context, host, defaultPort string) bool {
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), defaultPort)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", host)
	if err == nil {
		_ = conn.Close()
		return true
	}
	var alert *net.OpError
	return errors.As(err, &alert) && alert.Op == "remote error" // it wants a client certificate, or another TLS version
}

// schemeGuard recognizes a server of TLS by its answer to plain HTTP: some answer in HTTP that they want HTTPS, others
// with an alert in TLS.
type schemeGuard struct{ base http.RoundTripper }

func (g schemeGuard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.base.RoundTrip(req)
	suspicious := err == nil && resp.StatusCode == http.StatusBadRequest ||
		err != nil && strings.Contains(err.Error(), "malformed HTTP response")
	if req.URL.Scheme != "http" || !suspicious || !answersTLS(req.Context(), req.URL.Host, "80") {
		return resp, err
	}
	if err == nil {
		_ = resp.Body.Close()
	}
	return nil, ErrHTTPS
}
