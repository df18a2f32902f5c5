package tui

import (
	"image"
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/energy"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
)

func TestPValue(t *testing.T) {
	for p, want := range map[float64]string{0: "< 0.001", .00099: "< 0.001", .001: "0.001", .25: "0.250", 1: "1.000"} {
		if got := draw.PValue(p); got != want {
			t.Errorf("%v: %q, want %q", p, got, want)
		}
	}
	if got := draw.PValue(math.NaN()); got != draw.Missing {
		t.Errorf("%q", got)
	}
}

func TestDeviceColumnsHaveCells(t *testing.T) {
	var lanes [stats.NumLanes]stats.Summary
	lanes[stats.Eager].DeviceP50, lanes[stats.Optimized].DeviceP50 = math.NaN(), math.NaN()
	if panels.HasDevice(&lanes) {
		t.Error("no lane has device times")
	}
	lanes[stats.Optimized].DeviceP50 = 1e6
	if !panels.HasDevice(&lanes) || len(panels.DeviceCells(draw.NewStyles(true, draw.FullColour), &lanes)) != len(panels.DeviceColumns()) {
		t.Error("device columns")
	}
}

// A compile that has saved less than it took is not paid back.
func TestPayback(t *testing.T) {
	unknown := stats.ShapeRow{CompileNs: 30e6, SavedNs: 2e4, BreakEven: -1} // no clean sample yet
	for i := range unknown.Clean {
		unknown.Clean[i].P50.Value = math.NaN()
	}
	for _, c := range []struct {
		row  stats.ShapeRow
		want string
	}{
		{stats.ShapeRow{CompileNs: 30e6, SavedNs: 5e6, BreakEven: 25}, "after 25 more"},
		{stats.ShapeRow{CompileNs: 30e6, SavedNs: 31e6, BreakEven: 0}, "paid back"},
		{stats.ShapeRow{CompileNs: 30e6, SavedNs: -1e6, BreakEven: -1}, "never at this rate"},
		{stats.ShapeRow{SavedNs: 31e6}, draw.Missing},
		{unknown, "not known yet"},
	} {
		if got, _ := panels.Payback(draw.NewStyles(true, draw.FullColour), &c.row); got != c.want {
			t.Errorf("%+v: %q, want %q", c.row, got, c.want)
		}
	}
}

func TestPlanNote(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		plan stats.BucketPlan
		want string
	}{
		{stats.BucketPlan{MeasuredP50: nan}, ""},
		{stats.BucketPlan{MeasuredP50: nan, Asked: true}, " · asked"},
		{stats.BucketPlan{MeasuredP50: 1e6, Asked: true}, " · in force"},
	} {
		if got := panels.PlanNote(&c.plan); got != c.want {
			t.Errorf("%+v: %q, want %q", c.plan, got, c.want)
		}
	}
}

// A difference at a quantile that n cannot support is as grey as the quantile.
func TestDeltaIsGreyWhereQuantilesAre(t *testing.T) {
	m := toggled(t, image.Pt(200, 60))
	p, st := m.panels[panels.SlotDelta].(*panels.DeltaPanel), m.sc.St
	n := p.Sc.Lane(stats.Eager).Segment.N
	pr := &stats.PairView{DeltaQ: []float64{.5, .999}, Delta: []float64{-1, 1}}
	if n < quantile.Need(.5) || n >= quantile.Need(.999) {
		t.Fatalf("n %d supports both or none", n)
	}
	marks := map[string]draw.Ink{}
	for _, row := range p.Plot(pr, 3, 20, 1, func(x float64) int { return 1 - int(x) }) {
		for _, c := range row {
			marks[c.S] = c.K
		}
	}
	for s, want := range map[string]draw.Ink{"●": st.Lane[stats.Optimized], "○": st.Faint} {
		if k, ok := marks[s]; !ok || k.On("x") != want.On("x") {
			t.Errorf("%s is drawn %q, want %q", s, k.On("x"), want.On("x"))
		}
	}
}

// p99 of the whole tail stands in a column of p99 without one cause, and says so.
func TestWholeTailSaysThatItsP99IsWithIt(t *testing.T) {
	st := draw.NewStyles(true, draw.FullColour)
	s := stats.Summary{P99: stats.Quantile{Value: 41.2e6}}
	if c := panels.P99With(st, &s); c.S != "with "+draw.DurCol(41.2e6) {
		t.Errorf("%q", c.S)
	}
}

// The forecast of the recompile limit stands beside its gauge at every width
// that has room for its shortest form.
func TestGaugeShowsItsForecast(t *testing.T) {
	m := toggled(t, image.Pt(200, 60))
	p := m.panels[panels.SlotGauges].(*panels.GaugesPanel)
	p.Sc.V.Stats.Gauges = []stats.Gauge{{Mode: "prefill", Strategy: "variable", Used: 38, Limit: 60, Per100: 5, Forecast: 440,
		Sentence: "38 of 60 executables: at this churn the limit is reached in about 440 requests"}}
	for _, w := range []int{200, 160, 120, 100} {
		p.SetSize(w, 5)
		if s := ansi.Strip(p.View()); !strings.Contains(s, "in about 440 requests") {
			t.Errorf("%d cells wide: no forecast in %s", w, s)
		}
	}
}

func TestPaybackIsGreyOnFewSamples(t *testing.T) {
	st := draw.NewStyles(true, draw.FullColour)
	row := stats.ShapeRow{CompileNs: 30e6, SavedNs: -1e6, BreakEven: -1}
	row.Clean[stats.Eager].P50.Need = 6
	if s, k := panels.Payback(st, &row); s != "never at this rate" || k != st.Faint {
		t.Errorf("%q in %+v", s, k)
	}
}

// TestEnergyOfARequest stands under the power that it is measured by, and says
// what it needs where there is none.
func TestEnergyOfARequest(t *testing.T) {
	m := toggled(t, image.Pt(200, 60))
	v := *m.sc.V
	show := func() string {
		m.Update(viewMsg{&v})
		p := m.panels[panels.SlotFullGPU]
		p.SetSize(120, 14)
		return ansi.Strip(p.View())
	}
	if text := show(); strings.Contains(text, "energy") {
		t.Errorf("a device without a counter has energy:\n%s", text)
	}
	v.GPU.EnergyMillijoules = gpu.Of(1e9)
	if text := show(); !strings.Contains(text, "energy    — needs 3 s of one lane alone: --pairing sequential") {
		t.Errorf("no block:\n%s", text)
	}
	v.GPU.Energy[stats.Eager] = energy.Joules{Request: 3.25, Lo: 3.1, Hi: 3.4, Per1kTokens: 50.78, Blocks: 4}
	v.GPU.Energy[stats.Optimized] = energy.Joules{Request: 1.5, Lo: math.NaN(), Hi: math.NaN(), Per1kTokens: math.NaN(), Blocks: 1}
	if text := show(); !strings.Contains(text, "3.250 J [3.100, 3.400] a request  (50.780 per 1,000 tokens)") || !strings.Contains(text, "1.500 J a request") {
		t.Errorf("two lanes:\n%s", text)
	}
}
