package verdict

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Input is what a verdict weighs, of one scope.
type Input struct {
	Mode   stats.Mode
	Lanes  [stats.NumLanes]stats.Summary
	Causes [stats.NumLanes][]stats.CauseRow
	Pair   stats.PairView
	Failed [stats.NumLanes]int // requests of the scope that are not among the samples
	Noise  stats.Noise
	Facts  stats.Facts
	Gauges []stats.Gauge
	Other  [stats.NumModes]*[stats.NumLanes]stats.Summary // what is known of the other modes
	Decode float64                                        // e2e: share of the request after the first token, NaN unknown
}

// winner names the faster lane, "~" when the difference is inside the noise,
// "" when it is not known.
func winner(eager, optimized, noise float64) string {
	d := optimized - eager
	switch {
	case math.IsNaN(d):
		return ""
	case math.Abs(d) <= noise:
		return "~"
	case d < 0:
		return stats.Optimized.String()
	}
	return stats.Eager.String()
}

// Judge says whether mean, median and p99 rank the lanes alike, and which
// samples flip it where they do not. Failures are in no statistic, so they are
// said beside them: a lane may be fast because its slow requests fail.
func Judge(in Input) stats.Verdict {
	v := in.rank()
	v.Sentence += in.responses() + in.failures()
	return v
}

// responses says, where the load is open, how long requests took since they
// were due: the ranks are of execution alone, which a queue leaves as it is.
func (in *Input) responses() string {
	e, o := &in.Lanes[stats.Eager], &in.Lanes[stats.Optimized]
	if math.IsNaN(e.ResponseP99) || math.IsNaN(o.ResponseP99) {
		return ""
	}
	p99 := func(s *stats.Summary) string {
		if s.P99.Need > 0 {
			return "" // too few samples for it
		}
		return fmt.Sprintf(" (p99 %s)", stats.FormatMs(s.ResponseP99))
	}
	s := fmt.Sprintf(" That is execution; since they were due, requests took %s%s eager and %s%s optimized.",
		stats.FormatMs(e.ResponseP50), p99(e), stats.FormatMs(o.ResponseP50), p99(o))
	var full []string
	for l := stats.Lane(0); l < stats.NumLanes; l++ {
		if x := &in.Lanes[l]; x.ResponseP50 > 2*x.P50.Value {
			full = append(full, l.String())
		}
	}
	if len(full) > 0 {
		s += " Half of them took more than twice the median execution (" + strings.Join(full, ", ") + "): they queue."
	}
	return s
}

