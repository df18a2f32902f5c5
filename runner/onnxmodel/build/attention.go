package build

import (
	"fmt"
)

// attention is causal self-attention of layer i over past and new tokens.
func (d *decoder) attention(i int, x string) (out, key, value string) {
	g, hd, kvw := d.g, d.HeadDim(), d.kvHeads()*d.HeadDim()
	name := fmt.Sprintf("transformer.h.%d.attn", i)
	d.scope(fmt.Sprintf("h.%d", i), "attn")
	qkv := d.linear(x, name+".c_attn", d.Width, d.Width+2*kvw)
	parts := g.OpN("Split", 3, []string{qkv, g.Ints(int64(d.Width), int64(kvw), int64(kvw))}, AttrInt("axis", 2))
	q := d.splitHeads(parts[0], d.Heads)
	k := d.splitHeads(parts[1], d.kvHeads())
	v := d.splitHeads(parts[2], d.kvHeads())
	y, key, value := d.attend(i, q, k, v)
	y = g.Reshape(y, g.Dim(y, 0), g.Dim(y, 1), d.Heads*hd)
	return d.linear(y, name+".c_proj", d.Width, d.Width), key, value
}

// attend is scaled dot-product attention [B,S,heads,head] of queries over past
// and new keys and values.
func (d *decoder) attend(i int, q, k, v string) (y, key, value string) {
	g := d.g
	if d.past {
		past := fmt.Sprintf("past_key_values.%d.", i)
		k = g.Op("Concat", []string{past + "key", k}, AttrInt("axis", -2))
		v = g.Op("Concat", []string{past + "value", v}, AttrInt("axis", -2))
	}
	key, value = k, v
	if n := d.Heads / d.kvHeads(); n > 1 {
		k, v = d.repeat(k, n), d.repeat(v, n)
	}
	scores := g.Op("MatMul", []string{q, g.Op("Transpose", []string{k}, AttrInts("perm", 0, 1, 3, 2))})
	root := g.Op("Sqrt", []string{g.Op("Cast", []string{g.Dim(v, -1)}, AttrInt("to", int64(d.between())))})
	scores = g.Op("Div", []string{d.widen(scores), root})
	scores = g.Op("Add", []string{scores, d.mask})
	probs := g.Op("Softmax", []string{scores}, AttrInt("axis", -1))
	y = g.Op("MatMul", []string{d.narrow(probs), v})
	return g.Op("Transpose", []string{y}, AttrInts("perm", 0, 2, 1, 3)), key, value
}

// splitHeads turns [B, S, heads·head] into [B, heads, S, head].
func (d *decoder) splitHeads(x string, heads int) string {
	g := d.g
	y := g.Reshape(x, g.Dim(x, 0), g.Dim(x, 1), heads, d.HeadDim())
	return g.Op("Transpose", []string{y}, AttrInts("perm", 0, 2, 1, 3))
}

// repeat is repeat_kv of grouped-query attention: each of the kv heads n times.
func (d *decoder) repeat(x string, n int) string {
	g := d.g
	b, t := g.Dim(x, 0), g.Dim(x, 2)
	five := g.Op("Unsqueeze", []string{x, g.Ints(2)})
	shape := g.Op("Concat", []string{
		g.Op("Unsqueeze", []string{b, g.Ints(0)}), g.Ints(int64(d.kvHeads()), int64(n)),
		g.Op("Unsqueeze", []string{t, g.Ints(0)}), g.Ints(int64(d.HeadDim())),
	}, AttrInt("axis", 0))
	wide := g.Op("Expand", []string{five, shape})
	return g.Reshape(wide, b, d.Heads, t, d.HeadDim())
}
