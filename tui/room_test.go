package tui

import (
	"image"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"tailscope/runner/view"
	"tailscope/stats"
)

// One shape may have run under two strategies: the rows say which.
func TestShapesOfTwoStrategiesAreToldApart(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 10*time.Second)
	v := src.View()
	row := v.Stats.Shapes[0]
	row.Strategy = "padded"
	v.Stats.Shapes = []stats.ShapeRow{v.Stats.Shapes[0], row}
	m.Update(viewMsg{&v})
	press(m, "4")
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "padded ") || !strings.Contains(text, "variable ") {
		t.Errorf("the strategy is missing:\n%s", text)
	}
}

// What the verdict panel has room for besides is the production rule's advice.
func TestSpareLinesOfTheVerdictHoldTheAdvice(t *testing.T) {
	m, src := newTestModel(image.Pt(160, 60), 10*time.Second)
	v := src.View()
	v.Stats.Verdict.Sentence = "Short."
	v.Stats.Verdict.Advice = []stats.Advice{{Sentence: "Do this."}, {Sentence: "And that."}, {Sentence: strings.Repeat("long ", 40)}}
	m.Update(viewMsg{&v})
	m.View()
	m.verdictH = 5
	m.rev++
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "→ Do this.") || strings.Contains(text, "long long") {
		t.Errorf("no advice, or a sentence that is cut:\n%s", text)
	}
}

// Once the run is over nobody answers: no key may say that something begins.
func TestKeysAfterTheEndPromiseNothing(t *testing.T) {
	for _, phase := range []view.Phase{view.PhaseDone, view.PhaseFailed} {
		m, src := newTestModel(image.Pt(120, 40), 10*time.Second)
		v := src.View()
		v.Phase, v.Status, v.Session.Dir = phase, "", "out/20261126_010203"
		m.Update(viewMsg{&v})
		if text := ansi.Strip(m.View().Content); phase == view.PhaseDone && !strings.Contains(text, "the session is in out/20261126_010203") {
			t.Errorf("nothing says where the session is:\n%s", text)
		}
		for _, k := range []string{"p", "b", "d", "o", "m", "s", "i", "t", "w", "c", "r", "space", "e", "P", "v", "+", "-"} {
			press(m, k)
			if got := asked(m); len(got) > 0 || !strings.Contains(m.sc.flash.text, "the run is over") {
				t.Errorf("%s, key %s: says %q, asks %v", phase, k, m.sc.flash.text, got)
			}
		}
		if press(m, "N"); m.sc.picked < 0 {
			t.Errorf("%s: no event can be looked at", phase)
		}
	}
}

// The label of a window is that of the figures, not of the last key.
func TestTheWindowOfTheFiguresIsNamed(t *testing.T) {
	m, src := newTestModel(image.Pt(160, 50), 10*time.Second)
	v := src.View()
	v.Session.Window = 10 * time.Second
	m.Update(viewMsg{&v})
	press(m, "v", "-")
	if s, name := m.sc.main(stats.Eager); name != "last 10 s" || s != &m.sc.v.Stats.Lanes[0].Window {
		t.Errorf("frozen at a window of 10 s, the figures are called %q", name)
	}
}

// A crossover that the pairs do not support is not named.
func TestCrossoverOfFewPairs(t *testing.T) {
	pr := &stats.PairView{N: 270, Crossover: .9902, MedianDiff: nan, DiffLo: nan, DiffHi: nan, ShareWon: nan, RatioGeomean: nan, P: nan, NoiseNs: nan}
	if got, want := pairFacts(pr, false)[0], "optimized wins as far as 270 pairs can tell, up to p98.3"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	pr.N = 500
	if got, want := pairFacts(pr, false)[0], "optimized wins up to p99.02, loses beyond"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := quantile(.99996); got != "p99.99" {
		t.Errorf("quantile(.99996) is %s", got)
	}
}
