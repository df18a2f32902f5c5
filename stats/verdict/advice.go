package verdict

import (
	"cmp"
	"fmt"
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/detect"
)

// decodeDominant is the share of a request's time after the first token from
// which decode decides.
const decodeDominant = 0.5

// advice is TR120's production rule (7.3 and 7.4) applied to what was
// measured. Lines come in the order of the rule; each carries its evidence.
func (in *Input) advice(v *stats.Verdict) []stats.Advice {
	var out []stats.Advice
	add := func(rule, sentence string, evidence ...string) {
		out = append(out, stats.Advice{Rule: rule, Sentence: sentence, Evidence: evidence})
	}
	if in.Facts.CompilerReal != "yes" {
		in.adviseEvidence(add)
		return out
	}
	if in.Facts.Diverged > 0 {
		add("divergence", "Do not ship: the lanes' outputs differ.",
			fmt.Sprintf("%d of %d compared outputs beyond the tolerance, largest relative L2 %.2g",
				in.Facts.Diverged, in.Facts.Checks, in.Facts.MaxRelL2))
	}
	if in.Mode.Times(stats.DecodePhase) {
		in.adviseDecode(v, add)
	} else {
		in.adviseShapes(v, add)
	}
	if churn := in.churnEvidence(); len(churn) > 0 {
		add("churn", "Route to eager while shapes churn: executables are made, or the limit is reached, in the measured traffic.", churn...)
	}
	if len(out) == 0 {
		add("default_eager", "If one backend must be chosen today: eager, with the optimized lane behind a flag.", in.evidence()...)
	}
	return out
}

// adviseEvidence says what keeps the optimized lane from being called compiled.
func (in *Input) adviseEvidence(add func(rule, sentence string, evidence ...string)) {
	phase := stats.PrefillPhase
	if in.Mode == stats.KVDecode {
		phase = stats.DecodePhase
	}
	if stats.PhaseStrategy(in.Facts.Strategy, string(phase)) == string(stats.AllEager) {
		add("both_eager", "Nothing to choose here: both lanes ran eager, and what differs is noise.")
		return
	}
	why := cmp.Or(in.Facts.Why, "no evidence was reported")
	sentence := "Do not ship this as compiled: " + why + "."
	if r := in.cause(stats.Optimized, stats.CauseFallback); r != nil && in.Mode == stats.Prefill {
		add("fallback", sentence+" Stabilise the shapes (padded, bucketed or dynamic), so that fewer executables are needed, or raise their limit.",
			fmt.Sprintf("%d fallbacks in the tail; p99 %s without them", r.N, stats.FormatMs(r.P99Without)))
		return
	}
	add("not_compiler_real", sentence, "compiler-real: "+cmp.Or(in.Facts.CompilerReal, "unknown"), why)
}

func (in *Input) evidence() []string {
	e, o := &in.Lanes[stats.Eager], &in.Lanes[stats.Optimized]
	ev := []string{
		fmt.Sprintf("p50 eager %s, optimized %s", stats.FormatMs(e.P50.Value), stats.FormatMs(o.P50.Value)),
		fmt.Sprintf("p99 eager %s, optimized %s", stats.FormatMs(e.P99.Value), stats.FormatMs(o.P99.Value)),
		fmt.Sprintf("n eager %d, optimized %d", e.N, o.N)}
	if need := max(e.P99.Need, o.P99.Need); need > 0 {
		ev = append(ev, fmt.Sprintf("p99 rests on too few samples: %d more are needed", need))
	}
	if r := &in.Ranks[stats.Median]; r.Words() != "" {
		ev = append(ev, fmt.Sprintf("median difference of %d %s: %s", r.N, map[bool]string{true: "pairs", false: "samples a lane"}[r.Paired], r.Words()))
	}
	return ev
}

// undecided reports whether the samples do not tell the medians apart.
func (in *Input) undecided() bool { return in.Ranks[stats.Median].Winner == "" }

// adviseShapes covers prefill and forward: TR120's "if you can stabilise shapes".
func (in *Input) adviseShapes(v *stats.Verdict, add func(rule, sentence string, evidence ...string)) {
	word := cmp.Or(stats.PhaseStrategy(in.Facts.Strategy, "prefill"), "this strategy")
	won, lost := stats.Optimized.String(), stats.Eager.String()
	compiles := in.cause(stats.Optimized, stats.CauseCompile)
	switch {
	case in.undecided():
		add("no_gain", "The medians are not told apart: nothing to gain here, or not yet seen.", in.evidence()...)
	case v.WinnerP50 == won && v.WinnerMean != lost && (v.WinnerP99 == won || v.WinnerP99 != lost && compiles == nil):
		add("compile_prefill", fmt.Sprintf("Compile %s with %q: it wins the median%s.", in.Mode, word, in.tailWords(v, " and the tail")), in.evidence()...)
	case v.WinnerP50 == won && compiles != nil:
		ev := append(in.evidence(), fmt.Sprintf("%d compiles in the tail; p99 %s without them", compiles.N, stats.FormatMs(compiles.P99Without)))
		why := "compiles make the tail"
		switch {
		case math.IsNaN(compiles.P99Without):
			why = "and what the tail is without compiles is not known"
		case !(compiles.P99Without < in.Lanes[stats.Eager].P99.Value):
			why = "compiles are a part of the tail, which is not won without them either"
		}
		if word == "padded" || word == "bucketed" || word == "dynamic" {
			add("warm_up", fmt.Sprintf("Warm up each shape before requests count: the shapes are stable with %q and the median is won, %s.", word, why), ev...)
			return
		}
		add("stabilise_shapes", "Stabilise the shapes (padded, bucketed or dynamic), then compile: the median is won, "+why+".", ev...)
	case v.WinnerP50 == won:
		add("validate_tail", "The median is won and "+in.notWon(v)+" is not, and compiles are not why: find the cause before shipping.", in.evidence()...)
	case v.WinnerP50 == lost:
		add("keep_eager", fmt.Sprintf("Keep %s eager: optimized with %q loses the median.", in.Mode, word), in.evidence()...)
	case v.WinnerP50 == "~":
		add("no_gain", "The medians do not differ beyond the noise: nothing to gain here.", in.evidence()...)
	}
}

