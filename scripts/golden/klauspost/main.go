// Command klauspost prints the SHA-256 of all streams that a program makes of inputs, put together, for each level, as JSON.
// Its arguments are the program, "flate", "pgzip" or "go", the inputs in JSON, and the levels.
package main

import (
	"bytes"
	goflate "compress/flate"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/pgzip"

	"golden/sample"
)

// programs make writers of streams, with so many bytes before each and behind it.
var programs = map[string]struct {
	open           func(io.Writer, int) (io.WriteCloser, error)
	header, footer int
}{
	"flate": {func(w io.Writer, level int) (io.WriteCloser, error) { return flate.NewWriter(w, level) }, 0, 0},
	"pgzip": {func(w io.Writer, level int) (io.WriteCloser, error) { return pgzip.NewWriterLevel(w, level) }, 10, 8},
	"go":    {func(w io.Writer, level int) (io.WriteCloser, error) { return goflate.NewWriter(w, level) }, 0, 0},
}

func main() {
	log.SetFlags(0)
	var inputs []sample.Sample
	check(json.Unmarshal([]byte(os.Args[2]), &inputs))
	var lines []string
	for _, argument := range os.Args[3:] {
		level, err := strconv.Atoi(argument)
		check(err)
		hash := sha256.New()
		for _, in := range inputs {
			_, _ = hash.Write(stream(os.Args[1], level, in.Bytes()))
		}
		lines = append(lines, fmt.Sprintf("      %q: \"%x\"", argument, hash.Sum(nil)))
	}
	fmt.Printf("{\n%s\n    }", strings.Join(lines, ",\n"))
}

// stream is what one Write makes.
func stream(program string, level int, raw []byte) []byte {
	p := programs[program]
	var b bytes.Buffer
	w, err := p.open(&b, level)
	check(err)
	_, err = w.Write(raw)
	check(err)
	check(w.Close())
	return b.Bytes()[p.header : b.Len()-p.footer]
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
