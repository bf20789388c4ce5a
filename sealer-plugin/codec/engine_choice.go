package codec

import (
	"context"
	"fmt"
	"os"
)

// The engines, for [Options.Engine]. Wazero is in every build. Wasmer is in builds with the tags wasmer and
// custom_wasmer_runtime, on the platforms that the routines were compiled for ahead of time, and is preferred there.
const (
	Wazero = "wazero"
	Wasmer = "wasmer"
)

// EngineVariable is the environment variable that names the engine where [Options.Engine] does not.
const EngineVariable = "SEALIFT_ENGINE"

// newEngine makes the engine that was asked for. There is no silent fallback: which engine runs is never a surprise,
// and an error says how to ask for another.
func newEngine(ctx context.Context, module []byte, opts Options) (engine, error) {
	name := opts.Engine
	if name == "" {
		name = os.Getenv(EngineVariable)
	}
	if name == "" {
		name = preferredEngine
	}
	switch name {
	case Wazero:
		return newWazeroEngine(ctx, module, opts.CacheDir)
	case Wasmer:
		e, err := newWasmerEngine(module)
		if err != nil {
			return nil, withoutWasmer(err)
		}
		return e, nil
	}
	return nil, fmt.Errorf("no such engine: %q; there are %s and %s", name, Wazero, Wasmer)
}

// withoutWasmer adds to an error of wasmer's what to do about it.
func withoutWasmer(err error) error {
	return fmt.Errorf("%w; %s=%s runs the routines without wasmer", err, EngineVariable, Wazero)
}
