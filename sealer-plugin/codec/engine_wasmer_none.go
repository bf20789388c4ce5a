//go:build !(wasmer && custom_wasmer_runtime && cgo && linux && (amd64 || arm64))

package codec

import "errors"

const preferredEngine = Wazero

func newWasmerEngine([]byte) (engine, error) {
	return nil, errors.New("this build is without wasmer")
}
