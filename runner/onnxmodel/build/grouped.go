package build

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// Grouped is a decoder in the manner of onnxruntime-genai's model builder:
// GroupQueryAttention of ONNX Runtime, whose lengths follow from
// attention_mask. With Positions FromInput the positions are embedded, else
// attention rotates by none.
type Grouped struct {
	Layers, Heads, KVHeads, Width, Vocab, MaxPos int
	Seed                                         uint64
	Positions                                    Positions
}

// Graph builds the text-generation graph with past keys and values, as
// GPT2.Graph lays it out.
func (c Grouped) Graph() *Graph {
	g := NewGraph("grouped", Float)
	g.Domains = []string{"com.microsoft"}
	hd := c.Width / c.Heads
	weight := func(name string, dims ...int) string {
		return g.Weight(Weight{Name: name, Dims: dims, Std: std(1, dims[0]), Seed: c.Seed})
	}
	ids, mask := g.In("input_ids", Int64, DimBatch, DimSeq), g.In("attention_mask", Int64, DimBatch, DimTotal)
	x := g.Op("Gather", []string{weight("embed_tokens.weight", c.Vocab, c.Width), ids})
	if c.Positions == FromInput {
		pos := g.In("position_ids", Int64, DimBatch, DimSeq)
		x = g.Op("Add", []string{x, g.Op("Gather", []string{weight("embed_positions.weight", c.MaxPos, c.Width), pos})})
	}
	lengths := g.Op("Sub", []string{g.Op("ReduceSum", []string{mask, g.Ints(1)}, AttrInt("keepdims", 0)), g.Ints(1)})
	lengths = g.Op("Cast", []string{lengths}, AttrInt("to", 6)) // int32
	total := g.Op("Cast", []string{g.Dim(mask, 1)}, AttrInt("to", 6))
	for i := range c.Layers {
		name := func(s string) string { return fmt.Sprintf("layers.%d.%s", i, s) }
		var past, present [2]string
		for j, kv := range []string{"key", "value"} {
			past[j] = g.In(fmt.Sprintf("past_key_values.%d.%s", i, kv), Float, DimBatch, c.KVHeads, DimPast, hd)
		}
		q := g.Op("MatMul", []string{x, weight(name("q"), c.Width, c.Width)})
		k := g.Op("MatMul", []string{x, weight(name("k"), c.Width, c.KVHeads*hd)})
		v := g.Op("MatMul", []string{x, weight(name("v"), c.Width, c.KVHeads*hd)})
		out := g.OpN("GroupQueryAttention", 3, []string{q, k, v, past[0], past[1], lengths, total}, AttrInt("num_heads", int64(c.Heads)), AttrInt("kv_num_heads", int64(c.KVHeads)))
		g.Nodes[len(g.Nodes)-1].Domain = proto.String("com.microsoft")
		present[0], present[1] = out[1], out[2]
		x = g.Op("Add", []string{x, g.Op("MatMul", []string{out[0], weight(name("o"), c.Width, c.Width)})})
		for j, kv := range []string{"key", "value"} {
			g.Out(present[j], fmt.Sprintf("present.%d.%s", i, kv), Float, DimBatch, c.KVHeads, DimTotal, hd)
		}
	}
	g.Out(g.Op("MatMul", []string{x, weight("lm_head", c.Width, c.Vocab)}), "logits", Float, DimBatch, DimSeq, c.Vocab)
	return g
}
