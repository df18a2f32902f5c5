package onnxmodel

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

// Port is an input or output of a graph.
type Port struct {
	Name string   `json:"name"`
	Type string   `json:"type"` // "float32", "int64", …; "sequence", "map", "optional", "sparse" are no tensors
	Dims []string `json:"dims"` // numbers, names of symbolic dimensions, "?" where the file says nothing
	// NoShape is set when the file states no shape at all; Dims is then empty
	// and does not mean a scalar.
	NoShape bool `json:"no_shape,omitempty"`
}

// Dim returns the fixed value of dimension i; ok is false when it is
// symbolic or not stated.
func (p Port) Dim(i int) (v int64, ok bool) {
	if i < 0 || i >= len(p.Dims) {
		return 0, false
	}
	v, err := strconv.ParseInt(p.Dims[i], 10, 64)
	return v, err == nil
}

// Symbol returns the name of symbolic dimension i, "" when it has none.
func (p Port) Symbol(i int) string {
	if _, fixed := p.Dim(i); fixed || i < 0 || i >= len(p.Dims) || p.Dims[i] == "?" {
		return ""
	}
	return p.Dims[i]
}

// ofLength are the dimensions of keys or values with another length.
func (p Port) ofLength(length string) []string {
	d := slices.Clone(p.Dims)
	d[2] = length
	return d
}

var elemNames = map[int32]string{
	1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string",
	9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128",
	16: "bfloat16", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz",
	21: "uint4", 22: "int4", 23: "float4e2m1",
}

// elemBits is the size of an element in bits; 0 when it has none.
var elemBits = map[int32]int64{
	1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128,
	16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4,
}

// ElemName is the name of an ONNX element type.
func ElemName(t int32) string {
	if s, ok := elemNames[t]; ok {
		return s
	}
	return "type" + strconv.Itoa(int(t))
}

func elemType(name string) int32 {
	for t, n := range elemNames {
		if n == name {
			return t
		}
	}
	return int32(onnxpb.TensorProto_UNDEFINED)
}

// port reads a ValueInfoProto.
func (s *scanner) port(f field) (Port, error) {
	p := Port{Type: "unknown", NoShape: true}
	err := s.message(f, func(f field) (err error) {
		switch f.num {
		case 1:
			p.Name, err = s.name(f)
		case 2:
			err = s.message(f, func(f field) error { return s.typeField(f, &p) })
		}
		return err
	})
	return p, err
}

var typeKinds = map[protowire.Number]string{4: "sequence", 5: "map", 7: "opaque", 8: "sparse", 9: "optional"}

func (s *scanner) typeField(f field, p *Port) error {
	if kind, ok := typeKinds[f.num]; ok {
		p.Type = kind
		return nil
	}
	if f.num != 1 { // tensor_type
		return nil
	}
	return s.message(f, func(f field) error {
		switch f.num {
		case 1:
			p.Type = ElemName(int32(f.value))
		case 2:
			p.NoShape = false
			return s.message(f, func(f field) error {
				if f.num != 1 {
					return nil
				}
				if len(p.Dims) == maxRank {
					return errRank
				}
				d, err := s.dim(f)
				p.Dims = append(p.Dims, d)
				return err
			})
		}
		return nil
	})
}

func (s *scanner) dim(f field) (string, error) {
	d := "?"
	err := s.message(f, func(f field) (err error) {
		switch f.num {
		case 1:
			if v := int64(f.value); v >= 0 { // some writers mean "unknown" by −1
				d = strconv.FormatInt(v, 10)
			}
		case 2:
			if d, err = s.name(f); d == "" {
				d = "?"
			}
		}
		return err
	})
	return d, err
}

// String prints the port as name: type[dims].
func (p Port) String() string {
	if p.NoShape {
		return p.Name + ": " + p.Type
	}
	return p.Name + ": " + p.Type + "[" + strings.Join(p.Dims, ", ") + "]"
}
