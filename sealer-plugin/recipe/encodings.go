package recipe

import (
	"slices"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// encodings are all that streams are tried to be made by, in this order: those of most gzip files first.
var encodings = func() []codec.Encoding {
	list := []codec.Encoding{
		{Encoder: codec.GoFlate, Level: 6}, {Encoder: codec.GoFlate, Level: 1}, // Docker; crane, ko, kaniko
		{Encoder: codec.Pgzip2022, Level: 5}, {Encoder: codec.Pgzip, Level: 5}, // Podman, Buildah
		{Encoder: codec.Pgzip115, Level: 5},                                        // sealer
		{Encoder: codec.Klauspost, Level: 6}, {Encoder: codec.Klauspost, Level: 1}, // Go since 1.27
		{Encoder: codec.Zlib, Level: 6}, // Java, Python
		{Encoder: codec.GNUGzip, Level: 6}, {Encoder: codec.GNUGzip, Level: 9},
		{Encoder: codec.Pigz, Level: 6}, {Encoder: codec.Klauspost2022, Level: 5},
	}
	for _, level := range []uint8{9, 6, 5, 1, 4, 3, 2, 8, 7} {
		for e := codec.GoFlate; e <= codec.Pgzip115; e++ {
			encoding := codec.Encoding{Encoder: e, Level: level}
			if there := e < codec.Klauspost115 || level == 5 || level == 6; there && !slices.Contains(list, encoding) {
				list = append(list, encoding)
			}
		}
	}
	return list
}()

// hint is what the header of a gzip file says of the level: the field XFL.
type hint byte

// rank is 0 for an encoding whose program would write the hint, and 1 for others.
func (h hint) rank(e codec.Encoding) int {
	if best, fastest := e.Level == 9, e.Level == 1; best == (h == 2) && fastest == (h == 4) {
		return 0
	}
	return 1
}

// likely returns all encodings, those first that suit the hint.
func (b *builder) likely(h hint) []codec.Encoding {
	list := slices.Clone(b.encodings)
	slices.SortStableFunc(list, func(a, b codec.Encoding) int { return h.rank(a) - h.rank(b) })
	return list
}

// remember has an encoding tried first from now on.
func (b *builder) remember(e codec.Encoding) {
	i := slices.Index(b.encodings, e)
	copy(b.encodings[1:i+1], b.encodings[:i])
	b.encodings[0] = e
}
