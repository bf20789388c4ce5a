package remote

import (
	"errors"

	"oras.land/oras-go/v2/errdef"
)

// What a caller may decide on with errors.Is. Content that is not what its descriptor says is codec.ErrDamaged.
var (
	// ErrReference: a reference that cannot be read.
	ErrReference = errors.New("invalid reference")
	// ErrNotFound: no such image, manifest, blob, directory or file. It is the ErrNotFound of oras.
	ErrNotFound = errdef.ErrNotFound
	// ErrUnauthorized: the registry wants credentials, or other ones.
	ErrUnauthorized = errors.New("authentication refused")
	// ErrUnreachable: no connection to the registry, or none that it understands.
	ErrUnreachable = errors.New("registry unreachable")
	// ErrInterrupted: the connection broke in the middle of a transfer; trying again may help.
	ErrInterrupted = errors.New("transfer interrupted")
	// ErrRejected: the registry did not accept what was sent.
	ErrRejected = errors.New("rejected by the registry")
	// ErrNoSpace: the registry, or the disk, has no space left.
	ErrNoSpace = errors.New("no space left")
)
