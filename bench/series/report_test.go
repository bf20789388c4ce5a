package main

import (
	"strings"
	"testing"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

func TestReport(t *testing.T) {
	pushed := func(mb, read int64) *sealift.Result {
		return &sealift.Result{Traffic: sealift.Traffic{SentBytes: mb * 1e6, ReceivedBytes: read * 1e6}}
	}
	pulled := func(mb, requests int64) *sealift.Result {
		return &sealift.Result{Traffic: sealift.Traffic{ReceivedBytes: mb * 1e6, Requests: requests}}
	}
	r := report{
		{release: "a", own: pushed(50, 0), chunks: pushed(50, 0), push: pushed(50, 0), fromNone: pulled(50, 9)},
		{
			release: "b", own: pushed(50, 0), chunks: pushed(40, 0), push: pushed(4, 30),
			chunksPull: pulled(40, 7), fromLast: pulled(4, 6), fromNone: pulled(60, 11),
		},
		{
			release: "c", own: pushed(50, 0), chunks: pushed(20, 0), push: pushed(6, 0),
			chunksPull: pulled(10, 7), fromLast: pulled(5, 8), fromThird: pulled(7, 5), fromNone: pulled(70, 12),
		},
	}
	var b strings.Builder
	r.write(&b)
	want := `| MB                     | own frames | push, chunks alone |  push | the push reads | pull from n-1, chunks alone | from n-1 | requests | from n-3 | requests | from nothing | requests |
|------------------------|-----------:|-------------------:|------:|---------------:|----------------------------:|---------:|---------:|---------:|---------:|-------------:|---------:|
| v1: a                  |      50.00 |              50.00 | 50.00 |           0.00 |                             |          |          |          |          |        50.00 |        9 |
| v2: b                  |      50.00 |              40.00 |  4.00 |          30.00 |                       40.00 |     4.00 |        6 |          |          |        60.00 |       11 |
| v3: c                  |      50.00 |              20.00 |  6.00 |           0.00 |                       10.00 |     5.00 |        8 |     7.00 |        5 |        70.00 |       12 |
| average of the updates |      50.00 |              30.00 |  5.00 |          15.00 |                       25.00 |     4.50 |        7 |     7.00 |        5 |        65.00 |       12 |

| with deltas, to without          | mean | most |  aim |
|----------------------------------|-----:|-----:|-----:|
| push                             | 0.20 | 0.30 | 0.30 |
| pull from n-1                    | 0.30 | 0.50 | 0.30 |
| pull from nothing, to own frames | 1.30 | 1.40 | 1.30 |
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestReleasesFollowEachOther(t *testing.T) {
	for i, r := range releases[1:] {
		before := releases[i]
		same := r.traefik.SHA256 == before.traefik.SHA256 || r.ruff.SHA256 == before.ruff.SHA256
		if same || !built(i+1).After(built(i)) {
			t.Errorf("%s is no update of %s", r, before)
		}
	}
}
