package native

import (
	"fmt"
	"math"
	"strings"
	"unsafe"
)

// Store owns the tensors' memory of one lane: a buffer for each name, grown
// when a larger tensor is asked for and used again by every shape, so that
// nothing is allocated while requests repeat. Tensors are views; growing a
// buffer invalidates the views over it and raises gen.
type Store struct {
	Dev  Memory    // where outputs, cache and inputs live; none: host
	heap Allocator // of dev
	bufs map[place]*buffer
	Gen  int

	RoomFor   map[any]bool // shapes for which there is room
	HostCache bool         // the cache goes through host memory between steps
	HostToken bool         // tests bind the token of a captured graph to the host, where no replay writes it
	Roomy     bool         // buffers grow in large steps: captured graphs lose theirs then
}

// Fetched names the host buffer of what is read back for a comparison; no view
// of it outlives the comparison.
const Fetched = "fetched"

// Token begins the names of the buffers that a region ends with reading.
const Token = "token"

// roomyLeast is the size of a roomy store's smallest buffers, bytes.
const roomyLeast = 64 << 10

// place names a buffer.
type place struct {
	name     string
	onDevice bool
}

type buffer struct {
	mem  Memory
	at   unsafe.Pointer // address, or the device's handle
	size int
	host mapped // backs a host buffer
	val  Value  // owns a device buffer
	pin  bool   // its pages are locked
}

// Tensor is a view over a buffer of a store.
type Tensor struct {
	V     Value
	Host  unsafe.Pointer // nil on a device
	at    unsafe.Pointer // address, or the device's handle
	Bytes int
	Shape []int64
	Typ   Type
}

// NewStore makes a store whose device memory comes from heap; both none: the
// host only.
func NewStore(dev Memory, heap Allocator) *Store {
	return &Store{Dev: dev, heap: heap, bufs: map[place]*buffer{}, RoomFor: map[any]bool{}}
}

// Tensor returns a view of that shape over the buffer of that name, on the
// store's device when onDevice (and when it has one), else on the host.
func (s *Store) Tensor(name string, onDevice bool, t Type, shape []int64) (Tensor, error) {
	need := Elements(shape) * t.Size()
	if t.Size() == 0 {
		return Tensor{}, fmt.Errorf("%s: tensors of %v cannot be made", name, t)
	}
	b, err := s.Buffer(name, onDevice, need)
	if err != nil {
		return Tensor{}, fmt.Errorf("%s: %w", name, err)
	}
	v, err := b.mem.view(b.at, need, shape, t)
	if err != nil {
		return Tensor{}, fmt.Errorf("%s: %w", name, err)
	}
	out := Tensor{V: v, at: b.at, Bytes: need, Shape: shape, Typ: t}
	if b.val.P == nil {
		out.Host = b.at
	}
	return out, nil
}

// Buffer returns the buffer of that name with room for need bytes. One that
// grows gets half as much again: lengths that come later tend to be longer.
func (s *Store) Buffer(name string, onDevice bool, need int) (*buffer, error) {
	onDevice = onDevice && s.Dev.P != nil
	k := place{name, onDevice}
	b := s.bufs[k]
	if b != nil && b.size >= need {
		return b, nil
	}
	size := max(need, 64)
	if b != nil {
		size = need + need/2
		if s.Roomy {
			size = 2 * need
		}
		b.free()
		if name != Fetched {
			s.Gen++
		}
	}
	if s.Roomy {
		size = max(size, roomyLeast)
	}
	b, err := s.newBuffer(onDevice, (size+4095)&^4095)
	if err != nil {
		delete(s.bufs, k)
		return nil, err
	}
	b.pin = s.Dev.P != nil && !onDevice && strings.HasPrefix(name, Token) && pin(b.at, b.size)
	s.bufs[k] = b
	return b, nil
}

