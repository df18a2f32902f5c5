package tui

import (
	"image"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
)

// Of an imported result nobody counted graphs, so none are claimed.
func TestImportedLaneClaimsNoGraphs(t *testing.T) {
	sc := &panels.Scene{St: draw.NewStyles(true, draw.FullColour), V: &view.View{}}
	p := &panels.ComparePanel{Pane: panels.Pane{Sc: sc}}
	p.SetSize(120, 20)
	la := &sc.V.Lanes[stats.Optimized]
	*la = view.Lane{CompilerReal: "unknown", Why: "a label, no evidence of what ran"}
	if text := ansi.Strip(p.View()); strings.Contains(text, "executables") || strings.Contains(text, "compiles") {
		t.Errorf("a label alone:\n%s", text)
	}
	la.Compiles, la.CompileNs = 11, int64(2*time.Second)
	if text := ansi.Strip(p.View()); !strings.Contains(text, "11 compiles 2 s") || strings.Contains(text, "executables") {
		t.Errorf("its own table:\n%s", text)
	}
	la.Limit = 8 // a session that has compiled nothing yet does count
	if text := ansi.Strip(p.View()); !strings.Contains(text, "executables 0 of 8") {
		t.Errorf("a session:\n%s", text)
	}
}

// TestLabelsOfAnotherToolStandBesideTheLanes: eager and optimized are places
// there, and each says which label stands in it.
func TestLabelsOfAnotherToolStandBesideTheLanes(t *testing.T) {
	for label, want := range map[string]string{"server --compile": "◆ server --compile", strings.Repeat("a long name ", 30): "◆ a long name", "": "◆ —"} {
		m, src := newTestModel(image.Pt(160, 50), 10*time.Second)
		v := src.View()
		v.Lanes[stats.Eager] = view.Lane{Label: "server\x1b[2J --plain"}
		v.Lanes[stats.Optimized] = view.Lane{Label: label}
		m.Update(viewMsg{&v})
		frame := ansi.Strip(m.View().Content)
		if !strings.Contains(frame, "◇ server") || !strings.Contains(frame, "--plain · "+want) {
			t.Errorf("label %q:\n%s", label, frame)
		}
	}
}
