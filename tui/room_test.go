package tui

import (
	"image"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

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
