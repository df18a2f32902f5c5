package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// blame finds, for the lane that is ahead in the median and behind in the mean or
// the p99, the fewest causes of the tail without which it would be ahead there,
// too: "14 of 2700 samples, all recompiles, cost the mean." What a cause costs is
// taken out of both lanes: one that both have alike explains nothing. ahead says
// who is: told apart, or by the bare figures, which then make no cause a claim.
func (in *Input) blame(ahead func(*stats.Ranking) string, verb string) string {
	median := ahead(&in.Ranks[stats.Median])
	lane, err := stats.ParseLane(median)
	if err != nil {
		return ""
	}
	for _, s := range []stats.Statistic{stats.Mean, stats.P99} {
		if who := ahead(&in.Ranks[s]); who != median && who != "" && who != "~" {
			if words := in.blameFor(lane, s, verb); words != "" || verb == "make" {
				return words
			}
			return fmt.Sprintf(" No set of causes in the tail explains the %s alone.", s)
		}
	}
	return ""
}

func (in *Input) blameFor(lane stats.Lane, s stats.Statistic, verb string) string {
	g, rival := &in.Lanes[lane], &in.Lanes[1-lane]
	order := slices.Clone(in.Causes[lane])
	slices.SortStableFunc(order, func(a, b stats.CauseRow) int { return cmp.Compare(b.SumNs, a.SumNs) })
	mine, theirs := without{mean: g.Mean, n: g.N}, without{mean: rival.Mean, n: rival.N}
	n := 0
	var names []string
	for _, r := range order {
		same := in.cause(1-lane, r.Cause)
		names = append(names, causeWords(&r))
		mine.take(&r)
		theirs.take(same)
		n += r.N
		rest, other := mine.rest(), theirs.rest()
		if s == stats.P99 { // known for one cause at a time
			n, names, rest, other = r.N, names[len(names)-1:], r.P99Without, rival.P99.Value
			if same != nil {
				other = same.P99Without
			}
		}
		if n < g.N && rest < other {
			if verb == "make" {
				return fmt.Sprintf(" %d of %d samples, all %s, make them: without them %s is ahead in the %s, too.", n, g.N, strings.Join(names, " or "), lane, s)
			}
			return fmt.Sprintf(" %d of %d samples, all %s, cost the %s: %s, %s without them.", n, g.N,
				strings.Join(names, " or "), s, stats.FormatMs(figure(g, s)), stats.FormatMs(rest))
		}
	}
	return ""
}

// without is a lane's mean less some of its samples.
type without struct {
	mean, sum float64
	n, taken  int
}

func (w *without) take(r *stats.CauseRow) {
	if r != nil {
		w.taken, w.sum = w.taken+r.N, w.sum+r.SumNs
	}
}

func (w *without) rest() float64 { return (w.mean*float64(w.n) - w.sum) / float64(w.n-w.taken) }

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
	return r.Cause.Words()
}

// compiling says of a lane that nothing is known of it but its compiles.
func (in *Input) compiling() string {
	for l := stats.Lane(0); l < stats.NumLanes; l++ {
		if n := in.Lanes[l].Compiles; n > 0 && n == in.Lanes[l].N {
			return fmt.Sprintf(" Every %s sample contains a compile: what it takes without one is not known.", l)
		}
	}
	return ""
}
