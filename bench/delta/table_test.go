package main

import (
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/bench/page"
)

func TestReport(t *testing.T) {
	second := usage{CPU: time.Second, Memory: 7_000_000}
	r := &report{
		machine: page.Machine{CPU: "CPU", Cores: 2, System: "os/arch", Load: "0", Versions: []string{"a 1", "b 2"}},
		coders:  []string{"whole", bsdiff, "push"},
		rows: []row{
			{"small", 2_000_000, []cost{
				{Bytes: 1_600_000, Encode: second, Decode: second},
				{Bytes: 200_000, Encode: usage{3 * time.Second, 9_000_000}, Decode: second},
				{Bytes: 100_000, Encode: second, Decode: second, Raw: 500_000, Took: took{1, 2, 0.25}}}},
			{"large", 8_000_000, []cost{
				{Bytes: 2_000_000, Encode: second, Decode: second},
				{Bytes: 1_000_000, Encode: second, Decode: second},
				{Bytes: 1_000_500, Encode: second, Decode: second, Raw: 2_500_000, Took: took{3, 4, 0.5}}}},
		},
	}
	want := `CPU, 2 cores, os/arch; load before: 0.
a 1, b 2.

| MB that must travel        | new tar | whole | bsdiff |  push |
|----------------------------|--------:|------:|-------:|------:|
| small                      |   2.000 | 1.600 |  0.200 | 0.100 |
| large                      |   8.000 | 2.000 |  1.000 | 1.000 |
| geometric mean, bsdiff = 1 |         |  4.00 |   1.00 |  0.71 |

| one thread | encode, MB/s | decode, MB/s | encode, peak MB | decode, peak MB |
|------------|-------------:|-------------:|----------------:|----------------:|
| whole      |          5.0 |          5.0 |               7 |               7 |
| bsdiff     |          2.5 |          5.0 |               9 |               7 |
| push       |          1.5 |          1.5 |               7 |               7 |

| seconds, all pairs | push of the old | push of the new | pull of the new |
|--------------------|----------------:|----------------:|----------------:|
| push               |             4.0 |             6.0 |             0.8 |
`
	var b strings.Builder
	r.write(&b)
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
