//go:build custom_wasmer_runtime && linux && (amd64 || arm64)

// Sum adds up numbers from 0 to 4294967295, in Rust: docs/add-a-routine.md walks through it.
//
//	sum NUMBER...
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	sum, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "sum:", err)
		os.Exit(1)
	}
	fmt.Println(sum)
}

func run(args []string) (int64, error) {
	numbers := make([]uint32, len(args))
	for i, arg := range args {
		n, err := strconv.ParseUint(arg, 10, 32)
		if err != nil {
			return 0, err
		}
		numbers[i] = uint32(n)
	}
	m, err := newModule(native)
	if err != nil {
		return 0, err
	}
	return m.sum(numbers)
}
