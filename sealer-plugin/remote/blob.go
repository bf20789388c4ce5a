package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// blobURL is where the registry has the blobs of the repository.
func (r *registry) blobURL(path string) *url.URL {
	return &url.URL{
		Scheme: r.client.scheme(),
		Host:   r.repo.Reference.Host(),
		Path:   "/v2/" + r.ref.Repository + "/blobs/" + path,
	}
}

// readBlob sends a GET or HEAD request for a blob, with its Range header if byteRange is not empty.
func (r *registry) readBlob(ctx context.Context, method string, desc ocispec.Descriptor, byteRange string) (*http.Response, error) {
	ctx = auth.AppendRepositoryScope(ctx, r.repo.Reference, auth.ActionPull)
	req, err := http.NewRequestWithContext(ctx, method, r.blobURL(desc.Digest.String()).String(), nil)
	if err != nil {
		return nil, err
	}
	if byteRange != "" {
		req.Header.Set("Range", byteRange)
	}
	return r.client.Do(req)
}

// headBlob returns the size of a blob, or -1 if the registry does not say.
func (r *registry) headBlob(ctx context.Context, desc ocispec.Descriptor) (int64, error) {
	doing := "look for " + desc.Digest.String()
	resp, err := r.readBlob(ctx, http.MethodHead, desc, "")
	if err != nil {
		return 0, r.failed(doing, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return 0, r.failed(doing, answerError(resp))
	}
	return resp.ContentLength, nil
}

// FetchRange reads a part of a blob. When the connection breaks, it asks for the rest.
func (r *registry) FetchRange(ctx context.Context, desc ocispec.Descriptor, offset, length int64) (io.ReadCloser, int64, error) {
	if err := checkRange(desc, offset, length); err != nil {
		return nil, 0, r.failed("fetch", err)
	}
	if length == 0 && desc.Size > 0 {
		return http.NoBody, offset, nil
	}
	part := blobPart{r, ctx, desc}
	body, start, err := part.open(offset, offset+length)
	if err != nil {
		return nil, 0, err
	}
	end := offset + length
	if start != offset {
		end = desc.Size
	}
	return &resumingReader{part: part, body: body, at: start, end: end}, start, nil
}

// blobPart opens parts of one blob.
type blobPart struct {
	registry *registry
	ctx      context.Context
	desc     ocispec.Descriptor
}

func (b blobPart) doing() string { return "fetch " + b.desc.Digest.String() }

func (b blobPart) failed(err error) error { return b.registry.failed(b.doing(), err) }

// open begins to read [from, to); the body begins at start, which is from or, if the registry gives the whole blob, 0.
func (b blobPart) open(from, to int64) (body io.ReadCloser, start int64, err error) {
	byteRange := ""
	if from > 0 || to < b.desc.Size {
		byteRange = fmt.Sprintf("bytes=%d-%d", from, to-1)
	}
	resp, err := b.registry.readBlob(b.ctx, http.MethodGet, b.desc, byteRange)
	if err != nil {
		return nil, 0, b.failed(err)
	}
	start, err = b.answered(resp, from, to)
	if err != nil {
		_ = resp.Body.Close()
		return nil, 0, b.failed(err)
	}
	return resp.Body, start, nil
}

// answered checks the answer to a request for [from, to), and returns where its body begins.
func (b blobPart) answered(resp *http.Response, from, to int64) (start int64, err error) {
	length := to - from
	switch {
	case resp.StatusCode == http.StatusOK:
		from, length = 0, b.desc.Size
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return 0, damaged("the registry has less of it than %d bytes", b.desc.Size)
	case resp.StatusCode != http.StatusPartialContent:
		return 0, answerError(resp)
	default:
		if err := checkContentRange(resp.Header.Get("Content-Range"), from, to, b.desc.Size); err != nil {
			return 0, err
		}
	}
	if resp.ContentLength >= 0 && resp.ContentLength != length {
		return 0, damaged("the registry gives %d bytes instead of %d", resp.ContentLength, length)
	}
	return from, nil
}

// checkContentRange holds a Content-Range header (RFC 9110, 14.4) against what was asked for.
func checkContentRange(header string, from, to, size int64) error {
	want := fmt.Sprintf("bytes %d-%d/%d", from, to-1, size)
	given, total, ok := strings.Cut(header, "/")
	if asked, _, _ := strings.Cut(want, "/"); !ok || given != asked {
		return damaged("the registry answers with the range %q instead of %q", scrub(header), want)
	}
	if total != "*" && total != strconv.FormatInt(size, 10) {
		return damaged("the registry has %s bytes of it instead of %d", scrub(total), size)
	}
	return nil
}

// resumingReader reads a blob from at to end, and goes on behind what it has when the connection breaks.
type resumingReader struct {
	part     blobPart
	body     io.ReadCloser
	at, end  int64
	failures int // in a row, without a byte in between
	err      error
}

func (r *resumingReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.err == nil && r.at < r.end {
		n, err := r.body.Read(p[:min(int64(len(p)), r.end-r.at)])
		r.at += int64(n)
		if n > 0 {
			r.failures = 0
		}
		if err != nil && r.at < r.end {
			r.err = r.resume(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	if r.err == nil {
		r.err = io.EOF
	}
	return 0, r.err
}

// resume replaces the body by one that begins at r.at.
func (r *resumingReader) resume(broken error) error {
	if errors.Is(broken, io.EOF) {
		broken = io.ErrUnexpectedEOF
	}
	for {
		again := connectionBroke(broken) && pause(r.part.ctx, r.part.registry.client.policy, r.failures)
		if err := cause(r.part.ctx); err != nil {
			return r.part.failed(err)
		}
		if !again {
			return r.part.failed(broken)
		}
		r.failures++
		_ = r.body.Close()
		body, start, err := r.part.open(r.at, r.end)
		if err != nil {
			r.body = http.NoBody
			return err
		}
		r.body = body
		if _, broken = io.CopyN(io.Discard, body, r.at-start); broken == nil {
			return nil
		}
	}
}

func (r *resumingReader) Close() error { return r.body.Close() }
