package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/configs/dims"
	"github.com/tailscope/tailscope/runner/protocol"
)

// dimPlan enumerates the sizes of a forward model's symbolic dimensions in
// mixed radix; those that follow from others are computed. A model with
// recorded inputs goes through their sets instead.
type dimPlan struct {
	names  []string
	values [][]int
	ties   dims.Ties
	sets   []map[string]int
}

// newDimPlan joins what the user said of dimensions (--dim) with what the
// engine says of the model: which follow from others, and what those take
// that nobody spoke of.
func newDimPlan(spec map[string]string, m *protocol.Model) (*dimPlan, error) {
	d := &dimPlan{sets: m.Recorded}
	for name := range spec {
		if !slices.Contains(m.Dims, name) && len(m.Dims) > 0 {
			return nil, fmt.Errorf("the model has no symbolic dimension %q: it has %s", name, strings.Join(m.Dims, ", "))
		}
	}
	ties, err := dims.NewTies(m.DimTies)
	if err != nil {
		return nil, fmt.Errorf("the engine ties dimensions: %w", err)
	}
	free := map[string][]int{}
	for name, text := range spec {
		s, err := dims.ParseSpec(text)
		if err != nil {
			return nil, fmt.Errorf("dimension %s: %w", name, err)
		}
		if s.Tied() {
			ties = ties.Add(name, s.Expr)
		} else {
			free[name] = s.Values // unless the engine found that it follows from others
		}
	}
	for _, name := range m.Dims {
		if ties.Has(name) {
			continue
		}
		vals := free[name]
		if vals == nil {
			vals = m.DimValues[name]
		}
		if vals == nil {
			vals = dims.RoleOf(name).Values
		}
		d.names, d.values = append(d.names, name), append(d.values, vals)
	}
	d.ties = ties
	_, err = d.sizes(0)
	return d, err
}

func (d *dimPlan) points() int {
	if len(d.sets) > 0 {
		return len(d.sets)
	}
	n := 1
	for _, v := range d.values {
		n = min(n*len(v), 1<<16)
	}
	return n
}

// at is point i: the sizes, and the 1-based set of recorded inputs or 0.
func (d *dimPlan) at(i int) (map[string]int, int) {
	if n := len(d.sets); n > 0 {
		return d.sets[i%n], i%n + 1
	}
	m, _ := d.sizes(i) // the same ties held for point 0
	return m, 0
}

func (d *dimPlan) sizes(i int) (map[string]int, error) {
	m := make(map[string]int, len(d.names)+len(d.ties))
	for k, v := range d.values {
		m[d.names[k]] = v[i%len(v)]
		i /= len(v)
	}
	return m, d.ties.Resolve(m)
}
