package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// The codes of a verdict.
const (
	TooFew     = "too_few"    // samples for any verdict
	AA         = "aa"         // both lanes are eager sessions
	Divergence = "divergence" // the lanes compute different things: whatever is faster
	Undecided  = "undecided"  // not every statistic is told apart, and those that are do not contradict
	Noise      = "noise"      // no difference beyond the floor of an A/A run
	Agree      = "agree"      // all three are told apart, for the same lane
	Flip       = "flip"       // two are told apart, for different lanes
)

// Input is what a verdict weighs, of one scope.
type Input struct {
	Mode   stats.Mode
	Lanes  [stats.NumLanes]stats.Summary
	Causes [stats.NumLanes][]stats.CauseRow
	Pair   stats.PairView
	Ranks  stats.Rankings      // of paired.Rank
	Parts  []Part              // scenarios, to say which pull where
	Failed [stats.NumLanes]int // requests of the scope that are not among the samples
	Facts  stats.Facts
	Gauges []stats.Gauge
	Other  [stats.NumModes]*[stats.NumLanes]stats.Summary // what is known of the other modes
	Decode float64                                        // e2e: share of the request after the first token, NaN unknown
	Bucket float64                                        // p99 of the optimized lane predicted for bucketed prompts, ns; 0 or NaN unknown
}

// Part is one scenario of the scope: its paired median difference, ns.
type Part struct {
	Name string
	N    int
	Diff float64
}

// Judge says what the samples tell of the lanes, and first what they do not:
// agreement and flip are said only of statistics that are told apart. Failures
// are in no statistic, so they are said beside them: a lane may be fast because
// its slow requests fail.
func Judge(in Input) stats.Verdict {
	v := in.rank()
	v.Sentence += in.responses() + in.failures()
	if in.Facts.Diverged > 0 && v.Code != AA && v.Code != TooFew {
		in.lead(&v)
	}
	return v
}

// lead puts the outputs that differ before everything else.
func (in *Input) lead(v *stats.Verdict) {
	v.Code = Divergence
	s := fmt.Sprintf("The lanes compute different things: %d of %d compared outputs differ beyond the tolerance", in.Facts.Diverged, in.Facts.Checks)
	long := s
	if in.Facts.MaxRelL2 > 0 {
		long += fmt.Sprintf(" (largest relative L2 %.2g)", in.Facts.MaxRelL2)
	}
	v.Sentence = long + ". " + v.Sentence
	v.Short = []string{s + ".", fmt.Sprintf("Outputs differ: %d of %d.", in.Facts.Diverged, in.Facts.Checks), "Outputs differ."}
}

func (in *Input) rank() stats.Verdict {
	e, o := &in.Lanes[stats.Eager], &in.Lanes[stats.Optimized]
	v := stats.Verdict{Ranks: in.Ranks, Points: pointsOf(in.Ranks[stats.Mean].Ahead, in.Ranks[stats.Median].Ahead, in.Ranks[stats.P99].Ahead)}
	switch {
	case min(e.N, o.N) < quantile.Need(0.5):
		v.Code = TooFew
		v.Sentence, v.Short = in.tooFew()
		v.Ranks, v.Points = stats.Rankings{}, ""
		return v
	case in.Facts.AA:
		v.Code = AA
		v.WinnerMean, v.WinnerP50, v.WinnerP99 = "~", "~", "~"
		v.Sentence = "A/A: both lanes are eager sessions, so what differs here is noise" + in.noiseWords() + "."
		v.Short = []string{"A/A: what differs is noise.", "A/A"}
		return v
	}
	v.WinnerMean, v.WinnerP50, v.WinnerP99 = v.Ranks[stats.Mean].Winner, v.Ranks[stats.Median].Winner, v.Ranks[stats.P99].Winner
	said := told{in: in}
	said.read()
	v.Code = said.code()
	v.Sentence, v.Short = said.sentence(), said.short()
	switch v.Code {
	case Undecided:
		v.Sentence += in.pointWords(v.Points)
	case Flip:
		v.Sentence += in.blame(func(r *stats.Ranking) string { return r.Winner }, "cost")
	}
	v.Sentence += in.compiling() + in.mixWords() + in.fewWords()
	if in.Facts.CompilerReal == stats.RealNo {
		v.Sentence += " Not compiler-real: " + cmp.Or(in.Facts.Why, "nothing was compiled") + "."
	}
	v.Advice = in.advice(&v)
	for i := range v.Advice {
		in.follow(&v.Advice[i], &v)
	}
	return v
}

