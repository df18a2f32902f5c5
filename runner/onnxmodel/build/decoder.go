package build

import (
	"fmt"
	"math"
)

// decoder emits the body of one GPT-2 graph into g.
type decoder struct {
	GPT2
	g           *Graph
	past        bool
	wide        bool // norms, scores and gates are computed in single precision
	scopePrefix string

	batch, seq, total string // scalar int64 values
	rows              string // [S], positions of the new tokens in the cache; "" not yet counted
	mask              string // [B,1,S,T], added to scores: 0, or maskMin and less
}

func (d *decoder) scope(parts ...string) {
	d.g.Scope(append([]string{d.scopePrefix, "transformer"}, parts...)...)
}

// build returns logits and present keys and values in order key, value.
func (d *decoder) build() (logits string, present []string) {
	d.scope()
	x := d.embed()
	d.masks()
	for i := range d.Layers {
		var k, v string
		x, k, v = d.block(i, x)
		present = append(present, k, v)
	}
	x = d.layerNorm(x, "ln_f")
	return d.head(x), present
}

func (d *decoder) embed() string {
	g := d.g
	d.sizes()
	ids := g.Reshape("input_ids", -1, d.seq)
	wte := g.Weight(d.weight("transformer.wte.weight", 0.02, d.Vocab, d.Width))
	wpe := g.Weight(d.weight("transformer.wpe.weight", 0.02, d.MaxPos, d.Width))
	tok := g.Op("Gather", []string{wte, ids})
	pos := g.Op("Gather", []string{wpe, d.positions()})
	return g.Op("Add", []string{tok, pos})
}

// sizes reads batch and lengths off the inputs.
func (d *decoder) sizes() {
	g := d.g
	d.batch, d.seq = g.Dim("input_ids", 0), g.Dim("input_ids", 1)
	d.total = d.seq
	if d.past {
		d.total = g.Op("Add", []string{g.Dim("past_key_values.0.key", -2), d.seq})
	}
}

// between is the type of what is computed between the model's own products.
func (d *decoder) between() int32 {
	if d.wide {
		return Float
	}
	return d.DType
}

// widen brings a value to the type of between, narrow back to the model's.
func (d *decoder) widen(x string) string { return d.cast(x, d.DType, d.between()) }

func (d *decoder) narrow(x string) string { return d.cast(x, d.between(), d.DType) }

func (d *decoder) cast(x string, from, to int32) string {
	if from == to {
		return x
	}
	return d.g.Op("Cast", []string{x}, AttrInt("to", int64(to)))
}

func (d *decoder) num(v float32) string { return d.g.NumOf(d.between(), v) }

func (d *decoder) positions() string {
	g := d.g
	switch d.Positions {
	case FromMask: // the last sequence_length of cumsum(mask) − 1, at least 0
		sum := g.Op("CumSum", []string{"attention_mask", g.Int(1)})
		pos := g.Op("Max", []string{g.Op("Sub", []string{sum, g.Int(1)}), g.Int(0)})
		from := g.Op("Unsqueeze", []string{g.Op("Sub", []string{d.total, d.seq}), g.Ints(0)})
		to := g.Op("Unsqueeze", []string{d.total, g.Ints(0)})
		return g.Op("Slice", []string{pos, from, to, g.Ints(1)})
	case FromRange, FromShared:
		from := g.Op("Sub", []string{d.total, d.seq})
		r := g.Op("Range", []string{from, d.total, g.Int(1)})
		if d.Positions == FromShared {
			d.rows = r
		}
		return g.Op("Unsqueeze", []string{r, g.Ints(0)})
	}
	return g.Reshape("position_ids", -1, d.seq)
}

