package detect

import (
	"fmt"
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/ranktest"
)

type driftDetector struct{}

func (driftDetector) Name() string { return "drift" }

func (d driftDetector) Check(in *Input) stats.Detection {
	return bothLanes(d.Name(), in, 5*ranktest.DriftBlocks, func(v []float64) (bool, string, string) {
		total, p := ranktest.Drift(v)
		if p < changeP && math.Abs(total) >= changeShare {
			return true, fmt.Sprintf("the median drifts: %+.0f %% over the last %d samples.", 100*total,
				len(v)*max(in.SeriesStride, 1)), fmt.Sprintf("%+.0f %%", 100*total)
		}
		return false, "No drift.", "none"
	})
}

type bimodalDetector struct{}

func (bimodalDetector) Name() string { return "bimodal" }

func (d bimodalDetector) Check(in *Input) stats.Detection {
	return bothLanes(d.Name(), in, 100, func(v []float64) (bool, string, string) {
		m := ranktest.TwoModes(v)
		if m.Bimodal {
			return true, fmt.Sprintf("there are two modes: %.0f %% of clean samples near %.2f × and %.0f %% near %.2f × their shape's median.",
				100*(1-m.UpperShare), m.Lower, 100*m.UpperShare, m.Upper), "two modes"
		}
		return false, "One mode.", "one mode"
	})
}
