package labels

import (
	"fmt"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Verdict says for one mode whether mean, median and p99 rank the labels
// alike, and what flips the mean.
type Verdict struct {
	Mode       string
	Code       string // agree, flip, too_few or single
	Sentence   string
	Flips      []string // what changes the ranking of the mean
	WinnerMean string
	WinnerP50  string
	WinnerP99  string
}

// NotEvidence is said with every result that rests on labels.
const NotEvidence = "A label is a name, not evidence: nothing here shows that anything was compiled."

func verdicts(overall []Group) []Verdict {
	var out []Verdict
	for start := 0; start < len(overall); {
		end := start
		for end < len(overall) && overall[end].Mode == overall[start].Mode {
			end++
		}
		out = append(out, verdict(overall[start:end]))
		start = end
	}
	return out
}

// best is the group with the least value; "~" on a tie.
func best(g []Group, of func(*Group) stats.Num) string {
	w, tie := &g[0], false
	for i := 1; i < len(g); i++ {
		switch a, b := of(&g[i]), of(w); {
		case a < b:
			w, tie = &g[i], false
		case a == b:
			tie = true
		}
	}
	if tie {
		return "~"
	}
	return w.Backend
}

func mean(g *Group) stats.Num { return g.MeanMs }

func verdict(g []Group) Verdict {
	v := Verdict{Mode: g[0].Mode, WinnerMean: best(g, mean), WinnerP50: best(g, func(g *Group) stats.Num { return g.P50Ms }),
		WinnerP99: best(g, func(g *Group) stats.Num { return g.P99Ms })}
	if len(g) == 1 {
		v.Code, v.Sentence = "single", fmt.Sprintf("There is one label, %s: nothing to rank.", g[0].Backend)
		return v
	}
	few := g[0]
	for _, x := range g[1:] {
		if x.N < few.N {
			few = x
		}
	}
	if need := quantile.Need(0.5); few.N < uint64(need) {
		v.Code, v.Sentence = "too_few", fmt.Sprintf("Too few samples for a verdict: %s has %d.", few.Backend, few.N)
		return v
	}
	v.Flips = flips(g, v.WinnerMean)
	if v.WinnerMean == v.WinnerP50 && v.WinnerP50 == v.WinnerP99 {
		v.Code = "agree"
		v.Sentence = fmt.Sprintf("Mean, median and p99 agree: %s is the fastest in all three.", v.WinnerMean)
	} else {
		v.Code = "flip"
		v.Sentence = fmt.Sprintf("Mean, median and p99 disagree: mean favours %s, median %s, p99 %s.", v.WinnerMean, v.WinnerP50, v.WinnerP99)
	}
	if few.N < uint64(quantile.Need(0.99)) {
		v.Sentence += fmt.Sprintf(" p99 rests on %d samples; it needs %d.", few.N, quantile.Need(0.99))
	}
	v.Sentence += doubts(g)
	return v
}

// flips lists the trimmings that change which label has the best mean.
func flips(g []Group, winner string) []string {
	var out []string
	for _, t := range []struct {
		what string
		of   func(*Group) stats.Num
	}{{"the largest sample of each label", func(g *Group) stats.Num { return g.MeanExclMaxMs }},
		{"the five largest", func(g *Group) stats.Num { return g.MeanExclTop5Ms }},
		{"the first samples of each run", func(g *Group) stats.Num { return g.MeanExclFirstMs }}} {
		if t.of(&g[0]).Missing() {
			continue
		}
		if w := best(g, t.of); w != winner {
			out = append(out, fmt.Sprintf("Without %s the mean favours %s (%s).", t.what, w, values(g, t.of)))
		}
	}
	return out
}

func values(g []Group, of func(*Group) stats.Num) string {
	var parts []string
	for i := range g {
		parts = append(parts, fmt.Sprintf("%s %.2f ms", g[i].Backend, float64(of(&g[i]))))
	}
	return strings.Join(parts, ", ")
}
