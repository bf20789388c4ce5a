package sealer

import "testing"

// TestSealerDrivers moves images between machines that store them in different ways.
func TestSealerDrivers(t *testing.T) {
	w := theWorkshop(t)
	gate := newGate(t, w.registry.Addr)
	for _, drivers := range [][2]string{{"overlay", "vfs"}, {"vfs", "overlay"}} {
		t.Run(drivers[0]+" to "+drivers[1], func(t *testing.T) {
			from, to := newMachine(t, "STORAGE_DRIVER="+drivers[0]), newMachine(t, "STORAGE_DRIVER="+drivers[1])
			ref := gate.addr + "/from-" + drivers[0] + ":v1"
			if err := from.sealerBuild(t.Context(), lifted, w.path(editor), ref, "app-installer"); err != nil {
				t.Fatal(err)
			}
			from.must(t, lifted, "push", "sealift://"+ref)
			to.must(t, lifted, "pull", "sealift://"+ref)
			sameImage(t, from, to, ref)
		})
	}
}
