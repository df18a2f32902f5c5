package ort

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/tailscope/tailscope/configs/dims"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/protocol"
)

// port is an input or output of a graph.
type port struct {
	name string
	kind string // "tensor", "sequence", "map", …
	typ  dtype  // 0: not an element type that tensors here can have
	dims []dim

	noShape bool // the file states none; dims is then empty and means nothing
}

// dim is a dimension: a number, a name, an expression over names, or neither
// (unknown).
type dim struct {
	n    int64 // −1 unless a number
	name string
	expr dims.Expr // where the name is one
}

func (d dim) String() string {
	switch {
	case d.name != "":
		return d.name
	case d.n >= 0:
		return strconv.FormatInt(d.n, 10)
	}
	return "?"
}

// graph is a graph file as sessions are made of it. The rest is set for the
// graphs of a language model only.
type graph struct {
	path            string
	inputs, outputs []port

	allocates atomic.Bool // outputs' sizes are not known before a run (or were declared wrong)

	ids, mask, pos string // "" where there is no such input

	last, room, shift string   // inputs that the preparation added, "" where it did not (onnxmodel.LastInput …)
	past, present     []string // keys and values, layer by layer; present[i] becomes past[i]
	logits, token     string
	vocab             int
	grouped           bool // of constant: the cache's real entries stand at its left
	constant          bool // present is as long as past: the cache keeps its length
}

// newGraph reads the ports of a graph that onnxmodel has prepared.
func newGraph(g *onnxmodel.Graph) (*graph, error) {
	out := &graph{
		path: g.Path, last: g.Last, room: g.Room, shift: g.Shift, ids: g.InputIDs, mask: g.AttentionMask, pos: g.PositionIDs, logits: g.Logits, token: g.Token,
	}
	for _, p := range g.Inputs {
		out.inputs = append(out.inputs, toPort(p))
	}
	for _, p := range g.Outputs {
		out.outputs = append(out.outputs, toPort(p))
	}
	for _, kv := range g.Past {
		out.past = append(out.past, kv.Key, kv.Value)
	}
	for _, kv := range g.Present {
		out.present = append(out.present, kv.Key, kv.Value)
	}
	if out.logits == "" {
		return out, nil
	}
	return out, out.checkLM()
}

// checkLM makes sure that everything that will be bound is known.
func (g *graph) checkLM() error {
	for _, name := range slices.Concat([]string{g.ids}, g.past) {
		if p := g.input(name); p == nil || p.typ.size() == 0 {
			return fmt.Errorf("model %s: input %q is missing or of a type that cannot be made", g.path, name)
		}
	}
	for _, name := range slices.Concat([]string{g.logits, g.token}, g.present) {
		if p := g.output(name); p == nil || p.typ.size() == 0 {
			return fmt.Errorf("model %s: output %q is missing or of a type that cannot be bound", g.path, name)
		}
	}
	if dims := g.output(g.logits).dims; len(dims) == 3 {
		g.vocab = int(max(dims[2].n, 0))
	}
	return nil
}

// added reports whether the preparation added an input of that name.
func (g *graph) added(name string) bool { return name == g.last || name == g.room || name == g.shift }

func (g *graph) input(name string) *port  { return find(g.inputs, name) }
func (g *graph) output(name string) *port { return find(g.outputs, name) }

func find(ports []port, name string) *port {
	i := slices.IndexFunc(ports, func(p port) bool { return p.name == name })
	if i < 0 {
		return nil
	}
	return &ports[i]
}

// names lists what stands for symbolic dimensions in the inputs, expressions
// over others among them, in order of appearance.
func (g *graph) names() []string {
	var out []string
	for _, p := range g.inputs {
		for _, d := range p.dims {
			if d.name != "" && !slices.Contains(out, d.name) {
				out = append(out, d.name)
			}
		}
	}
	return out
}

// symbols lists the symbolic dimensions of the inputs that follow from no others.
func (g *graph) symbols() []string { return dims.Free(g.names()) }

// fixed gives the symbolic dimensions that the graph has their values.
func (g *graph) fixed(values map[string]int) map[string]int {
	out := map[string]int{}
	for _, p := range g.inputs {
		for _, d := range p.dims {
			if v, ok := d.value(values); ok && d.name != "" {
				out[d.name] = v
			}
		}
	}
	return out
}

// value is a symbolic dimension under the sizes given; not ok where they do
// not say.
func (d dim) value(sizes map[string]int) (int, bool) {
	if v, ok := sizes[d.name]; ok {
		return v, true
	}
	if len(d.expr.Names()) == 0 {
		return 0, false
	}
	v, err := d.expr.Eval(sizes)
	return v, err == nil
}

// eval is the port's shape under values of the symbolic dimensions.
func (p *port) eval(values map[string]int) ([]int64, error) {
	if p.noShape {
		return nil, fmt.Errorf("%s: the model does not say what shape it has", p.name)
	}
	shape := make([]int64, len(p.dims))
	for i, d := range p.dims {
		shape[i] = d.n
		if d.name != "" {
			v, ok := d.value(values)
			if !ok {
				return nil, fmt.Errorf("%s: nothing says how large %s is", p.name, d.name)
			}
			shape[i] = int64(v)
		}
		if shape[i] < 0 {
			return nil, fmt.Errorf("%s: the model does not say how large dimension %d is", p.name, i)
		}
	}
	return shape, nil
}

// toPort reads a port of the file: dimensions are numbers, names or "?".
func toPort(p onnxmodel.Port) port {
	out := port{name: p.Name, kind: "tensor", typ: dtypeOf(p.Type), noShape: p.NoShape}
	if out.typ == 0 {
		out.kind = p.Type
	}
	for _, d := range p.Dims {
		n, err := strconv.ParseInt(d, 10, 64)
		switch {
		case err == nil:
			out.dims = append(out.dims, dim{n: n})
		case d == "?":
			out.dims = append(out.dims, dim{n: -1})
		default:
			x, _ := dims.Parse(d) // what is no expression is a name
			out.dims = append(out.dims, dim{n: -1, name: d, expr: x})
		}
	}
	return out
}

func (p port) wire() protocol.ModelPort {
	w := protocol.ModelPort{Name: p.name, Type: p.typ.String(), Dims: []string{}}
	if p.kind != "tensor" {
		w.Type = p.kind
	}
	for _, d := range p.dims {
		w.Dims = append(w.Dims, d.String())
	}
	return w
}

func (p port) String() string {
	w := p.wire()
	return fmt.Sprintf("%s %s [%s]", w.Name, w.Type, strings.Join(w.Dims, ", "))
}

// sameFile reports whether two paths name one file.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
