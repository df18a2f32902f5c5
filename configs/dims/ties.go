package dims

import (
	"fmt"
	"maps"
	"slices"
)

// Ties are dimensions that follow from others.
type Ties []tie

type tie struct {
	name string
	expr Expr
}

// NewTies reads a map of dimension to expression.
func NewTies(m map[string]string) (Ties, error) {
	var out Ties
	for _, name := range slices.Sorted(maps.Keys(m)) {
		e, err := Parse(m[name])
		if err != nil {
			return nil, err
		}
		out = append(out, tie{name, e})
	}
	return out, nil
}

// Add adds a dimension; an earlier tie of that name goes.
func (t Ties) Add(name string, e Expr) Ties {
	return append(slices.DeleteFunc(slices.Clone(t), t.Is(name)), tie{name, e})
}

// Has reports whether a dimension follows from others.
func (t Ties) Has(name string) bool { return slices.ContainsFunc(t, t.Is(name)) }

// Is tells the tie of a dimension from the others.
func (Ties) Is(name string) func(tie) bool { return func(x tie) bool { return x.name == name } }

// Resolve adds the values of the tied dimensions to sizes, which holds those
// of the others. A tie may follow from another one, in any order.
func (t Ties) Resolve(sizes map[string]int) error {
	left := slices.Clone(t)
	for len(left) > 0 {
		var last error
		n := len(left)
		left = slices.DeleteFunc(left, func(x tie) bool {
			v, err := x.expr.Eval(sizes)
			if err != nil {
				last = fmt.Errorf("dimension %s: %w", x.name, err)
				return false
			}
			sizes[x.name] = v
			return true
		})
		if len(left) == n {
			return last
		}
	}
	return nil
}
