package ort

import (
	"fmt"
	"unsafe"
)

// store owns the tensors' memory of one lane: a buffer for each name, grown
// when a larger tensor is asked for and used again by every shape, so that
// nothing is allocated while requests repeat. Tensors are views; growing a
// buffer invalidates the views over it and raises gen.
type store struct {
	dev  cMemory    // where outputs, cache and inputs live; none: host
	heap cAllocator // of dev
	bufs map[place]*buffer
	gen  int

	roomFor   map[roomKey]bool // shapes for which there is room
	hostCache bool             // the cache goes through host memory between steps
	hostToken bool             // tests bind the token of a captured graph to the host, where no replay writes it
	roomy     bool             // buffers grow in large steps: captured graphs lose theirs then
}

// fetched names the host buffer of what is read back for a comparison; no view
// of it outlives the comparison.
const fetched = "fetched"

// roomyLeast is the size of a roomy store's smallest buffers, bytes.
const roomyLeast = 64 << 10

// place names a buffer.
type place struct {
	name     string
	onDevice bool
}

type buffer struct {
	mem  cMemory
	at   unsafe.Pointer // address, or the device's handle
	size int
	host mapped // backs a host buffer
	val  cValue // owns a device buffer
}

// tensor is a view over a buffer of a store.
type tensor struct {
	v     cValue
	host  unsafe.Pointer // nil on a device
	at    unsafe.Pointer // address, or the device's handle
	bytes int
	shape []int64
	typ   dtype
}

// newStore makes a store whose device memory comes from heap; both none: the
// host only.
func newStore(dev cMemory, heap cAllocator) *store {
	return &store{dev: dev, heap: heap, bufs: map[place]*buffer{}, roomFor: map[roomKey]bool{}}
}

// tensor returns a view of that shape over the buffer of that name, on the
// store's device when onDevice (and when it has one), else on the host.
func (s *store) tensor(name string, onDevice bool, t dtype, shape []int64) (tensor, error) {
	need := elements(shape) * t.size()
	if t.size() == 0 {
		return tensor{}, fmt.Errorf("%s: tensors of %v cannot be made", name, t)
	}
	b, err := s.buffer(name, onDevice, need)
	if err != nil {
		return tensor{}, fmt.Errorf("%s: %w", name, err)
	}
	v, err := b.mem.view(b.at, need, shape, t)
	if err != nil {
		return tensor{}, fmt.Errorf("%s: %w", name, err)
	}
	out := tensor{v: v, at: b.at, bytes: need, shape: shape, typ: t}
	if b.val.p == nil {
		out.host = b.at
	}
	return out, nil
}

// buffer returns the buffer of that name with room for need bytes. One that
// grows gets half as much again: lengths that come later tend to be longer.
func (s *store) buffer(name string, onDevice bool, need int) (*buffer, error) {
	onDevice = onDevice && s.dev.p != nil
	k := place{name, onDevice}
	b := s.bufs[k]
	if b != nil && b.size >= need {
		return b, nil
	}
	size := max(need, 64)
	if b != nil {
		size = need + need/2
		if s.roomy {
			size = 2 * need
		}
		b.free()
		if name != fetched {
			s.gen++
		}
	}
	if s.roomy {
		size = max(size, roomyLeast)
	}
	b, err := s.newBuffer(onDevice, (size+4095)&^4095)
	if err != nil {
		delete(s.bufs, k)
		return nil, err
	}
	s.bufs[k] = b
	return b, nil
}

// newBuffer allocates zeros: what is masked must be finite all the same.
func (s *store) newBuffer(onDevice bool, size int) (*buffer, error) {
	m, err := newMapped(size)
	if err != nil {
		return nil, err
	}
	host, err := hostMemory()
	if err != nil || !onDevice {
		return &buffer{mem: host, at: m.at(), size: size, host: m}, err
	}
	defer m.free()
	shape := []int64{int64(size) / 4}
	v, err := s.heap.alloc(shape, dtFloat)
	if err != nil {
		return nil, err
	}
	zeros, err := host.view(m.at(), size, shape, dtFloat)
	if err != nil {
		return nil, err
	}
	defer zeros.free()
	if err := copyTensor(v, zeros); err != nil {
		return nil, err
	}
	at, err := v.data()
	if err != nil {
		return nil, err
	}
	// A description that we made ourselves names the same memory but does not
	// equal the session's: inputs would then be copied once, when bound.
	mem, err := v.memory()
	return &buffer{mem: mem, at: at, size: size, val: v}, err
}

func (b *buffer) free() {
	b.host.free()
	if b.val.p != nil {
		b.val.free()
	}
}

func (s *store) free() {
	for _, b := range s.bufs {
		b.free()
	}
	clear(s.bufs)
	clear(s.roomFor)
	s.gen++
}

// raw is a host tensor's memory.
func (t tensor) raw() []byte {
	if t.host == nil {
		return nil
	}
	return unsafe.Slice((*byte)(t.host), t.bytes)
}
