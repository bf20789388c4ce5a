package codec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	cmdline "flag"
	"os"
	"strings"
	"testing"
)

var writeTestdata = cmdline.Bool("write", false, "write testdata/trap.wasm anew; then run `make aot`")

// TestTrapModule compares the module in testdata, which is compiled ahead of time, with the one that it should be.
func TestTrapModule(t *testing.T) {
	const file = "testdata/trap.wasm"
	want := trapping.encode()
	if *writeTestdata {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is another module: run this test with -write", file)
	}
}

// TestNativeCodeMatchesModules checks for every CPU, also those that are not this one, that the code in the repository
// was compiled from the modules there.
func TestNativeCodeMatchesModules(t *testing.T) {
	for _, module := range []string{"artifact/storage.wasm", "testdata/trap.wasm"} {
		for _, variant := range []string{"x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64"} {
			stem := strings.TrimSuffix(module, "wasm") + variant
			t.Run(stem, func(t *testing.T) { checkNativeCode(t, module, stem) })
		}
	}
}

func checkNativeCode(t *testing.T, module, stem string) {
	b, err := os.ReadFile(stem + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var record struct {
		WasmSHA256 string `json:"wasm_sha256"`
		SHA256     string
	}
	if err := json.Unmarshal(b, &record); err != nil {
		t.Fatal(err)
	}
	if got := fileSHA256(t, module); got != record.WasmSHA256 {
		t.Errorf("it was compiled from another %s: run `make aot`", module)
	}
	if got := fileSHA256(t, stem+".wasmu.zst"); got != record.SHA256 {
		t.Errorf("%s.wasmu.zst is not the file that its record describes: run `make aot`", stem)
	}
}

func fileSHA256(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
