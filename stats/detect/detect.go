package detect

import (
	"fmt"

	"github.com/tailscope/tailscope/stats"
)

// A Detector looks for one pattern in what was measured lately.
type Detector struct {
	Name  string
	check func(in *Input) stats.Detection
}

// Check returns state ok, warn or few (too few samples), and a sentence.
func (d Detector) Check(in *Input) stats.Detection {
	out := d.check(in)
	out.Name = d.Name
	return out
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
	return []Detector{{"cold_start", coldStarts}, {"spike", spikes}, {"churn", churn}, {"change_point", changePoint}, {"bimodal", bimodal},
		{"drift", drift}, {"divergence", divergence}}
}

// What the collector that fills a DetectorInput must know too.
const (
	ColdAfter   = 5   // samples after the first of a run that settle whether it was cold
	SpikeMin    = 20  // samples before the spike rule judges
	ChurnPer100 = 1.0 // compiles per hundred requests that count as churn
)

func few(have, need int) stats.Detection {
	return stats.Detection{State: "few", Sentence: fmt.Sprintf("Too few samples: %d of the %d needed.", have, need)}
}

func finding(warn bool, format string, args ...any) stats.Detection {
	state := "ok"
	if warn {
		state = "warn"
	}
	return stats.Detection{State: state, Sentence: fmt.Sprintf(format, args...)}
}

func both(n [stats.NumLanes]int) int { return n[stats.Eager] + n[stats.Optimized] }

func coldStarts(in *Input) stats.Detection {
	if both(in.Judged) == 0 {
		return stats.Detection{State: "few", Sentence: fmt.Sprintf("Too few samples: no run has the %d needed.", ColdAfter+1)}
	}
	return finding(both(in.ColdRuns) > 0, "First sample more than 3 × the median of what followed in %d of %d eager and %d of %d optimized runs.",
		in.ColdRuns[stats.Eager], in.Judged[stats.Eager], in.ColdRuns[stats.Optimized], in.Judged[stats.Optimized])
}

// spikeShare is the share of spikes from which the detector warns.
const spikeShare = 0.01

func spikes(in *Input) stats.Detection {
	n := both(in.Recent)
	if n < 2*SpikeMin {
		return few(n, 2*SpikeMin)
	}
	return finding(float64(both(in.Spikes)) >= spikeShare*float64(n),
		"%d of the last %d eager and %d of the last %d optimized samples lie beyond median + 8 MAD-sigmas of their shape.",
		in.Spikes[stats.Eager], in.Recent[stats.Eager], in.Spikes[stats.Optimized], in.Recent[stats.Optimized])
}

func churn(in *Input) stats.Detection {
	const need = 50
	n := in.Recent[stats.Optimized]
	if n < need {
		return few(n, need)
	}
	per := 100 / float64(n)
	return finding(per*float64(max(in.Compiles, in.NewShapes)) >= ChurnPer100,
		"%.2g new shapes and %.2g compiles per hundred requests of the optimized lane, over the last %d.",
		per*float64(in.NewShapes), per*float64(in.Compiles), n)
}

func divergence(in *Input) stats.Detection {
	if in.Checks == 0 {
		return few(0, 1)
	}
	return finding(in.Diverged > 0, "%d of %d compared outputs differ beyond the tolerance; largest relative L2 %.2g.", in.Diverged, in.Checks, in.MaxRelL2)
}
