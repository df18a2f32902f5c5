package tui

import (
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
	sc := &panels.Scene{St: draw.NewStyles(true, false), V: &view.View{}}
	p := &panels.LanePanel{Pane: panels.Pane{Sc: sc}, Lane: stats.Optimized}
	la := &sc.V.Lanes[stats.Optimized]
	*la = view.Lane{CompilerReal: "unknown", Why: "a label, no evidence of what ran"}
	graphs := func() string { return strings.TrimSpace(ansi.Strip(p.Graphs(60))) }
	if got := graphs(); got != "" {
		t.Errorf("a label alone: %q", got)
	}
	la.Compiles, la.CompileNs = 11, int64(2*time.Second)
	if got := graphs(); got != "11 compiles 2.000 s" {
		t.Errorf("its own table: %q", got)
	}
	la.Limit = 8 // a session that has compiled nothing yet does count
	if got := graphs(); got != "graphs 0 of 8 · 11 compiles 2.000 s" {
		t.Errorf("a session: %q", got)
	}
}
