package remote

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// digestTag matches tags that stand for a digest: lists of referrers and signatures, not versions.
var digestTag = regexp.MustCompile(`^sha\d+-[0-9a-f]{64}`)

// sortTags sorts tags so that those which look newest come first: by version, descending, as a person would read them. Words go
// before numbers, so that "latest" is in front; a version goes before its pre-releases and variants ("1.2", then "1.2-rc1"); tags that stand for a digest come last.
func sortTags(tags []string) {
	slices.SortFunc(tags, func(a, b string) int {
		if da, db := digestTag.MatchString(a), digestTag.MatchString(b); da != db {
			if da {
				return 1
			}
			return -1
		}
		return cmp.Or(compareVersions(version(b), version(a)), strings.Compare(b, a))
	})
}

// version cuts the v of "v1.2".
func version(tag string) string {
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

// rank orders what may follow after two tags were alike so far: a pre-release or a variant is before the end, everything else after it.
func rank(rest string) int {
	switch {
	case rest == "":
		return 0
	case strings.ContainsRune("-~_", rune(rest[0])) && len(rest) > 1 && !isDigit(rest[1]):
		return -1
	}
	return 1 + int(rest[0])
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
