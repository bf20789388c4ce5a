package registry

import (
	"net/http"
	"os/exec"
	"testing"
)

func TestStart(t *testing.T) {
	if _, err := exec.LookPath("docker-registry"); err != nil {
		t.Skip("no docker-registry: `make test` installs it")
	}
	r, err := Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + r.Addr + "/v2/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("GET /v2/: %s", answer.Status)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if answer, err := http.Get("http://" + r.Addr + "/v2/"); err == nil {
		answer.Body.Close()
		t.Error("it still answers after Close")
	}
}