// newBuffer allocates zeros: what is masked must be finite all the same.
func (s *Store) newBuffer(onDevice bool, size int) (*buffer, error) {
	m, err := newMapped(size)
	if err != nil {
		return nil, err
	}
	host, err := HostMemory()
	if err != nil || !onDevice {
		return &buffer{mem: host, at: m.at(), size: size, host: m}, err
	}
	defer m.free()
	shape := []int64{int64(size) / 4}
	v, err := s.heap.alloc(shape, Float)
	if err != nil {
		return nil, err
	}
	zeros, err := host.view(m.at(), size, shape, Float)
	if err != nil {
		return nil, err
	}
	defer zeros.Free()
	if err := CopyTensor(v, zeros); err != nil {
		return nil, err
	}
	at, err := v.Data()
	if err != nil {
		return nil, err
	}
	// A description that we made ourselves names the same memory but does not
	// equal the session's: inputs would then be copied once, when bound.
	mem, err := v.memory()
	return &buffer{mem: mem, at: at, size: size, val: v}, err
}

func (b *buffer) free() {
	if b.pin {
		unpin(b.at)
	}
	b.host.free()
	if b.val.P != nil {
		b.val.Free()
	}
}

func (s *Store) Free() {
	for _, b := range s.bufs {
		b.free()
	}
	clear(s.bufs)
	clear(s.RoomFor)
	s.Gen++
}

// Raw is a host tensor's memory.
func (t Tensor) Raw() []byte {
	if t.Host == nil {
		return nil
	}
	return unsafe.Slice((*byte)(t.Host), t.Bytes)
}

// Int is element i of an integer tensor in host memory.
func (t Tensor) Int(i int) int64 {
	if t.Typ == Int32 {
		return int64(unsafe.Slice((*int32)(t.Host), t.Bytes/4)[i])
	}
	return unsafe.Slice((*int64)(t.Host), t.Bytes/8)[i]
}

// Real is element i of a mask in host memory: 0 where it hides.
func (t Tensor) Real(i int) int64 {
	switch t.Typ {
	case Int64, Int32:
		return t.Int(i)
	case Float:
		return int64(unsafe.Slice((*float32)(t.Host), t.Bytes/4)[i])
	}
	return int64(unsafe.Slice((*byte)(t.Host), t.Bytes)[i])
}

// SetInt sets element i of an integer (or floating point) tensor in host
// memory: masks come as int64, int32, bool or float.
func (t Tensor) SetInt(i int, v int64) {
	switch t.Typ {
	case Int64:
		unsafe.Slice((*int64)(t.Host), t.Bytes/8)[i] = v
	case Int32:
		unsafe.Slice((*int32)(t.Host), t.Bytes/4)[i] = int32(v)
	case Float:
		unsafe.Slice((*float32)(t.Host), t.Bytes/4)[i] = float32(v)
	default:
		unsafe.Slice((*byte)(t.Host), t.Bytes)[i] = byte(v)
	}
}

// Set writes element i of a tensor in host memory, within what its type holds.
func (t Tensor) Set(i int, v float64) {
	p := unsafe.Add(t.Host, i*t.Typ.Size())
	switch t.Typ {
	case Float:
		*(*float32)(p) = float32(v)
	case Double:
		*(*float64)(p) = v
	case Float16:
		*(*uint16)(p) = ToHalf(float32(v))
	case BFloat16:
		*(*uint16)(p) = uint16(math.Float32bits(float32(v)) >> 16)
	case Int64:
		*(*int64)(p) = clamp[int64](v, math.MinInt64, math.MaxInt64)
	case Uint64:
		*(*uint64)(p) = uint64(max(v, 0))
	case Int32:
		*(*int32)(p) = clamp[int32](v, math.MinInt32, math.MaxInt32)
	case Uint32:
		*(*uint32)(p) = uint32(min(max(v, 0), math.MaxUint32))
	case Int16:
		*(*int16)(p) = clamp[int16](v, math.MinInt16, math.MaxInt16)
	case Uint16:
		*(*uint16)(p) = uint16(min(max(v, 0), math.MaxUint16))
	case Int8:
		*(*int8)(p) = clamp[int8](v, math.MinInt8, math.MaxInt8)
	case Uint8:
		*(*uint8)(p) = uint8(min(max(v, 0), math.MaxUint8))
	default: // bool
		*(*uint8)(p) = uint8(B2i(v != 0))
	}
}
