package verdict

import (
	"cmp"
	"fmt"
	"math"
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
	v := stats.Verdict{Ranks: in.Ranks, Points: points(&in.Ranks)}
	switch {
	case min(e.N, o.N) < quantile.Need(0.5):
		v.Code = TooFew
		v.Sentence = fmt.Sprintf("Too few samples for a verdict: %d eager, %d optimized.", e.N, o.N)
		v.Short = []string{v.Sentence, "Too few samples."}
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

// points is what the bare figures would say.
func points(r *stats.Rankings) string {
	same := true
	for i := range r {
		if r[i].Ahead == "" {
			return ""
		}
		same = same && r[i].Ahead == r[0].Ahead
	}
	if same {
		return Agree
	}
	return Flip
}

// told sorts the statistics by what is told of them.
type told struct {
	in    *Input
	of    [stats.NumLanes][]string // names told apart, by the lane that is faster
	open  []string                 // not told apart
	floor []string                 // within the noise floor
}

func (t *told) read() {
	for i := range t.in.Ranks {
		r, name := &t.in.Ranks[i], stats.Statistic(i).String()
		lane, err := stats.ParseLane(r.Winner)
		switch {
		case r.Winner == "~":
			t.floor = append(t.floor, name)
		case err != nil:
			t.open = append(t.open, name)
		default:
			t.of[lane] = append(t.of[lane], name)
		}
	}
}

func (t *told) any() int { return len(t.of[stats.Eager]) + len(t.of[stats.Optimized]) }

func (t *told) code() string {
	switch e, o := len(t.of[stats.Eager]), len(t.of[stats.Optimized]); {
	case e > 0 && o > 0:
		return Flip
	case e+o == stats.NumStatistics:
		return Agree
	case len(t.floor) == stats.NumStatistics:
		return Noise
	}
	return Undecided
}

func (t *told) sentence() string {
	switch t.code() {
	case Noise:
		return "The lanes differ in neither mean, median nor p99 beyond the noise floor" + t.floorWords() + "."
	case Agree:
		lane := t.winner()
		return fmt.Sprintf("Mean, median and p99 agree: the %s lane wins all three (%s).", lane, t.figures())
	case Flip:
		s := fmt.Sprintf("Mean, median and p99 do not agree: %s to the %s lane, %s to the %s lane (%s).", list(t.of[stats.Optimized]), stats.Optimized,
			list(t.of[stats.Eager]), stats.Eager, t.figures())
		return s + t.rest()
	}
	if t.any() == 0 {
		s := "Not told apart: " + t.who() + " not tell which lane is faster in " + or(t.open)
		if d := t.in.Ranks[stats.Median].Words(); d != "" && t.in.Ranks[stats.Median].Winner == "" {
			s += " (median difference " + d + ")"
		}
		s += "."
		if len(t.floor) > 0 {
			s += " Within the noise floor" + t.floorWords() + ": " + list(t.floor) + "."
		}
		return s
	}
	return fmt.Sprintf("Told apart only in %s: the %s lane is faster (%s).", list(t.of[t.winner()]), t.winner(), t.figures()) + t.rest()
}

func (t *told) winner() stats.Lane {
	if len(t.of[stats.Optimized]) > 0 {
		return stats.Optimized
	}
	return stats.Eager
}

func (t *told) who() string {
	if r := &t.in.Ranks[stats.Median]; r.Paired {
		return fmt.Sprintf("%d pairs do", r.N)
	}
	return fmt.Sprintf("%d eager and %d optimized samples do", t.in.Lanes[stats.Eager].N, t.in.Lanes[stats.Optimized].N)
}

// floorWords name the floor: of this machine's A/A sessions, or the usual one where
// none has measured it.
func (t *told) floorWords() string {
	var own []string
	for i := range t.in.Ranks {
		if r := &t.in.Ranks[i]; r.Sessions > 0 && r.Winner == "~" {
			own = append(own, fmt.Sprintf("%s %s", stats.Statistic(i), stats.FormatMs(r.Floor)))
		}
	}
	if len(own) > 0 {
		return fmt.Sprintf(" (%s: what %d A/A sessions on this machine differ by)", strings.Join(own, ", "), t.in.Ranks[stats.Median].Sessions)
	}
	for i := range t.in.Ranks {
		if t.in.Ranks[i].Usual {
			return fmt.Sprintf(" (%.0f %%: sessions of the same thing differ by as much; 'tailscope run --aa --restarts 12' measures this machine's)", 100*stats.SessionShare)
		}
	}
	return ""
}

// rest names what is not told, and what is within the floor.
func (t *told) rest() (s string) {
	if len(t.open) > 0 {
		s += " Not told apart: " + list(t.open) + "."
	}
	if len(t.floor) > 0 {
		s += " Within the noise floor" + t.floorWords() + ": " + list(t.floor) + "."
	}
	return s
}

// figures are the differences that are told apart with their intervals.
func (t *told) figures() string {
	var out []string
	for i := range t.in.Ranks {
		if r := &t.in.Ranks[i]; r.Told {
			out = append(out, stats.Statistic(i).String()+" "+r.Words())
		}
	}
	return strings.Join(out, ", ")
}

// short says the same in ever fewer words; the doubt is never what goes.
func (t *told) short() []string {
	open := append(append([]string{}, t.open...), t.floor...)
	rest, tilde := "", ""
	if len(open) > 0 {
		rest, tilde = "; "+list(open)+" not told apart", "; "+strings.Join(open, ", ")+" ~"
	}
	switch t.code() {
	case Noise:
		return []string{t.sentence(), "No difference beyond the noise floor.", "~ within the noise"}
	case Agree:
		return []string{fmt.Sprintf("The %s lane wins median, mean and p99.", t.winner()), t.winner().String() + " wins all three"}
	case Flip:
		o, e := t.of[stats.Optimized], t.of[stats.Eager]
		return []string{"Flip: " + list(o) + " to optimized, " + list(e) + " to eager" + rest + ".",
			"Flip: " + strings.Join(o, ", ") + " optimized, " + strings.Join(e, ", ") + " eager" + tilde}
	}
	if t.any() == 0 {
		return []string{"Not told apart: " + t.who() + " not tell which lane is faster.", "Not told apart in " + or(t.open) + ".", "Not told apart."}
	}
	names := t.of[t.winner()]
	return []string{fmt.Sprintf("Only %s told apart: %s is faster%s.", list(names), t.winner(), rest),
		fmt.Sprintf("%s: %s%s", strings.Join(names, ", "), t.winner(), tilde)}
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