// tooFew says that there is no verdict yet, or that a lane is alone.
func (in *Input) tooFew() (sentence string, short []string) {
	for l := range in.Lanes {
		if in.Lanes[1-l].N == 0 && in.Lanes[l].N >= quantile.Need(0.5) {
			lane := stats.Lane(l).String()
			return "Only the " + lane + " lane has samples: there is nothing to compare it with.", []string{"Only the " + lane + " lane has samples.", "Only " + lane + "."}
		}
	}
	sentence = fmt.Sprintf("Too few samples for a verdict: %d eager, %d optimized.", in.Lanes[stats.Eager].N, in.Lanes[stats.Optimized].N)
	return sentence, []string{sentence, "Too few samples."}
}

// pointsOf is what the bare figures would say of the lanes, or labels, that are ahead
// by statistic: that they flip takes two of them.
func pointsOf(ahead ...string) string {
	slices.Sort(ahead)
	switch ahead = slices.Compact(ahead); {
	case slices.Contains(ahead, ""):
		return ""
	case len(ahead) == 1:
		return Agree
	case len(ahead) == 2 && slices.Contains(ahead, "~"):
		return ""
	}
	return Flip
}

// pointWords adds, where nothing contradicts for sure, that the bare figures do.
func (in *Input) pointWords(points string) string {
	if points != Flip {
		return ""
	}
	var parts []string
	for i := range in.Ranks {
		if a := in.Ranks[i].Ahead; a != "~" {
			parts = append(parts, stats.Statistic(i).String()+" to "+a)
		}
	}
	return " The bare figures flip (" + strings.Join(parts, ", ") + "), which may be chance." + in.blame(func(r *stats.Ranking) string { return r.Ahead }, "make")
}

// mixWords is the finding that the lanes' own medians point away from the
// pairs': prompts of different length weigh differently in the two.
func (in *Input) mixWords() string {
	r, e, o := &in.Ranks[stats.Median], in.Lanes[stats.Eager].P50.Value, in.Lanes[stats.Optimized].P50.Value
	if !r.Paired || !r.Told || !(r.Diff*(o-e) < 0) {
		return ""
	}
	s := fmt.Sprintf(" A mix effect: the lanes' own medians point the other way (%s eager, %s optimized), though the %s lane is faster in %.0f %% of pairs",
		stats.FormatMs(e), stats.FormatMs(o), r.Winner, 100*share(in.Pair.ShareWon, r.Winner))
	var against []string
	for _, p := range in.Parts {
		if p.Diff*r.Diff < 0 && len(against) < 3 {
			against = append(against, p.Name)
		}
	}
	if len(against) > 0 && len(against) < len(in.Parts) {
		s += "; against it: " + list(against)
	}
	return s + "."
}

func share(won float64, lane string) float64 {
	if lane == stats.Eager.String() {
		return 1 - won
	}
	return won
}

func (in *Input) fewWords() string {
	if need := max(in.Lanes[stats.Optimized].P99.Need, in.Lanes[stats.Eager].P99.Need); need > 0 {
		return fmt.Sprintf(" p99 rests on too few samples: %d more are needed.", need)
	}
	return ""
}

func (in *Input) noiseWords() string {
	if w := math.Max(math.Abs(in.Pair.DiffLo), math.Abs(in.Pair.DiffHi)); !math.IsNaN(w) {
		return fmt.Sprintf(": the median difference lies within ± %s", stats.FormatMs(w))
	}
	return ""
}
