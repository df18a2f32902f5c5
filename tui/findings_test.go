package tui

import (
	"fmt"
	"image"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
	"github.com/tailscope/tailscope/tui/timeline"
)

// What a look from outside has found (docs/screen.md), where no other test holds
// it.

func frameOf(m *model) string { return ansi.Strip(m.View().Content) }

// sized is the screen after 40 s.
func sized(w, h int) *model {
	m, _ := newTestModel(image.Pt(w, h), 40*time.Second)
	return m
}

func TestARecordingHasNoCostOfItsOwn(t *testing.T) {
	m, src := newTestModel(image.Pt(200, 60), 40*time.Second)
	v := src.View()
	v.Replay = &view.Replay{LenNs: 60e9}
	m.Update(viewMsg{&v})
	for _, screen := range []string{"1", "6"} {
		press(m, screen)
		for _, not := range []string{"frame p99", "views dropped", "of a core", "requests ahead"} {
			if text := frameOf(m); strings.Contains(text, not) {
				t.Errorf("view %s of a recording says %q:\n%s", screen, not, text)
			}
		}
	}
}

// An event's milliseconds stand before its sentence and not in it again.
func TestLatencyStandsOnceInARow(t *testing.T) {
	m, twice := sized(300, 80), regexp.MustCompile(`^│ +\S+ [!△] .*? ([\d.]{4})\d* [mµ]s .*[ ,]\d[\d.]*\d m?s(,|$)`)
	press(m, "6")
	rows := 0
	for line := range strings.SplitSeq(frameOf(m), "\n") {
		line = strings.TrimRight(line, " │")
		if strings.Contains(line, "! spike") || strings.Contains(line, "△ new shape") {
			rows++
		}
		if twice.MatchString(line) {
			t.Error(line)
		}
	}
	if rows < 10 {
		t.Errorf("%d rows:\n%s", rows, frameOf(m))
	}
}

// A first run of a shape is called one thing: on the map, in the ledger, among
// events.
func TestOneThingHasOneName(t *testing.T) {
	if m := sized(200, 60); strings.Contains(frameOf(m), "first run of a shape") || !strings.Contains(frameOf(m), "■ new shape") {
		t.Errorf("the map's legend:\n%s", frameOf(m))
	}
	if got := draw.KindName(stats.KindShapeNew); got != "new shape" {
		t.Errorf("the event is called %q", got)
	}
}

// The labels of the difference at each quantile are whole at every width, and
// the crossover is a line unless nobody wins.
func TestDifferencesAreLabelled(t *testing.T) {
	m := sized(200, 60)
	press(m, "2")
	for w := 300; w >= 60; w-- {
		m.Update(tea.WindowSizeMsg{Width: w, Height: 50})
		line := ""
		for s := range strings.SplitSeq(frameOf(m), "\n") {
			if strings.Contains(s, " p1 ") {
				line = s
			}
		}
		if line == "" || strings.Contains(line, "…") {
			t.Fatalf("at %d columns: %q", w, line)
		}
	}
	p := m.panels[panels.SlotDelta].(*panels.DeltaPanel)
	for _, c := range []struct {
		crossover, noise float64
		quantiles        int
		want             bool
	}{{.97, panels.Nan, 5, true}, {.97, 1e9, 5, false}, {1, panels.Nan, 5, false}, {.97, panels.Nan, 1, false}} {
		pr := m.sc.V.Stats.Pair
		pr.DeltaQ, pr.Delta = pr.DeltaQ[:c.quantiles], pr.Delta[:c.quantiles]
		pr.Crossover, pr.NoiseNs, pr.MedianDiff = c.crossover, c.noise, -1e6
		drawn := false
		for _, row := range p.Plot(&pr, 10, 100, 5, func(float64) int { return 9 }) {
			drawn = drawn || slices.ContainsFunc(row, func(c draw.Cell) bool { return c.S == "┊" })
		}
		if drawn != c.want {
			t.Errorf("crossover %v, noise %v: drawn %v", c.crossover, c.noise, drawn)
		}
	}
}

// What the screen calls things is explained in the help.
func TestWordsAreExplained(t *testing.T) {
	m := sized(80, 24)
	press(m, "?")
	_ = m.View()
	pages := m.panels[panels.SlotHelp].Limit() + 1
	text := ""
	for range pages {
		text += frameOf(m)
		press(m, "down")
	}
	if pages < 2 || pages > 9 {
		t.Errorf("%d pages", pages)
	}
	for _, word := range []string{"ratio", "executables", "work", "host", "won", "padding ×", "p (Holm)", "beyond", "tagged", "compiler-real", "p99 without", "needs n more", "as good as n",
		"noise floor", "signed-rank p", "crossover", "segment", "clean", "unexplained", "cold start", "new shape", "pays back", "last minute", "generation", "~", "moving about", "mouse"} {
		if !regexp.MustCompile(`(?m)(^|  +)` + regexp.QuoteMeta(word) + `( |$)`).MatchString(text) {
			t.Errorf("%q is not explained", word)
		}
	}
}

