package compare

import (
	"slices"

	"github.com/tailscope/tailscope/stats/between"
	"github.com/tailscope/tailscope/stats/quantile"
)

// compared are the quantities of the table.
var compared = []struct {
	name string
	q    float64
}{{"mean_ms", 0}, {"p50_ms", .5}, {"p90_ms", .9}, {"p95_ms", .95}, {"p99_ms", .99}, {"p999_ms", .999}}

const (
	pairLabel = "pair"
	pairRatio = "ratio_geomean"
)

// changes compares what both sides have.
func (c *Comparison) changes() {
	for _, mode := range c.modesOfBoth() {
		n := len(c.Changes)
		c.change(mode, pairLabel, pairRatio, 0)
		for _, label := range c.labelsOf(mode) {
			for _, x := range compared {
				c.change(mode, label, x.name, x.q)
			}
		}
		c.limits(mode)
		c.energies(mode)
		if len(c.Changes) > n {
			c.Modes = append(c.Modes, mode)
		}
	}
}

func (c *Comparison) modesOfBoth() (out []string) {
	for _, x := range c.sides[0] {
		for mode := range x.rep.Named() {
			if !slices.Contains(out, mode) && slices.ContainsFunc(c.sides[1], func(y *session) bool { return len(y.q[mode]) > 0 }) {
				out = append(out, mode)
			}
		}
	}
	return out
}

func (c *Comparison) labelsOf(mode string) (out []string) {
	for _, x := range c.sides[0] {
		for m, label := range x.rep.Named() {
			if m == mode && !slices.Contains(out, label) {
				out = append(out, label)
			}
		}
	}
	return out
}

// change compares one quantity, where every session has it.
func (c *Comparison) change(mode, label, quantity string, q float64) {
	name := label + "." + quantity
	var v [2][]float64
	for i, side := range c.sides {
		if v[i] = values(side, mode, name); v[i] == nil {
			return
		}
	}
	d := Change{Mode: mode, Label: label, Quantity: quantity, Change: between.Compare(v[0], v[1], c.recorded(mode, name))}
	for i, side := range c.sides {
		for _, s := range side {
			n := s.samples(mode, label)
			if i == 0 {
				d.SamplesA += n
			} else {
				d.SamplesB += n
			}
			if q > 0 {
				d.Need = max(d.Need, quantile.Need(q)-int(n))
			}
		}
	}
	c.Changes = append(c.Changes, d)
}

// values are one figure a session; nil where one lacks it or has none above 0.
func values(side []*session, mode, name string) (out []float64) {
	for _, s := range side {
		v, ok := s.q[mode][name]
		if !ok || !(v > 0) {
			return nil
		}
		out = append(out, v)
	}
	return out
}

// recorded is how far sessions differ by themselves; nil where that was not
// recorded.
func (c *Comparison) recorded(mode, name string) *between.Noise {
	v := values(c.noise, mode, name)
	if len(v) < 2 {
		return nil
	}
	n := between.NoiseOf(v)
	return &n
}

func (x *session) samples(mode, label string) (n uint64) {
	for i := range x.rep.Overall {
		if g := &x.rep.Overall[i]; g.Mode == mode && (g.Backend == label || label == pairLabel) {
			n = max(n, g.N)
		}
	}
	for i := range x.rep.Reported {
		if r := &x.rep.Reported[i]; r.Mode == mode && r.Label == label {
			n = max(n, uint64(r.N))
		}
	}
	return n
}
