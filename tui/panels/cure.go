package panels

import (
	"strings"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// Cure is what to press against the tail, or what the last press did to it.
type Cure struct {
	Key     string // "" where nothing is to be pressed
	Text    string // after the key
	Effect  string // what it should do, or did
	Good    bool   // the effect was measured, and is one
	Command view.Command
}

// FixedWord is the strategy with few shapes that pads: of the prompt, or in
// decode of the cache.
func FixedWord(mode string) string { return pick(mode, "padded", "static-cache") }

// BucketWord is the strategy that pads to the next edge of a list.
func BucketWord(mode string) string { return pick(mode, "bucketed", "kv-bucketed") }

func pick(mode, prompt, cache string) string {
	if IsDecode(mode) {
		return cache
	}
	return prompt
}

// IsDecode reports whether the cache's shapes are in the timed region.
func IsDecode(mode string) bool { return stats.ModeOf(mode).Times(stats.DecodePhase) }

// CureOf is the one action that the tail of the optimized lane asks for now, or
// what the last toggle did to it. It is of the current segment.
func CureOf(sc *Scene) (Cure, bool) {
	s := &sc.V.Session
	if sc.V.Failing != "" {
		return Cure{Key: "r", Text: "tries again in a new segment", Command: view.Command{Action: view.ActSegment, Arg: "a new segment"}}, true
	}
	if s.AA || sc.V.Replay != nil {
		return measured(sc)
	}
	lv := sc.Lane(stats.Optimized)
	worst := shapeCause(lv)
	if worst == nil {
		return measured(sc)
	}
	word := FixedWord(s.Mode)
	lacks := func() bool { return s.Lacks["strategy"] != "" || s.Lacks[word] != "" || fixedShapes(s.Strategy) }
	if lacks() {
		word = BucketWord(s.Mode)
	}
	if lacks() || s.Mode == "forward" {
		return measured(sc)
	}
	c := Cure{Key: "p", Command: view.Command{Action: view.ActStrategy, Arg: word}, Text: "pads prompts: one executable a scenario"}
	switch {
	case word == "static-cache":
		c.Key, c.Text = "k", "gives decode a cache of one size: one executable"
	case word == "kv-bucketed":
		c.Key, c.Text = "k", "pads the cache to edges: few executables"
	case word == "bucketed":
		c.Key, c.Text = "b", "pads prompts to edges: few executables"
	}
	if now := lv.Segment.P99; now.Need == 0 && worst.P99Without < now.Value {
		c.Effect = "p99 " + draw.Brief(now.Value) + " → " + draw.Brief(worst.P99Without) + " without " + causeName(worst.Cause) + "s"
	} else {
		c.Effect = draw.Plural(worst.N, causeName(worst.Cause)) + " in the tail"
	}
	return c, true
}

// fixedShapes reports whether a strategy keeps the number of shapes small.
func fixedShapes(word string) bool {
	for _, w := range []string{"padded", "bucketed", "static-cache", "dynamic"} {
		if strings.Contains(word, w) {
			return true
		}
	}
	return false
}

// shapeCause is the row of the ledger that new shapes make, nil where they are
// no part of the tail.
func shapeCause(lv *stats.LaneView) (worst *stats.CauseRow) {
	for i := range lv.SegmentCauses {
		c := &lv.SegmentCauses[i]
		switch c.Cause {
		case stats.CauseCompile, stats.CauseCapture, stats.CauseFallback:
			if c.N > 0 && (worst == nil || c.N > worst.N) {
				worst = c
			}
		}
	}
	return worst
}

// measured is what the current segment changed against the one before it, once
// both p99s rest on enough samples.
func measured(sc *Scene) (Cure, bool) {
	rows := sc.V.Stats.Segments
	if len(rows) < 2 {
		return Cure{}, false
	}
	was, is := &rows[len(rows)-2], &rows[len(rows)-1]
	a, b := &was.Lanes[stats.Optimized].P99, &is.Lanes[stats.Optimized].P99
	c := Cure{Text: "since " + is.Label + ": p99"}
	switch {
	case is.Lanes[stats.Optimized].N == 0 || is.AA != was.AA: // in an A/A the second lane is eager
		return Cure{}, false
	case max(a.Need, b.Need) > 0:
		c.Text = "since " + is.Label + ":"
		c.Effect = draw.Plural(is.Lanes[stats.Optimized].Compiles, "compile") + " after " + draw.Count(was.Lanes[stats.Optimized].Compiles)
		if b.Need > 0 {
			c.Effect += ", p99 needs " + draw.Count(b.Need) + " more samples"
		} else {
			c.Effect += ", p99 " + draw.Brief(b.Value)
		}
		return c, true
	}
	c.Good = b.Hi < a.Lo
	c.Effect = draw.Brief(a.Value) + " → " + draw.Brief(b.Value)
	if then := predicted(sc); draw.Finite(then) {
		c.Effect += ", predicted " + draw.Brief(then)
	}
	if !(b.Hi < a.Lo || b.Lo > a.Hi) {
		c.Effect += " (not told apart)"
	}
	return c, true
}

// predicted is the p99 that was foretold of what is in force: by the advice that
// was followed, or by the row of the advisor that was applied; NaN: by none.
func predicted(sc *Scene) float64 {
	if o := sc.V.Stats.Verdict.Outcome; o != nil {
		return o.ThenNs
	}
	for _, b := range sc.V.Stats.Advisor {
		if b.Asked && draw.Finite(b.MeasuredP50) {
			return b.PredictedP99
		}
	}
	return Nan
}

// cureLine is a cure in one line of w cells.
func cureLine(sc *Scene, w, indent int) (string, bool) {
	c, ok := CureOf(sc)
	if !ok {
		return "", false
	}
	st := sc.St
	l := draw.NewLine(w).Gap(indent)
	k := st.Muted
	if c.Good {
		k = st.Ok
	}
	if c.Key != "" {
		l.Put(st.Badge, " "+c.Key+" ").Gap(1)
		k = st.Strong
	} else {
		l.Put(st.Muted, "→ ")
	}
	text, between := draw.R(st.Text, c.Text), " · "
	if c.Key == "" {
		between = " "
	}
	switch {
	case l.Phrase(text, draw.R(st.Muted, between), draw.R(k, c.Effect)):
	case l.Phrase(draw.R(k, c.Effect)):
	default:
		l.Put(st.Text, c.Text)
	}
	return l.String(), true
}
