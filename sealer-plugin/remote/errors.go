package remote

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"oras.land/oras-go/v2/errdef"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// What a caller may decide on with errors.Is. Content that is not what its descriptor says is codec.ErrDamaged.
var (
	// ErrReference: a reference that cannot be read, or that leaves open which image is meant.
	ErrReference = errors.New("invalid reference")
	// ErrNotFound: no such image, manifest, blob, directory or file. It is the ErrNotFound of oras.
	ErrNotFound = errdef.ErrNotFound
	// ErrUnauthorized: the registry wants credentials, or other ones.
	ErrUnauthorized = errors.New("authentication refused")
	// ErrUnreachable: no connection to the registry, or none that both sides understand.
	ErrUnreachable = errors.New("registry unreachable")
	// ErrPlainHTTP: the registry speaks HTTP without TLS, and was not allowed to. An ErrUnreachable.
	ErrPlainHTTP = fmt.Errorf("%w: it speaks plain HTTP, not HTTPS", ErrUnreachable)
	// ErrHTTPS: the registry was spoken to in plain HTTP, and wants TLS. An ErrUnreachable.
	ErrHTTPS = fmt.Errorf("%w: it speaks HTTPS, not plain HTTP", ErrUnreachable)
	// ErrCertificate: the registry's certificate cannot be trusted. An ErrUnreachable.
	ErrCertificate = fmt.Errorf("%w: its certificate cannot be trusted", ErrUnreachable)
	// ErrInterrupted: the connection broke or the registry failed, also when tried again; later it may work.
	ErrInterrupted = errors.New("transfer interrupted")
	// ErrRejected: the registry did not accept what was sent.
	ErrRejected = errors.New("rejected by the registry")
	// ErrNoSpace: the registry, or the disk, has no space left.
	ErrNoSpace = errors.New("no space left")
)

// Error says what could not be done at a remote, and why. Its text contains no credentials, and of URLs no queries,
// since these may be signed.
type Error struct {
	Remote string // host/repository, or transport:path
	Doing  string // such as "push sha256:..."
	Reason string
	Status int   // the HTTP status that the registry answered with; 0 if there was none
	Err    error // one of the errors above, or the cause
}

func (e *Error) Error() string { return e.Remote + ": " + e.Doing + ": " + e.Reason }

func (e *Error) Unwrap() error { return e.Err }

// localError describes a failure that no registry was part of.
func localError(remote, doing string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &Error{Remote: remote, Doing: doing, Reason: err.Error(), Err: err}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		e.Err = errors.Join(ErrNoSpace, err)
	}
	return e
}

// damaged makes an error that wraps codec.ErrDamaged.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", codec.ErrDamaged, fmt.Sprintf(format, args...))
}

// cause is why ctx ended, or nil.
func cause(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}
