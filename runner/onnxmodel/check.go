package onnxmodel

import (
	"errors"
	"fmt"
)

// feeds are the inputs that must be given: files before IR version 4 list
// initializers among the inputs too.
func (g *graph) feeds() []Port {
	isInit := make(map[string]bool, len(g.inits))
	for i := range g.inits {
		isInit[g.inits[i].name] = true
	}
	var out []Port
	for _, p := range g.inputs {
		if !isInit[p.Name] {
			out = append(out, p)
		}
	}
	return out
}

// walk calls fn for every node of g and its subgraphs.
func (g *graph) walk(fn func(*node)) {
	for i := range g.nodes {
		fn(&g.nodes[i])
		for _, s := range g.nodes[i].sub {
			s.walk(fn)
		}
	}
}

// countsMask says whether a CumSum runs over something made of attention_mask,
// which is how exports without position_ids count positions.
func (g *graph) countsMask() bool {
	from := map[string]bool{"attention_mask": true}
	found := false
	// A few passes follow chains such as Cast → CumSum also into branches.
	for range 4 {
		g.walk(func(n *node) {
			for _, in := range n.in {
				if !from[in] {
					continue
				}
				if n.op == "CumSum" {
					found = true
				}
				if n.op == "Cast" || n.op == "Identity" || n.op == "CumSum" || n.op == "Slice" || n.op == "Reshape" {
					for _, o := range n.out {
						from[o] = true
					}
				}
			}
		})
	}
	return found
}

// check finds what would keep any runtime from loading the model.
func (m *model) check() error {
	if len(m.opsets) == 0 {
		return errors.New("states no opset, so its operators have no meaning")
	}
	if m.ir <= 0 {
		return errors.New("states no IR version")
	}
	if len(m.graph.outputs) == 0 {
		return errors.New("its graph has no outputs")
	}
	return m.graph.check(nil)
}

// scope is the set of values that a subgraph can see.
type scope struct {
	values map[string]int // to the index of the producing node, −1: input or initializer
	outer  *scope
}

func (s *scope) has(name string) bool {
	for ; s != nil; s = s.outer {
		if _, ok := s.values[name]; ok {
			return true
		}
	}
	return false
}

func (g *graph) check(outer *scope) error {
	s := &scope{values: make(map[string]int, len(g.nodes)), outer: outer}
	for _, p := range g.inputs {
		if p.Name == "" {
			return errors.New("an input of its graph has no name")
		}
		if _, twice := s.values[p.Name]; twice {
			return fmt.Errorf("input %q is declared twice", p.Name)
		}
		s.values[p.Name] = -1
	}
	for i := range g.inits {
		if err := g.inits[i].check(); err != nil {
			return err
		}
		s.values[g.inits[i].name] = -1
	}
	for i := range g.nodes {
		if err := g.nodes[i].declare(s, i); err != nil {
			return err
		}
	}
	for i := range g.nodes {
		if err := g.nodes[i].check(s); err != nil {
			return err
		}
	}
	for _, p := range g.outputs {
		if !s.has(p.Name) {
			return fmt.Errorf("output %q: no node produces it", p.Name)
		}
	}
	return g.acyclic(s)
}

func (n *node) declare(s *scope, i int) error {
	if n.op == "" {
		return fmt.Errorf("node %s has no operator", n.label())
	}
	for _, out := range n.out {
		if out == "" {
			continue
		}
		if _, twice := s.values[out]; twice {
			return fmt.Errorf("node %s produces %q, which is there already", n.label(), out)
		}
		s.values[out] = i
	}
	return nil
}

func (n *node) check(s *scope) error {
	for _, in := range n.in {
		if in != "" && !s.has(in) {
			return fmt.Errorf("node %s reads %q, which nothing produces", n.label(), in)
		}
	}
	for i := range n.consts {
		if err := n.consts[i].check(); err != nil {
			return fmt.Errorf("node %s: %w", n.label(), err)
		}
	}
	for _, sub := range n.sub {
		if err := sub.check(s); err != nil {
			return fmt.Errorf("in node %s: %w", n.label(), err)
		}
	}
	return nil
}

func (n *node) label() string {
	if n.name == "" {
		return fmt.Sprintf("(%s without a name)", n.op)
	}
	return fmt.Sprintf("%q (%s)", n.name, n.op)
}

// check sees that a tensor holds as many bytes as its dimensions say.
func (t *tensor) check() error {
	n := t.elements()
	if n < 0 || n > 1<<50 {
		return fmt.Errorf("weight %q has impossible dimensions %v", t.name, t.dims)
	}
	bits := elemBits[t.dtype]
	if t.extern || t.other || bits == 0 || t.data.len() == 0 && n == 0 {
		return nil
	}
	if want := (n*bits + 7) / 8; t.data.len() != want {
		return fmt.Errorf("weight %q: dimensions %v of %s need %d bytes, the file has %d", t.name, t.dims, ElemName(t.dtype), want, t.data.len())
	}
	return nil
}

// acyclic removes nodes whose inputs are known until none is left (Kahn). A
// node also waits for what its subgraphs read.
func (g *graph) acyclic(s *scope) error {
	waits := make([]int, len(g.nodes))
	readers := map[int][]int{}
	for i := range g.nodes {
		g.nodes[i].reads(func(name string) {
			if from, ok := s.values[name]; ok && from >= 0 {
				waits[i]++
				readers[from] = append(readers[from], i)
			}
		})
	}
	var ready []int
	for i, n := range waits {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	done := 0
	for ; len(ready) > 0; done++ {
		i := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		for _, r := range readers[i] {
			if waits[r]--; waits[r] == 0 {
				ready = append(ready, r)
			}
		}
	}
	if done == len(g.nodes) {
		return nil
	}
	for i, n := range waits {
		if n > 0 {
			return fmt.Errorf("its graph has a cycle through or before node %s", g.nodes[i].label())
		}
	}
	return nil
}

// reads calls fn for each value the node or its subgraphs read. Names that a
// subgraph defines itself hide outer ones.
func (n *node) reads(fn func(string)) {
	for _, in := range n.in {
		if in != "" {
			fn(in)
		}
	}
	for _, sub := range n.sub {
		own := map[string]bool{}
		for _, p := range sub.inputs {
			own[p.Name] = true
		}
		for i := range sub.inits {
			own[sub.inits[i].name] = true
		}
		for i := range sub.nodes {
			for _, o := range sub.nodes[i].out {
				own[o] = true
			}
		}
		outer := func(name string) {
			if !own[name] {
				fn(name)
			}
		}
		for i := range sub.nodes {
			sub.nodes[i].reads(outer)
		}
		for _, p := range sub.outputs {
			outer(p.Name)
		}
	}
}
