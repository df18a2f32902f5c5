package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Single is the code of a verdict on one label: there is nothing to rank.
const Single = "single"

// Label is one of several labelled series of latencies, whose requests have no
// partners.
type Label struct {
	Name          string
	Summary       stats.Summary
	Order, Sorted []int64 // in order of arrival, and ascending; nil: quantiles come from a histogram, and nothing is told
}

// LabelVerdict says whether mean, median and p99 rank labels alike.
type LabelVerdict struct {
	Code, Points string // as those of a verdict on lanes
	Sentence     string
	Ranked       [stats.NumStatistics]RankedLabels
}

// RankedLabels is the best label in one statistic and how far behind is the one of
// which it is told least.
type RankedLabels struct {
	Ahead, Next string // Ahead by the bare figures; "~": a tie
	Winner      string // Ahead, where it is told from every other label; else ""
	stats.Ranking
}

// Labels ranks any number of labels: the best of each statistic is held against
// each other one, at a level that keeps what is said of all labels and all three
// statistics wrong in no more than 5 %.
func Labels(in []Label) LabelVerdict {
	if len(in) == 1 {
		return LabelVerdict{Code: Single, Sentence: fmt.Sprintf("There is one label, %s: nothing to rank.", in[0].Name)}
	}
	few := slices.MinFunc(in, func(a, b Label) int { return cmp.Compare(a.Summary.N, b.Summary.N) })
	if few.Summary.N < quantile.Need(.5) {
		return LabelVerdict{Code: TooFew, Sentence: fmt.Sprintf("Too few samples for a verdict: %s has %d.", few.Name, few.Summary.N)}
	}
	v := rankLabels(in)
	v.Code, v.Points = v.code()
	v.Sentence = v.sentence(len(in)) + v.pointWords()
	if need := quantile.Need(.99); few.Summary.N < need {
		v.Sentence += fmt.Sprintf(" p99 rests on %d samples; it needs %d.", few.Summary.N, need)
	}
	return v
}

// figure is a statistic of a group, ns.
func figure(s *stats.Summary, of stats.Statistic) float64 {
	switch of {
	case stats.Mean:
		return s.Mean
	case stats.P99:
		return s.P99.Value
	}
	return s.P50.Value
}

func rankLabels(in []Label) (v LabelVerdict) {
	var est paired.Estimates
	var others [stats.NumStatistics][]paired.Estimate // of the best against each other label
	var held [stats.NumStatistics]int                 // the one that tells least, of them
	var order [stats.NumStatistics][]Label
	for s := range est {
		order[s] = slices.Clone(in)
		of := func(l *Label) float64 { return figure(&l.Summary, stats.Statistic(s)) }
		slices.SortStableFunc(order[s], func(a, b Label) int { return cmp.Compare(of(&a), of(&b)) })
		best := &order[s][0]
		if v.Ranked[s].Ahead = best.Name; of(best) == of(&order[s][1]) {
			v.Ranked[s].Ahead = "~"
		}
		for i := range order[s][1:] {
			others[s] = append(others[s], best.before(&order[s][1+i], stats.Statistic(s)))
		}
		est[s] = others[s][0]
		est[s].Interval = func(a float64) (lo, hi float64) {
			lo = math.Inf(1)
			for i, e := range others[s] {
				if l, h := e.Interval(a / float64(len(others[s]))); !(l >= lo) {
					lo, hi, held[s] = l, h, i
				}
				if math.IsNaN(lo) {
					break
				}
			}
			return lo, hi
		}
	}
	for s, r := range paired.Rank(est, stats.Noise{}, 0) {
		x, e := &v.Ranked[s], &others[s][held[s]]
		x.Ranking, x.Next = r, order[s][1+held[s]].Name
		x.Diff, x.N, x.Effective = e.Diff, e.N, e.Effective
		if r.Told && r.Diff > 0 {
			x.Winner = x.Ahead
		}
	}
	return v
}

// before is by how much another label is behind in a statistic.
func (best *Label) before(l *Label, s stats.Statistic) paired.Estimate {
	if best.Order == nil || l.Order == nil {
		return paired.Estimate{Diff: figure(&l.Summary, s) - figure(&best.Summary, s), N: min(best.Summary.N, l.Summary.N),
			Interval: func(float64) (lo, hi float64) { return math.NaN(), math.NaN() }}
	}
	return paired.FromLanes([stats.NumLanes][]int64{best.Order, l.Order}, [stats.NumLanes][]int64{best.Sorted, l.Sorted})[s]
}

func (v *LabelVerdict) code() (code, points string) {
	points = pointsOf(v.Ranked[stats.Mean].Ahead, v.Ranked[stats.Median].Ahead, v.Ranked[stats.P99].Ahead)
	told := map[string]bool{}
	n := 0
	for _, r := range v.Ranked {
		if r.Winner != "" {
			told[r.Winner] = true
			n++
		}
	}
	switch {
	case len(told) > 1:
		return Flip, points
	case n == stats.NumStatistics:
		return Agree, points
	}
	return Undecided, points
}

func (v *LabelVerdict) sentence(labels int) string {
	if v.Code == Agree {
		return fmt.Sprintf("Mean, median and p99 agree: %s is the fastest in all three (%s).", v.Ranked[0].Winner, v.words(true))
	}
	told, open := v.words(true), v.names(false)
	switch {
	case v.Code == Flip:
		s := "Mean, median and p99 disagree: " + told + "."
		if len(open) > 0 {
			s += " Not told apart: " + list(open) + "."
		}
		return s
	case told != "":
		return fmt.Sprintf("Told apart only in %s: %s. Not told apart: %s.", list(v.names(true)), told, list(open))
	}
	what := "the two labels"
	if labels > 2 {
		what = fmt.Sprintf("the best of %d labels from the rest", labels)
	}
	return "Not told apart: the samples do not tell " + what + " in " + or(open) + " (" + v.words(false) + ")."
}

func (v *LabelVerdict) names(told bool) (out []string) {
	for s, r := range v.Ranked {
		if (r.Winner != "") == told {
			out = append(out, stats.Statistic(s).String())
		}
	}
	return out
}

// words are "mean a before b by 3.1 ms [1.2, 5.0]" of what is told, or of what is not.
func (v *LabelVerdict) words(told bool) string {
	var out []string
	for s := range v.Ranked {
		if r := &v.Ranked[s]; (r.Winner != "") == told && r.Ahead == "~" {
			out = append(out, stats.Statistic(s).String()+" the same")
		} else if (r.Winner != "") == told && !math.IsNaN(r.Diff) {
			out = append(out, fmt.Sprintf("%s %s before %s by %s", stats.Statistic(s), r.Ahead, r.Next, strings.ReplaceAll(r.Ranking.Words(), "+", "")))
		}
	}
	return strings.Join(out, ", ")
}

func (v *LabelVerdict) pointWords() string {
	if v.Code != Undecided || v.Points != Flip {
		return ""
	}
	var parts []string
	for _, s := range []stats.Statistic{stats.Mean, stats.Median, stats.P99} {
		if a := v.Ranked[s].Ahead; a != "~" {
			parts = append(parts, fmt.Sprintf("%s favours %s", s, a))
		}
	}
	return " The bare figures flip (" + strings.Join(parts, ", ") + "), which may be chance."
}