// masks makes one mask for all layers, as newer exports do: causal, from
// ranges, plus padding. A row always keeps a finite entry, its own token's.
// Greater and not LessOrEqual: the latter is a function of other operators,
// which runtimes do not fold when shapes are fixed.
func (d *decoder) masks() {
	g := d.g
	if d.rows == "" {
		d.rows = g.Op("Range", []string{g.Op("Sub", []string{d.total, d.seq}), d.total, g.Int(1)})
	}
	q := g.Op("Unsqueeze", []string{d.rows, g.Ints(1)})
	k := g.Op("Unsqueeze", []string{g.Op("Range", []string{g.Int(0), d.total, g.Int(1)}), g.Ints(0)})
	later := g.Op("Greater", []string{k, q}) // [S,T]
	causal := g.Op("Where", []string{later, d.num(d.maskMin()), d.num(0)})
	causal = g.Reshape(causal, 1, 1, d.seq, d.total)
	if d.NoMask {
		d.mask = causal
		return
	}

	pad := g.Op("Unsqueeze", []string{g.Reshape("attention_mask", d.batch, -1), g.Ints(1)})
	pad = g.Op("Unsqueeze", []string{pad, g.Ints(2)})
	pad = g.Op("Cast", []string{pad}, AttrInt("to", int64(d.between())))
	pad = g.Op("Sub", []string{d.num(1), pad})
	pad = g.Op("Mul", []string{pad, d.num(d.maskMin())})
	d.mask = g.Op("Add", []string{causal, pad})
}

func (d *decoder) block(i int, x string) (out, key, value string) {
	h := fmt.Sprintf("h.%d", i)
	a := d.layerNorm(x, h, "ln_1")
	a, key, value = d.attention(i, a)
	d.scope(h)
	x = d.g.Op("Add", []string{a, x})
	m := d.layerNorm(x, h, "ln_2")
	d.scope(h, "mlp")
	m = d.linear(m, fmt.Sprintf("transformer.%s.mlp.c_fc", h), d.Width, 4*d.Width)
	m = d.gelu(m)
	m = d.linear(m, fmt.Sprintf("transformer.%s.mlp.c_proj", h), 4*d.Width, d.Width)
	d.scope(h)
	return d.g.Op("Add", []string{x, m}), key, value
}

// linear is Hugging Face's Conv1D: a Gemm over [rows, in], with the shape
// taken apart and put together again. The bias is drawn too, so that no
// check of the graph passes by leaving it out.
func (d *decoder) linear(x, name string, in, out int) string {
	g := d.g
	w := g.Weight(d.weight(name+".weight", std(in), in, out))
	b := g.Weight(d.weight(name+".bias", 0.02, out))
	rows := g.Reshape(x, -1, in)
	y := g.Op("Gemm", []string{rows, w, b})
	return g.Reshape(y, g.Dim(x, 0), g.Dim(x, 1), out)
}

// layerNorm is (x − mean) / √(variance + 1e-5) · weight + bias over the last axis.
func (d *decoder) layerNorm(x string, parts ...string) string {
	g := d.g
	d.scope(parts...)
	name := "transformer"
	for _, p := range parts {
		name += "." + p
	}
	last := AttrInts("axes", -1)
	x = d.widen(x)
	diff := g.Op("Sub", []string{x, g.Op("ReduceMean", []string{x}, last)})
	sq := g.Op("Pow", []string{diff, d.num(2)})
	variance := g.Op("ReduceMean", []string{sq}, last)
	dev := g.Op("Sqrt", []string{g.Op("Add", []string{variance, d.num(1e-5)})})
	y := d.narrow(g.Op("Div", []string{diff, dev}))
	w := d.weight(name+".weight", 0.05, d.Width)
	w.Mean = 1
	y = g.Op("Mul", []string{y, g.Weight(w)})
	return g.Op("Add", []string{y, g.Weight(d.weight(name+".bias", 0.02, d.Width))})
}

// gelu is 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
func (d *decoder) gelu(x string) string {
	g := d.g
	x = d.widen(x)
	half := g.Op("Mul", []string{x, d.num(0.5)})
	cube := g.Op("Mul", []string{g.Op("Pow", []string{x, d.num(3)}), d.num(0.044715)})
	in := g.Op("Mul", []string{g.Op("Add", []string{x, cube}), d.num(float32(math.Sqrt(2 / math.Pi)))})
	t := g.Op("Add", []string{g.Op("Tanh", []string{in}), d.num(1)})
	return d.narrow(g.Op("Mul", []string{half, t}))
}

// head multiplies by the transposed token embeddings, which are tied.
func (d *decoder) head(x string) string {
	g := d.g
	g.Scope(d.scopePrefix, "lm_head")
	rows := g.Reshape(x, -1, d.Width)
	y := g.Op("Gemm", []string{rows, "transformer.wte.weight"}, AttrInt("transB", 1))
	return g.Reshape(y, g.Dim(x, 0), g.Dim(x, 1), d.Vocab)
}
