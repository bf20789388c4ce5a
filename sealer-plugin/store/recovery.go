package store

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// openIndex opens the index and brings it up to date with the pack files. An index that is damaged is made anew from them.
func (s *Store) openIndex() error {
	err := s.loadIndex()
	if !errors.Is(err, codec.ErrDamaged) {
		return err
	}
	if err := os.Remove(s.path("index.db")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return s.loadIndex()
}

func (s *Store) loadIndex() error {
	x, err := openIndex(s.path("index.db"))
	if err != nil {
		return err
	}
	if err := s.reconcile(x); err != nil {
		return errors.Join(err, x.close())
	}
	s.index = x
	return nil
}

// reconcile enters the packs that the index lacks, and drops those that are gone.
func (s *Store) reconcile(x *index) error {
	there, err := s.listPacks()
	if err != nil {
		return err
	}
	gone, err := x.packs()
	if err != nil {
		return err
	}
	for _, n := range there {
		s.next = n + 1
		if gone[n] {
			delete(gone, n)
			continue
		}
		err := s.adopt(x, n)
		if err != nil && !errors.Is(err, syscall.ENOSPC) { // on a full disk, the store can still be read
			return err
		}
	}
	if len(gone) == 0 {
		return nil
	}
	_, err = x.dropPacks(gone)
	return err
}

// adopt enters a pack in the index. One that cannot be read is removed: no crash leaves any, so the disk lost it.
func (s *Store) adopt(x *index, pack uint32) error {
	p, err := openPack(s.packPath(pack))
	if errors.Is(err, codec.ErrDamaged) {
		return os.Remove(s.packPath(pack))
	}
	if err != nil {
		return err
	}
	p.close()
	return x.add(pack, p.frames)
}

func packName(pack uint32) string { return fmt.Sprintf("%08x.pack", pack) }

func (s *Store) packPath(pack uint32) string { return s.path("packs", packName(pack)) }

// listPacks returns the numbers of the pack files, ascending. Other files are not the store's, and ignored.
func (s *Store) listPacks() ([]uint32, error) {
	files, err := os.ReadDir(s.path("packs")) // sorted by name
	if err != nil {
		return nil, err
	}
	var packs []uint32
	for _, f := range files {
		if n, ok := packNumber(f.Name()); ok {
			packs = append(packs, n)
		}
	}
	return packs, nil
}

// packNumber is the inverse of packName. The last number is left out, so that there is always a next one.
func packNumber(name string) (uint32, bool) {
	hex, _ := strings.CutSuffix(name, ".pack")
	n, err := strconv.ParseUint(hex, 16, 32)
	return uint32(n), err == nil && n < math.MaxUint32 && name == packName(uint32(n))
}
