package codec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

var (
	_ engine   = (*wazeroEngine)(nil)
	_ instance = (*wazeroInstance)(nil)
)

// wazeroEngine runs the module with wazero: compiled to native code where wazero has a compiler for the platform,
// interpreted elsewhere.
type wazeroEngine struct {
	runtime    wazero.Runtime
	cache      wazero.CompilationCache // nil without a cache on disk
	module     wazero.CompiledModule
	memorySize int
}

// newWazeroEngine compiles the module, or takes it compiled from cacheDir. A cache that does not serve is removed and done
// without; the next process makes a new one.
func newWazeroEngine(ctx context.Context, module []byte, cacheDir string) (engine, error) {
	if cacheDir == "" {
		return compileWazero(ctx, module, "")
	}
	dir := filepath.Join(cacheDir, "wazero")
	e, err := compileWazero(ctx, module, dir)
	if err == nil || ctx.Err() != nil {
		return e, err
	}
	_ = os.RemoveAll(dir)
	return compileWazero(ctx, module, "")
}

func compileWazero(ctx context.Context, module []byte, cacheDir string) (_ *wazeroEngine, err error) {
	e := &wazeroEngine{}
	defer func() {
		if err != nil {
			_ = e.close(ctx)
		}
	}()
	config := wazero.NewRuntimeConfig().WithDebugInfoEnabled(false)
	if cacheDir != "" {
		if e.cache, err = wazero.NewCompilationCacheWithDir(cacheDir); err != nil {
			return nil, err
		}
		config = config.WithCompilationCache(e.cache)
	}
	e.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	ctx = experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	if e.module, err = e.runtime.CompileModule(ctx, module); err != nil {
		return nil, err
	}
	if e.memorySize, err = checkInterface(e.module); err != nil {
		return nil, err
	}
	return e, nil
}

// checkInterface returns the size of the module's memory if the module imports nothing, exports a memory of fixed
// size, and exports every routine with the parameters that it is called with.
func checkInterface(m wazero.CompiledModule) (memorySize int, err error) {
	if len(m.ImportedFunctions()) > 0 || len(m.ImportedMemories()) > 0 {
		return 0, errors.New("the module has imports")
	}
	memory, ok := m.ExportedMemories()["memory"]
	if !ok {
		return 0, errors.New("the module exports no memory")
	}
	if limit, ok := memory.Max(); !ok || limit != memory.Min() {
		return 0, errors.New("the module's memory is not of fixed size")
	}
	functions := m.ExportedFunctions()
	for r := range routineCount {
		f, ok := functions[r.String()]
		if !ok {
			return 0, fmt.Errorf("the module does not export %v", r)
		}
		if !takesI32(f, signatures[r].params) {
			return 0, fmt.Errorf("the module exports %v with other parameters", r)
		}
	}
	return int(memory.Min()) * wasmPage, nil
}

const wasmPage = 64 << 10

// takesI32 says whether f has n parameters of type i32 and one result of type i64.
func takesI32(f api.FunctionDefinition, n int) bool {
	params, results := f.ParamTypes(), f.ResultTypes()
	for _, p := range params {
		if p != api.ValueTypeI32 {
			return false
		}
	}
	return len(params) == n && len(results) == 1 && results[0] == api.ValueTypeI64
}

func (e *wazeroEngine) name() string { return Wazero }

func (e *wazeroEngine) instantiate(ctx context.Context) (instance, error) {
	memory, err := newLinearMemory(e.memorySize)
	if err != nil {
		return nil, fmt.Errorf("memory for an instance: %w", err)
	}
	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(
		func(_, _ uint64) experimental.LinearMemory { return memory }))
	module, err := e.runtime.InstantiateModule(ctx, e.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		memory.Free()
		return nil, err
	}
	i := &wazeroInstance{module: module, linear: memory}
	for r := range routineCount {
		i.routines[r] = module.ExportedFunction(r.String())
	}
	return i, nil
}

func (e *wazeroEngine) close(ctx context.Context) error {
	var errs []error
	if e.runtime != nil {
		errs = append(errs, e.runtime.Close(ctx))
	}
	if e.cache != nil {
		errs = append(errs, e.cache.Close(ctx))
	}
	return errors.Join(errs...)
}

type wazeroInstance struct {
	module   api.Module
	linear   *linearMemory
	routines [routineCount]api.Function
}

func (i *wazeroInstance) call(ctx context.Context, r routine, stack []uint64) error {
	return i.routines[r].CallWithStack(ctx, stack)
}

func (i *wazeroInstance) memory() []byte { return i.linear.bytes }

func (i *wazeroInstance) close(ctx context.Context) error { return i.module.Close(ctx) }
