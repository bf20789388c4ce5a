//go:build wasmer && custom_wasmer_runtime && cgo && linux && (amd64 || arm64)

package codec

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/wasmerio/wasmer-go/wasmer"
	"golang.org/x/sys/unix"
)

const preferredEngine = Wasmer

var (
	_ engine   = (*wasmerEngine)(nil)
	_ instance = (*wasmerInstance)(nil)
)

// wasmerEngine runs native code that was compiled from the module ahead of time.
type wasmerEngine struct {
	variant string // the kind of CPU that the code is for
	code    []byte

	mu   sync.Mutex
	idle []*wasmerHome // without an instance
}

func newWasmerEngine(module []byte) (engine, error) {
	return loadWasmer(module, storageNative)
}

// loadWasmer takes the best of codes, all of which should have been compiled from module.
func loadWasmer(module []byte, codes []nativeCode) (engine, error) {
	native, record, err := pickNative(module, codes)
	if err != nil {
		return nil, err
	}
	code, err := native.unpack(record.Size)
	if err != nil {
		return nil, err
	}
	home, err := newWasmerHome(code)
	if err != nil {
		return nil, fmt.Errorf("native code for %s: %w", native.variant, err)
	}
	return &wasmerEngine{variant: native.variant, code: code, idle: []*wasmerHome{home}}, nil
}

func (e *wasmerEngine) name() string { return fmt.Sprintf("%s (%s)", Wasmer, e.variant) }

func (e *wasmerEngine) instantiate(context.Context) (instance, error) {
	home, err := e.takeHome()
	if err != nil {
		return nil, withoutWasmer(err)
	}
	i, err := home.instantiate(e)
	if err != nil {
		home.close()
		return nil, withoutWasmer(err)
	}
	return i, nil
}

// takeHome returns an idle home, or a new one.
func (e *wasmerEngine) takeHome() (*wasmerHome, error) {
	if home := e.takeIdle(); home != nil {
		return home, nil
	}
	return newWasmerHome(e.code)
}

func (e *wasmerEngine) takeIdle() *wasmerHome {
	e.mu.Lock()
	defer e.mu.Unlock()
	last := len(e.idle) - 1
	if last < 0 {
		return nil
	}
	home := e.idle[last]
	e.idle[last] = nil
	e.idle = e.idle[:last]
	return home
}

// giveHome keeps a home whose instance was closed for the next one, unless it is worn out. What wasmer's engine holds of
// a home, more than a MiB, is only freed when Go collects garbage, for which its own small objects are no reason.
func (e *wasmerEngine) giveHome(home *wasmerHome) {
	if home.instances == maxInstances {
		home.close()
		runtime.GC()
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.idle = append(e.idle, home)
}

func (e *wasmerEngine) close(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, home := range e.idle {
		home.close()
	}
	e.idle = nil
	return nil
}

// wasmerHome is where one instance at a time lives. It has an engine and a store of its own: a store serves one thread
// at a time, and an engine keeps the code of every module that it ever loaded.
type wasmerHome struct {
	store     *wasmer.Store
	module    *wasmer.Module
	instances int // made so far
}

// maxInstances is how many instances a home makes. A store keeps all that it ever made, of which each takes 8 GiB of
// address space: the memory that the module could address, and a guard behind it.
const maxInstances = 64

// newWasmerHome loads code. Objects of wasmer-go free what they stand for in finalizers, on a thread of their own and
// whether or not it is in use; these here are freed by close alone. An engine may be finalized at any time, since its
// store shares it.
func newWasmerHome(code []byte) (*wasmerHome, error) {
	store := wasmer.NewStore(wasmer.NewEngine())
	runtime.SetFinalizer(store, nil)
	module, err := wasmer.DeserializeModule(store, code)
	if err != nil {
		store.Close()
		return nil, err
	}
	runtime.SetFinalizer(module, nil)
	return &wasmerHome{store: store, module: module}, nil
}

func (h *wasmerHome) close() {
	h.module.Close()
	h.store.Close()
}

func (h *wasmerHome) instantiate(e *wasmerEngine) (*wasmerInstance, error) {
	inst, err := wasmer.NewInstance(h.module, wasmer.NewImportObject())
	if err != nil {
		return nil, err
	}
	h.instances++
	runtime.SetFinalizer(inst, nil)
	runtime.SetFinalizer(inst.Exports, nil)
	i := &wasmerInstance{engine: e, home: h, instance: inst}
	if err := i.bind(); err != nil {
		inst.Close()
		return nil, err
	}
	return i, nil
}

type wasmerInstance struct {
	engine   *wasmerEngine
	home     *wasmerHome
	instance *wasmer.Instance
	linear   []byte
	routines [routineCount]*wasmer.Function
}

// bind looks up what the module exports. The memory is of fixed size, so that it stays where it is.
func (i *wasmerInstance) bind() error {
	memory, err := i.instance.Exports.GetMemory("memory")
	if err != nil {
		return err
	}
	i.linear = memory.Data()
	for r := range routineCount {
		if i.routines[r], err = i.instance.Exports.GetRawFunction(r.String()); err != nil {
			return err
		}
	}
	return nil
}

func (i *wasmerInstance) call(_ context.Context, r routine, stack []uint64) error {
	var values [maxParams]any
	args := values[:signatures[r].params]
	for k := range args {
		args[k] = int32(stack[k])
	}
	result, err := i.routines[r].Call(args...)
	runtime.KeepAlive(i)
	if err != nil {
		return errors.New(err.Error()) // wasmer's own holds on to memory outside of Go's heap
	}
	value, ok := result.(int64)
	if !ok {
		return fmt.Errorf("a result of type %T", result)
	}
	stack[0] = uint64(value)
	return nil
}

func (i *wasmerInstance) memory() []byte { return i.linear }

// close gives the memory back to the system, since the store still holds it.
func (i *wasmerInstance) close(context.Context) error {
	err := unix.Madvise(i.linear, unix.MADV_DONTNEED)
	i.instance.Close()
	i.engine.giveHome(i.home)
	return err
}
