package build

import (
	"encoding/json"
	"fmt"
	"math"
)

// Llama are the sizes of a Llama: rotary positions, RMSNorm before each block,
// SiLU-gated feed-forward, grouped-query attention, tied embeddings, no biases.
type Llama struct {
	Name    string
	Layers  int
	Heads   int
	KVHeads int // heads of keys and values
	Width   int
	Inner   int // width of the feed-forward block
	Vocab   int
	MaxPos  int
	Theta   float64 // base of the rotary frequencies
	Seed    uint64
	DType   int32
}

// ConfigJSON is the config.json that Hugging Face keeps beside such a model.
func (c Llama) ConfigJSON() []byte {
	b, _ := json.MarshalIndent(map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama", "hidden_act": "silu", "rms_norm_eps": 1e-5,
		"num_hidden_layers": c.Layers, "num_attention_heads": c.Heads, "num_key_value_heads": c.KVHeads, "head_dim": c.Width / c.Heads,
		"hidden_size": c.Width, "intermediate_size": c.Inner, "vocab_size": c.Vocab, "max_position_embeddings": c.MaxPos,
		"rope_theta": c.Theta, "tie_word_embeddings": true, "bos_token_id": c.Vocab - 2, "eos_token_id": c.Vocab - 1,
		"use_cache": true, "torch_dtype": dtypeName(c.DType),
	}, "", "  ")
	return append(b, '\n')
}

// llama emits the body of a Llama; what both kinds of decoder have, its
// decoder emits.
type llama struct {
	decoder
	Llama
	cos, sin string // [B,1,S,head], the sine's first half negated
}

// Graph builds the text-generation graph with past keys and values; its ports
// are those of GPT2.Graph.
func (c Llama) Graph() *Graph {
	g := NewGraph("main_graph", c.DType)
	common := GPT2{Name: c.Name, Layers: c.Layers, Heads: c.Heads, KVHeads: c.KVHeads, Width: c.Width, Vocab: c.Vocab, MaxPos: c.MaxPos, Seed: c.Seed, DType: c.DType}
	common.declareInputs(g, true)
	d := &llama{decoder: decoder{GPT2: common, g: g, past: true, wide: true}, Llama: c}
	logits, present := d.build()
	d.declareOutputs(logits, present, DimTotal)
	return g
}

func (d *llama) build() (logits string, present []string) {
	g := d.g
	g.Scope("model")
	d.sizes()
	embed := g.Weight(d.weight("model.embed_tokens.weight", 0.02, d.Llama.Vocab, d.Llama.Width))
	x := g.Op("Gather", []string{embed, g.Reshape("input_ids", -1, d.seq)})
	d.masks()
	d.rotary()
	for i := range d.Llama.Layers {
		name := fmt.Sprintf("model.layers.%d.", i)
		g.Scope("model", fmt.Sprintf("layers.%d", i), "self_attn")
		a, k, v := d.attention(i, d.rmsNorm(x, name+"input_layernorm.weight"))
		present = append(present, k, v)
		x = g.Op("Add", []string{x, a})
		g.Scope("model", fmt.Sprintf("layers.%d", i), "mlp")
		x = g.Op("Add", []string{x, d.feedForward(d.rmsNorm(x, name+"post_attention_layernorm.weight"), name+"mlp.")})
	}
	g.Scope("lm_head")
	x = d.rmsNorm(x, "model.norm.weight")
	y := g.Op("Gemm", []string{g.Reshape(x, -1, d.Llama.Width), embed}, AttrInt("transB", 1))
	return g.Reshape(y, g.Dim(x, 0), g.Dim(x, 1), d.Llama.Vocab), present
}

// rotary makes the cosines and sines of all positions, in single precision.
func (d *llama) rotary() {
	g, half := d.g, d.HeadDim()/2
	freq := make([]float32, half)
	for i := range freq {
		freq[i] = float32(math.Pow(d.Theta, -float64(i)/float64(half)))
	}
	pos := g.Op("Cast", []string{g.Op("Unsqueeze", []string{g.Reshape("position_ids", -1, d.seq), g.Ints(-1)})}, AttrInt("to", int64(Float)))
	angle := g.Op("Mul", []string{pos, g.Floats(freq...)}) // [B,S,half]
	cos, sin := g.Op("Cos", []string{angle}), g.Op("Sin", []string{angle})
	d.cos = d.perHead(cos, cos)
	d.sin = d.perHead(g.Op("Neg", []string{sin}), sin)
}

// perHead is two halves of a head's width, side by side, for every head.
func (d *llama) perHead(a, b string) string {
	g := d.g
	both := g.Op("Concat", []string{a, b}, AttrInt("axis", -1))
	return d.narrow(g.Op("Unsqueeze", []string{both, g.Ints(1)}))
}

// rotate turns queries or keys [B,heads,S,head] by their positions.
func (d *llama) rotate(x string) string {
	g, half := d.g, int64(d.HeadDim()/2)
	parts := g.OpN("Split", 2, []string{x, g.Ints(half, half)}, AttrInt("axis", -1))
	swapped := g.Op("Concat", []string{parts[1], parts[0]}, AttrInt("axis", -1))
	return g.Op("Add", []string{g.Op("Mul", []string{x, d.cos}), g.Op("Mul", []string{swapped, d.sin})})
}

func (d *llama) attention(i int, x string) (out, key, value string) {
	g, kvw, name := d.g, d.Llama.KVHeads*d.HeadDim(), fmt.Sprintf("model.layers.%d.self_attn.", i)
	q := d.rotate(d.splitHeads(d.product(x, name+"q_proj.weight", d.Llama.Width, d.Llama.Width), d.Llama.Heads))
	k := d.rotate(d.splitHeads(d.product(x, name+"k_proj.weight", d.Llama.Width, kvw), d.Llama.KVHeads))
	v := d.splitHeads(d.product(x, name+"v_proj.weight", d.Llama.Width, kvw), d.Llama.KVHeads)
	y, key, value := d.attend(i, q, k, v)
	return d.product(g.Reshape(y, g.Dim(y, 0), g.Dim(y, 1), d.Llama.Width), name+"o_proj.weight", d.Llama.Width, d.Llama.Width), key, value
}

// feedForward is down(SiLU(gate(x)) · up(x)).
func (d *llama) feedForward(x, name string) string {
	g := d.g
	gate := d.product(x, name+"gate_proj.weight", d.Llama.Width, d.Inner)
	gate = g.Op("Mul", []string{gate, d.narrow(g.Op("Sigmoid", []string{d.widen(gate)}))})
	up := d.product(x, name+"up_proj.weight", d.Llama.Width, d.Inner)
	return d.product(g.Op("Mul", []string{gate, up}), name+"down_proj.weight", d.Inner, d.Llama.Width)
}

func (d *llama) product(x, name string, in, out int) string {
	return d.g.Op("MatMul", []string{x, d.g.Weight(d.weight(name, std(in), in, out))})
}

// rmsNorm is x / √(mean(x²) + 1e-5) · weight over the last axis, the root in
// single precision.
func (d *llama) rmsNorm(x, name string) string {
	g, wide := d.g, d.widen(x)
	mean := g.Op("ReduceMean", []string{g.Op("Mul", []string{wide, wide})}, AttrInts("axes", -1))
	root := g.Op("Sqrt", []string{g.Op("Add", []string{mean, g.NumOf(Float, 1e-5)})})
	w := d.weight(name, 0.05, d.Llama.Width)
	w.Mean = 1
	return g.Op("Mul", []string{d.narrow(g.Op("Div", []string{wide, root})), g.Weight(w)})
}
