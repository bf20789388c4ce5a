package transfer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// incompressible is what part of its raw size compressed data takes that no delta makes smaller: it changes as a whole.
const incompressible = .95

// maxNamesakes bounds the files of one name that are told apart.
const maxNamesakes = 32

// origins are the files of bases that new ones may be versions of.
type origins struct {
	fetching  *joined             // progress of fetching them
	named     map[string][]origin // by name; those of the first base first
	unversion map[string][]origin // by name without version
	spots     map[codec.ID]spot   // of the bases' chunks
}

// origin is a file of a base.
type origin struct {
	archive
	start, size int64 // its place in the data of its blob
}

// archive is a tar in a base: a blob, or what is inside of a compressed file in one.
type archive struct {
	of     *stream
	within string // that file
}

// spot is a place in the data of a blob of a base.
type spot struct {
	of *stream
	at int64
}

func newOrigins(fetching *joined) *origins {
	return &origins{fetching, make(map[string][]origin), make(map[string][]origin), make(map[codec.ID]spot)}
}

// add adds the files of an image, whose index is loaded, as far as they consist of usable chunks.
func (o *origins) add(ctx context.Context, image *Image, usable func(codec.Chunk) bool) error {
	streams := newStreams(image, usable)
	for _, b := range image.image.Document.Blobs {
		if b.Inline() {
			continue
		}
		r := image.image.recipes[b.Recipe]
		s := streams.of(r.Chunks)
		if len(s.chunks) == 0 {
			continue
		}
		for i, c := range r.Chunks {
			if !has(o.spots, c.ID) {
				o.spots[c.ID] = spot{s, s.offsets[i]}
			}
		}
		for f, err := range r.Files(ctx) {
			if err != nil {
				return fmt.Errorf("recipe %s: %w", b.Recipe, err)
			}
			if f.Size > 0 {
				o.put(f.Name, origin{archive{s, f.Within}, f.Offset, f.Size})
			}
		}
	}
	return nil
}

func (o *origins) put(name string, f origin) {
	if len(o.named[name]) < maxNamesakes {
		o.named[name] = append(o.named[name], f)
	}
	if plain := withoutVersion(name); len(o.unversion[plain]) < maxNamesakes {
		o.unversion[plain] = append(o.unversion[plain], f)
	}
}

// kinship counts the files that a tar has in common with archives of the bases.
type kinship map[archive]int

// meet counts a file of the tar.
func (k kinship) meet(o *origins, f recipe.File) {
	for _, namesake := range o.named[f.Name] {
		if namesake.size == f.Size {
			k[namesake.archive]++
		}
	}
}

// of returns the file that one of this name and size is probably the next version of: of the same name or, but for version
// numbers, of the same name. Of several it is one in the archive that the tar is most like, and of these the first of about that
// size or else the nearest in size.
func (o *origins) of(name string, size int64, kin kinship) (origin, bool) {
	found := o.named[name]
	if len(found) == 0 {
		found = o.unversion[withoutVersion(name)]
	}
	if len(found) == 0 {
		return origin{}, false
	}
	closest := 0
	for _, f := range found {
		closest = max(closest, kin[f.archive])
	}
	found = slices.DeleteFunc(slices.Clone(found), func(f origin) bool { return kin[f.archive] < closest })
	if i := slices.IndexFunc(found, func(f origin) bool { return f.isLike(size) }); i >= 0 {
		return found[i], true
	}
	return slices.MinFunc(found, func(a, b origin) int { return cmp.Compare(a.apart(size), b.apart(size)) }), true
}

// apart returns how much the file's size differs from another one.
func (f origin) apart(size int64) int64 { return max(f.size, size) - min(f.size, size) }

// isLike says whether a file of size bytes has about the length of this one: then it changed here and there, and its parts are
// in proportion. Else much was added or is gone, probably at its end.
func (f origin) isLike(size int64) bool { return f.apart(size) < f.size/8 }

// has says whether a place is in the file.
func (f origin) has(s spot) bool { return f.of == s.of && f.start <= s.at && s.at < f.start+f.size }

// near returns the chunks of the file around what is probably the older version of the bytes from offset start to end in one of
// size bytes.
func (f origin) near(start, end, size int64) span {
	scale := float64(f.size) / float64(size)
	low := min(int64(float64(start)*scale), f.size-1)
	high := min(max(int64(float64(end)*scale), low+1), f.size, low+2*(end-start))
	return f.of.near(f.start+low, f.start+high, f.start, f.start+f.size)
}

// near returns the chunks around the bytes from the place on up to length.
func (s spot) near(length int64) span {
	end := s.of.offsets[len(s.of.offsets)-1]
	at := min(s.at, end-1)
	return s.of.near(at, min(at+length, end), 0, end)
}

// withoutVersion returns a name with # in place of each number.
func withoutVersion(name string) string {
	var b strings.Builder
	digits := false
	for _, r := range name {
		digit := r >= '0' && r <= '9'
		switch {
		case !digit:
			b.WriteRune(r)
		case !digits:
			b.WriteByte('#')
		}
		digits = digit
	}
	return b.String()
}
