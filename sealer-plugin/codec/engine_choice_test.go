package codec

import (
	"strings"
	"testing"
)

func TestEngineChoice(t *testing.T) {
	cache := t.TempDir()
	tests := []struct {
		name           string
		option, envvar string
		want           string
	}{
		{"best of this build", "", "", preferredEngine},
		{"by variable", "", Wazero, Wazero},
		{"by option", Wazero, "", Wazero},
		{"option before variable", Wazero, "v8", Wazero},
		{"best by hand", preferredEngine, Wazero, preferredEngine},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(EngineVariable, tt.envvar)
			c, err := New(t.Context(), Options{Engine: tt.option, CacheDir: cache})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(t.Context())
			if name, _, _ := strings.Cut(c.Engine(), " "); name != tt.want {
				t.Errorf("got engine %s, want %s", c.Engine(), tt.want)
			}
		})
	}
}

func TestNoSuchEngine(t *testing.T) {
	t.Setenv(EngineVariable, "v8")
	if _, err := New(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), `"v8"`) {
		t.Errorf("got error %v, want one that names the engine", err)
	}
}

// TestEngineFallbackIsNamed asks for wasmer where it cannot run: not in this build, or not with this module.
func TestEngineFallbackIsNamed(t *testing.T) {
	_, err := newCodec(t.Context(), testModule{}.encode(), Options{Engine: Wasmer})
	if err == nil || !strings.Contains(err.Error(), "SEALIFT_ENGINE=wazero") {
		t.Errorf("got error %v, want one that says how to run without wasmer", err)
	}
}
