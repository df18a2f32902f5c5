package stats

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func series(r *rand.Rand, n int, f func(i int) float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = f(i) * math.Exp(0.05*r.NormFloat64())
	}
	return v
}

func state(d Detector, v []float64) Detection {
	return d.Check(&DetectorInput{Series: [NumLanes][]float64{Optimized: v}, SeriesStride: 1})
}

func TestDetectorsOnSeries(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	flat := func(int) float64 { return 1 }
	for _, c := range []struct {
		name string
		d    Detector
		v    []float64
		want string
	}{
		{"flat", changePointDetector{}, series(r, 600, flat), "ok"},
		{"step up", changePointDetector{}, series(r, 600, func(i int) float64 { return 1 + .2*float64(i/400) }), "warn"},
		{"warm-up over", changePointDetector{}, series(r, 600, func(i int) float64 { return 1.3 - .3*float64(min(i/150, 1)) }), "warn"},
		{"few", changePointDetector{}, series(r, 30, flat), "few"},
		{"flat", driftDetector{}, series(r, 600, flat), "ok"},
		{"rise", driftDetector{}, series(r, 600, func(i int) float64 { return 1 + .2*float64(i)/600 }), "warn"},
		{"few", driftDetector{}, series(r, 99, flat), "few"},
		{"one mode", bimodalDetector{}, series(r, 600, flat), "ok"},
		{"skewed", bimodalDetector{}, series(r, 600, func(int) float64 { return math.Exp(.4 * r.NormFloat64()) }), "ok"},
		{"two modes", bimodalDetector{}, series(r, 600, func(i int) float64 { return 1 + 2*float64(i%3/2) }), "warn"},
		{"few", bimodalDetector{}, series(r, 99, flat), "few"},
		{"equal", bimodalDetector{}, make([]float64, 300), "ok"},
	} {
		if got := state(c.d, c.v); got.State != c.want || got.Name != c.d.Name() || got.Sentence == "" || got.Summary == "" {
			t.Errorf("%s, %s: %+v, want %s", c.d.Name(), c.name, got, c.want)
		}
	}
}

// Each detector says too few samples, and no detector cries wolf often: at
// most 2 % of 300 quiet series.
func TestDetectorsFalseAlarms(t *testing.T) {
	for _, d := range Detectors() {
		if got := d.Check(&DetectorInput{}); got.State != "few" {
			t.Errorf("%s on nothing: %+v", d.Name(), got)
		}
	}
	r := rand.New(rand.NewPCG(12, 12))
	for _, d := range []Detector{changePointDetector{}, driftDetector{}, bimodalDetector{}} {
		alarms := 0
		for range 300 {
			if state(d, series(r, 400, func(int) float64 { return math.Exp(.2 * r.NormFloat64()) })).State == "warn" {
				alarms++
			}
		}
		if alarms > 6 {
			t.Errorf("%s: %d false alarms in 300", d.Name(), alarms)
		}
	}
}

func TestCountingDetectors(t *testing.T) {
	in := DetectorInput{Judged: [2]int{10, 10}, ColdRuns: [2]int{3, 0}, Recent: [2]int{500, 500}, Spikes: [2]int{0, 20},
		NewShapes: 9, Compiles: 9, Checks: 40, Diverged: 1, MaxRelL2: .5}
	for _, d := range []Detector{coldStartDetector{}, spikeDetector{}, churnDetector{}, divergenceDetector{}} {
		if got := d.Check(&in); got.State != "warn" {
			t.Errorf("%+v", got)
		}
	}
	in = DetectorInput{Judged: [2]int{10, 10}, Recent: [2]int{500, 500}, Checks: 40}
	for _, d := range []Detector{coldStartDetector{}, spikeDetector{}, churnDetector{}, divergenceDetector{}} {
		if got := d.Check(&in); got.State != "ok" {
			t.Errorf("%+v", got)
		}
	}
}

