package detect

import (
	"fmt"
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/ranktest"
)

// A Detector looks for one pattern in what was measured lately. Check returns
// state ok, warn or few (too few samples), a sentence and a summary of a few
// words.
type Detector interface {
	Name() string
	Check(in *Input) stats.Detection
}

// Input is what detectors look at.
type Input struct {
	// Series are the latest clean samples of each lane in order of time, each
	// over the clean median of its shape, so that lengths do not look like modes.
	Series       [stats.NumLanes][]float64
	Runs         [stats.NumLanes]int // runs that began
	ColdRuns     [stats.NumLanes]int // of them, judged a cold start
	Judged       [stats.NumLanes]int // runs with enough samples after the first to judge
	Spikes       [stats.NumLanes]int // in Recent
	Recent       [stats.NumLanes]int // samples looked at
	NewShapes    int                 // of the optimized lane in Recent
	Compiles     int                 // of the optimized lane in Recent
	Checks       int                 // outputs compared
	Diverged     int
	MaxRelL2     float64
	SeriesStride int // samples between two of Series; 1: all
}

// Detectors returns one of each.
func Detectors() []Detector {
	return []Detector{coldStartDetector{}, spikeDetector{}, churnDetector{}, changePointDetector{}, bimodalDetector{},
		driftDetector{}, divergenceDetector{}}
}

// What the collector that fills a DetectorInput must know too.
const (
	ColdAfter   = 5   // samples after the first of a run that settle whether it was cold
	SpikeMin    = 20  // samples before the spike rule judges
	ChurnPer100 = 1.0 // compiles per hundred requests that count as churn
)

func few(name string, have, need int) stats.Detection {
	return stats.Detection{Name: name, State: "few", Summary: "too few samples",
		Sentence: fmt.Sprintf("Too few samples: %d of the %d needed.", have, need)}
}

func calm(name, sentence, summary string) stats.Detection {
	return stats.Detection{Name: name, State: "ok", Sentence: sentence, Summary: summary}
}

func warning(name, sentence, summary string) stats.Detection {
	return stats.Detection{Name: name, State: "warn", Sentence: sentence, Summary: summary}
}

type coldStartDetector struct{}

func (coldStartDetector) Name() string { return "cold_start" }

func (d coldStartDetector) Check(in *Input) stats.Detection {
	judged, cold := in.Judged[stats.Eager]+in.Judged[stats.Optimized], in.ColdRuns[stats.Eager]+in.ColdRuns[stats.Optimized]
	if judged == 0 {
		return few(d.Name(), 0, ColdAfter+1)
	}
	s := fmt.Sprintf("First sample more than 3 × the median of what followed in %d of %d eager and %d of %d optimized runs.",
		in.ColdRuns[stats.Eager], in.Judged[stats.Eager], in.ColdRuns[stats.Optimized], in.Judged[stats.Optimized])
	sum := fmt.Sprintf("%d of %d runs", cold, judged)
	if cold > 0 {
		return warning(d.Name(), s, sum)
	}
	return calm(d.Name(), s, sum)
}

type spikeDetector struct{}

// spikeShare is the share of spikes from which the detector warns.
const spikeShare = 0.01

func (spikeDetector) Name() string { return "spike" }

func (d spikeDetector) Check(in *Input) stats.Detection {
	n := in.Recent[stats.Eager] + in.Recent[stats.Optimized]
	if n < 2*SpikeMin {
		return few(d.Name(), n, 2*SpikeMin)
	}
	k := in.Spikes[stats.Eager] + in.Spikes[stats.Optimized]
	s := fmt.Sprintf("%d of the last %d eager and %d of the last %d optimized samples lie beyond median + 8 MAD-sigmas of their shape.",
		in.Spikes[stats.Eager], in.Recent[stats.Eager], in.Spikes[stats.Optimized], in.Recent[stats.Optimized])
	sum := fmt.Sprintf("%.2g %%", 100*float64(k)/float64(n))
	if float64(k) >= spikeShare*float64(n) {
		return warning(d.Name(), s, sum)
	}
	return calm(d.Name(), s, sum)
}

type churnDetector struct{}

func (churnDetector) Name() string { return "churn" }

func (d churnDetector) Check(in *Input) stats.Detection {
	const need = 50
	n := in.Recent[stats.Optimized]
	if n < need {
		return few(d.Name(), n, need)
	}
	per := 100 / float64(n)
	s := fmt.Sprintf("%.2g new shapes and %.2g compiles per hundred requests of the optimized lane, over the last %d.",
		per*float64(in.NewShapes), per*float64(in.Compiles), n)
	sum := fmt.Sprintf("%.2g compiles/100", per*float64(in.Compiles))
	if per*float64(max(in.Compiles, in.NewShapes)) >= ChurnPer100 {
		return warning(d.Name(), s, sum)
	}
	return calm(d.Name(), s, sum)
}

type divergenceDetector struct{}

func (divergenceDetector) Name() string { return "divergence" }

func (d divergenceDetector) Check(in *Input) stats.Detection {
	if in.Checks == 0 {
		return few(d.Name(), 0, 1)
	}
	s := fmt.Sprintf("%d of %d compared outputs differ beyond the tolerance; largest relative L2 %.2g.", in.Diverged, in.Checks, in.MaxRelL2)
	if in.Diverged > 0 {
		return warning(d.Name(), s, fmt.Sprintf("%d of %d", in.Diverged, in.Checks))
	}
	return calm(d.Name(), s, fmt.Sprintf("0 of %d", in.Checks))
}

// bothLanes runs a check on each lane's series and joins what it says.
func bothLanes(name string, in *Input, need int, check func(v []float64) (warn bool, sentence, summary string)) stats.Detection {
	out, short := stats.Detection{Name: name, State: "few"}, ""
	for l := range in.Series {
		v := in.Series[l]
		if len(v) < need {
			short = fmt.Sprintf(" Too few samples in the %s lane: %d of the %d needed.", stats.Lane(l), len(v), need)
			continue
		}
		warn, sentence, summary := check(v)
		if out.State == "few" || warn && out.State != "warn" {
			out.State = "ok"
			out.Sentence, out.Summary = sentence, summary
			if warn {
				out.Sentence = "In the " + stats.Lane(l).String() + " lane " + sentence
			}
		} else if warn {
			out.Sentence += " In the " + stats.Lane(l).String() + " lane " + sentence
		}
		if warn {
			out.State = "warn"
		}
	}
	if out.State == "few" {
		return few(name, max(len(in.Series[stats.Eager]), len(in.Series[stats.Optimized])), need)
	}
	out.Sentence += short
	return out
}

type changePointDetector struct{}

func (changePointDetector) Name() string { return "change_point" }

// What a change must be to be worth a warning: improbable, and larger than
// this share of the median.
const (
	changeP     = 0.001
	changeShare = 0.05
)

func (d changePointDetector) Check(in *Input) stats.Detection {
	return bothLanes(d.Name(), in, 40, func(v []float64) (bool, string, string) {
		at, p := ranktest.Pettitt(v)
		before, after := quantile.Median(v[:at]), quantile.Median(v[at:])
		shift := after/before - 1
		if p < changeP && math.Abs(shift) >= changeShare {
			why := "slower: throttling, or a noisier host"
			if shift < 0 {
				why = "faster: the warm-up was not over"
			}
			return true, fmt.Sprintf("the median changed by %+.0f %% about %d samples ago (%s).", 100*shift,
				(len(v)-at)*max(in.SeriesStride, 1), why), fmt.Sprintf("%+.0f %%", 100*shift)
		}
		return false, "No change of the median.", "none"
	})
}
