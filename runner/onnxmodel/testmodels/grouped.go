package testmodels

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
)

// groupedQuery is a decoder in the manner of onnxruntime-genai's model builder:
// GroupQueryAttention of ONNX Runtime, whose lengths follow from
// attention_mask. With Positions FromInput the positions are embedded, else
// attention rotates by none.
type groupedQuery struct {
	Layers, Heads, KVHeads, Width, Vocab, MaxPos int
	Seed                                         uint64
	Positions                                    build.Positions
}

// Graph builds the text-generation graph with past keys and values, as
// GPT2.Graph lays it out.
func (c groupedQuery) Graph() *build.Graph {
	g := build.NewGraph("grouped", build.Float)
	g.Domains = []string{"com.microsoft"}
	hd := c.Width / c.Heads
	weight := func(name string, dims ...int) string {
		return g.Weight(build.Weight{Name: name, Dims: dims, Std: std(dims[0]), Seed: c.Seed})
	}
	ids, mask := g.In("input_ids", build.Int64, build.DimBatch, build.DimSeq), g.In("attention_mask", build.Int64, build.DimBatch, build.DimTotal)
	x := g.Op("Gather", []string{weight("embed_tokens.weight", c.Vocab, c.Width), ids})
	if c.Positions == build.FromInput {
		pos := g.In("position_ids", build.Int64, build.DimBatch, build.DimSeq)
		x = g.Op("Add", []string{x, g.Op("Gather", []string{weight("embed_positions.weight", c.MaxPos, c.Width), pos})})
	}
	lengths := g.Op("Sub", []string{g.Op("ReduceSum", []string{mask, g.Ints(1)}, build.AttrInt("keepdims", 0)), g.Ints(1)})
	lengths = g.Op("Cast", []string{lengths}, build.AttrInt("to", 6)) // int32
	total := g.Op("Cast", []string{g.Dim(mask, 1)}, build.AttrInt("to", 6))
	for i := range c.Layers {
		name := func(s string) string { return fmt.Sprintf("layers.%d.%s", i, s) }
		var past, present [2]string
		for j, kv := range []string{"key", "value"} {
			past[j] = g.In(fmt.Sprintf("past_key_values.%d.%s", i, kv), build.Float, build.DimBatch, c.KVHeads, build.DimPast, hd)
		}
		q := g.Op("MatMul", []string{x, weight(name("q"), c.Width, c.Width)})
		k := g.Op("MatMul", []string{x, weight(name("k"), c.Width, c.KVHeads*hd)})
		v := g.Op("MatMul", []string{x, weight(name("v"), c.Width, c.KVHeads*hd)})
		out := g.OpN("GroupQueryAttention", 3, []string{q, k, v, past[0], past[1], lengths, total}, build.AttrInt("num_heads", int64(c.Heads)), build.AttrInt("kv_num_heads", int64(c.KVHeads)))
		g.Nodes[len(g.Nodes)-1].Domain = proto.String("com.microsoft")
		present[0], present[1] = out[1], out[2]
		x = g.Op("Add", []string{x, g.Op("MatMul", []string{out[0], weight(name("o"), c.Width, c.Width)})})
		for j, kv := range []string{"key", "value"} {
			g.Out(present[j], fmt.Sprintf("present.%d.%s", i, kv), build.Float, build.DimBatch, c.KVHeads, build.DimTotal, hd)
		}
	}
	g.Out(g.Op("MatMul", []string{x, weight("lm_head", c.Width, c.Vocab)}), "logits", build.Float, build.DimBatch, build.DimSeq, c.Vocab)
	return g
}