// adviseDecode covers kv_decode and e2e_kv: TR120's "if decode dominates".
func (in *Input) adviseDecode(v *stats.Verdict, add func(rule, sentence string, evidence ...string)) {
	ev := in.evidence()
	if in.Mode == stats.E2EKV && !math.IsNaN(in.Decode) {
		ev = append(ev, fmt.Sprintf("decode is %.0f %% of a request's time", 100*in.Decode))
		if in.Decode < decodeDominant {
			add("prefill_dominant", "Prefill dominates this traffic: judge by the prefill mode.", ev...)
			return
		}
	}
	word := cmp.Or(stats.PhaseStrategy(in.Facts.Strategy, "decode"), "this strategy")
	switch {
	case in.undecided():
		add("decode", "The medians are not told apart in decode: keep it eager until they are.", ev...)
	case v.WinnerP50 == stats.Optimized.String() && in.notWon(v) != "":
		in.adviseCache(v, word, add, ev)
	case v.WinnerP50 == stats.Optimized.String():
		add("decode", fmt.Sprintf("Compile decode with %q: it wins the median%s.", word, in.tailWords(v, " and does not lose the tail")), ev...)
	case v.WinnerP50 == stats.Eager.String():
		sentence := fmt.Sprintf("Keep decode eager: optimized with %q loses the median.", word)
		if p := in.Other[stats.Prefill]; p != nil && p[stats.Optimized].P50.Hi < p[stats.Eager].P50.Lo {
			sentence += " Split the deployment: compile prefill only, which wins its median here."
			ev = append(ev, fmt.Sprintf("prefill p50 eager %s, optimized %s", stats.FormatMs(p[stats.Eager].P50.Value), stats.FormatMs(p[stats.Optimized].P50.Value)))
		}
		add("decode", sentence, ev...)
	default:
		add("decode", "Decode is not clearly won: keep it eager until it is.", ev...)
	}
}

// notWon names what the eager lane wins of mean and p99; "" if nothing.
func (in *Input) notWon(v *stats.Verdict) string {
	switch lost := stats.Eager.String(); {
	case v.WinnerMean == lost && v.WinnerP99 == lost:
		return "the tail and with it the mean"
	case v.WinnerMean == lost:
		return "the mean"
	case v.WinnerP99 == lost:
		return "the tail"
	}
	return ""
}

// adviseCache is for decode that wins the median and loses by its tail.
func (in *Input) adviseCache(v *stats.Verdict, word string, add func(rule, sentence string, evidence ...string), ev []string) {
	compiles := in.cause(stats.Optimized, stats.CauseCompile)
	switch {
	case compiles == nil:
		add("validate_tail", "The median is won and "+in.notWon(v)+" is not, and compiles are not why: find the cause before shipping.", ev...)
		return
	case !math.IsNaN(compiles.P99Without):
		ev = append(ev, fmt.Sprintf("%d samples with compiles; p99 %s without them", compiles.N, stats.FormatMs(compiles.P99Without)))
	}
	if word == string(stats.KVBucketed) || word == string(stats.StaticCache) {
		add("warm_up", fmt.Sprintf("Warm up each shape before requests count: the cache keeps its shape with %q and the median is won, compiles cost %s.", word, in.notWon(v)), ev...)
		return
	}
	add("stabilise_cache", "Give the cache a shape that does not move (kv-bucketed or static-cache), then compile: the median is won, compiles cost "+in.notWon(v)+".", ev...)
}

// tailWords is sure, or why the samples do not say so much of the tail.
func (in *Input) tailWords(v *stats.Verdict, sure string) string {
	switch {
	case max(in.Lanes[stats.Eager].P99.Need, in.Lanes[stats.Optimized].P99.Need) > 0:
		return "; of the tail there are too few samples yet"
	case v.WinnerP99 == "":
		return "; the samples do not tell the p99s apart"
	case v.WinnerP99 == "~":
		return "; the p99s do not differ beyond the noise floor"
	}
	return sure
}

// churnEvidence lists what speaks for routing to eager.
func (in *Input) churnEvidence() []string {
	var ev []string
	for _, g := range in.Gauges {
		if g.Reached {
			ev = append(ev, fmt.Sprintf("%s, %s: recompile limit %d reached", g.Mode, g.Strategy, g.Limit))
		} else if g.Per100 >= detect.ChurnPer100 && g.Limit > 0 {
			ev = append(ev, fmt.Sprintf("%s, %s: %.1f compiles per hundred requests", g.Mode, g.Strategy, g.Per100))
		}
	}
	if r := in.cause(stats.Optimized, stats.CauseFallback); r != nil {
		ev = append(ev, fmt.Sprintf("%d fallbacks in the tail", r.N))
	}
	return ev
}

func (in *Input) cause(l stats.Lane, c stats.Cause) *stats.CauseRow {
	for i := range in.Causes[l] {
		if in.Causes[l][i].Cause == c {
			return &in.Causes[l][i]
		}
	}
	return nil
}
