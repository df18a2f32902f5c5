package tui

import (
	"image"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/panels"
)

// onList shows a screen with the focus on a list of it.
func onList(size image.Point, screen string, slot panels.Slot) *model {
	m, _ := newTestModel(size, 40*time.Second)
	press(m, screen)
	_ = m.View()
	m.focus = slot
	press(m, "l", "l") // it is drawn anew
	_ = m.View()
	return m
}

// What enter looks behind is the row that is chosen on the screen, however far
// the arrows went before a filter left fewer rows.
func TestEnterMeansTheRowThatAFilterLeft(t *testing.T) {
	m := onList(image.Pt(200, 60), "4", panels.SlotShapes)
	for range 9 {
		press(m, "down")
	}
	want := m.newest.Stats.Shapes[3].Shape
	press(m, "/")
	typeIn(m, want)
	text := frameOf(m)
	enter(m)
	if got := asked(m); !strings.Contains(text, "1 of 1 ·") || len(got) != 1 || got[0].Find.Shape != want {
		t.Errorf("enter on %s asks %+v:\n%s", want, got, text)
	}
	press(m, "esc", "/")
	typeIn(m, "nothing has this")
	_ = m.View()
	m.focus = panels.SlotShapes
	if enter(m); len(asked(m)) > 0 {
		t.Error("enter looks behind a row that nobody sees")
	}
}

// S goes over the columns that are shown and back to the order of the list; a
// shape is sorted by its lengths, and a cause that left its block says whose it is.
func TestSortGoesOverWhatIsShown(t *testing.T) {
	for _, c := range []struct {
		screen string
		slot   panels.Slot
	}{{"2", panels.SlotScenarios}, {"3", panels.SlotCauses}, {"4", panels.SlotShapes}} {
		for _, size := range []image.Point{{80, 24}, {120, 40}, {200, 60}} {
			m := onList(size, c.screen, c.slot)
			was, seen := frameOf(m), map[string]bool{}
			for {
				press(m, "S")
				text := frameOf(m)
				if m.sc.Sort[c.slot] == 0 {
					if text != was {
						t.Errorf("%s at %v: another list after the last column:\n%s", panels.Descs[c.slot].Name, size, text)
					}
					break
				}
				if !strings.Contains(text, "▾") || seen[text] {
					t.Fatalf("%s at %v, press %d sorts by no column that is shown:\n%s", panels.Descs[c.slot].Name, size, m.sc.Sort[c.slot], text)
				}
				seen[text] = true
			}
			if len(seen) < 2 {
				t.Errorf("%s at %v: %d columns", panels.Descs[c.slot].Name, size, len(seen))
			}
		}
	}
	m := onList(image.Pt(200, 60), "4", panels.SlotShapes)
	press(m, "S")
	text := frameOf(m)
	if a, b := strings.Index(text, "1x126 "), strings.Index(text, "1x98 "); a < 0 || b < a {
		t.Errorf("1x98 before 1x126:\n%s", text)
	}
	m = onList(image.Pt(80, 24), "3", panels.SlotCauses)
	press(m, "/")
	typeIn(m, "compile")
	if text := frameOf(m); strings.Count(text, "optimized ") == 0 || strings.Count(text, "eager ") == 0 {
		t.Errorf("whose compiles these are:\n%s", text)
	}
}

// A list that is scrolled beyond its end comes back with the first press.
func TestScrollingStopsWhereTheListEnds(t *testing.T) {
	m := onList(image.Pt(80, 24), "2", panels.SlotQuantiles)
	for range 50 {
		press(m, "down")
	}
	end := frameOf(m)
	if press(m, "up"); frameOf(m) == end {
		t.Errorf("the list stays at its end:\n%s", end)
	}
	m = onList(image.Pt(200, 60), "4", panels.SlotShapes)
	v := *m.newest
	for range 300 {
		press(m, "down")
	}
	v.Stats.Shapes = v.Stats.Shapes[:3]
	m.Update(viewMsg{&v})
	_ = m.View()
	press(m, "up")
	if text := frameOf(m); !strings.Contains(text, "2 of 3") {
		t.Errorf("one up from the last of 3:\n%s", text)
	}
}

// Break-evens are sorted by their number of requests.
func TestPaybackIsSortedByItsNumber(t *testing.T) {
	m := onList(image.Pt(200, 60), "4", panels.SlotShapes)
	v := *m.newest
	v.Stats.Shapes = v.Stats.Shapes[:3]
	for i, n := range []int{900, 1200, 30} {
		s := stats.ShapeRow{Shape: "1x7", CompileNs: 1e7, BreakEven: n}
		v.Stats.Shapes[i] = s
	}
	m.Update(viewMsg{&v})
	for !strings.Contains(frameOf(m), "▾pays back") {
		press(m, "S")
	}
	text := frameOf(m)
	if a, b, c := strings.Index(text, "after 1,200"), strings.Index(text, "after 900"), strings.Index(text, "after 30"); a < 0 || b < a || c < b {
		t.Errorf("%d, %d, %d:\n%s", a, b, c, text)
	}
}
