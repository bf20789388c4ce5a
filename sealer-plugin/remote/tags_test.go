package remote

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSortTagsAnything makes sure that the order is one, whatever a registry lists.
func TestSortTagsAnything(t *testing.T) {
	odd := []string{"", "-", "v", "v1", "1", "01", ".1", "a1b", "1-", "1--", "1.", "ü", "1ü", "sha256-", "latest"}
	want := slices.Clone(odd)
	sortTags(want)
	for range 200 {
		rand.Shuffle(len(odd), func(i, j int) { odd[i], odd[j] = odd[j], odd[i] })
		sortTags(odd)
		if diff := cmp.Diff(want, odd); diff != "" {
			t.Fatalf("depends on the order before (-one +other):\n%s", diff)
		}
	}
}

func TestSortTags(t *testing.T) {
	for _, want := range []string{
		"latest v10.0 v9.12 v9.2 v9 main",
		"v1.10.0 v1.9.3 v1.9.3-rc2 v1.9.3-rc1 v1.9.2",
		"2.0 v1.5 1.4",
		"1.2-1 1.2 1.2-alpine 1.1",
		"20261122 20260101",
		"1.0 sha256-" + someDigest[7:] + " sha256-" + someDigest[7:] + ".sig",
		"v1.01.2 v1.1.1",
		"2.0.1 2.0 2.0rc1 2.0b2 2.0.dev1 1.9",
	} {
		tags := strings.Fields(want)
		for range 20 {
			rand.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
			sortTags(tags)
			if diff := cmp.Diff(want, strings.Join(tags, " ")); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		}
	}
}
