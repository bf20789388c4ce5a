package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"oras.land/oras-go/v2/registry/remote/retry"
)

// defaultPolicy tries again for about seven seconds.
var defaultPolicy retry.Policy = &retry.GenericPolicy{
	Retryable: passing,
	Backoff:   retry.DefaultBackoff,
	MinWait:   200 * time.Millisecond,
	MaxWait:   3 * time.Second,
	MaxRetry:  5,
}

// passingStatus are the answers that another attempt may change. A full disk (507) is not among them.
var passingStatus = []int{
	http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
	http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// passing says whether what went wrong may be over at the next attempt.
func passing(resp *http.Response, err error) (bool, error) {
	if err == nil {
		return slices.Contains(passingStatus, resp.StatusCode), nil
	}
	if connectionBroke(err) {
		return true, nil
	}
	return false, err
}

// brokenTexts are in what net/http says without a type that could be asked for.
var brokenTexts = []string{"http2: ", "stream error: ", "http: server closed idle connection", "transport connection broken"}

// connectionBroke says whether err comes from a connection that was there, or that may still be made.
func connectionBroke(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return true
	}
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return slices.ContainsFunc(brokenTexts, func(s string) bool { return strings.Contains(err.Error(), s) })
}

// pause waits before the next attempt after attempt failed ones, as the policy has it. False: no further attempt.
func pause(ctx context.Context, policy retry.Policy, attempt int) bool {
	wait, err := policy.Retry(attempt, nil, io.ErrUnexpectedEOF)
	if err != nil || wait < 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
