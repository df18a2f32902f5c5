package stats

import (
	"cmp"
	"fmt"
	"math"
	"strings"
)

// Facts is what the session knows and samples do not tell: the ground of the
// production rule.
type Facts struct {
	CompilerReal string // yes, no, unknown (or empty)
	Why          string // what the evidence says, a phrase
	AA           bool   // the optimized lane is a second eager session
	Strategy     string // in force, e.g. "padded" or "prefill=padded,decode=eager"
	Checks       int    // outputs of the lanes compared
	Diverged     int
	MaxRelL2     float64
}

// verdictInput is what a verdict weighs, of one scope.
type verdictInput struct {
	mode   Mode
	lanes  [NumLanes]Summary
	causes [NumLanes][]CauseRow
	pair   PairView
	failed [NumLanes]int // requests of the scope that are not among the samples
	noise  Noise
	facts  Facts
	gauges []Gauge
	other  [NumModes]*[NumLanes]Summary // what is known of the other modes
	decode float64                      // e2e: share of the request after the first token, NaN unknown
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
		return Optimized.String()
	}
	return Eager.String()
}

// judge says whether mean, median and p99 rank the lanes alike, and which
// samples flip it where they do not. Failures are in no statistic, so they are
// said beside them: a lane may be fast because its slow requests fail.
func judge(in verdictInput) Verdict {
	v := in.rank()
	v.Sentence += in.responses() + in.failures()
	return v
}

// responses says, where the load is open, how long requests took since they
// were due: the ranks are of execution alone, which a queue leaves as it is.
func (in *verdictInput) responses() string {
	e, o := &in.lanes[Eager], &in.lanes[Optimized]
	if math.IsNaN(e.ResponseP99) || math.IsNaN(o.ResponseP99) {
		return ""
	}
	p99 := func(s *Summary) string {
		if s.P99.Need > 0 {
			return "" // too few samples for it
		}
		return fmt.Sprintf(" (p99 %s)", formatMs(s.ResponseP99))
	}
	s := fmt.Sprintf(" That is execution; since they were due, requests took %s%s eager and %s%s optimized.",
		formatMs(e.ResponseP50), p99(e), formatMs(o.ResponseP50), p99(o))
	var full []string
	for l := Lane(0); l < NumLanes; l++ {
		if x := &in.lanes[l]; x.ResponseP50 > 2*x.P50.Value {
			full = append(full, l.String())
		}
	}
	if len(full) > 0 {
		s += " Half of them took more than twice the median execution (" + strings.Join(full, ", ") + "): they queue."
	}
	return s
}

