package tui

import (
	"math"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// nasty draws numbers that charts and formatters trip over.
func nasty() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.SampledFrom([]float64{0, math.NaN(), math.Inf(1), math.Inf(-1), -1, 1, 1e-300, 1e300, math.MaxFloat64, -math.MaxFloat64, 999.5, 1e18}),
		rapid.Float64Range(1e2, 1e11),
	)
}

func nastySummary(t *rapid.T, label string) stats.Summary {
	f := func() float64 { return nasty().Draw(t, label) }
	q := func(p float64) stats.Quantile {
		return stats.Quantile{Q: p, Value: f(), Lo: f(), Hi: f(), N: rapid.IntRange(0, 1e6).Draw(t, label), Need: rapid.IntRange(0, 5000).Draw(t, label)}
	}
	s := stats.Summary{N: rapid.IntRange(0, 1e6).Draw(t, label), Mean: f(), Std: f(), Min: f(), Max: f(), P50: q(.5), P90: q(.9), P95: q(.95), P99: q(.99), P999: q(.999)}
	s.TokensPerS, s.PaddingTax, s.SLOMissed, s.ResponseP99, s.DeviceP50 = f(), f(), f(), f(), f()
	return s
}

func nastyHist(t *rapid.T) stats.Histogram {
	n := rapid.IntRange(0, 40).Draw(t, "bins")
	h := stats.Histogram{LoNs: nasty().Draw(t, "lo"), Ratio: rapid.SampledFrom([]float64{0, 1, 1.05, 2, math.NaN(), math.Inf(1)}).Draw(t, "ratio")}
	for range n {
		h.Counts = append(h.Counts, rapid.SampledFrom([]uint64{0, 1, 7, 1 << 40}).Draw(t, "count"))
		h.Tagged = append(h.Tagged, rapid.SampledFrom([]uint64{0, 1, 1 << 41}).Draw(t, "tagged"))
	}
	return h
}

func nastyView(t *rapid.T) view.View {
	text := rapid.SampledFrom([]string{"", "ok", "漢字 wide 🙂 text", "\x1b[2Jevil", strings.Repeat("long ", 80)})
	v := view.View{NowNs: rapid.Int64().Draw(t, "now"), StartNs: rapid.Int64Range(0, 1e15).Draw(t, "start"), Phase: view.PhaseRunning, Status: text.Draw(t, "status"), Progress: nasty().Draw(t, "progress")}
	v.Session = view.Session{Model: text.Draw(t, "model"), Mode: "prefill", Strategy: text.Draw(t, "strategy"), Pairing: "interleaved", AA: rapid.Bool().Draw(t, "aa")}
	for l := range v.Stats.Lanes {
		lv := &v.Stats.Lanes[l]
		lv.Session, lv.Segment, lv.Window, lv.Hidden = nastySummary(t, "session"), nastySummary(t, "segment"), nastySummary(t, "window"), nastySummary(t, "hidden")
		lv.Session.N++
		lv.Hist, lv.HistWin, lv.TailNs = nastyHist(t), nastyHist(t), nasty().Draw(t, "tail")
		lv.Causes = []stats.CauseRow{{Cause: stats.Cause(rapid.Uint8().Draw(t, "cause")), N: 3, P99Without: nasty().Draw(t, "p"), WorstNs: nasty().Draw(t, "w"), Example: text.Draw(t, "example")}}
	}
	v.Stats.BinNs = rapid.SampledFrom([]int64{0, -1, 1, 200e6}).Draw(t, "binNs")
	for i := range rapid.IntRange(0, 60).Draw(t, "timeline") {
		v.Stats.Timeline = append(v.Stats.Timeline, stats.TimeBin{TNs: int64(i) * 200e6, Max: [2]float64{nasty().Draw(t, "e"), nasty().Draw(t, "o")}, Marks: []stats.Kind{"", stats.KindToggle, "odd"}[:i%4%3]})
	}
	d := rapid.IntRange(0, 5).Draw(t, "deltas")
	p := &v.Stats.Pair
	for range d {
		p.DeltaQ, p.Delta, p.DeltaLo = append(p.DeltaQ, nasty().Draw(t, "q")), append(p.Delta, nasty().Draw(t, "d")), append(p.DeltaLo, nasty().Draw(t, "dl"))
	}
	p.N, p.MedianDiff, p.Crossover, p.NoiseNs = d, nasty().Draw(t, "m"), nasty().Draw(t, "x"), nasty().Draw(t, "noise")
	v.Stats.Shapes = []stats.ShapeRow{{Shape: text.Draw(t, "shape"), SavedNs: nasty().Draw(t, "saved"), BreakEven: rapid.IntRange(-5, 1e9).Draw(t, "be")}}
	v.Stats.Gauges = []stats.Gauge{{Used: rapid.IntRange(-1, 1e6).Draw(t, "used"), Limit: rapid.IntRange(-1, 1e6).Draw(t, "limit"), Per100: nasty().Draw(t, "per100")}}
	v.Stats.Verdict.Sentence = text.Draw(t, "sentence")
	v.Events = []stats.Event{{Kind: stats.KindSpike, Lane: "nobody", Reason: text.Draw(t, "reason"), TNs: rapid.Int64().Draw(t, "t"), DurNs: rapid.Int64().Draw(t, "dur")}}
	v.NumEvents = rapid.IntRange(-1, 1e9).Draw(t, "numEvents")
	v.GPU = view.GPU{State: gpu.State{Name: text.Draw(t, "gpu"), UtilPct: gpu.Of(nasty().Draw(t, "util"))},
		History: gpu.History{UtilHistory: []float64{nasty().Draw(t, "h"), math.NaN()}}}
	if rapid.Bool().Draw(t, "replay") {
		v.Replay = &view.Replay{PosNs: rapid.Int64().Draw(t, "pos"), LenNs: rapid.Int64().Draw(t, "len"), Speed: nasty().Draw(t, "speed")}
	}
	return v
}

// Whatever a session sends and whatever the size, the screen stands: no panic,
// every line as wide as the screen, nothing infinite printed, no foreign
// escape code.
func TestHostileViews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(nil, make(outbox, 64), nil, Options{Theme: "dark", Env: []string{}}.withDefaults())
		w, h := rapid.IntRange(1, 220).Draw(t, "w"), rapid.IntRange(1, 70).Draw(t, "h")
		m.Update(tea.WindowSizeMsg{Width: w, Height: h})
		v := nastyView(t)
		m.Update(viewMsg{&v})
		for _, k := range rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6", "h", "l", "-", "n", "N", "v", "left", "right", "tab", "down"}), 0, 6).Draw(t, "keys") {
			press(m, k)
		}
		frame := m.View().Content
		if strings.Contains(frame, "\x1b[2J") {
			t.Fatal("a foreign escape code reaches the terminal")
		}
		text := ansi.Strip(frame)
		lines := strings.Split(text, "\n")
		if len(lines) != h {
			t.Fatalf("%d lines, want %d", len(lines), h)
		}
		for y, l := range lines {
			if n := ansi.StringWidth(l); n != w {
				t.Fatalf("line %d is %d cells, want %d: %q", y, n, w, l)
			}
		}
		for _, bad := range []string{"NaN", "Inf", "+inf", "%!"} {
			if strings.Contains(text, bad) {
				t.Fatalf("%s on the screen:\n%s", bad, text)
			}
		}
	})
}
