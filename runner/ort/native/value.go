package native

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"slices"
	"unsafe"
)

// alloc makes a tensor in the allocator's memory; none is host memory.
func (a Allocator) alloc(shape []int64, t Type) (Value, error) {
	var v Value
	err := take(C.ts_value_alloc(a.P, (*C.int64_t)(unsafe.SliceData(shape)), C.size_t(len(shape)), C.int(t), &v.P))
	return v, err
}

// NewStrings makes a tensor of strings in host memory, which ONNX Runtime owns.
func NewStrings(text []string, shape []int64) (Value, error) {
	var v Value
	p := make([]*C.char, len(text)+1) // never empty
	for i, s := range text {
		p[i] = C.CString(s)
		defer C.free(unsafe.Pointer(p[i]))
	}
	dims := append(slices.Clone(shape), 0)
	err := take(C.ts_strings(&p[0], C.size_t(len(text)), (*C.int64_t)(&dims[0]), C.size_t(len(shape)), &v.P))
	return v, err
}

// view makes a tensor over memory that the caller keeps.
func (m Memory) view(data unsafe.Pointer, bytes int, shape []int64, t Type) (Value, error) {
	var v Value
	err := take(C.ts_value_view(m.P, data, C.size_t(bytes), (*C.int64_t)(unsafe.SliceData(shape)), C.size_t(len(shape)), C.int(t), &v.P))
	return v, err
}

// Data returns where the tensor's elements are (an opaque handle on a device).
func (v Value) Data() (unsafe.Pointer, error) {
	var p unsafe.Pointer
	err := take(C.ts_value_data(v.P, &p))
	return p, err
}

// valueInfo describes a value: kind 1 is a tensor, 2 a sequence, 3 a map.
type valueInfo struct {
	Kind   int
	Typ    Type
	Shape  []int64
	Memory string
}

func (v Value) Info() (valueInfo, error) {
	var kind, typ C.int
	var shape [32]C.int64_t
	rank := C.size_t(len(shape))
	var mem *C.char
	if err := take(C.ts_value_info(v.P, &kind, &typ, &shape[0], &rank, &mem)); err != nil {
		return valueInfo{}, err
	}
	in := valueInfo{Kind: int(kind), Typ: Type(typ)}
	if in.Kind == 1 {
		in.Memory = C.GoString(mem)
		for _, d := range shape[:rank] {
			in.Shape = append(in.Shape, int64(d))
		}
	}
	return in, nil
}

// memory describes where a tensor lies; valid as long as the tensor is.
func (v Value) memory() (Memory, error) {
	var m unsafe.Pointer
	err := take(C.ts_value_memory(v.P, &m))
	return Memory{m}, err
}

func (v *Value) Free() {
	C.ts_value_free(v.P)
	v.P = nil
}

// copyThrough copies one tensor by what the providers gave ONNX Runtime for it,
// across devices if need be, and waits for it.
func copyThrough(dst, src Value) error {
	s, d := src.P, dst.P
	return take(C.ts_copy(&s, &d, 1))
}