// failures counts the requests that the times are not of; "" without any.
func (in *Input) failures() string {
	var parts []string
	for l := stats.Lane(0); l < stats.NumLanes; l++ {
		if n := in.Failed[l]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d %s", n, n+in.Lanes[l].N, l))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	s := " " + strings.Join(parts, " and ") + " requests failed"
	if in.Lanes[stats.Eager].N+in.Lanes[stats.Optimized].N == 0 {
		return s + "."
	}
	return s + ": the times are of the others."
}

func (in Input) rank() stats.Verdict {
	e, o := &in.Lanes[stats.Eager], &in.Lanes[stats.Optimized]
	v := stats.Verdict{WinnerMean: winner(e.Mean, o.Mean, in.Noise.Mean()),
		WinnerP50: winner(e.P50.Value, o.P50.Value, in.Noise.MedianNs),
		WinnerP99: winner(e.P99.Value, o.P99.Value, in.Noise.P99())}
	switch {
	case min(e.N, o.N) < quantile.Need(0.5):
		v.Code = "too_few"
		v.Sentence = fmt.Sprintf("Too few samples for a verdict: %d eager, %d optimized.", e.N, o.N)
		return v
	case in.Facts.AA:
		v.Code = "aa"
		v.WinnerMean, v.WinnerP50, v.WinnerP99 = "~", "~", "~"
		v.Sentence = "A/A: both lanes are eager sessions, so what differs here is noise" + noiseWords(in) + "."
		return v
	case v.WinnerMean == v.WinnerP50 && v.WinnerP50 == v.WinnerP99 && v.WinnerP50 == "~":
		v.Code, v.Sentence = "noise", "The lanes differ in neither mean, median nor p99 beyond the noise floor."
	case v.WinnerMean == v.WinnerP50 && v.WinnerP50 == v.WinnerP99:
		v.Code = "agree"
		wins := "wins"
		if in.undecided() || in.doubts(&v) != "" || max(o.P99.Need, e.P99.Need) > 0 {
			wins = "is ahead in" // what follows says where that may be chance
		}
		v.Sentence = fmt.Sprintf("Mean, median and p99 agree: the %s lane %s all three (%s).", v.WinnerP50, wins, in.figures(v.WinnerP50))
	default:
		v.Code, v.Sentence = "flip", in.flipSentence(&v)
	}
	if o.P99.Need > 0 || e.P99.Need > 0 {
		v.Sentence += fmt.Sprintf(" p99 rests on too few samples: %d more are needed.", max(o.P99.Need, e.P99.Need))
	}
	if p := &in.Pair; in.undecided() {
		v.Sentence += fmt.Sprintf(" The pairs do not tell the lanes apart: median difference %s, 95 %%: %s to %s.",
			stats.FormatMs(p.MedianDiff), stats.FormatMs(p.DiffLo), stats.FormatMs(p.DiffHi))
	}
	v.Sentence += in.doubts(&v)
	if in.Facts.CompilerReal == "no" {
		v.Sentence += " Not compiler-real: " + cmp.Or(in.Facts.Why, "nothing was compiled") + "."
	}
	v.Advice = in.advice(&v)
	return v
}

// doubts marks what ranks the lanes by less than the samples can tell, and says
// so. Means: Welch's interval, difference ± 1.96 √(s²/n + s²/n), which heavy
// tails widen. p99: the p99 of one lane lies in the other's interval. Both take
// the samples for independent: neighbours that are not widen them further.
func (in *Input) doubts(v *stats.Verdict) string {
	e, o := &in.Lanes[stats.Eager], &in.Lanes[stats.Optimized]
	half := 1.96 * math.Sqrt(e.Std*e.Std/float64(e.N)+o.Std*o.Std/float64(o.N))
	v.DoubtMean = named(v.WinnerMean) && math.Abs(o.Mean-e.Mean) <= half
	inside := func(x float64, q *stats.Quantile) bool { return x >= q.Lo && x <= q.Hi }
	v.DoubtP99 = named(v.WinnerP99) && e.P99.Need == 0 && o.P99.Need == 0 && (inside(e.P99.Value, &o.P99) || inside(o.P99.Value, &e.P99))
	var what []string
	if v.DoubtMean {
		what = append(what, fmt.Sprintf("the means apart (difference %s, 95 %%: ± %s)", stats.FormatMs(o.Mean-e.Mean), stats.FormatMs(half)))
	}
	if v.DoubtP99 {
		what = append(what, fmt.Sprintf("the p99s apart (95 %%: %s to %s eager, %s to %s optimized)", stats.FormatMs(e.P99.Lo), stats.FormatMs(e.P99.Hi),
			stats.FormatMs(o.P99.Lo), stats.FormatMs(o.P99.Hi)))
	}
	if len(what) == 0 {
		return ""
	}
	return " The samples do not tell " + strings.Join(what, ", nor ") + "."
}

// named reports whether a winner is a lane.
func named(winner string) bool { return winner != "" && winner != "~" }

func noiseWords(in Input) string {
	if w := math.Max(math.Abs(in.Pair.DiffLo), math.Abs(in.Pair.DiffHi)); !math.IsNaN(w) {
		return fmt.Sprintf(": the median difference lies within ± %s", stats.FormatMs(w))
	}
	return ""
}

// figures gives the three statistics of the winning lane over the other's.
func (in *Input) figures(lane string) string {
	a, b := &in.Lanes[stats.Eager], &in.Lanes[stats.Optimized]
	if lane == stats.Optimized.String() {
		a, b = b, a
	}
	return fmt.Sprintf("median %s against %s, p99 %s against %s", stats.FormatMs(a.P50.Value), stats.FormatMs(b.P50.Value),
		stats.FormatMs(a.P99.Value), stats.FormatMs(b.P99.Value))
}

// flipSentence says who wins what, and which samples cost the lane that wins
// the median its mean or its p99.
func (in *Input) flipSentence(v *stats.Verdict) string {
	var parts []string
	for _, p := range []struct{ name, lane string }{{"median", v.WinnerP50}, {"mean", v.WinnerMean}, {"p99", v.WinnerP99}} {
		parts = append(parts, p.name+" "+laneWords(p.lane))
	}
	s := "Mean, median and p99 do not agree: " + strings.Join(parts, ", ") + "."
	lane, err := stats.ParseLane(v.WinnerP50)
	if err != nil {
		return s
	}
	other := v.WinnerP50
	switch {
	case v.WinnerMean != other && v.WinnerMean != "~":
		s += " " + in.blame(lane, "mean")
	case v.WinnerP99 != other && v.WinnerP99 != "~":
		s += " " + in.blame(lane, "p99")
	}
	return s
}

func laneWords(lane string) string {
	switch lane {
	case "~":
		return "within the noise (~)"
	case "":
		return "not known"
	}
	return "to the " + lane + " lane"
}

// blame finds the fewest causes of the lane's tail without which it would win
// the statistic too: "14 of 270 samples, all recompiles, cost the mean."
func (in *Input) blame(lane stats.Lane, statistic string) string {
	g, rows := &in.Lanes[lane], in.Causes[lane]
	rival := in.Lanes[1-lane].Mean
	if statistic == "p99" {
		rival = in.Lanes[1-lane].P99.Value
	}
	order := make([]stats.CauseRow, len(rows))
	copy(order, rows)
	for i := range order { // by what they weigh
		for j := i; j > 0 && order[j].SumNs > order[j-1].SumNs; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	n, sum := 0, 0.0
	var names []string
	for _, r := range order {
		if n += r.N; n >= g.N {
			break
		}
		sum += r.SumNs
		names = append(names, causeWords(&r))
		rest := (g.Mean*float64(g.N) - sum) / float64(g.N-n)
		if statistic == "p99" { // known for one cause at a time
			n, names, rest = r.N, names[len(names)-1:], r.P99Without
		}
		if rest < rival {
			return fmt.Sprintf("%d of %d samples, all %s, cost the %s: %s, %s without them.", n, g.N,
				strings.Join(names, " or "), statistic, stats.FormatMs(in.value(lane, statistic)), stats.FormatMs(rest))
		}
	}
	return fmt.Sprintf("No set of causes in the tail explains the %s alone.", statistic)
}

func (in *Input) value(lane stats.Lane, statistic string) float64 {
	if statistic == "p99" {
		return in.Lanes[lane].P99.Value
	}
	return in.Lanes[lane].Mean
}

// causeWords names the row's samples in a sentence, plural. A first compile is no
// recompile.
func causeWords(r *stats.CauseRow) string {
	switch again := r.N - r.FirstCompiles; {
	case r.Cause != stats.CauseCompile || again == r.N:
	case again == 0:
		return "first compiles"
	case again == 1:
		return "compiles (1 of them a recompile)"
	default:
		return fmt.Sprintf("compiles (%d of them recompiles)", again)
	}
	return [stats.NumCauses]string{"none", "recompiles", "graph captures", "fallbacks", "first runs of a shape", "cold starts",
		"long requests", "GPU throttling", "stalls of the host", "stalls of the tool", "unexplained"}[r.Cause]
}
