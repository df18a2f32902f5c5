package native

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/tailscope/tailscope/runner/onnxmodel"
)

// Type is an element type as the C API numbers it.
type Type int

const (
	Float    Type = 1
	Uint8    Type = 2
	Int8     Type = 3
	Uint16   Type = 4
	Int16    Type = 5
	Int32    Type = 6
	Int64    Type = 7
	String   Type = 8
	Bool     Type = 9
	Float16  Type = 10
	Double   Type = 11
	Uint32   Type = 12
	Uint64   Type = 13
	BFloat16 Type = 16
)

var dtypeNames = map[Type]string{
	Float: "float32", Uint8: "uint8", Int8: "int8", Uint16: "uint16", Int16: "int16",
	Int32: "int32", Int64: "int64", String: "string", Bool: "bool", Float16: "float16",
	Double: "float64", Uint32: "uint32", Uint64: "uint64", BFloat16: "bfloat16",
}

func (t Type) String() string {
	if n, ok := dtypeNames[t]; ok {
		return n
	}
	return fmt.Sprintf("type %d", int(t))
}

// Size is the width of one element in bytes; 0 when it has no fixed width or
// inputs of it cannot be made.
func (t Type) Size() int {
	switch t {
	case Uint8, Int8, Bool:
		return 1
	case Uint16, Int16, Float16, BFloat16:
		return 2
	case Float, Int32, Uint32:
		return 4
	case Int64, Uint64, Double:
		return 8
	}
	return 0
}

// Half reports whether outputs of this type are compared with the tolerance
// of half precision.
func (t Type) Half() bool { return t == Float16 || t == BFloat16 }

// Floating reports whether elements have a fraction.
func (t Type) Floating() bool { return t.Half() || t == Float || t == Double }

// Elements is the product of a shape.
func Elements(shape []int64) int {
	n := 1
	for _, d := range shape {
		n *= int(d)
	}
	return n
}

// TypeOf is the type of that name; 0 for none.
func TypeOf(name string) Type {
	for t, n := range dtypeNames {
		if n == name {
			return t
		}
	}
	return 0
}

// AppendFloats converts raw elements of a floating point type.
func AppendFloats(dst []float32, raw []byte, t Type) []float32 {
	p := unsafe.Pointer(unsafe.SliceData(raw))
	switch t {
	case Float:
		return append(dst, unsafe.Slice((*float32)(p), len(raw)/4)...)
	case Double:
		for _, v := range unsafe.Slice((*float64)(p), len(raw)/8) {
			dst = append(dst, float32(v))
		}
	case Float16:
		for _, v := range unsafe.Slice((*uint16)(p), len(raw)/2) {
			dst = append(dst, onnxmodel.HalfToFloat(v))
		}
	case BFloat16:
		for _, v := range unsafe.Slice((*uint16)(p), len(raw)/2) {
			dst = append(dst, math.Float32frombits(uint32(v)<<16))
		}
	}
	return dst
}

// ToHalf rounds toward zero to IEEE 754 binary16; what is too large becomes infinite.
func ToHalf(f float32) uint16 {
	b := math.Float32bits(f)
	sign, exp := uint16(b>>16)&0x8000, int(b>>23&255)-112
	switch {
	case exp <= 0: // subnormal
		return sign | uint16(math.Abs(float64(f))*(1<<24))
	case exp >= 31:
		return sign | 31<<10
	}
	return sign | uint16(exp)<<10 | uint16(b>>13&1023)
}

// clamp converts to a whole number within lo and hi.
func clamp[T int64 | int32 | int16 | int8](v float64, lo, hi T) T {
	switch {
	case v >= float64(hi):
		return hi
	case v <= float64(lo):
		return lo
	}
	return T(v)
}
