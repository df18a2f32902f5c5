package compare

import (
	"math"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/labels"
)

// reported compares statistics that tools computed themselves, of the same mode
// and label on both sides. There are no intervals, and so no verdict.
func (c *Comparison) reported(ra, rb *labels.Report) {
	n := len(c.Deltas)
	for i := range ra.Reported {
		a := &ra.Reported[i]
		for k := range rb.Reported {
			if b := &rb.Reported[k]; a.Mode == b.Mode && a.Label == b.Label {
				c.reportedDeltas(a, b)
				break
			}
		}
	}
	if len(c.Deltas) > n {
		c.Notes = append(c.Notes, "Rows without an interval compare statistics that the tools computed: their measurements are gone, so nothing says what is chance.")
	}
}

func (c *Comparison) reportedDeltas(a, b *foreign.Reported) {
	add := func(quantity string, va, vb float64) {
		if math.IsNaN(va) || math.IsNaN(vb) {
			return
		}
		nan := math.NaN()
		d := QuantileDelta{Mode: a.Mode, Label: a.Label, Quantity: quantity, NA: uint64(a.N), NB: uint64(b.N), A: va / 1e6, B: vb / 1e6}
		d.between(nan, nan, nan, nan)
		c.Deltas = append(c.Deltas, d)
	}
	add("mean_ms", a.Mean, b.Mean)
	for _, p := range []string{"p50", "p90", "p95", "p99", "p99.9"} {
		va, inA := a.Percentiles[p]
		if vb, inB := b.Percentiles[p]; inA && inB {
			add(strings.ReplaceAll(p, ".", "")+"_ms", va, vb)
		}
	}
	if !slices.Contains(c.Modes, a.Mode) {
		c.Modes = append(c.Modes, a.Mode)
	}
}

// reportedNames are the modes and labels of statistics, for a sentence.
func reportedNames(r *labels.Report) (out []string) {
	for i := range r.Reported {
		out = append(out, strings.TrimPrefix(r.Reported[i].Mode+"."+r.Reported[i].Label, "."))
	}
	return out
}
