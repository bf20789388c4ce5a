// Command zstd compresses what it reads, by one Write after another, as a program that packs a layer does. The only argument is the
// level, as zstd numbers them. bench/gzip builds it with several versions of the package that it imports.
package main

import (
	"io"
	"log"
	"os"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

func main() {
	log.SetFlags(0)
	level, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	w, err := zstd.NewWriter(os.Stdout, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(w, struct{ io.Reader }{os.Stdin}); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
}
