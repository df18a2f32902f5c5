package tui

import (
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/panels"
	"github.com/tailscope/tailscope/tui/timeline"
)

func enter(m *model) { m.Update(tea.KeyPressMsg{Code: tea.KeyEnter}) }

// typeIn types a line into what is open.
func typeIn(m *model, line string) {
	for _, r := range line {
		m.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	enter(m)
}

// enter on a row, an event or a spot of the map asks for the samples behind it.
func TestEnterLooksBehind(t *testing.T) {
	for _, c := range []struct {
		screen string
		slot   panels.Slot
		is     func(view.Command, *view.View) bool
	}{
		{"2", panels.SlotScenarios, func(c view.Command, v *view.View) bool { return c.Find.Scenario == v.Stats.Scenarios[0].Scenario }},
		{"3", panels.SlotCauses, func(c view.Command, v *view.View) bool { return c.Find.Lane != nil }},
		{"4", panels.SlotShapes, func(c view.Command, v *view.View) bool { return c.Find.Shape == v.Stats.Shapes[0].Shape }},
		{"1", timeline.SlotEvents, func(c view.Command, v *view.View) bool { return c.Find.Request != nil || c.Find.To > c.Find.From }},
		{"1", timeline.SlotHeat, func(c view.Command, v *view.View) bool { return c.Find.To > c.Find.From }},
	} {
		m, _ := newTestModel(image.Pt(200, 60), 40*time.Second)
		press(m, c.screen)
		_ = m.View()
		m.focus = c.slot
		enter(m)
		got := asked(m)
		if len(got) != 1 || got[0].Action != view.ActFind || !c.is(got[0], m.newest) || !m.found {
			t.Errorf("%s: %+v", panels.Descs[c.slot].Name, got)
		}
	}
}

// A row of the advisor is applied exactly as it is shown.
func TestTheAdvisorsRowIsApplied(t *testing.T) {
	m, _ := newTestModel(image.Pt(200, 60), 40*time.Second)
	press(m, "4")
	_ = m.View()
	m.focus = panels.SlotAdvisor
	for row, plan := range m.newest.Stats.Advisor {
		m.sc.Sel[panels.SlotAdvisor] = row
		enter(m)
		if got := asked(m); len(got) != 1 || got[0].Action != view.ActEdges || !slices.Equal(got[0].Edges, plan.Edges) {
			t.Errorf("row %d, %v: %+v", row, plan.Edges, got)
		}
	}
	if len(m.newest.Stats.Advisor) == 0 {
		t.Error("no rows")
	}
}

// k goes over what decode can do with its cache; p there gives it one size.
func TestDecodeHasItsCureByKey(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 10*time.Second)
	for _, c := range []struct{ key, strategy, want string }{
		{"k", "variable", "kv-bucketed"}, {"k", "kv-bucketed", "static-cache"}, {"k", "static-cache", "static-cache"}, {"p", "variable", "static-cache"}, {"b", "variable", "kv-bucketed"},
	} {
		v := src.View()
		v.Session.Mode, v.Session.Strategy = "kv_decode", c.strategy
		m.Update(viewMsg{&v})
		press(m, c.key)
		if got := asked(m); len(got) != 1 || got[0].Action != view.ActStrategy || got[0].Arg != c.want {
			t.Errorf("%s while %s: %+v, want %s", c.key, c.strategy, got, c.want)
		}
	}
}

// The palette takes lines, finds actions by parts of their name, and marks take
// a note.
func TestThePaletteTakesLines(t *testing.T) {
	for line, want := range map[string]view.Command{
		"strategy prefill=bucketed,decode=kv-bucketed": {Action: view.ActStrategy, Arg: "prefill=bucketed,decode=kv-bucketed"},
		"edges 20,24,28":      {Action: view.ActEdges, Edges: []int{20, 24, 28}},
		"rate 200":            {Action: view.ActRate, X: 200},
		"mark the fan starts": {Action: view.ActMark, Arg: "the fan starts"},
		"xport":               {Action: view.ActExport},
	} {
		m, _ := newTestModel(image.Pt(120, 40), 10*time.Second)
		press(m, ":")
		typeIn(m, line)
		got := asked(m)
		if len(got) != 1 || got[0].Action != want.Action || got[0].Arg != want.Arg || !slices.Equal(got[0].Edges, want.Edges) || got[0].X != want.X {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	}
	m, _ := newTestModel(image.Pt(120, 40), 10*time.Second)
	press(m, "M")
	typeIn(m, "noon")
	if got := asked(m); len(got) != 1 || got[0].Action != view.ActMark || got[0].Arg != "noon" {
		t.Errorf("M: %+v", got)
	}
}

// Two segments are marked and stand beside each other; lists are sorted and
// filtered; the map is zoomed.
func TestListsAreChosenFrom(t *testing.T) {
	m := toggled(t, image.Pt(200, 60))
	press(m, "5")
	_ = m.View()
	m.focus = panels.SlotSegments
	enter(m)
	m.sc.Sel[panels.SlotSegments] = 1
	enter(m)
	if len(m.sc.Marked) != 2 || !strings.Contains(frameOf(m), "two segments · 0 variable → 1 padded") {
		t.Errorf("%v:\n%s", m.sc.Marked, frameOf(m))
	}
	press(m, "4")
	_ = m.View()
	m.focus = panels.SlotShapes
	was := frameOf(m)
	if press(m, "S"); frameOf(m) == was {
		t.Error("S sorts nothing")
	}
	press(m, "/")
	typeIn(m, "1x128")
	if text := frameOf(m); !strings.Contains(text, "1 of 1") && !strings.Contains(text, "1 of 2") {
		t.Errorf("/ filters nothing:\n%s", text)
	}
	press(m, "esc", "1")
	columns := func() string {
		_, rest, _ := strings.Cut(frameOf(m), "a column is ")
		return strings.Fields(rest)[0]
	}
	wide := columns()
	if press(m, "["); columns() == wide {
		t.Errorf("[ leaves a column %s wide", wide)
	}
}
