package store

import (
	"errors"
	"os"
	"path/filepath"
)

// draft is a file that is being written and that nobody sees yet. It ends with publish or discard.
type draft struct {
	*os.File
}

func newDraft(dir string) (*draft, error) {
	f, err := os.CreateTemp(dir, "draft-*") // mode 0600
	if err != nil {
		return nil, err
	}
	return &draft{f}, nil
}

// publish makes the file durable and then visible at path, where it replaces what is there. After an error it is
// either not there, or complete.
func (d *draft) publish(path string) error {
	if err := d.Sync(); err != nil {
		d.discard()
		return err
	}
	if err := d.Close(); err != nil {
		return errors.Join(err, os.Remove(d.Name()))
	}
	if err := os.Rename(d.Name(), path); err != nil {
		return errors.Join(err, os.Remove(d.Name()))
	}
	return syncDir(filepath.Dir(path))
}

// discard removes the file. An error would say only that Open has to remove it.
func (d *draft) discard() {
	_ = d.Close()
	_ = os.Remove(d.Name())
}

// makeDir makes the directory path and what it lies in, durably. It may be there already.
func makeDir(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDir(parent)
}
