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
		{Encoder: codec.Pgzip1204, Level: 5}, {Encoder: codec.Pgzip115, Level: 5}, // those of now; sealer
		{Encoder: codec.Klauspost, Level: 6}, {Encoder: codec.Klauspost, Level: 1}, // Go since 1.27
		{Encoder: codec.Zlib, Level: 6}, // Java, Python
		{Encoder: codec.GNUGzip, Level: 6}, {Encoder: codec.GNUGzip, Level: 9},
		{Encoder: codec.Pigz, Level: 6}, {Encoder: codec.Klauspost2022, Level: 5},
		{Encoder: codec.Pgzip1103, Level: 5}, {Encoder: codec.Pgzip1123, Level: 5}, // Podman of Debian 11; of 2021
		{Encoder: codec.Pgzip1143, Level: 5}, {Encoder: codec.Pgzip114, Level: 5}, // of 2022
		{Encoder: codec.Go127, Level: 9},
	}
	for _, level := range []uint8{9, 6, 5, 1, 4, 3, 2, 8, 7} {
		for e := codec.GoFlate; e <= codec.Pgzip1103; e++ {
			encoding := codec.Encoding{Encoder: e, Level: level}
			if encoding.Exists() && !slices.Contains(list, encoding) {
				list = append(list, encoding)
			}
		}
	}
	return list
}()

// likely returns all encodings, those first that suit the fixed part of the header of a gzip file: what its fields XFL and OS say
// of the level and of the program. It is the same for the same header, so that recipes are.
func likely(header []byte) []codec.Encoding {
	xfl, system := header[8], header[9]
	rank := func(e codec.Encoding) (n int) {
		if best, fastest := e.Level == 9, e.Level == 1; best != (xfl == 2) || fastest != (xfl == 4) {
			n++
		}
		if isGo := e.Encoder < codec.Zlib || e.Encoder > codec.Pigz; isGo != (system == unknownSystem) {
			n++
		}
		return n
	}
	list := slices.Clone(encodings)
	slices.SortStableFunc(list, func(a, b codec.Encoding) int { return rank(a) - rank(b) })
	return list
}

// unknownSystem is what gzip files of programs written in Go say of where they were made.
const unknownSystem = 255

// threaded are the encoders of pgzip, and those by which they compress blocks of 1 MiB each: what both make is the same so far.
var threaded = map[codec.Encoder]codec.Encoder{
	codec.Pgzip: codec.Klauspost, codec.Pgzip2022: codec.Klauspost2022, codec.Pgzip115: codec.Klauspost115,
	codec.Pgzip1204: codec.Klauspost1204, codec.Pgzip1143: codec.Klauspost1143, codec.Pgzip114: codec.Klauspost114,
	codec.Pgzip1123: codec.Klauspost1123, codec.Pgzip1122: codec.Klauspost1122, codec.Pgzip11113: codec.Klauspost11113,
	codec.Pgzip1103: codec.Klauspost1103,
}

// beginAlike says whether two encodings make the same of the first MiB of what goes on.
func beginAlike(a, b codec.Encoding) bool {
	return a.Level == b.Level && (threaded[a.Encoder] == b.Encoder || threaded[b.Encoder] == a.Encoder)
}
