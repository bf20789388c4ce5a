package codec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// TestArtifactMatchesItsRecord compares the embedded module with the record that was written when it was built.
func TestArtifactMatchesItsRecord(t *testing.T) {
	b, err := os.ReadFile("artifact/storage.wasm.json")
	if err != nil {
		t.Fatal(err)
	}
	var record struct {
		Stamp, SHA256 string
		ABI           int
	}
	if err := json.Unmarshal(b, &record); err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(storageWasm); hex.EncodeToString(sum[:]) != record.SHA256 {
		t.Errorf("the module's sha256 is %x, its record says %s", sum, record.SHA256)
	}
	if record.ABI != abiVersion {
		t.Errorf("the record has version %d of the interface, want %d", record.ABI, abiVersion)
	}
	c, err := New(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if c.Stamp() != record.Stamp {
		t.Errorf("the module's stamp is %s, its record says %s", c.Stamp(), record.Stamp)
	}
	if c.Engine() == "" {
		t.Error("the engine has no name")
	}
}
