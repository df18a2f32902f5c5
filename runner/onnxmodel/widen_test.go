package onnxmodel

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
)

// Nothing of a half model stays half but inputs that are no cache, and every weight
// has the value it had, wherever it lies.
func TestWiden(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, name := range []string{"half", "merged-half"} {
		path, err := testmodels.Write(t.TempDir(), name)
		must.OK(t, err)
		if path, err = Resolve(path); err != nil {
			t.Fatal(err)
		}
		was := must.Get(Inspect(path))(t)
		wide, err := Widen(was)
		if err != nil {
			t.Fatal(name, err)
		}
		is, err := Inspect(wide)
		if err != nil {
			t.Fatal(name, err)
		}
		if was.DType != "float16" || is.DType != "float32" || is.Weights != was.Weights || is.Kind != was.Kind || is.Layout != was.Layout {
			t.Errorf("%s: %+v became %+v", name, was, is)
		}
		for _, p := range append(is.Inputs, is.Outputs...) {
			if p.Type == "float16" {
				t.Errorf("%s: %s is still %s", name, p.Name, p.Type)
			}
		}
		if again, err := Widen(is); err != nil || again != is.Path {
			t.Errorf("%s: widened twice: %s, %v", name, again, err)
		}
		sameWeights(t, path, wide)
	}
}

// sameWeights compares the initializers of a half model with those of a wide one.
func sameWeights(t *testing.T, half, wide string) {
	t.Helper()
	a, b := readModel(t, half), readModel(t, wide)
	read := func(path string, x *onnxpb.TensorProto) []byte {
		if isHalf(x.GetDataType()) || x.GetDataLocation() != onnxpb.TensorProto_EXTERNAL {
			return must.Get((&widener{from: filepath.Dir(path)}).data(x))(t)
		}
		c := proto.Clone(x).(*onnxpb.TensorProto)
		c.Dims = append(c.GetDims(), 2) // data reads two bytes an element
		return must.Get((&widener{from: filepath.Dir(path)}).data(c))(t)
	}
	seen := 0
	for i, x := range a.GetGraph().GetInitializer() {
		y := b.GetGraph().GetInitializer()[i]
		if !isHalf(x.GetDataType()) {
			continue
		}
		h, f := read(half, x), read(wide, y)
		if 2*len(h) != len(f) {
			t.Fatalf("%s: %d bytes became %d", x.GetName(), len(h), len(f))
		}
		for k := 0; k < len(h)/2; k++ {
			want := HalfToFloat(uint16(h[2*k]) | uint16(h[2*k+1])<<8)
			got := math.Float32frombits(uint32(f[4*k]) | uint32(f[4*k+1])<<8 | uint32(f[4*k+2])<<16 | uint32(f[4*k+3])<<24)
			if got != want {
				t.Fatalf("%s[%d]: %v, want %v", x.GetName(), k, got, want)
			}
			seen++
		}
	}
	if seen < 1000 {
		t.Errorf("%d weights compared", seen)
	}
}

func readModel(t *testing.T, path string) *onnxpb.ModelProto {
	t.Helper()
	raw := must.Get(os.ReadFile(path))(t)
	m := new(onnxpb.ModelProto)
	must.OK(t, proto.Unmarshal(raw, m))
	return m
}

