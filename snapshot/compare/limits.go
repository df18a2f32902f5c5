package compare

import (
	"fmt"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// limits notes what share of the limit the lanes reach on both sides.
func (c *Comparison) limits(mode string) {
	for _, label := range c.labelsOf(mode) {
		a, b := values(c.sides[0], mode, label+".limit_share"), values(c.sides[1], mode, label+".limit_share")
		if a == nil && b == nil {
			continue
		}
		c.Notes = append(c.Notes, fmt.Sprintf("%s, %s: %s of the limit in A, %s in B (docs/limits.md)", mode, label, limitOf(a), limitOf(b)))
	}
}

// energies notes what a request of each lane costs on both sides, in joules of the whole device.
func (c *Comparison) energies(mode string) {
	for lane := range stats.Lane(stats.NumLanes) {
		name := lane.String() + ".energy_j"
		a, b := values(c.sides[0], mode, name), values(c.sides[1], mode, name)
		if a == nil && b == nil {
			continue
		}
		c.Notes = append(c.Notes, fmt.Sprintf("%s, %s: %s a request in A, %s in B (docs/limits.md)", mode, lane, joulesOf(a), joulesOf(b)))
	}
}

// joulesOf is the median over sessions.
func joulesOf(v []float64) string {
	if v == nil {
		return "an unknown energy"
	}
	slices.Sort(v)
	return fmt.Sprintf("%.3g J", quantile.Percentile(v, .5))
}

// limitOf is the median over sessions.
func limitOf(shares []float64) string {
	if shares == nil {
		return "an unknown share"
	}
	slices.Sort(shares)
	return stats.LimitPct(quantile.Percentile(shares, .5))
}
