package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

// follow says how advice is followed, where a strategy does it, and what the
// optimized lane's p99 is then predicted to be: the eager lane's where it becomes
// eager, the advisor's where prompts are bucketed.
func (in *Input) follow(a *stats.Advice, v *stats.Verdict) {
	a.ThenNs = math.NaN()
	eager := in.Lanes[stats.Eager].P99.Value
	switch a.Rule {
	case "keep_eager", "default_eager":
		a.Strategy, a.ThenNs = "eager", eager
	case "decode":
		if v.WinnerP50 == stats.Eager.String() {
			a.Strategy, a.ThenNs = "eager", math.NaN()
			if w := stats.PhaseStrategy(in.Facts.Strategy, "prefill"); in.Mode == stats.E2EKV && w != "eager" && slices.Contains(stats.StrategyWords(stats.PrefillPhase, ""), w) && stats.StrategyOf(w).Alone == "" {
				a.Strategy = "prefill=" + w + ",decode=eager" // what prefill wins stays
			} else {
				a.ThenNs = eager
			}
		}
	case "stabilise_shapes":
		if w := stats.PhaseStrategy(in.Facts.Strategy, "prefill"); w == "variable" && in.Bucket > 0 && in.Bucket < in.Lanes[stats.Optimized].P99.Value {
			a.Strategy, a.ThenNs = "bucketed", in.Bucket
		}
	}
	if a.Strategy == in.Facts.Strategy {
		a.Strategy, a.ThenNs = "", math.NaN()
	}
}

// Came says what came of advice that is followed now, by the p99 of the segment
// since. was is the p99 of the segment in which it was given.
func Came(a *stats.Advice, was float64, now *stats.Summary) *stats.Outcome {
	o := &stats.Outcome{ThenNs: a.ThenNs, Now: now.P99}
	predicted := "not predicted"
	if !math.IsNaN(a.ThenNs) {
		predicted = stats.FormatMs(a.ThenNs) + " predicted"
	}
	o.Sentence = fmt.Sprintf("%s, as advised: p99 was %s, %s; ", a.Strategy, stats.FormatMs(was), predicted)
	if need := now.P99.Need; need > 0 || !(now.P99.Lo > 0) || !(now.P99.Hi > 0) {
		if need > 0 {
			o.Sentence += fmt.Sprintf("%d ", need)
		}
		o.Sentence += "more samples are needed to tell what it is."
		return o
	}
	o.Sentence += fmt.Sprintf("it is %s [%s, %s]", stats.FormatMs(now.P99.Value), stats.FormatMs(now.P99.Lo), stats.FormatMs(now.P99.Hi))
	switch {
	case math.IsNaN(a.ThenNs):
	case a.ThenNs < now.P99.Lo:
		o.Sentence += ", more than predicted"
	case a.ThenNs > now.P99.Hi:
		o.Sentence += ", less than predicted"
	default:
		o.Sentence += ", as predicted"
	}
	o.Sentence += "."
	return o
}
