package detect

import (
	"fmt"
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/ranktest"
)

// eachLane runs a check on each lane's series and joins what it says: of warnings,
// which go on where "In the … lane" begins, all, else that of the first lane.
func eachLane(in *Input, need int, check func(v []float64) stats.Detection) stats.Detection {
	out, short := few(max(len(in.Series[stats.Eager]), len(in.Series[stats.Optimized])), need), ""
	for l, v := range in.Series {
		if len(v) < need {
			short = fmt.Sprintf(" Too few samples in the %s lane: %d of the %d needed.", stats.Lane(l), len(v), need)
			continue
		}
		d := check(v)
		warn := d.State == "warn"
		if warn {
			d.Sentence = "In the " + stats.Lane(l).String() + " lane " + d.Sentence
		}
		if warn && out.State == "warn" {
			out.Sentence += " " + d.Sentence
		} else if warn || out.State == "few" {
			out = d
		}
	}
	if out.State != "few" {
		out.Sentence += short
	}
	return out
}

// What a change must be to be worth a warning: improbable, and larger than
// this share of the median.
const (
	changeP     = 0.001
	changeShare = 0.05
)

func changePoint(in *Input) stats.Detection {
	return eachLane(in, 40, func(v []float64) stats.Detection {
		at, p := ranktest.Pettitt(v)
		shift := quantile.Median(v[at:])/quantile.Median(v[:at]) - 1
		if !(p < changeP && math.Abs(shift) >= changeShare) {
			return finding(false, "No change of the median.")
		}
		why := "slower: throttling, or a noisier host"
		if shift < 0 {
			why = "faster: the warm-up was not over"
		}
		return finding(true, "the median changed by %+.0f %% about %d samples ago (%s).", 100*shift, (len(v)-at)*max(in.SeriesStride, 1), why)
	})
}

func drift(in *Input) stats.Detection {
	return eachLane(in, 5*ranktest.DriftBlocks, func(v []float64) stats.Detection {
		total, p := ranktest.Drift(v)
		if !(p < changeP && math.Abs(total) >= changeShare) {
			return finding(false, "No drift.")
		}
		return finding(true, "the median drifts: %+.0f %% over the last %d samples.", 100*total, len(v)*max(in.SeriesStride, 1))
	})
}

func bimodal(in *Input) stats.Detection {
	return eachLane(in, 100, func(v []float64) stats.Detection {
		m := ranktest.TwoModes(v)
		if !m.Bimodal {
			return finding(false, "One mode.")
		}
		return finding(true, "there are two modes: %.0f %% of clean samples near %.2f × and %.0f %% near %.2f × their shape's median.",
			100*(1-m.UpperShare), m.Lower, 100*m.UpperShare, m.Upper)
	})
}
