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

// RankedLabels is the best label in one statistic and how far the next is behind.
type RankedLabels struct {
	Ahead, Next string // by the bare figures; "~": a tie
	Winner      string // Ahead, where it is told from every other label; else ""
	stats.Ranking
}

// Labels ranks any number of labels: the best of each statistic is held against
// the next one, at a level that keeps what is said of all labels and all three
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
	for s := range est {
		order := slices.Clone(in)
		of := func(l *Label) float64 { return figure(&l.Summary, stats.Statistic(s)) }
		slices.SortStableFunc(order, func(a, b Label) int { return cmp.Compare(of(&a), of(&b)) })
		best, next := &order[0], &order[1]
		v.Ranked[s].Ahead, v.Ranked[s].Next = best.Name, next.Name
		est[s] = paired.Estimate{Diff: of(next) - of(best), N: min(best.Summary.N, next.Summary.N)}
		if est[s].Diff == 0 {
			v.Ranked[s].Ahead = "~"
		}
		if best.Order == nil || next.Order == nil {
			continue
		}
		all := paired.FromLanes([stats.NumLanes][]int64{best.Order, next.Order}, [stats.NumLanes][]int64{best.Sorted, next.Sorted})
		est[s] = all[s]
		est[s].Interval = func(a float64) (lo, hi float64) { return all[s].Interval(a / float64(len(in)-1)) }
	}
	for s, r := range paired.Rank(est, stats.Noise{}, 0) {
		x := &v.Ranked[s]
		x.Ranking = r
		if r.Told && r.Diff > 0 {
			x.Winner = x.Ahead
		}
	}
	return v
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
		what = fmt.Sprintf("the best of %d labels from the next", labels)
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
		if r := &v.Ranked[s]; (r.Winner != "") == told && !math.IsNaN(r.Diff) {
			out = append(out, fmt.Sprintf("%s %s before %s by %s", stats.Statistic(s), r.Ahead, r.Next, strings.ReplaceAll(r.Ranking.Words(), "+", "")))
		}
	}
	return strings.Join(out, ", ")
}

func (v *LabelVerdict) pointWords() string {
	if v.Code != Undecided || v.Points != Flip {
		return ""
	}
	return fmt.Sprintf(" The bare figures flip (mean favours %s, median %s, p99 %s), which may be chance.", v.Ranked[stats.Mean].Ahead,
		v.Ranked[stats.Median].Ahead, v.Ranked[stats.P99].Ahead)
}
