//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package remote

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exclusive waits until nobody else has the lock, and takes it.
func (l *fileLock) exclusive() error { return l.failed(l.flock(unix.LOCK_EX)) }

// share waits until nobody has the lock for itself, and takes a share.
func (l *fileLock) share() error { return l.failed(l.flock(unix.LOCK_SH)) }

// tryExclusive takes the lock unless someone else has it.
func (l *fileLock) tryExclusive() (bool, error) {
	err := l.flock(unix.LOCK_EX | unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, l.failed(err)
}

func (l *fileLock) flock(how int) error {
	for {
		if err := unix.Flock(int(l.file.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
