package stats

import "fmt"

// Facts is what the session knows and samples do not tell: the ground of the
// production rule.
type Facts struct {
	CompilerReal string // yes, no, unknown (or empty)
	Why          string // what the evidence says
	AA           bool   // the optimized lane is a second eager session
	Strategy     string // in force
	NoiseNs      float64
	Fallbacks    int
	LimitReached bool
}

// verdictInput is what a verdict weighs, of one scope.
type verdictInput struct {
	lanes [NumLanes]Summary
	pair  PairView
	noise float64 // half width of the noise floor, ns; NaN unknown
	facts Facts
}

// winner names the faster lane, or "~" when the difference is inside the noise.
func winner(eager, optimized, noise float64) string {
	d := optimized - eager
	switch {
	case d != d:
		return ""
	case noise == noise && d <= noise && d >= -noise, d == 0:
		return "~"
	case d < 0:
		return Optimized.String()
	}
	return Eager.String()
}

// judge says whether mean, median and p99 rank the lanes alike.
func judge(in verdictInput) Verdict {
	e, o := in.lanes[Eager], in.lanes[Optimized]
	v := Verdict{WinnerMean: winner(e.Mean, o.Mean, in.noise), WinnerP50: winner(e.P50.Value, o.P50.Value, in.noise),
		WinnerP99: winner(e.P99.Value, o.P99.Value, in.noise)}
	n := min(e.N, o.N)
	switch {
	case n < Need(0.5):
		v.Code, v.Sentence = "too_few", fmt.Sprintf("Too few samples for a verdict: %d eager, %d optimized.", e.N, o.N)
	case v.WinnerMean == v.WinnerP50 && v.WinnerP50 == v.WinnerP99:
		v.Code = "agree"
		v.Sentence = fmt.Sprintf("Mean, median and p99 agree: %s wins.", v.WinnerP50)
		if v.WinnerP50 == "~" {
			v.Code, v.Sentence = "noise", "The lanes do not differ beyond the noise floor in mean, median or p99."
		}
	default:
		v.Code = "flip"
		v.Sentence = fmt.Sprintf("Mean, median and p99 disagree: mean %s, median %s, p99 %s.",
			v.WinnerMean, v.WinnerP50, v.WinnerP99)
	}
	return v
}
