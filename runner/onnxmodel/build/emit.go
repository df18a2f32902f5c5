package build

import (
	"encoding/binary"
	"fmt"
	"math"
	"path"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

// Element types of ONNX tensors that the builders use.
const (
	Float    = int32(onnxpb.TensorProto_FLOAT)
	Float16  = int32(onnxpb.TensorProto_FLOAT16)
	BFloat16 = int32(onnxpb.TensorProto_BFLOAT16)
	Int64    = int32(onnxpb.TensorProto_INT64)
	Bool     = int32(onnxpb.TensorProto_BOOL)
)

// Graph collects the nodes of one graph in topological order. Every method
// that adds a node returns the name of its output.
type Graph struct {
	Name    string
	Nodes   []*onnxpb.NodeProto
	Inputs  []*onnxpb.ValueInfoProto
	Outputs []*onnxpb.ValueInfoProto
	Weights []Weight
	DType   int32    // of floating point weights and constants
	Domains []string // of operators that are not ONNX's own
	Opset   int64    // 0: 14

	scope  string
	counts map[string]int
	parent *Graph // of a subgraph: owns the weights and the name counters
}

// NewGraph returns an empty graph whose floating point type is dtype.
func NewGraph(name string, dtype int32) *Graph {
	return &Graph{Name: name, DType: dtype, counts: map[string]int{}}
}

// Sub returns a subgraph (a branch of If). Its weights and names belong to g,
// so that outer values can be captured.
func (g *Graph) Sub(name string) *Graph {
	return &Graph{Name: name, DType: g.DType, scope: "/" + name, counts: g.counts, parent: g}
}

// Scope sets the prefix of node names, as exporters name them after modules.
func (g *Graph) Scope(parts ...string) { g.scope = "/" + path.Join(parts...) }

func (g *Graph) unique(op string) string {
	base := g.scope + "/" + op
	n := g.counts[base]
	g.counts[base]++
	if n > 0 {
		base += "_" + strconv.Itoa(n)
	}
	return base
}

// Op adds a node with one output and returns that output's name.
func (g *Graph) Op(op string, in []string, attrs ...*onnxpb.AttributeProto) string {
	return g.OpN(op, 1, in, attrs...)[0]
}

// OpN adds a node with n outputs.
func (g *Graph) OpN(op string, n int, in []string, attrs ...*onnxpb.AttributeProto) []string {
	name := g.unique(op)
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s_output_%d", name, i)
	}
	g.Nodes = append(g.Nodes, &onnxpb.NodeProto{
		Name: proto.String(name), OpType: proto.String(op), Input: in, Output: out, Attribute: attrs,
	})
	return out
}

// Rename makes value old, the output of a node of this graph, known as name.
func (g *Graph) Rename(old, name string) {
	for _, n := range g.Nodes {
		rename(n.Input, old, name)
		rename(n.Output, old, name)
	}
}

func rename(names []string, old, name string) {
	for i := range names {
		if names[i] == old {
			names[i] = name
		}
	}
}

// Ints adds a Constant node holding a vector of int64.
func (g *Graph) Ints(v ...int64) string {
	return g.constant(&onnxpb.TensorProto{
		Dims: []int64{int64(len(v))}, DataType: proto.Int32(Int64), RawData: int64Bytes(v),
	})
}

// Int adds a Constant node holding a scalar int64.
func (g *Graph) Int(v int64) string {
	return g.constant(&onnxpb.TensorProto{DataType: proto.Int32(Int64), RawData: int64Bytes([]int64{v})})
}

// Num adds a Constant node holding a scalar of the graph's float type.
func (g *Graph) Num(v float32) string { return g.NumOf(g.DType, v) }

// NumOf adds a Constant node holding a scalar of a floating point type.
func (g *Graph) NumOf(dtype int32, v float32) string {
	return g.constant(&onnxpb.TensorProto{DataType: proto.Int32(dtype), RawData: floatBytes(nil, dtype, []float32{v})})
}

// Floats adds a Constant node holding a vector in single precision.
func (g *Graph) Floats(v ...float32) string {
	return g.constant(&onnxpb.TensorProto{Dims: []int64{int64(len(v))}, DataType: proto.Int32(Float), RawData: floatBytes(nil, Float, v)})
}

func (g *Graph) constant(t *onnxpb.TensorProto) string {
	return g.Op("Constant", nil, &onnxpb.AttributeProto{
		Name: proto.String("value"), Type: onnxpb.AttributeProto_TENSOR.Enum(), T: t,
	})
}

