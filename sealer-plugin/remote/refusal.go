package remote

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"unicode"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// maxReason bounds what a registry says in an error, in bytes.
const maxReason = 500

// registryError describes a failure to whoever must act on it. place is host/repository, or a host.
func registryError(place, doing string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &Error{Remote: place, Doing: doing, Err: err}
	host, _, _ := strings.Cut(place, "/")
	var answer *errcode.ErrorResponse
	if errors.As(err, &answer) {
		e.Status = answer.StatusCode
		e.Reason, e.Err = refusal(answer)
	} else {
		e.Reason, e.Err = breakdown(host, err)
	}
	return e
}

// refusal explains an answer of the registry.
func refusal(answer *errcode.ErrorResponse) (reason string, kind error) {
	said := scrub(saying(answer))
	switch status := answer.StatusCode; {
	case status == http.StatusInsufficientStorage || full(answer):
		return "the registry has no space left: " + said, ErrNoSpace
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return said, ErrUnauthorized
	case status == http.StatusNotFound && answer.Method != http.MethodPut:
		return "not found", ErrNotFound
	case status == http.StatusRequestEntityTooLarge:
		return "the registry, or a proxy before it, takes no upload of this size: " + said, ErrRejected
	case status >= http.StatusInternalServerError || status == http.StatusTooManyRequests:
		return "the registry failed: " + said, ErrInterrupted
	}
	return "the registry refused: " + said, ErrRejected
}

// saying is what the registry said, without the details: they are for its developers.
func saying(answer *errcode.ErrorResponse) string {
	text := fmt.Sprintf("%d %s", answer.StatusCode, strings.ToLower(http.StatusText(answer.StatusCode)))
	for _, e := range answer.Errors {
		e.Detail = nil
		text += "; " + e.Error()
	}
	return text
}

// noSpace matches how registries say that a disk is full or a quota is used up; "Err:28" is ENOSPC in the details that Docker's
// registry gives.
var noSpace = regexp.MustCompile(`(?i)no space left|quota|will exceed|\bErr:28\b`)

func full(answer *errcode.ErrorResponse) bool {
	return answer.StatusCode != http.StatusNotFound && noSpace.MatchString(answer.Errors.Error())
}

// breakdown explains why there was no answer.
func breakdown(host string, err error) (reason string, kind error) {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err // without the URL
	}
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, codec.ErrDamaged):
		return scrub(err.Error()), err
	case errors.Is(err, ErrNotFound):
		return "not found", ErrNotFound
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return "the registry wants credentials", ErrUnauthorized
	case errors.Is(err, ErrHTTPS):
		return "the registry speaks HTTPS, not plain HTTP", ErrHTTPS
	case errors.Is(err, http.ErrSchemeMismatch):
		return "the registry speaks plain HTTP, not HTTPS", ErrPlainHTTP
	case errors.As(err, &certificate):
		return scrub(certificate.Error()), ErrCertificate
	case unreachable(err):
		return "cannot reach " + host + ": " + scrub(err.Error()), ErrUnreachable
	case connectionBroke(err):
		return "the connection broke: " + scrub(innermost(err).Error()), ErrInterrupted
	}
	return scrub(err.Error()), err
}

func unreachable(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial" ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH)
}

// innermost is the error at the end of the chain.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

var (
	query    = regexp.MustCompile(`\?[^\s"'<>]+`)
	userinfo = regexp.MustCompile(`//[^/\s"'<>]*@`)
	token    = regexp.MustCompile(`(?i)\b(basic|bearer)\s+[\w+/=.~-]{8,}`)
)

// scrub takes out of a text what may be secret, and what a terminal could misunderstand.
func scrub(s string) string {
	s = query.ReplaceAllString(s, "")
	s = userinfo.ReplaceAllString(s, "//")
	s = token.ReplaceAllString(s, "$1 ...")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + "..."
	}
	return s
}

// answerError reads the error that the registry answered with.
func answerError(resp *http.Response) error {
	answer := &errcode.ErrorResponse{Method: resp.Request.Method, URL: resp.Request.URL, StatusCode: resp.StatusCode}
	var body struct {
		Errors errcode.Errors `json:"errors"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 8<<10)).Decode(&body); err == nil {
		answer.Errors = body.Errors
	}
	return answer
}
