// Command stream compresses what it reads, by one Write after another, as a program that packs a layer does. The only
// argument is the level. bench/gzip builds it with several versions of Go, and with other packages in place of the one
// that it imports.
package main

import (
	"compress/gzip"
	"io"
	"log"
	"os"
	"strconv"
)

func main() {
	log.SetFlags(0)
	level, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	w, err := gzip.NewWriterLevel(os.Stdout, level)
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
