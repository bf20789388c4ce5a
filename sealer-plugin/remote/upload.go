package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	orasregistry "oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// upload is the way of one blob into a repository, in a POST and a PUT. A PUT that broke is not repeated, since registries append to what
// arrived of it; the upload begins anew.
type upload struct {
	registry *registry
	ctx      context.Context
	desc     ocispec.Descriptor
	open     func() (io.ReadCloser, error)
}

// session is an upload that the registry has begun.
type session struct {
	location      *url.URL
	authorization string
}

// run uploads in the session s, or in a new one if it is nil.
func (u *upload) run(s *session) error {
	var last error
	for attempt := 0; ; attempt++ {
		err := u.try(s)
		if errors.Is(err, errOnce) {
			return last
		}
		if err == nil || !interrupted(err) {
			return err
		}
		again := pause(u.ctx, u.registry.client.policy, attempt)
		if ended := cause(u.ctx); ended != nil {
			return ended
		}
		if !again {
			return err
		}
		s, last = nil, err
	}
}

// putError is an error of the PUT: an error of the POST was already tried again below.
type putError struct{ error }

func (e putError) Unwrap() error { return e.error }

// interrupted says whether an upload may succeed when it is begun anew. A session that the registry does not know (404) was
// lost when it restarted; credentials (401) may have expired in between.
func interrupted(err error) bool {
	var put putError
	if !errors.As(err, &put) {
		return false
	}
	var answer *errcode.ErrorResponse
	if errors.As(err, &answer) {
		return slices.Contains(passingStatus, answer.StatusCode) && !full(answer) ||
			answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusUnauthorized
	}
	return connectionBroke(err)
}

func (u *upload) try(s *session) error {
	content, err := u.open()
	if err != nil {
		return err
	}
	if s == nil {
		if s, err = u.start(); err != nil {
			_ = content.Close()
			return err
		}
	}
	body := &lentBody{content: content, returned: make(chan struct{})}
	err = u.put(s, body)
	if unreadable := body.wait(); unreadable != nil {
		return unreadable
	}
	return err
}

// start begins an upload.
func (u *upload) start() (*session, error) {
	s, err := u.post(nil)
	if err == nil && s == nil {
		err = errors.New("the registry says that it has created what was not yet sent")
	}
	return s, err
}

// mount begins an upload which is at its end, and nil, if the registry finds the blob in the other repository.
func (u *upload) mount(from string) (*session, error) {
	other := u.registry.repo.Reference
	other.Repository = from
	return u.post(url.Values{"mount": {u.desc.Digest.String()}, "from": {from}}, other)
}

// post returns nil if the registry needs no content. It asks for the right to read from the other repositories too.
func (u *upload) post(query url.Values, others ...orasregistry.Reference) (*session, error) {
	r := u.registry
	ctx := auth.AppendRepositoryScope(u.ctx, r.repo.Reference, auth.ActionPull, auth.ActionPush)
	for _, other := range others {
		ctx = auth.AppendRepositoryScope(ctx, other, auth.ActionPull)
	}
	target := r.blobURL("uploads/")
	target.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch resp.StatusCode {
	case http.StatusCreated:
		return nil, nil
	case http.StatusAccepted:
		location, err := uploadLocation(resp)
		return &session{location, resp.Request.Header.Get("Authorization")}, err
	}
	return nil, answerError(resp)
}

// uploadLocation returns where the registry wants the content. It must be the registry itself: the credentials go there.
func uploadLocation(resp *http.Response) (*url.URL, error) {
	location, err := resp.Location()
	if err != nil {
		return nil, errors.New("the registry names no location for the upload")
	}
	asked := resp.Request.URL
	sameHost := location.Hostname() == asked.Hostname()
	if sameHost && location.Port() == "" {
		location.Host = asked.Host // behind a proxy, registries forget their port,
	}
	if sameHost && asked.Scheme == "https" {
		location.Scheme = asked.Scheme // and that they are spoken to in TLS
	}
	if location.Scheme != asked.Scheme || location.Host != asked.Host {
		return nil, fmt.Errorf("the registry wants the upload elsewhere, at %s://%s", location.Scheme, location.Host)
	}
	return location, nil
}

// put sends the content and ends the session.
func (u *upload) put(s *session, body io.ReadCloser) error {
	location := *s.location
	query := location.Query()
	query.Set("digest", u.desc.Digest.String())
	location.RawQuery = query.Encode()
	ctx := auth.AppendRepositoryScope(u.ctx, u.registry.repo.Reference, auth.ActionPull, auth.ActionPush)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, location.String(), body)
	if err != nil {
		_ = body.Close()
		return err
	}
	req.ContentLength = u.desc.Size
	if u.desc.Size == 0 { // net/http takes a length of 0 with a body for an unknown one
		_, err := io.Copy(io.Discard, body)
		_ = body.Close()
		if err != nil {
			return err
		}
		req.Body = http.NoBody
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	if s.authorization != "" {
		req.Header.Set("Authorization", s.authorization)
	}
	resp, err := u.registry.client.Do(req)
	if err != nil {
		return putError{err}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusCreated {
		return putError{answerError(resp)}
	}
	return nil
}

// lentBody is a content that a transport reads, possibly in a goroutine of its own: it tells when the transport has given it back, and
// how reading from it failed.
type lentBody struct {
	returned chan struct{}

	mu      sync.Mutex // a transport may close while it reads
	content io.ReadCloser
	closed  bool
	err     error
}

func (b *lentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.content.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

func (b *lentBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	close(b.returned)
	return b.content.Close()
}

// wait waits until the body was returned, and returns the error of the content itself, if there was one.
func (b *lentBody) wait() error {
	<-b.returned
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
