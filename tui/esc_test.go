package tui

import (
	"image"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/view"
)

// esc drops the warm-ups that are still to come, and only then goes back.
func TestEscStopsAWarmUp(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 5*time.Second)
	v := src.View()
	v.Warming = 12
	m.Update(viewMsg{&v})
	press(m, "?", "esc")
	if got := asked(m); m.help || len(got) > 0 {
		t.Fatalf("esc over the help: it is open %v, asked for %v", m.help, got)
	}
	press(m, "esc")
	if got := asked(m); len(got) != 1 || got[0].Action != view.ActStopWarm {
		t.Errorf("esc while 12 shapes are to be warmed asks for %v", got)
	}
}

// esc on the first screen asks, and leaves when the answer is yes.
func TestEscLeavesTheFirstScreen(t *testing.T) {
	m := newModel(nil, make(outbox, 8), nil, Options{Theme: "dark", Env: []string{}}.withDefaults())
	m.w, m.h = 80, 24
	v := view.View{Phase: view.PhaseStarting}
	m.Update(viewMsg{&v})
	press(m, "esc", "n")
	if got := asked(m); len(got) > 0 {
		t.Fatalf("after no: %v", got)
	}
	press(m, "esc", "y")
	if got := asked(m); len(got) != 1 || got[0].Action != view.ActQuit {
		t.Errorf("after yes: %v", got)
	}
}