func TestSpikeEvents(t *testing.T) {
	c := NewCollector(CollectorOptions{})
	m := newMixture(21)
	for i := range 3000 {
		wall := 1e6
		if i > 100 && i%300 == 0 {
			wall = 3e6
		}
		m.add("a", wall, nil)
	}
	var spikes []Event
	for i := range m.rows {
		for _, e := range c.Add(&m.rows[i]) {
			if e.Kind == KindSpike {
				spikes = append(spikes, e)
			}
		}
	}
	if len(spikes) != 9 {
		t.Errorf("%d spikes, 9 were built in", len(spikes))
	}
	for _, e := range spikes {
		if e.Lane != "optimized" || e.Mode != "prefill" || e.Shape != "a" || e.Request == nil || !strings.Contains(e.Reason, "×") {
			t.Errorf("%+v", e)
		}
	}
}

func TestGaugeForecast(t *testing.T) {
	c := NewCollector(CollectorOptions{})
	m := newMixture(22)
	for i := range 200 { // a new executable every 40 requests
		if i%40 == 0 {
			c.SetGauge(GaugeInput{Mode: "prefill", Strategy: "variable", Used: i/40 + 1, Limit: 8, Compiles: i/40 + 1})
		}
		c.Add(m.add("a", 1e6, nil))
	}
	g := c.Live(Prefill, m.t).Gauges[0]
	if g.Used != 5 || g.Limit != 8 || g.Forecast < 90 || g.Forecast > 150 || !strings.Contains(g.Sentence, "about") {
		t.Errorf("%+v, want a forecast of about 120", g)
	}
	near(t, "compiles per hundred", g.Per100, 2.5, 0.01)
	for range 2000 {
		c.Add(m.add("a", 1e6, nil))
	}
	if g := c.Live(Prefill, m.t).Gauges[0]; g.Forecast != -1 || g.Per100 != 0 {
		t.Errorf("churn is over: %+v", g)
	}
	c.SetGauge(GaugeInput{Mode: "prefill", Strategy: "variable", Used: 8, Limit: 8, Reached: true, Compiles: 8})
	if g := c.Live(Prefill, m.t).Gauges[0]; !strings.Contains(g.Sentence, "reached") {
		t.Errorf("%+v", g)
	}
}

// A gauge that begins late, by a toggle or another worker, forecasts from its
// own requests, and only the last 500 count.
func TestGaugeForecastAfterToggle(t *testing.T) {
	c := NewCollector(CollectorOptions{})
	m := newMixture(23)
	gauge := func(strategy string, compiles, starts int) Gauge {
		for i := range compiles { // one every 10 requests
			c.SetGauge(GaugeInput{Mode: "prefill", Strategy: strategy, Used: i + 1, Limit: 8, Compiles: i + 1, WorkerStarts: starts})
			for range 10 {
				c.Add(m.add("a", 1e6, nil))
			}
		}
		g := c.Live(Prefill, m.t).Gauges
		return g[len(g)-1]
	}
	for range 3000 {
		c.Add(m.add("a", 1e6, nil))
	}
	for starts := range 2 {
		g := gauge("bucketed", 4, starts)
		near(t, "compiles per hundred", g.Per100, 10, 0.01)
		if g.Forecast != 40 {
			t.Errorf("worker %d: %+v, want a forecast of 40", starts, g)
		}
	}
	for range 5000 {
		c.Add(m.add("a", 1e6, nil))
	}
	c.SetGauge(GaugeInput{Mode: "prefill", Strategy: "bucketed", Used: 5, Limit: 8, Compiles: 5, WorkerStarts: 1})
	g := c.Live(Prefill, m.t).Gauges[0]
	near(t, "one compile in the last 500 requests, per hundred", g.Per100, 0.2, 0.01)
	if g.Forecast != 1500 {
		t.Errorf("%+v, want a forecast of 1500", g)
	}
}

// What one lane shows says nothing of a lane with too few samples.
func TestDetectorsNameTheLaneWithTooFew(t *testing.T) {
	var in DetectorInput
	r := rand.New(rand.NewPCG(7, 8))
	for range 400 {
		in.Series[Eager] = append(in.Series[Eager], 1+.01*r.NormFloat64())
	}
	in.Series[Optimized] = []float64{1, 1, 1}
	for _, d := range []Detector{changePointDetector{}, bimodalDetector{}, driftDetector{}} {
		got := d.Check(&in)
		if got.State != "ok" || !strings.Contains(got.Sentence, "Too few samples in the optimized lane: 3 of the") {
			t.Errorf("%+v", got)
		}
	}
}
