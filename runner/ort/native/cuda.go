package native

/*
#include <stdlib.h>
#include "cuda.h"
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/runner/ort/provision"
	"github.com/tailscope/tailscope/stats"
)

// cudaLibrary is the file name of the provider, however it is registered.
const cudaLibrary = "libonnxruntime_providers_cuda.so"

// Cuda is what this process has opened of CUDA; once, whichever provider asks.
var Cuda struct {
	Mu      sync.Mutex
	open    map[string]error // by provider library
	Devices int
	Lacks   []provision.Part // libraries that some operators need, not found
	copies  *stream          // of copies outside of runs
}

// openCUDA opens what the provider library at path needs, in the order of the
// needs, so that no environment variable has to name a folder, and makes sure
// that there is a device. version is the release of ONNX Runtime.
func openCUDA(path, version string, device int) error {
	Cuda.Mu.Lock()
	defer Cuda.Mu.Unlock()
	err, known := Cuda.open[path]
	if !known {
		err = openParts(path, version)
		if Cuda.open == nil {
			Cuda.open = map[string]error{}
		}
		Cuda.open[path] = err
	}
	if err != nil {
		return err
	}
	if device < 0 || device >= Cuda.Devices {
		return fmt.Errorf("CUDA has %s; device %d is not there", stats.Counted(Cuda.Devices, "device"), device)
	}
	if Cuda.copies == nil {
		Cuda.copies, err = newStream(device, &sync.RWMutex{})
	}
	return err
}

func openParts(path, version string) error {
	if err := preload("libcuda.so.1"); err != nil {
		return fmt.Errorf("this machine has no NVIDIA driver: libcuda.so.1 is not there")
	}
	if err := provision.SameRelease(path, version); err != nil {
		return err
	}
	parts := provision.FindParts(path)
	if err := parts.Missing(); err != nil {
		return err
	}
	runtime := ""
	for _, p := range parts.List {
		if p.Path == "" {
			Cuda.Lacks = append(Cuda.Lacks, p)
			continue
		}
		if err := preload(p.Path); err != nil && !p.Optional {
			return fmt.Errorf("open %s: %w", p.Name, err)
		}
		if strings.HasPrefix(p.Name, "libcudart.so") {
			runtime = p.Path
		}
	}
	if runtime == "" {
		return fmt.Errorf("%s names no version of CUDA's runtime", filepath.Base(path))
	}
	p := C.CString(runtime)
	defer C.free(unsafe.Pointer(p))
	if err := take(C.ts_cuda_open(p)); err != nil {
		return err
	}
	return countDevices()
}

func preload(path string) error {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	return take(C.ts_preload(p))
}

// countDevices notes how many devices there are, or says why there are none.
func countDevices() error {
	var driver, runtime, devices C.int
	err := take(C.ts_cuda_versions(&driver, &runtime, &devices))
	switch {
	case driver == 0 && err == nil, driver > 0 && driver < runtime/1000*1000:
		return TooOld(int(driver), int(runtime))
	case err != nil || devices == 0:
		return NoDevice(err)
	}
	Cuda.Devices = int(devices)
	return nil
}

// TooOld says that the driver cannot run this CUDA; versions as CUDA counts.
func TooOld(driver, runtime int) error {
	needs, cure := map[int]string{12: "525", 13: "580"}[runtime/1000], ""
	if driver == 0 { // what CUDA's runtime answers where no driver does
		return fmt.Errorf("the NVIDIA driver does not answer, and the provider is built for CUDA %d: install the driver, %s or later", runtime/1000, needs)
	}
	if driver >= 12000 {
		cure = fmt.Sprintf(", or take an ONNX Runtime built for CUDA %d", driver/1000)
	}
	return fmt.Errorf("the NVIDIA driver runs CUDA %d.%d at most and the provider is built for CUDA %d: update the driver (to %s or later)%s",
		driver/1000, driver%1000/10, runtime/1000, needs, cure)
}

// NoDevice is why CUDA shows no device.
func NoDevice(err error) error {
	if v, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
		return fmt.Errorf("CUDA sees no device: CUDA_VISIBLE_DEVICES=%q hides them", v)
	}
	if err == nil {
		err = errors.New("there is none")
	}
	return fmt.Errorf("CUDA sees no device: %w", err)
}

// cudaName is what a device calls itself.
func cudaName(device int) string {
	buf := (*C.char)(C.malloc(128))
	defer C.free(unsafe.Pointer(buf))
	C.ts_cuda_name(C.int(device), buf, 128)
	if name := C.GoString(buf); name != "" {
		return name + ", CUDA device " + strconv.Itoa(device)
	}
	return "CUDA device " + strconv.Itoa(device)
}

// cudaMemory is the device's memory in bytes.
func cudaMemory(device int) (available, total uint64, err error) {
	var a, t C.size_t
	err = take(C.ts_cuda_memory(C.int(device), &a, &t))
	return uint64(a), uint64(t), err
}

// stream is one of CUDA's, with what sessions on it need. Runs on streams share
// the gate; a run that captures a graph holds it alone, since no other work may
// be sent to the device meanwhile.
type stream struct {
	c    C.ts_stream
	gate *sync.RWMutex
	run  *ortgo.RunOptions // of replays, which leave waiting to us
	ro   RunOptions
}

func newStream(device int, gate *sync.RWMutex) (*stream, error) {
	s := &stream{gate: gate}
	if err := take(C.ts_stream_new(C.int(device), &s.c)); err != nil {
		s.free()
		return nil, err
	}
	var err error
	if s.run, err = ortgo.NewRunOptions(); err != nil {
		s.free()
		return nil, err
	}
	s.ro = RunOptions{pointerOf(s.run)}
	return s, s.ro.config("disable_synchronize_execution_providers", "1")
}

func (s *stream) free() {
	if s == nil {
		return
	}
	if s.run != nil {
		s.run.Destroy()
	}
	C.ts_stream_free(&s.c)
}

// Address is how the provider's options name the stream.
func (s *stream) Address() string { return strconv.FormatUint(uint64(uintptr(s.c.stream)), 10) }

// upload copies a host tensor to the device before whatever runs next on the
// stream. The host's memory may be written again at once, pinned memory once the
// run is over.
func (s *stream) upload(dst, src Tensor) error {
	if src.Bytes == 0 {
		return nil
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	return take(C.ts_stream_copy(&s.c, dst.at, src.Host, C.size_t(src.Bytes)))
}

// Wait returns when everything that was sent to the stream is done.
func (s *stream) Wait() error { return take(C.ts_stream_wait(&s.c)) }

// pin locks host memory, and reports whether CUDA did: copying a token there takes
// a few microseconds less.
func pin(at unsafe.Pointer, size int) bool {
	s := Cuda.copies
	if s == nil {
		return false
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	return take(C.ts_cuda_pin(at, C.size_t(size))) == nil
}

func unpin(at unsafe.Pointer) { C.ts_cuda_unpin(at) }

// CopyTensor copies one tensor, across devices if need be, and waits for it.
func CopyTensor(dst, src Value) error {
	s := Cuda.copies
	if s == nil {
		return copyThrough(dst, src)
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	return take(C.ts_copy_cuda(&s.c, src.P, dst.P))
}

// Execute runs a binding; the region ends when fence has been copied to host,
// or, without one, when the run returns and the device is idle. A
// replay is told not to wait by itself. Other runs must: what their operators
// keep in pinned memory is given back at such an end only, and a session that
// still has some gives it back while its allocator is going, which aborts.
func (s *Session) Execute(b Binding, fence, host Tensor, t *Span) error {
	st := s.Stream
	if st == nil {
		return s.C.Run(RunOptions{}, b, fence.V, host.V, t)
	}
	if s.Capture != nil && !s.Ran { // captures
		st.gate.Lock()
		defer st.gate.Unlock()
	} else {
		st.gate.RLock()
		defer st.gate.RUnlock()
	}
	ro, waits := RunOptions{}, C.int(1)
	switch {
	case s.Capture == nil:
	case s.Ran:
		ro, waits = st.ro, 0
	default:
		waits = 0 // it waits before it replays what it has captured
	}
	f := C.ts_fence{on: st.c, waits: waits, src: fence.at, dst: host.Host, len: C.size_t(fence.Bytes)}
	return take(C.ts_run_stream(s.C.p, ro.p, b.P, &f, (*C.int64_t)(&t.Start), (*C.int64_t)(&t.End), (*C.int64_t)(&t.Device)))
}
