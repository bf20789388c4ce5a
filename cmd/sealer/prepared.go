package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/containers/storage/pkg/lockfile"
	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// preparedTag is the tag of each prepared image, which has a layout for itself.
const preparedTag = "prepared"

// prepared is a directory of images in chunked form, for pushes to come: of each repository the one that was built
// last, in the layout REPOSITORY/ID, where REPOSITORY is the hash of the repository's name and ID that of the image in
// the local storage. It may be deleted at any time.
type prepared string

// find returns the layout of an image, or "".
func (p prepared) find(id string) string {
	repositories, _ := os.ReadDir(string(p)) // none if there is no such directory
	for _, r := range repositories {
		layout := filepath.Join(string(p), r.Name(), id)
		if _, err := os.Stat(layout); err == nil {
			return layout
		}
	}
	return ""
}

// put has write make the layout of an image, and removes what was prepared of the repository before. write gets the
// path of the new layout, and layouts to build upon. If it fails, these are removed too: maybe they are why. Whoever
// reads one of them meanwhile has to do without; whoever else puts an image of the repository waits.
func (p prepared) put(repository, id string, write func(layout string, bases []string) error) error {
	dir := filepath.Join(string(p), digest.FromString(repository).Encoded())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	lock, err := lockfile.GetLockfile(filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	lock.Lock()
	defer lock.Unlock()

	final, unfinished := filepath.Join(dir, id), filepath.Join(dir, "unfinished")
	if _, err := os.Stat(final); err == nil {
		return nil
	}
	if err := os.RemoveAll(unfinished); err != nil { // of a process that was killed
		return err
	}
	bases, err := layouts(dir)
	if err != nil {
		return err
	}
	err = write(unfinished, bases)
	if err == nil {
		err = os.Rename(unfinished, final)
	}
	for _, old := range append(bases, unfinished) {
		err = errors.Join(err, os.RemoveAll(old))
	}
	return err
}

// layouts returns the directories in dir.
func layouts(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var found []string
	for _, e := range entries {
		if e.IsDir() {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	return found, err
}

// preparedReference returns the reference of the image that a layout is of.
func preparedReference(layout string) string {
	return remote.Reference{Transport: remote.TransportOCI, Path: layout, Tag: preparedTag}.String()
}