// The bottom line offers what can be done: nothing to pad in the past, no cure
// where none is shown.
func TestFooterFollowsWhatIsShown(t *testing.T) {
	m := toggled(t, image.Pt(200, 60))
	foot := func() string {
		lines := strings.Split(frameOf(m), "\n")
		return lines[len(lines)-1]
	}
	if s := foot(); !strings.Contains(s, "p pad") || strings.Contains(s, "apply the cure") {
		t.Errorf("%q while the cure has been applied", s)
	}
	if m := sized(200, 60); !strings.Contains(frameOf(m), "enter apply the cure") {
		t.Error("enter does not apply a cure that is shown")
	}
	press(m, "v")
	if s := foot(); strings.Contains(s, "p pad") || !strings.Contains(s, "back in time") {
		t.Errorf("%q in the past", s)
	}
}

// Whatever the verdict says, the map below it stays where it is.
func TestTheVerdictMovesNothing(t *testing.T) {
	for _, size := range []image.Point{{80, 24}, {120, 40}, {200, 60}} {
		m, src := newTestModel(size, 40*time.Second)
		at := func() (r image.Rectangle) {
			_ = m.View()
			for _, p := range m.lay.places {
				if p.slot == timeline.SlotHeat {
					r = p.r
				}
			}
			return r
		}
		was := at()
		for _, s := range []string{"", "Short.", strings.Repeat("A long sentence about many doubts. ", 20)} {
			v := src.View()
			v.Stats.Verdict.Sentence, v.Stats.Verdict.Short = s, nil
			v.Stats.Segments = v.Stats.Segments[:1]
			m.Update(viewMsg{&v})
			if now := at(); now != was || was.Empty() {
				t.Errorf("%v, sentence %q: %v, was %v", size, s, now, was)
			}
		}
	}
}

// Down to 40 columns the table has both lanes.
func TestBothLanesAtAnySize(t *testing.T) {
	for _, size := range []image.Point{{40, 12}, {60, 12}, {80, 24}, {100, 30}, {200, 60}} {
		text := frameOf(sized(size.X, size.Y))
		if !regexp.MustCompile(`(?m)p50 +[\d.]+ [mµ]?s +.*[\d.]+ [mµ]?s`).MatchString(text) {
			t.Errorf("%v:\n%s", size, text)
		}
	}
}

// In 16 colours what is compiled is not the eager lane's colour, and a light
// background has no text in white.
func TestSixteenColoursAreToldApart(t *testing.T) {
	for _, dark := range []bool{true, false} {
		st := draw.NewStyles(dark, draw.FewColours)
		eager, compile, text := st.Lane[0].On("x"), st.Tag.On("x"), st.Muted.On("x")
		if eager == compile || st.Lane[1].On("x") == compile || eager == st.Lane[1].On("x") {
			t.Errorf("dark %v: eager %q, optimized %q, compile %q", dark, eager, st.Lane[1].On("x"), compile)
		}
		if !dark && regexp.MustCompile(`\x1b\[[\d;]*(37|97)m`).MatchString(text+st.Text.On("x")+st.Faint.On("x")) {
			t.Errorf("white on white: %q", text)
		}
	}
}

// At 300×80 no view leaves more than half of its rows empty.
func TestWideScreensAreUsed(t *testing.T) {
	m := sized(300, 80)
	for screen := 1; screen <= numScreens; screen++ {
		press(m, fmt.Sprint(screen))
		empty := 0
		lines := strings.Split(frameOf(m), "\n")
		for _, l := range lines {
			if strings.Trim(l, " │") == "" {
				empty++
			}
		}
		if empty > len(lines)/2 {
			t.Errorf("view %d: %d of %d rows are empty", screen, empty, len(lines))
		}
	}
}

