package build

import (
	"encoding/json"
	"fmt"
	"math"
)

// Names of the symbolic dimensions, as Hugging Face Optimum gives them.
const (
	DimBatch = "batch_size"
	DimSeq   = "sequence_length"
	DimPast  = "past_sequence_length"
	DimTotal = "past_sequence_length + sequence_length"
)

// Positions says where a model takes token positions from.
type Positions int

const (
	FromInput  Positions = iota // the input position_ids
	FromMask                    // cumulative sum of attention_mask, as for left padding
	FromRange                   // past length and up: wrong for left-padded rows
	FromShared                  // the same, and the causal mask compares the same Range
)

// GPT2 are the sizes of a GPT-2: learned positions, LayerNorm before each
// block, tanh GELU, tied embeddings.
type GPT2 struct {
	Name      string
	Layers    int
	Heads     int
	KVHeads   int // heads of keys and values; Heads if 0
	Width     int
	Vocab     int
	MaxPos    int
	Seed      uint64
	DType     int32 // Float, Float16 or BFloat16
	Positions Positions
	NoMask    bool // there is no attention_mask: every token counts
}

func (c GPT2) kvHeads() int {
	if c.KVHeads > 0 {
		return c.KVHeads
	}
	return c.Heads
}

// HeadDim is the width of one attention head.
func (c GPT2) HeadDim() int { return c.Width / c.Heads }

// Weights of one model: blocks N(0, 1/fan in), so that what the blocks add
// outweighs the embedding of the last token and answers depend on the whole
// prompt; embeddings N(0, 0.02) as GPT-2 is initialised.
func (c GPT2) weight(name string, std float32, dims ...int) Weight {
	return Weight{Name: name, Dims: dims, DType: c.DType, Std: std, Seed: c.Seed}
}

// ConfigJSON is the config.json that Hugging Face keeps beside such a model.
func (c GPT2) ConfigJSON() []byte {
	m := map[string]any{
		"architectures": []string{"GPT2LMHeadModel"}, "model_type": "gpt2",
		"activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
		"n_layer": c.Layers, "n_head": c.Heads, "n_embd": c.Width,
		"n_positions": c.MaxPos, "n_ctx": c.MaxPos, "vocab_size": c.Vocab,
		"bos_token_id": c.Vocab - 1, "eos_token_id": c.Vocab - 1, "use_cache": true,
		"torch_dtype": dtypeName(c.DType),
	}
	if c.kvHeads() != c.Heads {
		m["num_key_value_heads"] = c.kvHeads()
	}
	b, _ := json.MarshalIndent(m, "", "  ")
	return append(b, '\n')
}

func dtypeName(t int32) string {
	switch t {
	case Float16:
		return "float16"
	case BFloat16:
		return "bfloat16"
	}
	return "float32"
}

// Graph builds the text-generation graph with past keys and values:
//
//	input_ids, position_ids     int64 [batch, sequence]
//	attention_mask              int64 [batch, past + sequence], 1 is a token
//	past_key_values.N.key/value       [batch, kv heads, past, head]
//	logits                            [batch, sequence, vocab]
//	present.N.key/value               [batch, kv heads, past + sequence, head]
//
// past may be 0. Nodes are what a torch export at opset 14 consists of:
// decomposed LayerNorm and GELU, and shapes computed from other shapes.
func (c GPT2) Graph() *Graph { return c.graph(true, DimTotal) }

// FirstGraph is the decoder_model.onnx of Optimum's pair: no past goes in.
func (c GPT2) FirstGraph() *Graph { return c.graph(false, DimSeq) }

// graph builds the graph with or without a past; total names the cache's length behind it.
func (c GPT2) graph(past bool, total string) *Graph {
	g := NewGraph("main_graph", c.DType)
	c.declareInputs(g, past)
	d := decoder{GPT2: c, g: g, past: past, wide: c.DType == BFloat16}
	logits, present := d.build()
	d.declareOutputs(logits, present, total)
	return g
}

// MergedGraph is Optimum's decoder_model_merged.onnx: one If node on
// use_cache_branch holds both graphs, weights are shared.
func (c GPT2) MergedGraph() *Graph {
	g := NewGraph("merged", c.DType)
	c.declareInputs(g, true)
	g.In("use_cache_branch", Bool, 1)
	branch := func(name string, past bool) *Graph {
		s := g.Sub(name)
		d := decoder{GPT2: c, g: s, past: past, wide: c.DType == BFloat16, scopePrefix: name}
		logits, present := d.build()
		s.Outputs = append(s.Outputs, Value(logits, c.DType, DimBatch, DimSeq, c.Vocab))
		for _, p := range present {
			s.Outputs = append(s.Outputs, Value(p, c.DType, DimBatch, c.kvHeads(), DimTotal, c.HeadDim()))
		}
		return s
	}
	then, other := branch("with_past", true), branch("no_past", false)
	outs := g.OpN("If", 1+2*c.Layers, []string{"use_cache_branch"},
		AttrGraph("then_branch", then.Proto()), AttrGraph("else_branch", other.Proto()))
	d := decoder{GPT2: c, g: g}
	d.declareOutputs(outs[0], outs[1:], DimTotal)
	return g
}

func (c GPT2) declareInputs(g *Graph, past bool) {
	total := DimSeq
	if past {
		total = DimTotal
	}
	g.In("input_ids", Int64, DimBatch, DimSeq)
	if !c.NoMask {
		g.In("attention_mask", Int64, DimBatch, total)
	}
	if c.Positions == FromInput {
		g.In("position_ids", Int64, DimBatch, DimSeq)
	}
	for i := 0; past && i < c.Layers; i++ {
		for _, kv := range []string{"key", "value"} {
			g.In(fmt.Sprintf("past_key_values.%d.%s", i, kv), c.DType, DimBatch, c.kvHeads(), DimPast, c.HeadDim())
		}
	}
}

func (d *decoder) declareOutputs(logits string, present []string, total string) {
	d.g.Out(logits, "logits", d.DType, DimBatch, DimSeq, d.Vocab)
	for i, p := range present {
		name := fmt.Sprintf("present.%d.%s", i/2, []string{"key", "value"}[i%2])
		d.g.Out(p, name, d.DType, DimBatch, d.kvHeads(), total, d.HeadDim())
	}
}

// maskMin is what masked scores get: the least finite value, or −10⁴ in half
// precision so that a sum of two stays finite.
func (c GPT2) maskMin() float32 {
	if c.DType == Float16 {
		return -1e4
	}
	return -math.MaxFloat32
}

// std is the standard deviation that keeps a product's scale.
func std(fanIn int) float32 { return float32(1 / math.Sqrt(float64(fanIn))) }
