// Sealer is sealer v0.11.0 with Sealift compiled in: it does all that sealer does, and pushes and pulls images named
// sealift://HOST/REPO:TAG, or sealift:oci:DIR:TAG, by chunks.
package main

import (
	"os"

	"github.com/containers/buildah"
	"github.com/sealerio/sealer/version"
	"github.com/sirupsen/logrus"
)

func main() {
	if buildah.InitReexec() {
		return
	}
	if err := newRoot().Execute(); err != nil {
		logrus.Errorf("sealer-%s: %v", version.GetSingleVersion(), err)
		os.Exit(1)
	}
}
