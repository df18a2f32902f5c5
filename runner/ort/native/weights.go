package native

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

// weights are what the sessions of one model share on the CPU: the weight
// files, mapped once and given to every session as its initialisers, and one
// container of the copies that kernels pack for themselves. Ten executables
// then cost little more than one.
type weights struct {
	mu    sync.Mutex
	share bool
	pack  cPrepacked
	files map[string][]byte // mapped, by absolute path
	lists map[string][]weight
}

// weight is an initialiser that lies in a file beside the graph.
type weight struct {
	name string
	v    Value
}

// NewWeights shares only where initialisers stay in host memory.
func NewWeights(p Provider) (*weights, error) {
	w := &weights{share: p.Memory == "", files: map[string][]byte{}, lists: map[string][]weight{}}
	if !w.share {
		return w, nil
	}
	var err error
	w.pack, err = newPrepacked()
	return w, err
}

// session makes a session over the shared weights.
func (w *weights) session(path string, o cOptions) (cSession, error) {
	if !w.share {
		return newCSession(path, nil, o, cPrepacked{})
	}
	w.mu.Lock()
	list, err := w.list(path)
	w.mu.Unlock()
	if err != nil {
		return cSession{}, err
	}
	for _, x := range list {
		if err := o.addInitializer(x.name, x.v); err != nil {
			return cSession{}, fmt.Errorf("share weight %s: %w", x.name, err)
		}
	}
	s, err := newCSession(path, nil, o, w.pack)
	w.dropPages()
	return s, err
}

// dropPages gives back the pages that packing has read: they are clean and
// come again from the file when something still needs them.
func (w *weights) dropPages() {
	const large = 64 << 20 // small models stay: reading them again costs time
	w.mu.Lock()            // another thread may be mapping a file for its session
	defer w.mu.Unlock()
	for _, f := range w.files {
		if len(f) >= large {
			unix.Madvise(f, unix.MADV_DONTNEED)
		}
	}
}

// list maps the weights of a graph; the same file is mapped once.
func (w *weights) list(path string) ([]weight, error) {
	if list, ok := w.lists[path]; ok {
		return list, nil
	}
	b, err := os.ReadFile(path) // weights lie outside of it
	if err != nil {
		return nil, err
	}
	m := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	list := []weight{}
	for _, t := range m.GetGraph().GetInitializer() {
		x, ok, err := w.mapped(filepath.Dir(path), t)
		if err != nil {
			return nil, fmt.Errorf("weight %s of %s: %w", t.GetName(), path, err)
		}
		if ok {
			list = append(list, x)
		}
	}
	w.lists[path] = list
	return list, nil
}

// mapped is one initialiser over its mapped file; ok is false for one that
// lies in the graph file itself.
func (w *weights) mapped(dir string, t *onnxpb.TensorProto) (x weight, ok bool, err error) {
	if t.GetDataLocation() != onnxpb.TensorProto_EXTERNAL {
		return x, false, nil
	}
	at := map[string]string{}
	for _, e := range t.GetExternalData() {
		at[e.GetKey()] = e.GetValue()
	}
	file, err := w.file(filepath.Join(dir, at["location"]))
	if err != nil {
		return x, false, err
	}
	typ := Type(t.GetDataType())
	offset, _ := strconv.ParseInt(at["offset"], 10, 64) // absent: 0
	need := int64(Elements(t.GetDims())) * int64(typ.Size())
	if typ.Size() == 0 || need == 0 {
		return x, false, nil // ONNX Runtime reads it itself
	}
	if offset < 0 || offset+need > int64(len(file)) {
		return x, false, fmt.Errorf("%s is too short", at["location"])
	}
	host, err := HostMemory()
	if err != nil {
		return x, false, err
	}
	v, err := host.view(unsafe.Pointer(&file[offset]), int(need), t.GetDims(), typ)
	return weight{t.GetName(), v}, err == nil, err
}

func (w *weights) file(path string) ([]byte, error) {
	if b, ok := w.files[path]; ok {
		return b, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	w.files[path] = b
	return b, nil
}

// Free releases everything; no session may be left.
func (w *weights) Free() {
	for _, list := range w.lists {
		for i := range list {
			list[i].v.Free()
		}
	}
	for _, b := range w.files {
		unix.Munmap(b)
	}
	if w.pack.p != nil {
		w.pack.free()
	}
}
