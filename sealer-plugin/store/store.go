package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

var (
	// ErrInUse says that another process, or another Store of this one, has the directory open.
	ErrInUse = errors.New("in use by another process")
	// ErrNotFound says that the store lacks a chunk or a blob.
	ErrNotFound = errors.New("not in the store")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("store is closed")
)

// version is the version of the layout on disk.
const version = "1\n"

// Store is an open store. It is safe for concurrent use.
type Store struct {
	dir   string
	lock  *os.File
	index *index

	// appending is held shared by each Append, and alone by Flush and Close: these thus wait for packs that
	// are being sealed.
	appending sync.RWMutex
	sealing   sync.Mutex // one pack at a time; may be waited for with mu locked

	mu      sync.Mutex
	pending *packWriter // takes the next frame; nil if there is none yet
	next    uint32      // number of the next pack
	failed  error       // why nothing can be appended any more, ErrClosed included
}

// Open opens the store in dir and creates it where there is none. What a killed process left behind is put in
// order: temporary files are removed, and complete packs are entered in the index.
//
// It does not wait for another process that has the store open, but returns ErrInUse.
func Open(dir string) (*Store, error) {
	s, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return s, nil
}

func open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	if err := s.makeDirs(); err != nil {
		return nil, err
	}
	s.lock, err = lockFile(s.path("lock"))
	if errors.Is(err, ErrInUse) {
		return nil, fmt.Errorf("%w: wait until it has ended, or use another directory", err)
	}
	if err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// load puts the directory, which is locked, in order and opens the index.
func (s *Store) load() error {
	if err := s.checkVersion(); err != nil {
		return err
	}
	if err := s.emptyTmp(); err != nil {
		return err
	}
	return s.openIndex()
}

// Close makes durable what was appended, as Flush does, and closes the store. No call may be in progress or follow, but
// for Close, which then does nothing.
func (s *Store) Close() error {
	s.appending.Lock()
	defer s.appending.Unlock()
	if s.lock == nil {
		return nil
	}
	return errors.Join(s.flush(), s.release())
}

func (s *Store) release() error {
	var err error
	if s.index != nil {
		err = s.index.close()
	}
	err = errors.Join(err, s.lock.Close())
	s.lock = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = ErrClosed
	return err
}

func (s *Store) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Is(s.failed, ErrClosed)
}

func (s *Store) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

func (s *Store) makeDirs() error {
	for _, d := range []string{s.path("packs"), s.path("blobs", "sha256"), s.path("tmp")} {
		if err := makeDir(d); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) emptyTmp() error {
	left, err := os.ReadDir(s.path("tmp"))
	if err != nil {
		return err
	}
	for _, e := range left {
		if err := os.RemoveAll(s.path("tmp", e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// checkVersion refuses a store of another layout, so that nothing in it is taken for damage.
func (s *Store) checkVersion() error {
	got, err := os.ReadFile(s.path("version"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return s.writeVersion()
	case err != nil:
		return err
	case string(got) != version:
		return fmt.Errorf("layout version %.16q is unknown: use a newer Sealift, or another directory",
			bytes.TrimSpace(got))
	}
	return nil
}

func (s *Store) writeVersion() error {
	d, err := newDraft(s.path("tmp"))
	if err != nil {
		return err
	}
	if _, err := d.WriteString(version); err != nil {
		d.discard()
		return err
	}
	return d.publish(s.path("version"))
}
