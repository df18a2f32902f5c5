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
		for _, k := range []string{"p", "b", "d", "o", "m", "s", "i", "t", "w", "c", "r", "space", "e", "P", "v"} {
			press(m, k)
			if got := asked(m); len(got) > 0 || !strings.Contains(m.sc.Flash.Text, "the run is over") {
				t.Errorf("%s, key %s: says %q, asks %v", phase, k, m.sc.Flash.Text, got)
			}
		}
		if press(m, "N"); m.sc.Picked < 0 {
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
	if s := ansi.Strip(m.View().Content); !strings.Contains(s, "figures of this view stay: last 10 s; of the last 60 s in views that come") {
		t.Errorf("the frozen view is said to have another window:\n%s", s)
	}
	if s, name := m.sc.Main(stats.Eager); name != "last 10 s" || s != &m.sc.V.Stats.Lanes[0].Window {
		t.Errorf("frozen at a window of 10 s, the figures are called %q", name)
	}
}

// Shapes have the figures of the scope that is chosen, which the title says.
func TestShapesAreOfTheScopeChosen(t *testing.T) {
	m, src := newTestModel(image.Pt(200, 60), 10*time.Second)
	v := src.View()
	v.Session.Window = 10 * time.Second
	v.Stats.Shapes[0].Window[stats.Optimized] = stats.ShapeQuantiles{N: 4321, P50: stats.Quantile{Q: .5, Value: 77.7e6, N: 4321, Lo: 77e6, Hi: 78e6}}
	m.Update(viewMsg{&v})
	press(m, "4")
	if s := ansi.Strip(m.View().Content); !strings.Contains(s, "shapes · whole session, p50/p99 clean · ") || strings.Contains(s, "4,321") {
		t.Error("of the whole session: " + s)
	}
	press(m, "-")
	if s := ansi.Strip(m.View().Content); !strings.Contains(s, "shapes · n, p50, p99: last 10 s; else whole session · ") || !strings.Contains(s, "4,321") || !strings.Contains(s, "77.7") {
		t.Error("of the window: " + s)
	}
}

// Where the view that is shown has no window, as one of the past or the last
// before the session has heard of the key, nothing is called a window's.
func TestAViewWithoutAWindowHasNone(t *testing.T) {
	m, src := newTestModel(image.Pt(200, 60), 10*time.Second)
	v := src.View()
	v.Session.Window = 0
	for i := range v.Stats.Shapes {
		v.Stats.Shapes[i].Window = [stats.NumLanes]stats.ShapeQuantiles{}
	}
	m.Update(viewMsg{&v})
	press(m, "v", "-")
	for _, screen := range []string{"1", "2", "3", "4", "5", "6"} {
		press(m, screen)
		if s := ansi.Strip(m.View().Content); strings.Contains(strings.ReplaceAll(s, "; of the last 60 s in views that come", ""), "last 60 s") {
			t.Errorf("view %s calls figures of the segment a window's:\n%s", screen, s)
		}
	}
	press(m, "4")
	if s, n := ansi.Strip(m.View().Content), draw.Count(v.Stats.Shapes[0].N); !strings.Contains(s, "shapes · whole session, ") || !strings.Contains(s, " "+n+" ") {
		t.Errorf("the shapes are not the session's, n %s:\n%s", n, s)
	}
}

// A narrow list says of what its figures are rather than what keys do there.
func TestNarrowListsNameTheScope(t *testing.T) {
	m, src := newTestModel(image.Pt(80, 24), 10*time.Second)
	v := src.View()
	v.Session.Window = 10 * time.Second
	m.Update(viewMsg{&v})
	for _, c := range [][3]string{{"2", "", "scenarios · this segment; "}, {"4", "", "shapes · whole session, p50/p99 clean "}, {"4", "-", "shapes · n, p50, p99: last 10 s; else whole session "}, {"2", "", "scenarios · last 10 s; Δ, won and p: this segment "}} {
		press(m, c[0])
		if c[1] != "" {
			press(m, c[1])
		}
		if s := ansi.Strip(m.View().Content); !strings.Contains(s, c[2]) {
			t.Errorf("no %q:\n%s", c[2], s)
		}
	}
	press(m, "5")
	if s := ansi.Strip(m.View().Content); !strings.Contains(s, "verdict and what to do · on all samples of this segment") {
		t.Errorf("the verdict is taken for the window's:\n%s", s)
	}
}

