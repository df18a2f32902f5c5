package onnxmodel

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

// TokenOutput is the output that AppendArgMax adds.
const TokenOutput = "tailscope.token"

// portEdit edits graph inputs and outputs. A nil map edits nothing.
type portEdit struct {
	dims   map[string][]string // new dims by port name
	rename map[string]string   // outputs only
	drop   map[string]bool     // inputs only

	before map[int]shifted // by index of a node of the main graph
	node   int             // nodes seen
}

// apply is a graphEdit. Stored shapes of inner values are dropped when dims
// change: they repeat the old names, and the runtime infers them anyway.
func (e *portEdit) apply(w *wire, f field, g *pieces) error {
	if f.num == graphNode {
		e.node++
		if x, ok := e.before[e.node-1]; ok {
			return x.write(w, f, g)
		}
	}
	switch {
	case f.num == graphValueInfo && e.dims != nil:
		return nil
	case f.num != graphInput && f.num != graphOutput || f.typ != protowire.BytesType:
		g.copy(f.whole)
		return nil
	}
	b, err := w.bytes(f.body, maxString)
	if err != nil {
		return err
	}
	v := &onnxpb.ValueInfoProto{}
	if err := proto.Unmarshal(b, v); err != nil {
		return fmt.Errorf("input or output: %w", err)
	}
	name := v.GetName()
	if f.num == graphInput && e.drop[name] {
		return nil
	}
	setDims(v, e.dims[name])
	if to := e.rename[name]; to != "" && f.num == graphOutput {
		v.Name = proto.String(to)
	}
	return g.message(f.num, v)
}

// setDims replaces the dims of a tensor port where the number of them agrees.
func setDims(v *onnxpb.ValueInfoProto, dims []string) {
	shape := v.GetType().GetTensorType().GetShape()
	if shape == nil || len(shape.Dim) != len(dims) {
		return
	}
	for i, d := range dims {
		if n, err := strconv.ParseInt(d, 10, 64); err == nil {
			shape.Dim[i].Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: n}
		} else if d != "?" {
			shape.Dim[i].Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: d}
		}
	}
}

// appendToken appends the ArgMax of the logits at position at, a value [1];
// "" is the last.
func appendToken(g *pieces, r roles, at string) error {
	var t tailBuilder
	if at == "" {
		at = t.ints(-1)
	}
	last := t.op("Gather", []string{"logits", at}, build.AttrInt("axis", 1)) // [B,1,V]
	if r.logits.Type == "float16" || r.logits.Type == "bfloat16" {
		last = t.op("Cast", []string{last}, build.AttrInt("to", int64(onnxpb.TensorProto_FLOAT)))
	}
	last = t.op("ArgMax", []string{last}, build.AttrInt("axis", 2), build.AttrInt("keepdims", 0)) // [B,1]
	batch := "?"
	if !r.ids.NoShape {
		batch = r.ids.Dims[0]
	}
	if r.ids.Type == "int32" {
		t.op("Cast", []string{last}, build.AttrInt("to", int64(onnxpb.TensorProto_INT32)))
	}
	t.nodes[len(t.nodes)-1].Output[0] = TokenOutput
	return t.flush(g, valueInfo(TokenOutput, r.ids.Type, []string{batch, "1"}))
}

// tailBuilder collects nodes that are appended to a graph.
type tailBuilder struct {
	prefix string
	nodes  []*onnxpb.NodeProto
}

func (t *tailBuilder) op(op string, in []string, attrs ...*onnxpb.AttributeProto) string {
	name := fmt.Sprintf("tailscope.%s%s_%d", t.prefix, op, len(t.nodes))
	return t.named(name, op, in, attrs...)
}

func (t *tailBuilder) named(out, op string, in []string, attrs ...*onnxpb.AttributeProto) string {
	t.nodes = append(t.nodes, &onnxpb.NodeProto{
		Name: proto.String(out), OpType: proto.String(op), Input: in, Output: []string{out}, Attribute: attrs,
	})
	return out
}

// ints is a constant vector.
func (t *tailBuilder) ints(v ...int64) string {
	return t.op("Constant", nil, &onnxpb.AttributeProto{
		Name: proto.String("value"), Type: onnxpb.AttributeProto_TENSOR.Enum(),
		T: &onnxpb.TensorProto{Dims: []int64{int64(len(v))}, DataType: proto.Int32(7), Int64Data: v},
	})
}

func (t *tailBuilder) flush(g *pieces, outputs ...*onnxpb.ValueInfoProto) error {
	for _, n := range t.nodes {
		if err := g.message(graphNode, n); err != nil {
			return err
		}
	}
	for _, o := range outputs {
		if err := g.message(graphOutput, o); err != nil {
			return err
		}
	}
	return nil
}

func valueInfo(name, elem string, dims []string) *onnxpb.ValueInfoProto {
	v := build.Value(name, elemType(elem), make([]any, len(dims))...)
	setDims(v, dims)
	return v
}