// An input that is no cache keeps its type and is widened inside; constants,
// casts and subgraphs of any depth are float32.
func TestWidenKeepsInputs(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	value := func(name string) *onnxpb.ValueInfoProto {
		return &onnxpb.ValueInfoProto{Name: proto.String(name), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: &onnxpb.TypeProto_Tensor{
			ElemType: proto.Int32(build.Float16), Shape: &onnxpb.TensorShapeProto{}}}}}
	}
	cast := &onnxpb.AttributeProto{Name: proto.String("to"), Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(int64(build.BFloat16))}
	inner := &onnxpb.GraphProto{Name: proto.String("inner"), Output: []*onnxpb.ValueInfoProto{value("z")},
		Node: []*onnxpb.NodeProto{{OpType: proto.String("Cast"), Input: []string{"x"}, Output: []string{"z"}, Attribute: []*onnxpb.AttributeProto{cast}}}}
	m := &onnxpb.ModelProto{IrVersion: proto.Int64(8), OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(17)}},
		Graph: &onnxpb.GraphProto{Name: proto.String("g"), Input: []*onnxpb.ValueInfoProto{value("x")}, Output: []*onnxpb.ValueInfoProto{value("y")},
			Initializer: []*onnxpb.TensorProto{{Name: proto.String("w"), DataType: proto.Int32(build.Float16), Int32Data: []int32{0x3c01}}},
			Node: []*onnxpb.NodeProto{{OpType: proto.String("Mul"), Input: []string{"x", "w"}, Output: []string{"y"}},
				{OpType: proto.String("If"), Input: []string{"c"}, Output: []string{"u"}, Attribute: []*onnxpb.AttributeProto{{Name: proto.String("then_branch"), G: inner, Type: onnxpb.AttributeProto_GRAPH.Enum()}}}}}}
	b := must.Get(proto.Marshal(m))(t)
	path := filepath.Join(t.TempDir(), "m.onnx")
	must.OK(t, os.WriteFile(path, b, 0o600))
	wide := must.Get(Widen(&Info{Path: path}))(t)
	g := readModel(t, wide).GetGraph()
	x, y := g.GetInput()[0].GetType().GetTensorType().GetElemType(), g.GetOutput()[0].GetType().GetTensorType().GetElemType()
	w := g.GetInitializer()[0]
	if x != build.Float16 || y != build.Float || w.GetDataType() != build.Float || len(w.GetRawData()) != 4 {
		t.Errorf("input %d, output %d, weight %v", x, y, w)
	}
	n := g.GetNode()
	if len(n) != 3 || n[0].GetOpType() != "Cast" || n[1].GetInput()[0] != n[0].GetOutput()[0] || n[2].GetAttribute()[0].GetG().GetNode()[0].GetInput()[0] != n[0].GetOutput()[0] {
		t.Errorf("nodes %v", n)
	}
	in := n[2].GetAttribute()[0].GetG()
	if in.GetNode()[0].GetAttribute()[0].GetI() != int64(build.Float) || in.GetOutput()[0].GetType().GetTensorType().GetElemType() != build.Float {
		t.Errorf("inner graph %v", in)
	}
}

// What is in single precision already comes along wherever it lies: in a folder
// below, behind a link as the hub's cache has them, in a subgraph only.
func TestWidenTakesTheRestAlong(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, blob := t.TempDir(), filepath.Join(t.TempDir(), "blob")
	must.OK(t, os.WriteFile(blob, []byte{0, 0, 0x80, 0x3f}, 0o600))
	must.OK(t, os.Mkdir(filepath.Join(dir, "weights"), 0o700))
	for _, name := range []string{"main", "inner"} {
		must.OK(t, os.Symlink(blob, filepath.Join(dir, "weights", name)))
	}
	outside := func(name string) *onnxpb.TensorProto {
		return &onnxpb.TensorProto{Name: proto.String(name), DataType: proto.Int32(build.Float), Dims: []int64{1}, DataLocation: onnxpb.TensorProto_EXTERNAL.Enum(),
			ExternalData: []*onnxpb.StringStringEntryProto{entry("location", "weights/"+name), entry("length", "4")}}
	}
	x := &onnxpb.ValueInfoProto{Name: proto.String("x")}
	inner := &onnxpb.GraphProto{Name: proto.String("inner"), Initializer: []*onnxpb.TensorProto{outside("inner")}, Output: []*onnxpb.ValueInfoProto{{Name: proto.String("inner")}}}
	g := &onnxpb.GraphProto{Name: proto.String("g"), Input: []*onnxpb.ValueInfoProto{x}, Output: []*onnxpb.ValueInfoProto{x},
		Initializer: []*onnxpb.TensorProto{outside("main"), {Name: proto.String("half"), DataType: proto.Int32(build.Float16), Int32Data: []int32{0x3c00}}},
		Node:        []*onnxpb.NodeProto{{OpType: proto.String("If"), Input: []string{"x"}, Output: []string{"y"}, Attribute: []*onnxpb.AttributeProto{{Name: proto.String("then_branch"), G: inner}}}}}
	b := must.Get(proto.Marshal(&onnxpb.ModelProto{IrVersion: proto.Int64(8), OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: proto.Int64(17)}}, Graph: g}))(t)
	path := filepath.Join(dir, "m.onnx")
	must.OK(t, os.WriteFile(path, b, 0o600))
	wide := must.Get(Inspect(must.Get(Widen(must.Get(Inspect(path))(t)))(t)))(t)
	if len(wide.ExternalFiles) != 2 || wide.Bytes <= int64(2*4) {
		t.Errorf("external files %+v", wide.ExternalFiles)
	}
	for _, name := range []string{"main", "inner"} {
		if st := must.Get(os.Lstat(filepath.Join(filepath.Dir(wide.Path), "weights", name)))(t); !st.Mode().IsRegular() {
			t.Errorf("%s is %v", name, st.Mode())
		}
	}
}
