//go:build unix

package codec

import (
	"fmt"
	"syscall"
)

func mapMemory(size int) ([]byte, error) {
	bytes, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes: %w", size, err)
	}
	return bytes, nil
}

func unmapMemory(bytes []byte) {
	if err := syscall.Munmap(bytes); err != nil {
		panic(fmt.Sprintf("unmap linear memory: %v", err)) // only for a slice that was never mapped
	}
}
