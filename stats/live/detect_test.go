package live

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/statstest"
)

func TestSpikeEvents(t *testing.T) {
	c := New(Options{})
	m := statstest.NewMixture(21)
	for i := range 3000 {
		wall := 1e6
		if i > 100 && i%300 == 0 {
			wall = 3e6
		}
		m.Add("a", wall, nil)
	}
	var spikes []stats.Event
	for i := range m.Rows {
		for _, e := range c.Add(&m.Rows[i]) {
			if e.Kind == stats.KindSpike {
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
	c := New(Options{})
	m := statstest.NewMixture(22)
	for i := range 200 { // a new executable every 40 requests
		if i%40 == 0 {
			c.SetGauge(GaugeInput{Mode: "prefill", Strategy: "variable", Used: i/40 + 1, Limit: 8, Compiles: i/40 + 1})
		}
		c.Add(m.Add("a", 1e6, nil))
	}
	g := c.Live(stats.Prefill, m.T).Gauges[0]
	if g.Used != 5 || g.Limit != 8 || g.Forecast < 90 || g.Forecast > 150 || !strings.Contains(g.Sentence, "about") {
		t.Errorf("%+v, want a forecast of about 120", g)
	}
	statstest.Near(t, "compiles per hundred", g.Per100, 2.5, 0.01)
	for range 2000 {
		c.Add(m.Add("a", 1e6, nil))
	}
	if g := c.Live(stats.Prefill, m.T).Gauges[0]; g.Forecast != -1 || g.Per100 != 0 {
		t.Errorf("churn is over: %+v", g)
	}
	c.SetGauge(GaugeInput{Mode: "prefill", Strategy: "variable", Used: 8, Limit: 8, Reached: true, Compiles: 8})
	if g := c.Live(stats.Prefill, m.T).Gauges[0]; !strings.Contains(g.Sentence, "reached") {
		t.Errorf("%+v", g)
	}
}

// A gauge that begins late, by a toggle or another worker, forecasts from its
// own requests, and only the last 500 count.
func TestGaugeForecastAfterToggle(t *testing.T) {
	c := New(Options{})
	m := statstest.NewMixture(23)
	gauge := func(strategy string, compiles, starts int) stats.Gauge {
		for i := range compiles { // one every 10 requests
			c.SetGauge(GaugeInput{Mode: "prefill", Strategy: strategy, Used: i + 1, Limit: 8, Compiles: i + 1, WorkerStarts: starts})
			for range 10 {
				c.Add(m.Add("a", 1e6, nil))
			}
		}
		g := c.Live(stats.Prefill, m.T).Gauges
		return g[len(g)-1]
	}
	for range 3000 {
		c.Add(m.Add("a", 1e6, nil))
	}
	for starts := range 2 {
		g := gauge("bucketed", 4, starts)
		statstest.Near(t, "compiles per hundred", g.Per100, 10, 0.01)
		if g.Forecast != 40 {
			t.Errorf("worker %d: %+v, want a forecast of 40", starts, g)
		}
	}
	for range 5000 {
		c.Add(m.Add("a", 1e6, nil))
	}
	c.SetGauge(GaugeInput{Mode: "prefill", Strategy: "bucketed", Used: 5, Limit: 8, Compiles: 5, WorkerStarts: 1})
	g := c.Live(stats.Prefill, m.T).Gauges[0]
	statstest.Near(t, "one compile in the last 500 requests, per hundred", g.Per100, 0.2, 0.01)
	if g.Forecast != 1500 {
		t.Errorf("%+v, want a forecast of 1500", g)
	}
}
