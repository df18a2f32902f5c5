package testmodels

import (
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

// Cases are models that once misled the program: docs/cases.md says how, and what
// is right.
func Cases() map[string]*build.Graph {
	grouped := groupedQuery{Layers: 1, Heads: 4, KVHeads: 2, Width: 32, Vocab: 64, MaxPos: 512, Seed: 1, Positions: build.FromMask}
	positions := grouped
	positions.Positions = build.FromInput
	return map[string]*build.Graph{
		"gqa_pos": positions.Graph(), "gqa": grouped.Graph(), "sr": sampleRate(), "lens": lengths(), "mask": floatMask(),
		"expr": concatenated("past_sequence_length", "1", "past_sequence_length + 1"), "past": concatenated("past_seq_len", "seq_len", "total_seq_len"),
		"none": noneOutput(), "sig": tinyOutput(), "esc": escapes(),
	}
}

// WriteCase writes a case as NAME.onnx into dir.
func WriteCase(dir, name string) (path string, err error) {
	g := Cases()[name]
	if g == nil {
		return "", fmt.Errorf("no case %q", name)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path = filepath.Join(dir, name+".onnx")
	return path, g.Write(path, build.Options{})
}

// sampleRate multiplies x by a matrix once, at a sample rate of 16,000 twenty times.
func sampleRate() *build.Graph {
	g := build.NewGraph("sr", build.Float)
	x, sr := g.In("x", build.Float, "batch", 512), g.In("sr", build.Int64)
	is16 := g.Op("Equal", []string{sr, g.Int(16000)})
	branch := func(name string, times int) *onnxpb.AttributeProto {
		s := g.Sub(name)
		y := x
		for range times {
			y = s.Op("MatMul", []string{y, s.Weight(build.Weight{Name: "w", Dims: []int{512, 512}, Std: 0.044, Seed: 1})})
		}
		s.Out(y, name+"_y", build.Float, "batch", 512)
		return build.AttrGraph(name, s.Proto())
	}
	g.Out(g.Op("If", []string{is16}, branch("then_branch", 20), branch("else_branch", 1)), "y", build.Float, "batch", 512)
	return g
}

// lengths is an LSTM that stops where x_lens says.
func lengths() *build.Graph {
	g := build.NewGraph("lens", build.Float)
	x := g.In("x", build.Float, "frames", "batch", 64)
	lens := g.Op("Cast", []string{g.In("x_lens", build.Int64, "batch")}, build.AttrInt("to", 6))
	w := func(name string) string {
		return g.Weight(build.Weight{Name: name, Dims: []int{1, 256, 64}, Std: .1, Seed: 2})
	}
	g.Out(g.Op("LSTM", []string{x, w("lw"), w("lr"), "", lens}, build.AttrInt("hidden_size", 64)), "y", build.Float, "frames", 1, "batch", 64)
	return g
}

// floatMask fails unless every element of its mask is 1.
func floatMask() *build.Graph {
	g := build.NewGraph("mask", build.Float)
	x, mask := g.In("x", build.Float, 1, 4), g.In("attention_mask", build.Float, "batch", "length")
	least := g.Op("Cast", []string{g.Op("Mul", []string{g.Op("ReduceMin", []string{mask}, build.AttrInt("keepdims", 0)), g.Num(8)})}, build.AttrInt("to", 7))
	g.Out(g.Op("Gather", []string{x, g.Op("Sub", []string{g.Ints(8), least})}), "y", build.Float, 1, 4)
	return g
}

// concatenated joins past and x and multiplies them by a mask as long as both.
func concatenated(past, seq, total string) *build.Graph {
	g := build.NewGraph("past", build.Float)
	var length any = seq
	if seq == "1" {
		length = 1
	}
	x, p := g.In("x", build.Float, "batch", length), g.In("past", build.Float, "batch", past)
	both := g.Op("Concat", []string{p, x}, build.AttrInt("axis", 1))
	g.Out(g.Op("Mul", []string{both, g.In("mask", build.Float, "batch", total)}), "y", build.Float, "batch", total)
	return g
}

// tinyOutput gives outputs of about 2e-6.
func tinyOutput() *build.Graph {
	g := build.NewGraph("sig", build.Float)
	w := g.Weight(build.Weight{Name: "w", Dims: []int{512, 16}, Std: .044, Seed: 3})
	sum := g.Op("MatMul", []string{g.In("x", build.Float, "batch", 512), w})
	g.Out(g.Op("Sigmoid", []string{g.Op("Add", []string{sum, g.Num(-13)})}), "y", build.Float, "batch", 16)
	return g
}

// escapes has names that a terminal would obey.
func escapes() *build.Graph {
	g := build.NewGraph("g", build.Float)
	x := g.In("\x1b]0;title\a\x1b[31mx", build.Float, "\x1b[2Jbatch")
	g.Out(g.Op("Abs", []string{x}), "y", build.Float, "\x1b[2Jbatch")
	return g
}

// noneOutput gives an optional that is none unless cond.
func noneOutput() *build.Graph {
	g := build.NewGraph("none", build.Float)
	g.Opset = 16
	cond, x := g.In("cond", build.Bool), g.In("x", build.Float, 4)
	tensor := g.Inputs[1].Type
	optional := &onnxpb.TypeProto{Value: &onnxpb.TypeProto_OptionalType{OptionalType: &onnxpb.TypeProto_Optional{ElemType: tensor}}}
	branch := func(name string, in []string, attrs ...*onnxpb.AttributeProto) *onnxpb.AttributeProto {
		s := g.Sub(name)
		y := s.Op("Optional", in, attrs...)
		s.Outputs = append(s.Outputs, &onnxpb.ValueInfoProto{Name: proto.String(y), Type: optional})
		return build.AttrGraph(name, s.Proto())
	}
	y := g.Op("If", []string{cond}, branch("then_branch", []string{x}),
		branch("else_branch", nil, &onnxpb.AttributeProto{Name: proto.String("type"), Type: onnxpb.AttributeProto_TYPE_PROTO.Enum(), Tp: tensor}))
	g.Rename(y, "y")
	g.Outputs = append(g.Outputs, &onnxpb.ValueInfoProto{Name: proto.String("y"), Type: optional})
	return g
}
