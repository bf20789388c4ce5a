package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// The buckets of index.db.
var (
	chunksBucket = []byte("chunks") // ID -> place
	packsBucket  = []byte("packs")  // number of a pack whose chunks were entered -> nothing
)

// index knows where each chunk lies. It is safe for concurrent use.
type index struct {
	db     *bbolt.DB
	file   *os.File // the database's own
	broken atomic.Bool
}

// openIndex opens the database at path, and makes it where there is none. The error is ErrDamaged if it is beyond use.
// The free list is kept in the file: to find it anew, bbolt would walk all pages in a goroutine of its own, whose panics
// nobody could contain.
func openIndex(path string) (*index, error) {
	x := &index{}
	err := x.contain(func() (err error) {
		x.db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout:      1, // ns; the lock of the store is held, so nobody has a reason to hold this one
			FreelistType: bbolt.FreelistMapType,
			NoStatistics: true,
			OpenFile:     x.openFile,
		})
		return err
	})
	if err != nil && !x.broken.Load() { // then bbolt has closed the file
		return nil, err
	}
	if err == nil {
		err = x.makeBuckets()
	}
	if err != nil {
		return nil, errors.Join(err, x.close())
	}
	return x, nil
}

// openFile opens the database's file, and empties it if its making was cut short, by a full disk for example.
func (x *index) openFile(path string, flag int, mode os.FileMode) (*os.File, error) {
	const shortest = 4 * 4096 // a database with nothing in it
	f, err := os.OpenFile(path, flag, mode)
	if err != nil {
		return nil, err
	}
	x.file = f
	info, err := f.Stat()
	if err == nil && info.Size() < shortest {
		err = f.Truncate(0)
	}
	return f, err
}

// makeBuckets makes the buckets, and writes nothing if they are there: a store on a full disk can be opened.
func (x *index) makeBuckets() error {
	there := false
	err := x.view(func(tx *bbolt.Tx) error {
		there = tx.Bucket(chunksBucket) != nil && tx.Bucket(packsBucket) != nil
		return nil
	})
	if err != nil || there {
		return err
	}
	return x.update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucketIfNotExists(chunksBucket); err != nil {
			return err
		}
		_, err := tx.CreateBucketIfNotExists(packsBucket)
		return err
	})
}

// close closes the database. One that is damaged is removed, and neither unmapped nor closed by bbolt: a panic may have
// left locks behind, for which that would wait.
func (x *index) close() error {
	if x.broken.Load() {
		return errors.Join(x.file.Close(), os.Remove(x.file.Name()))
	}
	return x.db.Close()
}

func (x *index) view(fn func(tx *bbolt.Tx) error) error {
	return x.contain(func() error { return x.db.View(fn) })
}

func (x *index) update(fn func(tx *bbolt.Tx) error) error {
	return x.contain(func() error { return x.db.Update(fn) })
}

// contain runs fn, which uses the database. bbolt panics where a page makes no sense, and to touch a page that a
// truncated file lacks is a fault: either becomes ErrDamaged, after which the database is not used any more.
func (x *index) contain(fn func() error) (err error) {
	if x.broken.Load() {
		return x.damage("found before")
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if reason := recover(); reason != nil {
			x.broken.Store(true)
			err = x.damage(reason)
		}
	}()
	err = fn()
	switch {
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return x.damage(err)
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return ErrClosed
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("%w: %s is locked", ErrInUse, x.file.Name())
	}
	return err
}

func (x *index) damage(reason any) error {
	return fmt.Errorf("%w: %s: %v; it is made anew when the store is opened next", codec.ErrDamaged, x.file.Name(), reason)
}

// lookup returns the place of a chunk, or ErrNotFound.
func (x *index) lookup(id codec.ID) (at place, err error) {
	err = x.view(func(tx *bbolt.Tx) error {
		v := tx.Bucket(chunksBucket).Get(id[:])
		if v == nil {
			return ErrNotFound
		}
		at, err = decodePlace(v)
		return err
	})
	return at, err
}

// missing returns those of chunks that have no place, each once, in order.
func (x *index) missing(chunks []codec.Chunk) ([]codec.Chunk, error) {
	var lacking []codec.Chunk
	err := x.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(chunksBucket)
		seen := make(map[codec.ID]struct{})
		for i := range chunks {
			id := &chunks[i].ID
			if b.Get(id[:]) != nil {
				continue
			}
			if _, again := seen[*id]; !again {
				seen[*id] = struct{}{}
				lacking = append(lacking, chunks[i])
			}
		}
		return nil
	})
	return lacking, err
}

// add enters a pack and its chunks. A chunk that has another place gets this one.
func (x *index) add(pack uint32, frames []frame) error {
	return x.update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(chunksBucket)
		for i := range frames {
			for _, e := range frames[i].entries(pack) {
				if err := b.Put(e.id[:], e.at.encode()); err != nil {
					return err
				}
			}
		}
		return tx.Bucket(packsBucket).Put(packKey(pack), nil)
	})
}

func packKey(pack uint32) []byte { return binary.BigEndian.AppendUint32(nil, pack) }

// packs returns the packs that were entered, as a set.
func (x *index) packs() (map[uint32]bool, error) {
	packs := make(map[uint32]bool)
	err := x.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(packsBucket).ForEach(func(k, _ []byte) error {
			if len(k) != len(packKey(0)) {
				return fmt.Errorf("%w: index has a pack with a name of %d bytes", codec.ErrDamaged, len(k))
			}
			packs[binary.BigEndian.Uint32(k)] = true
			return nil
		})
	})
	return packs, err
}

// drop removes entries, and returns how many it removed. One that does not stand as given, because its chunk has
// another place by now, stays.
func (x *index) drop(entries []entry) (dropped int, err error) {
	err = x.update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(chunksBucket)
		for _, e := range entries {
			if !bytes.Equal(b.Get(e.id[:]), e.at.encode()) {
				continue
			}
			if err := b.Delete(e.id[:]); err != nil {
				return err
			}
			dropped++
		}
		return nil
	})
	return dropped, err
}

// dropPacks removes packs and all entries of chunks in them, and returns how many these were.
func (x *index) dropPacks(packs map[uint32]bool) (dropped int, err error) {
	err = x.update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(chunksBucket)
		var ids [][]byte // the bucket must not change while it is walked
		err := b.ForEach(func(id, v []byte) error {
			if at, err := decodePlace(v); err != nil || packs[at.pack] {
				ids = append(ids, id)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := b.Delete(id); err != nil {
				return err
			}
		}
		dropped = len(ids)
		for pack := range packs {
			if err := tx.Bucket(packsBucket).Delete(packKey(pack)); err != nil {
				return err
			}
		}
		return nil
	})
	return dropped, err
}
