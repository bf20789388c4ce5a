package remote

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// digestTag matches tags that stand for a digest: lists of referrers and signatures, not versions.
var digestTag = regexp.MustCompile(`^sha\d+-[0-9a-f]{64}`)

// sortTags sorts tags so that those which look newest come first: "latest", then versions, descending, as a person would
// read them, and then words, which may be of any age. A version goes before its pre-releases and variants ("1.2", then "1.2-rc1"); tags that stand for a digest come
// last.
func sortTags(tags []string) {
	slices.SortFunc(tags, func(a, b string) int {
		return cmp.Or(
			cmp.Compare(class(a), class(b)),
			compareVersions(version(b), version(a)),
			strings.Compare(b, a),
		)
	})
}

func class(tag string) int {
	switch {
	case tag == defaultTag:
		return 0
	case digestTag.MatchString(tag):
		return 3
	case isDigit(version(tag)[0]):
		return 1
	}
	return 2
}

// version cuts the v of "v1.2".
func version(tag string) string {
	if tag == "" {
		return "-" // a registry may list anything
	}
	if len(tag) > 1 && (tag[0] == 'v' || tag[0] == 'V') && isDigit(tag[1]) {
		return tag[1:]
	}
	return tag
}

// compareVersions compares runs of digits as numbers, and everything else byte by byte.
func compareVersions(a, b string) int {
	for a != "" && b != "" {
		if !isDigit(a[0]) || !isDigit(b[0]) {
			if a[0] != b[0] {
				return cmp.Compare(rank(a), rank(b))
			}
			a, b = a[1:], b[1:]
			continue
		}
		var na, nb string
		na, a = cutNumber(a)
		nb, b = cutNumber(b)
		if c := cmp.Or(cmp.Compare(len(na), len(nb)), strings.Compare(na, nb)); c != 0 {
			return c
		}
	}
	return cmp.Compare(rank(a), rank(b))
}

// rank orders what follows where two tags differ: letters, which are pre-releases and variants, go before the end, and numbers after it.
func rank(rest string) int {
	if rest == "" {
		return 0
	}
	if after := strings.TrimLeft(rest, "-~_.+"); after == "" || isDigit(after[0]) {
		return 1 + int(rest[0])
	}
	return int(rest[0]) - 256
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// cutNumber cuts the leading number, without its leading zeros.
func cutNumber(s string) (number, rest string) {
	end := 0
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	return strings.TrimLeft(s[:end], "0"), s[end:]
}
