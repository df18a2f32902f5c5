package compare

import (
	"fmt"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// limits notes what share of the limit the lanes reach on both sides.
func (c *Comparison) limits(mode string) {
	for _, label := range c.labelsOf(mode) {
		c.beside(mode, label, "limit_share", "share", "of the limit", stats.LimitPct)
	}
}

// energies notes what a request of each lane costs on both sides, in joules of the whole device.
func (c *Comparison) energies(mode string) {
	for lane := range stats.Lane(stats.NumLanes) {
		c.beside(mode, lane.String(), "energy_j", "energy", "a request", func(j float64) string { return fmt.Sprintf("%.3g J", j) })
	}
}

// beside notes the medians over sessions of a figure of both sides, in words what it
// is and of what, where any side has it.
func (c *Comparison) beside(mode, label, quantity, what, of string, show func(float64) string) {
	median := func(v []float64) string {
		if v == nil {
			return "an unknown " + what
		}
		return show(quantile.Median(v))
	}
	a, b := values(c.sides[0], mode, label+"."+quantity), values(c.sides[1], mode, label+"."+quantity)
	if a != nil || b != nil {
		c.Notes = append(c.Notes, fmt.Sprintf("%s, %s: %s %s in A, %s in B (docs/limits.md)", mode, label, median(a), of, median(b)))
	}
}
