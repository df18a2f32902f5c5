package tui

import (
	"image"
	"testing"

	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/tui/panels"
	"github.com/tailscope/tailscope/tui/timeline"
)

// Panels never overlap, never leave the screen, and come row by row from the
// left, which is what composing relies on.
func TestLayoutProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(0, 300).Draw(t, "w"), rapid.IntRange(0, 120).Draw(t, "h")
		s := layoutState{screen: rapid.IntRange(1, numScreens).Draw(t, "screen"), start: rapid.Bool().Draw(t, "start"), help: rapid.Bool().Draw(t, "help"), noGPU: rapid.Bool().Draw(t, "noGPU")}
		s.want = make([]int, len(panels.Descs))
		for i := range s.want {
			s.want[i] = rapid.IntRange(0, 80).Draw(t, "want")
		}
		l := arrange(w, h, s)
		screen := image.Rect(0, 0, w, h)
		for i, a := range l.places {
			if !a.r.In(screen) || a.r.Empty() {
				t.Fatalf("slot %d at %v leaves %v", a.slot, a.r, screen)
			}
			for _, b := range l.places[:i] {
				if a.r.Overlaps(b.r) {
					t.Fatalf("slots %d %v and %d %v overlap", a.slot, a.r, b.slot, b.r)
				}
				if b.r.Min.Y == a.r.Min.Y && b.r.Min.X > a.r.Min.X {
					t.Fatalf("slots %d and %d are not in order", b.slot, a.slot)
				}
			}
		}
	})
}

// At 80×24 everything essential stands.
func TestSmallScreenHasTheEssentials(t *testing.T) {
	l := arrange(80, 24, layoutState{screen: 1})
	for _, want := range []panels.Slot{panels.SlotHeader, panels.SlotCompare, panels.SlotTail, panels.SlotVerdict, timeline.SlotHeat, timeline.SlotEvents, panels.SlotFooter} {
		found := false
		for _, p := range l.places {
			found = found || p.slot == want
		}
		if !found {
			t.Errorf("%s is missing at 80x24", panels.Descs[want].Name)
		}
	}
}
