package labels

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/verdict"
)

// Verdict says for one mode whether mean, median and p99 rank the labels
// alike, and what flips the mean.
type Verdict struct {
	Mode       string
	Code       string // as package verdict names them
	Points     string // the same of the bare figures, told apart or not
	Sentence   string
	Flips      []string // what changes the ranking of the mean
	WinnerMean string   // "": not told apart from every other label
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
		out = append(out, verdictOf(overall[start:end]))
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

func verdictOf(g []Group) Verdict {
	in := make([]verdict.Label, len(g))
	for i := range g {
		in[i] = verdict.Label{Name: g[i].Backend, Summary: g[i].summary, Order: g[i].order, Sorted: g[i].sorted}
	}
	j := verdict.Labels(in)
	v := Verdict{Mode: g[0].Mode, Code: j.Code, Points: j.Points, Sentence: j.Sentence, WinnerMean: j.Ranked[stats.Mean].Winner,
		WinnerP50: j.Ranked[stats.Median].Winner, WinnerP99: j.Ranked[stats.P99].Winner}
	if len(g) > 1 && j.Code != verdict.TooFew {
		v.Flips = flips(g, best(g, mean))
	}
	for i := range g {
		g[i].order = nil
	}
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
		if slices.ContainsFunc(g, func(g Group) bool { return t.of(&g).Missing() }) {
			continue
		}
		if w := best(g, t.of); w != winner && w != "~" {
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
