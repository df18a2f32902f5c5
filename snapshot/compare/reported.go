package compare

import (
	"math"
	"strings"

	"github.com/tailscope/tailscope/snapshot/labels"
)

// reported adds statistics that tools computed themselves, where their
// measurements are gone.
func (q quantities) reported(r *labels.Report) {
	for i := range r.Reported {
		x := &r.Reported[i]
		set := func(quantity string, ns float64) {
			if _, measured := q[x.Mode][x.Label+"."+quantity]; !measured && !math.IsNaN(ns) {
				q.set(x.Mode, x.Label+"."+quantity, ns/1e6)
			}
		}
		set("mean_ms", x.Mean)
		for p, ns := range x.Percentiles {
			set(strings.ReplaceAll(p, ".", "")+"_ms", ns)
		}
	}
}
