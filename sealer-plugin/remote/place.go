package remote

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
)

// placeFile makes what write writes the file name: it is there as a whole and on the disk, or not at all, whenever the
// process or the machine stops. tmp is a directory on the same file system.
func placeFile(name, tmp string, write func(io.Writer) error) (err error) {
	f, err := createTemp(tmp, filepath.Base(name))
	if err != nil {
		return err
	}
	settling := &settlingFile{file: f}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeTemp(f.Name()))
		}
	}()
	err = errors.Join(write(settling), settling.wait())
	if err != nil {
		_ = f.Close() // the first error is the one that matters
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

// copyBuffer is how many bytes are copied at once, as many as come at once from a blob that is rebuilt.
const copyBuffer = 512 << 10

// settleStep is how many bytes of a file are written before those go to the disk.
const settleStep = 16 << 20

// settlingFile is a file of which the first bytes go to the disk while the next ones are written, so that little is left to wait
// for at its end.
type settlingFile struct {
	file     *os.File
	written  int        // since the last Sync began
	settling chan error // what the last Sync ended with; nil if there was none
}

func (f *settlingFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	f.written += n
	if err != nil || f.written < settleStep {
		return n, err
	}
	if err := f.wait(); err != nil {
		return n, err
	}
	f.written, f.settling = 0, make(chan error, 1)
	go func() { f.settling <- f.file.Sync() }()
	return n, nil
}

// wait returns when nobody works on the file any more.
func (f *settlingFile) wait() error {
	if f.settling == nil {
		return nil
	}
	err := <-f.settling
	f.settling = nil
	return err
}

// createTemp makes a new file with the permissions that the user's umask leaves, which os.CreateTemp does not.
func createTemp(dir, base string) (*os.File, error) {
	for {
		name := filepath.Join(dir, fmt.Sprintf("%.64s.%016x", base, rand.Uint64()))
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// removeTemp removes a file that may have been renamed already.
func removeTemp(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// makeDir makes a directory below one that exists, and its name durable.
func makeDir(dir string) error {
	switch err := os.Mkdir(dir, 0o777); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
