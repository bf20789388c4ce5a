package remote

import "os"

// fileLock is a lock that processes hold on a file; the system lets go of it when its process ends. The file stays.
type fileLock struct{ file *os.File }

func openLock(name string) (*fileLock, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	return &fileLock{f}, nil
}

// Close lets go of the lock.
func (l *fileLock) Close() error { return l.file.Close() }

func (l *fileLock) failed(err error) error {
	if err == nil {
		return nil
	}
	return &os.PathError{Op: "lock", Path: l.file.Name(), Err: err}
}
