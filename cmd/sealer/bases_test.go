package main

import (
	"os"
	"path/filepath"
	"testing"
)

const (
	kube = "localhost/kube"
	// room is for what a pull receives besides chunks: manifest, image document, recipes and index.
	room = 16 << 10
)

// receivedChanges says in a test that what came is not what changed.
func receivedChanges(t *testing.T, received int64) {
	t.Helper()
	if received < changedSize || received > changedSize+room {
		t.Errorf("received %d bytes, want those of the changed file, %d", received, changedSize)
	}
}

func TestPullTakesFromWhatIsUnpacked(t *testing.T) {
	m, dir := newMachine(t), published(t, 2)
	if received := m.pull(dir, "v1", kube); received < sameSize {
		t.Errorf("received %d bytes of an image that is new", received)
	}
	receivedChanges(t, m.pull(dir, "v2", kube))
	m.has(2)
	if left, err := os.ReadDir(filepath.Join(m.root, "pulls")); err != nil || len(left) > 0 {
		t.Errorf("chunks are stored twice: %v, %v", left, err)
	}
}

// TestPullReadsImagesOfTheRepository has no recipes of what is there: those of the newest images of the same
// repository are made, and no others.
func TestPullReadsImagesOfTheRepository(t *testing.T) {
	m, dir := newMachine(t), published(t, 5)
	forget := func() {
		t.Helper()
		if err := os.RemoveAll(string(m.recipes())); err != nil {
			t.Fatal(err)
		}
	}
	m.pull(dir, "v1", "localhost/other")
	forget()
	if received := m.pull(dir, "v2", kube); received < sameSize {
		t.Errorf("received %d bytes: images of another repository were read", received)
	}
	m.pull(dir, "v3", kube)
	m.pull(dir, "v4", kube)
	forget()
	receivedChanges(t, m.pull(dir, "v5", kube))
	m.has(5)
	for number, known := range []bool{1: false, 2: false, 3: true, 4: true, 5: true} {
		if number > 0 && m.recipes().has(layerOf(t, number)) != known {
			t.Errorf("recipe of v%d: want it known: %t", number, known)
		}
	}
}

// TestKnownLayersOfOtherImages takes chunks from images of other repositories, too, if the recipes are known.
func TestKnownLayersOfOtherImages(t *testing.T) {
	m, dir := newMachine(t), published(t, 2)
	m.pull(dir, "v1", "localhost/other")
	receivedChanges(t, m.pull(dir, "v2", kube))
}

func TestUnpackedFileChanges(t *testing.T) {
	m, dir := newMachine(t), published(t, 2)
	m.pull(dir, "v1", kube)
	if err := os.Truncate(filepath.Join(m.files(1), "bin/same"), sameSize/2); err != nil {
		t.Fatal(err)
	}
	if received := m.pull(dir, "v2", kube); received < sameSize {
		t.Errorf("received %d bytes, though a file was cut", received)
	}
	m.has(2)
}

func TestRecipesThatAreOfNoUseAreRemoved(t *testing.T) {
	m, dir := newMachine(t), published(t, 3)
	m.pull(dir, "v1", kube)
	m.pull(dir, "v2", kube)
	if _, err := m.store.DeleteImage(kube+":v1", true); err != nil {
		t.Fatal(err)
	}
	damaged := m.recipes().file(layerOf(t, 2))
	if err := os.WriteFile(damaged, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.pull(dir, "v3", kube)
	m.has(3)
	for _, number := range []int{1, 2} {
		if m.recipes().has(layerOf(t, number)) {
			t.Errorf("the recipe of v%d is still there", number)
		}
	}
}

// TestPullOfWhatIsThere receives no chunk, but keeps the recipe.
func TestPullOfWhatIsThere(t *testing.T) {
	m, dir := newMachine(t), published(t, 1)
	m.pull(dir, "v1", "localhost/other")
	if err := os.RemoveAll(string(m.recipes())); err != nil {
		t.Fatal(err)
	}
	if received := m.pull(dir, "v1", kube); received > room {
		t.Errorf("received %d bytes", received)
	}
	if !m.recipes().has(layerOf(t, 1)) {
		t.Error("the recipe is not kept")
	}
}
