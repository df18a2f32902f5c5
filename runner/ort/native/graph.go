package native

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/tailscope/tailscope/configs/dims"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/protocol"
)

// Port is an input or output of a graph.
type Port struct {
	Name string
	Kind string // "tensor", "sequence", "map", …
	Typ  Type   // 0: not an element type that tensors here can have
	Dims []dim

	NoShape bool // the file states none; dims is then empty and means nothing
}

// dim is a dimension: a number, a name, an expression over names, or neither
// (unknown).
type dim struct {
	n    int64 // −1 unless a number
	Name string
	expr dims.Expr // where the name is one
}

func (d dim) String() string {
	switch {
	case d.Name != "":
		return d.Name
	case d.n >= 0:
		return strconv.FormatInt(d.n, 10)
	}
	return "?"
}

// Graph is a graph file as sessions are made of it.
type Graph struct {
	*onnxmodel.Graph
	Inputs, Outputs []Port
	Captured        *Graph // what is captured in its place; nil: nothing

	Allocates atomic.Bool // outputs' sizes are not known before a run (or were declared wrong)
	Vocab     int         // of a language model
}

// NewGraph reads the ports of a graph that onnxmodel has prepared; nil of nil.
func NewGraph(g *onnxmodel.Graph) (*Graph, error) {
	if g == nil {
		return nil, nil
	}
	out := &Graph{Graph: g}
	for _, p := range g.Inputs {
		out.Inputs = append(out.Inputs, ToPort(p))
	}
	for _, p := range g.Outputs {
		out.Outputs = append(out.Outputs, ToPort(p))
	}
	if out.Logits == "" {
		return out, nil
	}
	return out, out.checkLM()
}

// checkLM makes sure that everything that will be bound is known.
func (g *Graph) checkLM() error {
	for _, name := range slices.Concat([]string{g.InputIDs}, g.Past) {
		if p := g.input(name); p == nil || p.Typ.Size() == 0 {
			return fmt.Errorf("model %s: input %q is missing or of a type that cannot be made", g.Path, name)
		}
	}
	for _, name := range slices.Concat([]string{g.Logits, g.Token}, g.Present) {
		if p := g.Output(name); p == nil || p.Typ.Size() == 0 {
			return fmt.Errorf("model %s: output %q is missing or of a type that cannot be bound", g.Path, name)
		}
	}
	if dims := g.Output(g.Logits).Dims; len(dims) == 3 {
		g.Vocab = int(max(dims[2].n, 0))
	}
	return nil
}

// Added reports whether the preparation added an input of that name.
func (g *Graph) Added(name string) bool { return name == g.Last || name == g.Room || name == g.Shift }

func (g *Graph) input(name string) *Port  { return find(g.Inputs, name) }
func (g *Graph) Output(name string) *Port { return find(g.Outputs, name) }

func find(ports []Port, name string) *Port {
	i := slices.IndexFunc(ports, func(p Port) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &ports[i]
}

// Names lists what stands for symbolic dimensions in the inputs, expressions
// over others among them, in order of appearance.
func (g *Graph) Names() []string {
	var out []string
	for _, p := range g.Inputs {
		for _, d := range p.Dims {
			if d.Name != "" && !slices.Contains(out, d.Name) {
				out = append(out, d.Name)
			}
		}
	}
	return out
}

// Symbols lists the symbolic dimensions of the inputs that follow from no others.
func (g *Graph) Symbols() []string { return dims.Free(g.Names()) }

// Fixed gives the symbolic dimensions that the graph has their values.
func (g *Graph) Fixed(values map[string]int) map[string]int {
	out := map[string]int{}
	for _, p := range g.Inputs {
		for _, d := range p.Dims {
			if v, ok := d.value(values); ok && d.Name != "" {
				out[d.Name] = v
			}
		}
	}
	return out
}

// value is a symbolic dimension under the sizes given; not ok where they do
// not say.
func (d dim) value(sizes map[string]int) (int, bool) {
	if v, ok := sizes[d.Name]; ok {
		return v, true
	}
	if len(d.expr.Names()) == 0 {
		return 0, false
	}
	v, err := d.expr.Eval(sizes)
	return v, err == nil
}

// Eval is the port's shape under values of the symbolic dimensions.
func (p *Port) Eval(values map[string]int) ([]int64, error) {
	if p.NoShape {
		return nil, fmt.Errorf("%s: the model does not say what shape it has", p.Name)
	}
	shape := make([]int64, len(p.Dims))
	for i, d := range p.Dims {
		shape[i] = d.n
		if d.Name != "" {
			v, ok := d.value(values)
			if !ok {
				return nil, fmt.Errorf("%s: nothing says how large %s is", p.Name, d.Name)
			}
			shape[i] = int64(v)
		}
		if shape[i] < 0 {
			return nil, fmt.Errorf("%s: the model does not say how large dimension %d is", p.Name, i)
		}
	}
	return shape, nil
}

// ToPort reads a port of the file: dimensions are numbers, names or "?".
func ToPort(p onnxmodel.Port) Port {
	out := Port{Name: p.Name, Kind: "tensor", Typ: TypeOf(p.Type), NoShape: p.NoShape}
	if out.Typ == 0 {
		out.Kind = p.Type
	}
	for _, d := range p.Dims {
		n, err := strconv.ParseInt(d, 10, 64)
		switch {
		case err == nil:
			out.Dims = append(out.Dims, dim{n: n})
		case d == "?":
			out.Dims = append(out.Dims, dim{n: -1})
		default:
			x, _ := dims.Parse(d) // what is no expression is a name
			out.Dims = append(out.Dims, dim{n: -1, Name: d, expr: x})
		}
	}
	return out
}

func (p Port) Wire() protocol.ModelPort {
	w := protocol.ModelPort{Name: p.Name, Type: p.Typ.String(), Dims: []string{}}
	if p.Kind != "tensor" {
		w.Type = p.Kind
	}
	for _, d := range p.Dims {
		w.Dims = append(w.Dims, d.String())
	}
	return w
}

func (p Port) String() string {
	w := p.Wire()
	return fmt.Sprintf("%s %s [%s]", w.Name, w.Type, strings.Join(w.Dims, ", "))
}

// Role is what a dimension measures: by its name, else by its place.
func (g *Graph) Role(name string) dims.Role {
	if r := dims.RoleOf(name); r.Name != "" {
		return r
	}
	for _, p := range g.Inputs {
		at := slices.IndexFunc(p.Dims, func(d dim) bool { return d.Name == name })
		if at < 0 {
			continue
		}
		channels := func(i int) bool { return slices.Contains([]int64{1, 3, 4}, p.Dims[i].n) }
		picture := len(p.Dims) == 4 && p.Typ.Size() > 0
		switch {
		case at == 0 && len(p.Dims) > 1:
			return dims.Batch
		case picture && channels(1) && at == 2, picture && channels(3) && at == 1:
			return dims.Height
		case picture && channels(1) && at == 3, picture && channels(3) && at == 2:
			return dims.Width
		}
		break
	}
	return dims.Unknown
}