// A recording stops at what was found, goes to its ends, and no faster than ×64.
func TestAFoundEventStaysInSight(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 40*time.Second)
	v := src.View()
	v.Replay = &view.Replay{PosNs: 20e9, LenNs: 60e9, Speed: 64, Playing: true}
	m.Update(viewMsg{&v})
	press(m, "N")
	if got := asked(m); len(got) != 2 || got[0].Action != view.ActReplayPlay || got[1].Action != view.ActReplaySeek {
		t.Errorf("N: %+v", got)
	}
	press(m, "+")
	m.Update(tea.KeyPressMsg{Code: tea.KeyHome})
	m.Update(tea.KeyPressMsg{Code: tea.KeyEnd})
	if got := asked(m); len(got) != 3 || got[0].X != 64 || got[1].D > time.Second || got[2].D != 60*time.Second {
		t.Errorf("+, home, end: %+v", got)
	}
}

// A locale that is none of Unicode, and the console of Linux, get ASCII.
func TestLocalesWithoutUnicode(t *testing.T) {
	for env, want := range map[string]bool{"LANG=C": true, "LANG=POSIX": true, "LANG=C.UTF-8": false, "LANG=de_DE.utf8": false, "LC_ALL=C": true, "TERM=linux": true, "LANG=": false} {
		if got := (Options{Env: []string{env}}).ascii(); got != want {
			t.Errorf("%s: %v", env, got)
		}
	}
}

// What was asked for stands beside what the figures are of, until they change.
func TestTheLabelChangesWithTheNumbers(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 40*time.Second)
	for asked, want := range map[string]string{"": "prefill · variable · segment 0", "padded": "prefill · variable → padded"} {
		v := src.View()
		v.Session.Asked = asked
		m.Update(viewMsg{&v})
		if head, _, _ := strings.Cut(frameOf(m), "\n"); !strings.Contains(head, want) {
			t.Errorf("%q asked for: %q, want %q", asked, head, want)
		}
	}
}

// The keys below are buttons.
func TestTheFooterIsClicked(t *testing.T) {
	m := sized(120, 40)
	lines := strings.Split(frameOf(m), "\n")
	before, _, _ := strings.Cut(lines[len(lines)-1], "p pad")
	m.Update(tea.MouseClickMsg{X: len([]rune(before)) + 2, Y: 39})
	if got := asked(m); len(got) != 1 || got[0].Arg != "padded" {
		t.Errorf("%+v", got)
	}
}

// A figure that rests on too few samples is grey in the selected row too.
func TestTheSelectedRowKeepsItsGrey(t *testing.T) {
	for _, colours := range []draw.Colours{draw.FullColour, draw.FewColours, draw.NoColour} {
		st := draw.NewStyles(true, colours)
		cols := []draw.Column{{Head: "n", W: 4}, {Head: "p99", W: 4}}
		rows := [][]draw.Cell{{draw.C("9", st.Text), draw.C("1 ms", st.Faint)}}
		if got := draw.TableOn(st, cols, rows, 12, 2, 0)[1]; !strings.Contains(got, st.SelectedFaint.On("1 ms")) || st.SelectedFaint == st.Selected {
			t.Errorf("%v: %q", colours, got)
		}
	}
}

// Where there is no GPU its panel takes no more room than what stands beside it.
func TestNoGPUTakesNoRoom(t *testing.T) {
	m, src := newTestModel(image.Pt(200, 60), 10*time.Second)
	v := src.View()
	v.GPU.Why, v.GPU.Name, v.Replay = "no NVIDIA driver on this machine", "", &view.Replay{LenNs: 60e9}
	m.Update(viewMsg{&v})
	press(m, "6")
	_ = m.View()
	for _, p := range m.lay.places {
		if p.slot == panels.SlotFullGPU && p.r.Dy() > 10 {
			t.Errorf("%d rows:\n%s", p.r.Dy(), frameOf(m))
		}
	}
}

// What a segment changed is said of one lane: an A/A, whose second lane is eager,
// is no cure of the optimized one, nor is its end.
func TestAnAAChangesNothing(t *testing.T) {
	m, src := newTestModel(image.Pt(200, 60), 25*time.Second)
	for _, c := range []struct {
		toggle view.Command
		want   bool
	}{{view.Command{Action: view.ActStrategy, Arg: "padded"}, true}, {view.Command{Action: view.ActAA}, false}, {view.Command{Action: view.ActAA}, false}, {view.Command{Action: view.ActSegment}, true}} {
		src.Do(c.toggle)
		src.Step(15 * time.Second)
		v := src.View()
		v.Session.Strategy = "padded" // nothing else to press
		m.Update(viewMsg{&v})
		if text := frameOf(m); strings.Contains(text, "→ since ") != c.want {
			t.Errorf("after %+v: %v\n%s", c.toggle, !c.want, text)
		}
	}
}
