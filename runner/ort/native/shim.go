package native

/*
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"errors"
	"strings"
	"sync"
	"unsafe"
)

// APIVersion is the C API version that onnxruntime_go asks for.
const APIVersion = 24

// Opaque pointers of the C API. The zero value is "none".
type (
	cSession   struct{ p unsafe.Pointer }
	cOptions   struct{ p unsafe.Pointer } // owned by onnxruntime_go
	RunOptions struct{ p unsafe.Pointer } // owned by onnxruntime_go
	Memory     struct{ P unsafe.Pointer }
	Allocator  struct{ P unsafe.Pointer }
	Value      struct{ P unsafe.Pointer }
	Binding    struct{ P unsafe.Pointer }
	cPrepacked struct{ p unsafe.Pointer }
)

// take turns a message of the shim into an error and frees it.
func take(msg *C.char) error {
	if msg == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(msg))
	return errors.New(C.GoString(msg))
}

var names sync.Map // string to *C.char, kept for the life of the process

// cname returns s as a C string that is never freed: names of inputs,
// outputs and dimensions are few and used again and again.
func cname(s string) *C.char {
	if p, ok := names.Load(s); ok {
		return p.(*C.char)
	}
	p, _ := names.LoadOrStore(s, C.CString(s)) // a lost race leaks one short string
	return p.(*C.char)
}

// Now is CLOCK_MONOTONIC in nanoseconds.
func Now() int64 { return int64(C.ts_now()) }

// Malloced is the native memory in use.
func Malloced() int64 { return int64(C.ts_malloced()) }

// openShim finds the function table in the library at path.
func openShim(path string) error {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	return take(C.ts_open(p, APIVersion))
}

// newCSession makes a session from a file, or from data when it is not nil.
// pack may be none.
func newCSession(path string, data []byte, o cOptions, pack cPrepacked) (cSession, error) {
	var s cSession
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	err := take(C.ts_session_new(p, unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)), o.p, pack.p, &s.p))
	return s, err
}

func (s *cSession) free() {
	C.ts_session_free(s.p)
	s.p = nil
}

func newPrepacked() (cPrepacked, error) {
	var p cPrepacked
	err := take(C.ts_prepacked_new(&p.p))
	return p, err
}

func (p *cPrepacked) free() {
	C.ts_prepacked_free(p.p)
	p.p = nil
}

// fixDim overrides a symbolic dimension of the graph's inputs.
func (o cOptions) fixDim(name string, v int) error {
	return take(C.ts_free_dim(o.p, cname(name), C.int64_t(v)))
}

// addInitializer shares v as the initialiser of that name.
func (o cOptions) addInitializer(name string, v Value) error {
	return take(C.ts_add_initializer(o.p, cname(name), v.P))
}

// EndProfiling returns the file that the session's profiler wrote.
func (s cSession) EndProfiling() (string, error) {
	var f *C.char
	if err := take(C.ts_end_profiling(s.p, &f)); err != nil {
		return "", err
	}
	defer C.free(unsafe.Pointer(f))
	return C.GoString(f), nil
}

func (r RunOptions) config(key, value string) error {
	v := C.CString(value)
	defer C.free(unsafe.Pointer(v))
	return take(C.ts_run_config(r.p, cname(key), v))
}

// newMemory names a kind of memory, e.g. "Cpu", "WebGPU_Buf", "Cuda".
func newMemory(name string, id int) (Memory, error) {
	var m Memory
	err := take(C.ts_memory_info(cname(name), C.int(id), &m.P))
	return m, err
}

// Allocator returns the session's allocator of that memory.
func (s cSession) Allocator(m Memory) (Allocator, error) {
	var a Allocator
	err := take(C.ts_allocator(s.p, m.P, &a.P))
	return a, err
}

func (a *Allocator) Free() {
	C.ts_allocator_free(a.P)
	a.P = nil
}

// onDevice reports whether the session wants input i, or has output i, in its
// device's own memory.
func (s cSession) onDevice(output bool, i int) (bool, error) {
	var on C.int
	err := take(C.ts_port_memory(s.p, C.int(B2i(output)), C.size_t(i), &on))
	return on != 0, err
}

func (s cSession) NewBinding() (Binding, error) {
	var b Binding
	err := take(C.ts_binding_new(s.p, &b.P))
	return b, err
}

func (b *Binding) Free() {
	C.ts_binding_free(b.P)
	b.P = nil
}

func (b Binding) Input(name string, v Value) error {
	return take(C.ts_bind_input(b.P, cname(name), v.P))
}

func (b Binding) Output(name string, v Value) error {
	return take(C.ts_bind_output(b.P, cname(name), v.P))
}

// OutputTo lets ONNX Runtime allocate the output in that memory.
func (b Binding) OutputTo(name string, m Memory) error {
	return take(C.ts_bind_output_device(b.P, cname(name), m.P))
}

// Outputs returns the bound outputs as they are, in binding order; the
// caller frees them.
func (b Binding) Outputs() ([]Value, error) {
	var vs [1024]unsafe.Pointer
	var n C.size_t
	if err := take(C.ts_bound_outputs(b.P, &vs[0], C.size_t(len(vs)), &n)); err != nil {
		return nil, err
	}
	out := make([]Value, n)
	for i := range out {
		out[i].P = vs[i]
	}
	return out, nil
}

// Span is a timed region in CLOCK_MONOTONIC nanoseconds, and how many of them
// lie between the device's events around the run; 0: it has none.
type Span struct{ Start, End, Device int64 }

// Run executes the binding. With a fence (src, dst) the region ends when one
// small tensor has been copied back, which proves that the device is idle.
// t is filled also when the run fails.
func (s cSession) Run(o RunOptions, b Binding, src, dst Value, t *Span) error {
	return take(C.ts_run_timed(s.p, o.p, b.P, src.P, dst.P, (*C.int64_t)(&t.Start), (*C.int64_t)(&t.End)))
}

// epDevice is a device that a provider offers.
type epDevice struct {
	index    int
	provider string
	kind     int // 0 CPU, 1 GPU, 2 NPU
	vendor   string
	metadata map[string]string
}

func epDevices() ([]epDevice, error) {
	var n C.size_t
	if err := take(C.ts_ep_devices(&n)); err != nil {
		return nil, err
	}
	buf := (*C.char)(C.malloc(16 << 10))
	defer C.free(unsafe.Pointer(buf))
	var out []epDevice
	for i := range int(n) {
		var provider, vendor *C.char
		var kind C.int
		if err := take(C.ts_ep_device(C.size_t(i), &provider, &kind, &vendor, buf, 16<<10)); err != nil {
			return nil, err
		}
		d := epDevice{i, C.GoString(provider), int(kind), C.GoString(vendor), map[string]string{}}
		for line := range strings.Lines(C.GoString(buf)) {
			k, v, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			d.metadata[k] = v
		}
		out = append(out, d)
	}
	return out, nil
}

// epMemory describes the own memory of device i; none: it uses the host's.
func epMemory(i int) (Memory, string, error) {
	var m unsafe.Pointer
	var name *C.char
	if err := take(C.ts_ep_device_memory(C.size_t(i), &m, &name)); err != nil || m == nil {
		return Memory{}, "", err
	}
	return Memory{m}, C.GoString(name), nil
}

// addDevice makes the session run on device i with options of its provider.
func (o cOptions) addDevice(i int, keys, values []string) error {
	n := len(keys)
	list := (*[1 << 20]*C.char)(C.malloc(C.size_t(2*n+1) * C.size_t(unsafe.Sizeof(uintptr(0)))))
	defer C.free(unsafe.Pointer(list))
	for k := range keys {
		list[k], list[n+k] = cname(keys[k]), cname(values[k])
	}
	return take(C.ts_append_ep_device(o.p, C.size_t(i), &list[0], &list[n], C.size_t(n)))
}

func B2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
