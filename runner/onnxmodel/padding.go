package onnxmodel

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

// A prompt is padded on the left where a mask hides the padding and positions
// can leave it out: given, counted from the mask, or counted from the past's
// length by a Range whose result is shifted. Elsewhere it is padded on the
// right: a causal model's later positions cannot reach earlier ones.

// PadsRight reports whether prompts of a language model are padded on the right.
func (i *Info) PadsRight() bool {
	return i.Kind == KindCausalLM && (i.mask.grouped || !i.mask.mask || !i.mask.positions && !i.mask.shift)
}

// usesGrouped says whether attention counts its tokens from the left by
// seqlens_k.
func (g *graph) usesGrouped() bool {
	found := false
	g.walk(func(n *node) { found = found || n.op == "GroupQueryAttention" && n.domain == "com.microsoft" })
	return found
}

// shifted is a node whose inputs at get the positions less the padding.
type shifted struct {
	value string // the positions
	at    []int
}

// positionEdges are the places where the result of a Range over tokens becomes
// a position: an index of a table of weights, or the angle of a rotary
// embedding. Uses of the same Range for a causal mask are none.
func (g *graph) positionEdges() map[int]shifted {
	readers := map[string][]int{}
	for i := range g.nodes {
		for _, in := range g.nodes[i].in {
			readers[in] = append(readers[in], i)
		}
	}
	out := map[int]shifted{}
	var follow func(value string, depth int)
	follow = func(value string, depth int) {
		for _, i := range readers[value] {
			n := &g.nodes[i]
			for at, in := range n.in {
				if in != value {
					continue
				}
				switch {
				case n.op == "Gather" && at == 1 && g.floatTable(n.in[0]), n.op == "Cast" && g.turns(n.out, readers, 6):
					x := out[i]
					x.value, x.at = value, append(x.at, at)
					out[i] = x
				case at == 0 && through[n.op] && depth < 8 && len(n.out) > 0:
					follow(n.out[0], depth+1)
				}
			}
		}
	}
	for i := range g.nodes {
		if n := &g.nodes[i]; n.op == "Range" && len(n.out) == 1 {
			follow(n.out[0], 0)
		}
	}
	return out
}

// floatTable says whether a value is a weight of two dimensions.
func (g *graph) floatTable(name string) bool {
	w := g.weight(name)
	return w != nil && len(w.dims) == 2 && isWeight[w.dtype]
}

// turns says whether a value reaches a Cos or Sin within a few nodes.
func (g *graph) turns(values []string, readers map[string][]int, depth int) bool {
	for _, v := range values {
		for _, i := range readers[v] {
			n := &g.nodes[i]
			if n.op == "Cos" || n.op == "Sin" || depth > 0 && n.op != "Softmax" && g.turns(n.out, readers, depth-1) {
				return true
			}
		}
	}
	return false
}

// write writes the node with its positions shifted, at least 0.
func (x shifted) write(w *wire, f field, g *pieces) error {
	b, err := w.bytes(f.body, maxString)
	if err != nil {
		return err
	}
	n := &onnxpb.NodeProto{}
	if err := proto.Unmarshal(b, n); err != nil {
		return err
	}
	t := tailBuilder{prefix: "shift_" + strings.ReplaceAll(x.value, "/", "_")}
	less := t.op("Sub", []string{x.value, ShiftInput})
	real := t.op("Max", []string{less, t.ints(0)})
	for _, at := range x.at {
		n.Input[at] = real
	}
	// the constant before what reads it
	t.nodes[1], t.nodes[2] = t.nodes[2], t.nodes[1]
	if err := t.flush(g); err != nil {
		return err
	}
	return g.message(graphNode, n)
}

// keep cuts each present to the real tokens of a prompt that is padded on the
// right; with fill, empty entries follow up to the length of a constant cache.
func (t *tailBuilder) keep(r roles, edit *portEdit, fill bool) {
	to := t.op("Add", []string{LastInput, t.ints(1)})
	from, axis := t.ints(0), t.ints(2)
	for _, p := range ports(r.present) {
		out := "tailscope." + p.Name
		if !fill {
			t.named(out, "Slice", []string{p.Name, from, to, axis})
		} else {
			real := t.op("Slice", []string{p.Name, from, to, axis})
			pads := t.op("Concat", []string{t.ints(0, 0, 0, 0, 0, 0), RoomInput, t.ints(0)}, build.AttrInt("axis", 0))
			t.named(out, "Pad", []string{real, pads})
		}
		edit.dims[p.Name], edit.rename[p.Name] = p.ofLength(DimKept), out
	}
}

// constantCache states that presents and mask are as long as the past.
func constantCache(r roles, edit *portEdit) {
	for _, p := range ports(r.present) {
		edit.dims[p.Name] = p.ofLength(DimPast)
	}
	if r.mask != nil && len(r.mask.Dims) == 2 {
		edit.dims[r.mask.Name] = []string{r.mask.Dims[0], DimPast}
	}
}