// A crossover stands with the quantiles between which it lies, and of the largest
// and the least no more is said than what is told.
func TestCrossoverSaysWhatIsTold(t *testing.T) {
	for _, c := range []struct {
		at, lo, hi float64
		want       string
	}{
		{.9577, .95, .99, "optimized wins up to p95.8 [p95, p99], loses beyond"},
		{1, panels.Nan, panels.Nan, "optimized wins wherever they are told apart"},
		{0, panels.Nan, panels.Nan, "optimized loses wherever they are told apart"},
	} {
		pr := &stats.PairView{N: 500, Crossover: c.at, CrossLo: c.lo, CrossHi: c.hi, MedianDiff: panels.Nan, DiffLo: panels.Nan, DiffHi: panels.Nan,
			ShareWon: panels.Nan, RatioGeomean: panels.Nan, P: panels.Nan, NoiseNs: panels.Nan}
		if got := panels.PairFacts(pr, false)[0]; got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if got := draw.Quantile(.99996); got != "p99.99" {
		t.Errorf("quantile(.99996) is %s", got)
	}
}

// Samples whose other half came too late for the live pairs are counted in their
// line: they were left out without a word.
func TestLostPairsAreTold(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 10*time.Second)
	v := src.View()
	m.Update(viewMsg{&v})
	p := m.panels[panels.SlotVerdict].(*panels.VerdictPanel)
	for lost, want := range map[int]bool{0: false, 1: true, 3000: true} {
		v.Stats.LostPairs = lost
		lines := ansi.Strip(strings.Join(p.PairLines(300, 3, 0), "\n"))
		if strings.Contains(lines, stats.Counted(lost, "sample")+" of the session found no pair") != want || !strings.Contains(lines, " pairs") {
			t.Errorf("%d lost: %s", lost, lines)
		}
	}
}

// Where a lane's causes have too few rows, the last names the rest: none is
// dropped in silence.
func TestTailPanelNamesEveryCause(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 10*time.Second)
	v := src.View()
	lv := &v.Stats.Lanes[stats.Optimized]
	lv.SegmentTailN, lv.SegmentCauses = 12, []stats.CauseRow{{Cause: stats.CauseHost, N: 4}, {Cause: stats.CauseWork, N: 5}, {Cause: stats.CauseGPU}, {Cause: stats.CauseShapeNew, N: 3}}
	m.Update(viewMsg{&v})
	p := m.panels[panels.SlotTail].(*panels.TailPanel)
	for n, want := range map[int]string{1: "", 2: "  work 5 · host 4 · new shape 3", 3: "  host 4 · new shape 3"} {
		rows := p.Rows(stats.Optimized, 40, n)
		if len(rows) != n {
			t.Fatalf("%d rows, want %d", len(rows), n)
		}
		if got := strings.TrimRight(ansi.Strip(rows[n-1]), " "); n > 1 && got != want {
			t.Errorf("in %d rows: %q, want %q", n, got, want)
		}
	}
	if rows := p.Rows(stats.Optimized, 40, 9); len(rows) != 4 {
		t.Errorf("%d rows where there is room for all, want 4", len(rows))
	}
}

// The service level is named, and its misses are, at every size that has the
// quantiles; a p99 of too few samples is grey whatever it is of.
func TestServiceLevelIsOnTheScreen(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 10*time.Second)
	v := src.View()
	v.Session.SLO = 20 * time.Millisecond
	for l := range v.Stats.Lanes {
		s := &v.Stats.Lanes[l].Segment
		s.SLOMissed, s.SLOLo, s.SLOHi = .025, .01, .06
		s.ResponseP99, s.N = 5e6, 100
		if q := panels.OfSamples(.99, func(s *stats.Summary) float64 { return s.ResponseP99 })(s); q.Need != 359 {
			t.Errorf("a response p99 of 100 samples needs %d more", q.Need)
		}
	}
	m.Update(viewMsg{&v})
	press(m, "2")
	text := ansi.Strip(m.View().Content)
	for _, want := range []string{"SLO 20 ms", "later than 20 ms", "2.50 %", "1.00 – 6.00 %"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
}

// A small screen says that its figures are of a window.
func TestSmallScreenNamesTheWindow(t *testing.T) {
	m, src := newTestModel(image.Pt(80, 24), 10*time.Second)
	press(m, "-", "-")
	v := src.View()
	v.Session.Window = 10 * time.Second
	for l := range v.Stats.Lanes {
		v.Stats.Lanes[l].Window = v.Stats.Lanes[l].Segment
	}
	m.Update(viewMsg{&v})
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "10 s n ") {
		t.Errorf("the window is not named:\n%s", text)
	}
}

// The help has no key that does nothing here, or something else.
func TestHelpIsOfWhatIsShown(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*view.View)
		has, lacks []string
	}{
		"live":   {func(*view.View) {}, []string{"padding on/off", "pause the run", "back in time", "figures of more time"}, []string{"play or pause"}},
		"replay": {func(v *view.View) { v.Replay = &view.Replay{LenNs: 60e9} }, []string{"play or pause", "back 5 s", "faster", "next mode"}, []string{"padding", "export", "window", "scenario", "back in time"}},
		"over":   {func(v *view.View) { v.Phase = view.PhaseDone }, []string{"back in time", "hide tagged"}, []string{"padding on/off", "export", "pause", "window"}},
	} {
		m, src := newTestModel(image.Pt(120, 40), 10*time.Second)
		v := src.View()
		c.change(&v)
		m.Update(viewMsg{&v})
		press(m, "?")
		keys := ""
		for _, k := range m.sc.Hints {
			keys += k.Help + "\n"
		}
		if text := ansi.Strip(m.View().Content); !strings.Contains(text, "four answers") {
			t.Errorf("no help:\n%s", text)
		}
		for _, want := range c.has {
			if !strings.Contains(keys, want) {
				t.Errorf("%s: %q is missing:\n%s", name, want, keys)
			}
		}
		for _, not := range c.lacks {
			if strings.Contains(keys, not) {
				t.Errorf("%s: %q is there:\n%s", name, not, keys)
			}
		}
	}
}
