package onnxmodel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tailscope/tailscope/stats/limit"
)

// forwarded are operators that give their first input on, in another form.
var forwarded = []string{"Identity", "Transpose", "Cast", "Reshape", "Unsqueeze", "Squeeze"}

// products are operators whose second input is a matrix that each row is
// multiplied with: 2 operations an element and row.
var products = []string{"MatMul", "Gemm", "FusedMatMul"}

// Costs are the bytes and operations of a language model, from its graph: its
// weights by the operators that read them, its cache and attention by its
// sizes. An error says why they are not known.
func (p *Prepared) Costs() (*limit.Transformer, error) {
	i, g := p.Info, p.Decode
	if g == nil {
		g = p.Prefill
	}
	switch {
	case g == nil:
		return nil, errors.New("only language models' graphs are counted")
	case i.Layout == LayoutMerged:
		return nil, errors.New("a graph with two branches is not counted")
	case i.Layers == 0 || i.Heads == 0 || i.KVHeads == 0 || i.HeadDim == 0 || i.Vocab == 0:
		return nil, errors.New("the model does not say its layers, heads or vocabulary")
	}
	c, m, err := countIn(g.Path)
	if err != nil {
		return nil, err
	}
	return c.transformer(i, m.graph.outputs)
}

// convolutions are operators whose second input is their filters.
var convolutions = []string{"Conv", "ConvTranspose"}

// ForwardWeights are the bytes of weights that a pass of a model that is no
// language model reads whole. An error says why they are not known.
func (p *Prepared) ForwardWeights() (float64, error) {
	if p.Forward == nil {
		return 0, errors.New("the model has no forward pass")
	}
	c, _, err := countIn(p.Forward.Path)
	if err != nil {
		return 0, err
	}
	if c.strange != "" {
		return 0, fmt.Errorf("what %s does with its weights is not counted", c.strange)
	}
	if len(c.whole) == 0 {
		return 0, errors.New("the graph reads no weights")
	}
	return c.bytes(), nil
}

// bytes of the weights that are read whole.
func (c *counting) bytes() (n float64) {
	for t := range c.whole {
		n += float64(t.elements()*elemBits[t.dtype]) / 8
	}
	return n
}

// counting collects which weights which operators read.
type counting struct {
	weights         map[string]*tensor // by name, of the tensor itself or of what forwards it
	matrices        map[*tensor]int64  // multiplied with each token: how often
	whole, gathered map[*tensor]bool
	strange         string // an operator that reads weights in a way that is not counted
}

// countIn counts in the graph of a file.
func countIn(path string) (*counting, *model, error) {
	m, err := scan(path)
	if err != nil {
		return nil, nil, err
	}
	c := &counting{weights: map[string]*tensor{}, matrices: map[*tensor]int64{}, whole: map[*tensor]bool{}, gathered: map[*tensor]bool{}}
	m.graph.tensors(func(t *tensor) { c.weights[t.name] = t })
	m.graph.walk(c.node)
	return c, m, nil
}

func (c *counting) node(n *node) {
	for k := range n.consts {
		if len(n.out) == 1 && n.op == "Constant" {
			c.weights[n.out[0]] = &n.consts[k]
		}
	}
	for k, name := range n.in {
		t := c.weights[name]
		if t == nil || !isWeight[t.dtype] || t.elements() <= 0 {
			continue
		}
		switch {
		case k == 0 && slices.Contains(forwarded, n.op):
			c.weights[n.out[0]] = t
		case k == 0 && n.op == "Gather":
			c.gathered[t] = true
		case slices.Contains(products, n.op) && len(t.dims) == 2:
			c.whole[t] = true
			c.matrices[t]++
		case slices.Contains(convolutions, n.op):
			c.whole[t] = true
		case len(t.dims) >= 2 && t.elements() > 1<<16:
			c.strange = n.op
		default:
			c.whole[t] = true
		}
	}
}

func (c *counting) transformer(i *Info, outputs []Port) (*limit.Transformer, error) {
	if c.strange != "" {
		return nil, fmt.Errorf("what %s does with its weights is not counted", c.strange)
	}
	out := &limit.Transformer{Row: 8}
	out.Weights = c.bytes()
	for t := range c.gathered {
		if len(t.dims) == 2 {
			out.Row += float64(t.dims[1]*elemBits[t.dtype]) / 8
		}
	}
	for t, n := range c.matrices {
		ops := 2 * float64(t.elements()*n)
		if slices.Contains(t.dims, int64(i.Vocab)) {
			out.Head += ops
		} else {
			out.Linear += ops
		}
	}
	if out.Head == 0 || out.Linear == 0 {
		return nil, errors.New("the graph's products are not those of a transformer")
	}
	bits := elementBits(outputs)
	out.Cache = float64(2*i.Layers*i.KVHeads*i.HeadDim) * bits / 8
	out.Out = float64(i.Vocab) * bits / 8
	out.Square = float64(4 * i.Layers * i.Heads * i.HeadDim)
	return out, nil
}

// elementBits is of logits and cache, which are of one type.
func elementBits(outputs []Port) float64 {
	for _, p := range outputs {
		if t := elemType(p.Type); isWeight[t] {
			return float64(elemBits[t])
		}
	}
	return 32
}