// failures counts the requests that the times are not of; "" without any.
func (in *verdictInput) failures() string {
	var parts []string
	for l := Lane(0); l < NumLanes; l++ {
		if n := in.failed[l]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d %s", n, n+in.lanes[l].N, l))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	s := " " + strings.Join(parts, " and ") + " requests failed"
	if in.lanes[Eager].N+in.lanes[Optimized].N == 0 {
		return s + "."
	}
	return s + ": the times are of the others."
}

func (in verdictInput) rank() Verdict {
	e, o := &in.lanes[Eager], &in.lanes[Optimized]
	v := Verdict{WinnerMean: winner(e.Mean, o.Mean, in.noise.mean()),
		WinnerP50: winner(e.P50.Value, o.P50.Value, in.noise.MedianNs),
		WinnerP99: winner(e.P99.Value, o.P99.Value, in.noise.p99())}
	switch {
	case min(e.N, o.N) < Need(0.5):
		v.Code = "too_few"
		v.Sentence = fmt.Sprintf("Too few samples for a verdict: %d eager, %d optimized.", e.N, o.N)
		return v
	case in.facts.AA:
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
	if p := &in.pair; in.undecided() {
		v.Sentence += fmt.Sprintf(" The pairs do not tell the lanes apart: median difference %s, 95 %%: %s to %s.",
			formatMs(p.MedianDiff), formatMs(p.DiffLo), formatMs(p.DiffHi))
	}
	v.Sentence += in.doubts(&v)
	if in.facts.CompilerReal == "no" {
		v.Sentence += " Not compiler-real: " + cmp.Or(in.facts.Why, "nothing was compiled") + "."
	}
	v.Advice = in.advice(&v)
	return v
}

// doubts marks what ranks the lanes by less than the samples can tell, and says
// so. Means: Welch's interval, difference ± 1.96 √(s²/n + s²/n), which heavy
// tails widen. p99: the p99 of one lane lies in the other's interval. Both take
// the samples for independent: neighbours that are not widen them further.
func (in *verdictInput) doubts(v *Verdict) string {
	e, o := &in.lanes[Eager], &in.lanes[Optimized]
	half := 1.96 * math.Sqrt(e.Std*e.Std/float64(e.N)+o.Std*o.Std/float64(o.N))
	v.DoubtMean = named(v.WinnerMean) && math.Abs(o.Mean-e.Mean) <= half
	inside := func(x float64, q *Quantile) bool { return x >= q.Lo && x <= q.Hi }
	v.DoubtP99 = named(v.WinnerP99) && e.P99.Need == 0 && o.P99.Need == 0 && (inside(e.P99.Value, &o.P99) || inside(o.P99.Value, &e.P99))
	var what []string
	if v.DoubtMean {
		what = append(what, fmt.Sprintf("the means apart (difference %s, 95 %%: ± %s)", formatMs(o.Mean-e.Mean), formatMs(half)))
	}
	if v.DoubtP99 {
		what = append(what, fmt.Sprintf("the p99s apart (95 %%: %s to %s eager, %s to %s optimized)", formatMs(e.P99.Lo), formatMs(e.P99.Hi),
			formatMs(o.P99.Lo), formatMs(o.P99.Hi)))
	}
	if len(what) == 0 {
		return ""
	}
	return " The samples do not tell " + strings.Join(what, ", nor ") + "."
}

// named reports whether a winner is a lane.
func named(winner string) bool { return winner != "" && winner != "~" }

func noiseWords(in verdictInput) string {
	if w := math.Max(math.Abs(in.pair.DiffLo), math.Abs(in.pair.DiffHi)); !math.IsNaN(w) {
		return fmt.Sprintf(": the median difference lies within ± %s", formatMs(w))
	}
	return ""
}

// figures gives the three statistics of the winning lane over the other's.
func (in *verdictInput) figures(lane string) string {
	a, b := &in.lanes[Eager], &in.lanes[Optimized]
	if lane == Optimized.String() {
		a, b = b, a
	}
	return fmt.Sprintf("median %s against %s, p99 %s against %s", formatMs(a.P50.Value), formatMs(b.P50.Value),
		formatMs(a.P99.Value), formatMs(b.P99.Value))
}

// flipSentence says who wins what, and which samples cost the lane that wins
// the median its mean or its p99.
func (in *verdictInput) flipSentence(v *Verdict) string {
	var parts []string
	for _, p := range []struct{ name, lane string }{{"median", v.WinnerP50}, {"mean", v.WinnerMean}, {"p99", v.WinnerP99}} {
		parts = append(parts, p.name+" "+laneWords(p.lane))
	}
	s := "Mean, median and p99 do not agree: " + strings.Join(parts, ", ") + "."
	lane, err := ParseLane(v.WinnerP50)
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
func (in *verdictInput) blame(lane Lane, statistic string) string {
	g, rows := &in.lanes[lane], in.causes[lane]
	rival := in.lanes[1-lane].Mean
	if statistic == "p99" {
		rival = in.lanes[1-lane].P99.Value
	}
	order := make([]CauseRow, len(rows))
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
				strings.Join(names, " or "), statistic, formatMs(in.value(lane, statistic)), formatMs(rest))
		}
	}
	return fmt.Sprintf("No set of causes in the tail explains the %s alone.", statistic)
}

func (in *verdictInput) value(lane Lane, statistic string) float64 {
	if statistic == "p99" {
		return in.lanes[lane].P99.Value
	}
	return in.lanes[lane].Mean
}

// causeWords names the row's samples in a sentence, plural. A first compile is no
// recompile.
func causeWords(r *CauseRow) string {
	switch again := r.N - r.FirstCompiles; {
	case r.Cause != CauseCompile || again == r.N:
	case again == 0:
		return "first compiles"
	case again == 1:
		return "compiles (1 of them a recompile)"
	default:
		return fmt.Sprintf("compiles (%d of them recompiles)", again)
	}
	return [NumCauses]string{"none", "recompiles", "graph captures", "fallbacks", "first runs of a shape", "cold starts",
		"long requests", "GPU throttling", "stalls of the host", "stalls of the tool", "unexplained"}[r.Cause]
}
