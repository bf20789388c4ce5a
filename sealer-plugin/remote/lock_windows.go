package remote

import (
	"errors"

	"golang.org/x/sys/windows"
)

// exclusive waits until nobody else has the lock, and takes it.
func (l *fileLock) exclusive() error {
	return l.failed(l.lock(windows.LOCKFILE_EXCLUSIVE_LOCK))
}

// share waits until nobody has the lock for itself, and takes a share in exchange for what l has.
func (l *fileLock) share() error {
	_ = windows.UnlockFileEx(windows.Handle(l.file.Fd()), 0, 1, 0, new(windows.Overlapped)) // it need not be locked
	return l.failed(l.lock(0))
}

// tryExclusive takes the lock unless someone else has it.
func (l *fileLock) tryExclusive() (bool, error) {
	err := l.lock(windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, l.failed(err)
}

func (l *fileLock) lock(flags uint32) error {
	return windows.LockFileEx(windows.Handle(l.file.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
}
