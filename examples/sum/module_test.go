//go:build custom_wasmer_runtime && linux && (amd64 || arm64)

package main

import (
	"math"
	"slices"
	"testing"
)

func TestRun(t *testing.T) {
	tests := []struct {
		args []string
		want int64
	}{
		{nil, 0},
		{[]string{"2", "4", "6", "8", "10", "12"}, 42},
		{[]string{"4294967295", "1"}, 1 << 32},
	}
	for _, tt := range tests {
		if got, err := run(tt.args); err != nil || got != tt.want {
			t.Errorf("run(%q) = %d, %v; want %d", tt.args, got, err, tt.want)
		}
	}
	for _, arg := range []string{"", "x", "-1", "4294967296"} {
		if _, err := run([]string{arg}); err == nil {
			t.Errorf("run(%q) gave no error", arg)
		}
	}
}

func TestSumFillsBuffer(t *testing.T) {
	m := open(t)
	most := len(m.buffer) / 4
	numbers := slices.Repeat([]uint32{math.MaxUint32}, most+1)
	if got, err := m.sum(numbers[:most]); err != nil || got != int64(most)*math.MaxUint32 {
		t.Errorf("a full buffer: got %d, %v", got, err)
	}
	if _, err := m.sum(numbers); err == nil {
		t.Error("more than fits the buffer: got no error")
	}
	if got, err := m.sum(numbers[:1]); err != nil || got != math.MaxUint32 {
		t.Errorf("after that: got %d, %v", got, err)
	}
}

// TestSumReadsItsBufferOnly calls the module with places that Go never would give it.
func TestSumReadsItsBufferOnly(t *testing.T) {
	m := open(t)
	start, size := int32(m.address), int32(len(m.buffer))
	for _, region := range [][2]int32{
		{start - 4, 4}, {start + size - 4, 8}, {start, size + 4}, {start, 3}, {start, -4}, {0, 4}, {-4, 4}, {-1, -1},
	} {
		if got, err := m.call("sum", region[0], region[1]); err == nil {
			t.Errorf("%d bytes at %d: got %d and no error", region[1], region[0], got)
		}
	}
}

// TestModuleSkipsCode gives it code that does not load first, as the fastest does not on older CPUs.
func TestModuleSkipsCode(t *testing.T) {
	damaged := native[0][:len(native[0])/2]
	baseline := native[len(native)-1]
	m, err := newModule([][]byte{damaged, baseline})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.sum([]uint32{40, 2}); err != nil || got != 42 {
		t.Errorf("got %d, %v", got, err)
	}
	if _, err := newModule([][]byte{damaged}); err == nil {
		t.Error("damaged code alone: got no error")
	}
}

func open(t *testing.T) *module {
	t.Helper()
	m, err := newModule(native)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
