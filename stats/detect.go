package stats

import (
	"fmt"
	"math"
	"slices"
)

// A Detector looks for one pattern in what was measured lately. Check returns
// state ok, warn or few (too few samples), a sentence and a summary of a few
// words.
type Detector interface {
	Name() string
	Check(in *DetectorInput) Detection
}

// DetectorInput is what detectors look at.
type DetectorInput struct {
	// Series are the latest clean samples of each lane in order of time, each
	// over the clean median of its shape, so that lengths do not look like modes.
	Series       [NumLanes][]float64
	Runs         [NumLanes]int // runs that began
	ColdRuns     [NumLanes]int // of them, judged a cold start
	Judged       [NumLanes]int // runs with enough samples after the first to judge
	Spikes       [NumLanes]int // in Recent
	Recent       [NumLanes]int // samples looked at
	NewShapes    int           // of the optimized lane in Recent
	Compiles     int           // of the optimized lane in Recent
	Checks       int           // outputs compared
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
	coldAfter   = 5   // samples after the first of a run that settle whether it was cold
	spikeMin    = 20  // samples before the spike rule judges
	churnPer100 = 1.0 // compiles per hundred requests that count as churn
)

func few(name string, have, need int) Detection {
	return Detection{Name: name, State: "few", Summary: "too few samples",
		Sentence: fmt.Sprintf("Too few samples: %d of the %d needed.", have, need)}
}

func calm(name, sentence, summary string) Detection {
	return Detection{Name: name, State: "ok", Sentence: sentence, Summary: summary}
}

func warning(name, sentence, summary string) Detection {
	return Detection{Name: name, State: "warn", Sentence: sentence, Summary: summary}
}

type coldStartDetector struct{}

func (coldStartDetector) Name() string { return "cold_start" }

func (d coldStartDetector) Check(in *DetectorInput) Detection {
	judged, cold := in.Judged[Eager]+in.Judged[Optimized], in.ColdRuns[Eager]+in.ColdRuns[Optimized]
	if judged == 0 {
		return few(d.Name(), 0, coldAfter+1)
	}
	s := fmt.Sprintf("First sample more than 3 × the median of what followed in %d of %d eager and %d of %d optimized runs.",
		in.ColdRuns[Eager], in.Judged[Eager], in.ColdRuns[Optimized], in.Judged[Optimized])
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

func (d spikeDetector) Check(in *DetectorInput) Detection {
	n := in.Recent[Eager] + in.Recent[Optimized]
	if n < 2*spikeMin {
		return few(d.Name(), n, 2*spikeMin)
	}
	k := in.Spikes[Eager] + in.Spikes[Optimized]
	s := fmt.Sprintf("%d of the last %d eager and %d of the last %d optimized samples lie beyond median + 8 MAD-sigmas of their shape.",
		in.Spikes[Eager], in.Recent[Eager], in.Spikes[Optimized], in.Recent[Optimized])
	sum := fmt.Sprintf("%.2g %%", 100*float64(k)/float64(n))
	if float64(k) >= spikeShare*float64(n) {
		return warning(d.Name(), s, sum)
	}
	return calm(d.Name(), s, sum)
}

type churnDetector struct{}

func (churnDetector) Name() string { return "churn" }

func (d churnDetector) Check(in *DetectorInput) Detection {
	const need = 50
	n := in.Recent[Optimized]
	if n < need {
		return few(d.Name(), n, need)
	}
	per := 100 / float64(n)
	s := fmt.Sprintf("%.2g new shapes and %.2g compiles per hundred requests of the optimized lane, over the last %d.",
		per*float64(in.NewShapes), per*float64(in.Compiles), n)
	sum := fmt.Sprintf("%.2g compiles/100", per*float64(in.Compiles))
	if per*float64(max(in.Compiles, in.NewShapes)) >= churnPer100 {
		return warning(d.Name(), s, sum)
	}
	return calm(d.Name(), s, sum)
}

type divergenceDetector struct{}

func (divergenceDetector) Name() string { return "divergence" }

func (d divergenceDetector) Check(in *DetectorInput) Detection {
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
func bothLanes(name string, in *DetectorInput, need int, check func(v []float64) (warn bool, sentence, summary string)) Detection {
	out, short := Detection{Name: name, State: "few"}, ""
	for l := range in.Series {
		v := in.Series[l]
		if len(v) < need {
			short = fmt.Sprintf(" Too few samples in the %s lane: %d of the %d needed.", Lane(l), len(v), need)
			continue
		}
		warn, sentence, summary := check(v)
		if out.State == "few" || warn && out.State != "warn" {
			out.State = "ok"
			out.Sentence, out.Summary = sentence, summary
			if warn {
				out.Sentence = "In the " + Lane(l).String() + " lane " + sentence
			}
		} else if warn {
			out.Sentence += " In the " + Lane(l).String() + " lane " + sentence
		}
		if warn {
			out.State = "warn"
		}
	}
	if out.State == "few" {
		return few(name, max(len(in.Series[Eager]), len(in.Series[Optimized])), need)
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

func (d changePointDetector) Check(in *DetectorInput) Detection {
	return bothLanes(d.Name(), in, 40, func(v []float64) (bool, string, string) {
		at, p := Pettitt(v)
		before, after := Median(v[:at]), Median(v[at:])
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

// Pettitt finds the most likely change point of a series and an approximate
// two-sided p value, 2·exp(−6K²/(n³+n²)) (Pettitt, Applied Statistics 28,
// 1979). at is the number of values before the change.
func Pettitt(v []float64) (at int, p float64) {
	n := len(v)
	if n < 2 {
		return 0, 1
	}
	u, k := 0.0, -1.0
	for i, r := range midRanks(v)[:n-1] {
		u += 2*r - float64(n+1)
		if math.Abs(u) > k {
			k, at = math.Abs(u), i+1
		}
	}
	return at, math.Min(1, 2*math.Exp(-6*k*k/(math.Pow(float64(n), 3)+float64(n)*float64(n))))
}

func midRanks(v []float64) []float64 {
	n := len(v)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case v[a] < v[b]:
			return -1
		case v[a] > v[b]:
			return 1
		}
		return 0
	})
	ranks := make([]float64, n)
	for i := 0; i < n; {
		j := i
		for j < n && v[order[j]] == v[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			ranks[k] = float64(i+1+j) / 2
		}
		i = j
	}
	return ranks
}