// Weight adds an initializer and returns its name.
func (g *Graph) Weight(w Weight) string {
	root := g
	for root.parent != nil {
		root = root.parent
	}
	for _, have := range root.Weights {
		if have.Name == w.Name {
			return w.Name // both branches of a merged decoder use the same
		}
	}
	if w.DType == 0 {
		w.DType = root.DType
	}
	root.Weights = append(root.Weights, w)
	return w.Name
}

// Dim adds the shape arithmetic that exporters emit for x.shape[i]: Shape,
// then Gather of a scalar.
func (g *Graph) Dim(x string, i int64) string {
	shape := g.Op("Shape", []string{x})
	return g.Op("Gather", []string{shape, g.Int(i)}, AttrInt("axis", 0))
}

// Reshape reshapes x to dims: a string is a scalar int64 value of the graph,
// an int a constant. It emits Unsqueeze and Concat as exporters do.
func (g *Graph) Reshape(x string, dims ...any) string {
	parts := make([]string, len(dims))
	for i, d := range dims {
		switch d := d.(type) {
		case string:
			parts[i] = g.Op("Unsqueeze", []string{d, g.Ints(0)})
		case int:
			parts[i] = g.Ints(int64(d))
		}
	}
	shape := g.Op("Concat", parts, AttrInt("axis", 0))
	return g.Op("Reshape", []string{x, shape})
}

// In declares a graph input. Dims are ints or names of symbolic dimensions.
func (g *Graph) In(name string, elem int32, dims ...any) string {
	g.Inputs = append(g.Inputs, Value(name, elem, dims...))
	return name
}

// Out declares a graph output: value x under the given name.
func (g *Graph) Out(x, name string, elem int32, dims ...any) {
	g.Rename(x, name)
	g.Outputs = append(g.Outputs, Value(name, elem, dims...))
}

// Value describes a value: dims are ints, names of symbolic dimensions, or nil for those that nobody knows.
func Value(name string, elem int32, dims ...any) *onnxpb.ValueInfoProto {
	shape := &onnxpb.TensorShapeProto{}
	for _, d := range dims {
		dim := &onnxpb.TensorShapeProto_Dimension{}
		switch d := d.(type) {
		case string:
			dim.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: d}
		case int:
			dim.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d)}
		}
		shape.Dim = append(shape.Dim, dim)
	}
	return &onnxpb.ValueInfoProto{Name: proto.String(name), Type: &onnxpb.TypeProto{
		Value: &onnxpb.TypeProto_TensorType{TensorType: &onnxpb.TypeProto_Tensor{
			ElemType: proto.Int32(elem), Shape: shape,
		}},
	}}
}

// AttrInt is an integer attribute.
func AttrInt(name string, v int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(v)}
}

// AttrInts is a list of integers.
func AttrInts(name string, v ...int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INTS.Enum(), Ints: v}
}

// AttrGraph is a subgraph.
func AttrGraph(name string, g *onnxpb.GraphProto) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_GRAPH.Enum(), G: g}
}

// Model is the whole of a graph that has no weights, as a runtime reads it.
func (g *Graph) Model() ([]byte, error) {
	return proto.Marshal(&onnxpb.ModelProto{IrVersion: proto.Int64(irVersion), OpsetImport: g.opsets(), Graph: g.Proto()})
}

// Proto returns the graph without its weights.
func (g *Graph) Proto() *onnxpb.GraphProto {
	return &onnxpb.GraphProto{Name: proto.String(g.Name), Node: g.Nodes, Input: g.Inputs, Output: g.Outputs}
}

func int64Bytes(v []int64) (b []byte) {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, uint64(x))
	}
	return b
}

// floatBytes appends v as little-endian elements of dtype (Float, Float16 or
// BFloat16).
func floatBytes(b []byte, dtype int32, v []float32) []byte {
	for _, x := range v {
		switch dtype {
		case Float16:
			b = binary.LittleEndian.AppendUint16(b, toHalf(x))
		case BFloat16:
			b = binary.LittleEndian.AppendUint16(b, toBrain(x))
		default:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	}
	return b
}

// toBrain rounds to the nearest bfloat16, ties to even.
func toBrain(f float32) uint16 {
	b := math.Float32bits(f)
	if b&^(1<<31) > 0x7f800000 {
		return uint16(b>>16) | 0x40 // stays no number
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// toHalf rounds to the nearest IEEE binary16, ties to even.
func toHalf(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b>>16) & 0x8000
	abs := b &^ (1 << 31)
	switch {
	case abs > 0x7f800000:
		return sign | 0x7e00
	case abs >= 0x477ff000: // rounds to more than 65504
		return sign | 0x7c00
	case abs < 0x38800000: // subnormal: a multiple of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(abs))*(1<<24)))
	}
	abs += 0xfff + (abs>>13)&1
	return sign | uint16((abs-0x38000000)>>13)
}
