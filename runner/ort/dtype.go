package ort

import "fmt"

// dtype is an element type as the C API numbers it.
type dtype int

const (
	dtFloat    dtype = 1
	dtUint8    dtype = 2
	dtInt8     dtype = 3
	dtUint16   dtype = 4
	dtInt16    dtype = 5
	dtInt32    dtype = 6
	dtInt64    dtype = 7
	dtString   dtype = 8
	dtBool     dtype = 9
	dtFloat16  dtype = 10
	dtDouble   dtype = 11
	dtUint32   dtype = 12
	dtUint64   dtype = 13
	dtBFloat16 dtype = 16
)

var dtypeNames = map[dtype]string{
	dtFloat: "float32", dtUint8: "uint8", dtInt8: "int8", dtUint16: "uint16", dtInt16: "int16",
	dtInt32: "int32", dtInt64: "int64", dtString: "string", dtBool: "bool", dtFloat16: "float16",
	dtDouble: "float64", dtUint32: "uint32", dtUint64: "uint64", dtBFloat16: "bfloat16",
}

func (t dtype) String() string {
	if n, ok := dtypeNames[t]; ok {
		return n
	}
	return fmt.Sprintf("type %d", int(t))
}

// size is the width of one element in bytes; 0 when it has no fixed width or
// inputs of it cannot be made.
func (t dtype) size() int {
	switch t {
	case dtUint8, dtInt8, dtBool:
		return 1
	case dtUint16, dtInt16, dtFloat16, dtBFloat16:
		return 2
	case dtFloat, dtInt32, dtUint32:
		return 4
	case dtInt64, dtUint64, dtDouble:
		return 8
	}
	return 0
}

// half reports whether outputs of this type are compared with the tolerance
// of half precision.
func (t dtype) half() bool { return t == dtFloat16 || t == dtBFloat16 }

// floating reports whether elements have a fraction.
func (t dtype) floating() bool { return t.half() || t == dtFloat || t == dtDouble }

// elements is the product of a shape.
func elements(shape []int64) int {
	n := 1
	for _, d := range shape {
		n *= int(d)
	}
	return n
}

// dtypeOf is the type of that name; 0 for none.
func dtypeOf(name string) dtype {
	for t, n := range dtypeNames {
		if n == name {
			return t
		}
	}
	return 0
}
