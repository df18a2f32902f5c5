package snapshot

import (
	"math"
	"testing"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats"
)

// sessionThat differs by these shares of the eager figures.
func sessionThat(median, mean, p99 stats.Num) map[string]*stats.SummaryFile {
	group := func(lane string, by [3]stats.Num) stats.GroupSummary {
		return stats.GroupSummary{Mode: "prefill", Lane: lane, Scenario: "*", Segment: "*", P50Ms: 10 * (1 + by[0]), MeanMs: 11 * (1 + by[1]), P99Ms: 20 * (1 + by[2])}
	}
	return map[string]*stats.SummaryFile{"prefill": {Groups: []stats.GroupSummary{group("eager", [3]stats.Num{}), group("optimized", [3]stats.Num{7, mean, p99})},
		Pairs: []stats.PairSummary{{Scenario: "*", Segment: "*", MedianDiffMs: 10 * median}}}}
}

// TestFloorsAreWrittenWhole: who begins while another keeps its floor finds the old one
// or the new one, and no half of a file.
func TestFloorsAreWrittenWhole(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	c := &configs.Config{Engine: "ort", Model: "builtin:x", Provider: "cpu"}
	three := []map[string]*stats.SummaryFile{sessionThat(.01, .02, .1), sessionThat(-.01, -.02, -.1), sessionThat(.01, .02, -.1)}
	must.Get(KeepFloors(c, three))(t)
	done := make(chan error, 1)
	go func() {
		for range 40 {
			if _, err := KeepFloors(c, three); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for {
		select {
		case err := <-done:
			must.OK(t, err)
			return
		default:
			if f, err := Floors(c); err != nil || f["prefill"].Sessions != 3 {
				t.Fatal(f, err)
			}
		}
	}
}

// A/A sessions leave a floor that later runs of the same find, and runs of
// another engine, model or way do not; two sessions leave none.
func TestFloorsAreKeptBySetup(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	c := &configs.Config{Engine: "ort", Model: "builtin:x", Provider: "cpu", Pairing: "interleaved", Threads: 2, Batch: 1}
	if f, err := Floors(c); f != nil || err != nil {
		t.Fatal(f, err)
	}
	two := []map[string]*stats.SummaryFile{sessionThat(.01, .02, .1), sessionThat(-.01, -.02, -.1)}
	if f, err := KeepFloors(c, two); f != nil || err != nil {
		t.Fatal("two sessions", f, err)
	}
	must.Get(KeepFloors(c, append(two, sessionThat(.01, .02, -.1))))(t)
	f, err := Floors(c)
	n := f["prefill"]
	if err != nil || n.Sessions != 3 {
		t.Fatal(f, err)
	}
	const t3 = 3.1824463 // scipy.stats.t.ppf(.975, 3)
	for s, want := range map[stats.Statistic]float64{stats.Median: .01, stats.Mean: .02, stats.P99: .1} {
		if math.Abs(n.Shares[s]/(t3*want)-1) > 1e-6 {
			t.Errorf("%v: %v, want %v", s, n.Shares[s], t3*want)
		}
	}
	for _, change := range []func(*configs.Config){func(c *configs.Config) { c.Model = "builtin:y" }, func(c *configs.Config) { c.Engine = "torch" },
		func(c *configs.Config) { c.Threads = 1 }, func(c *configs.Config) { c.Pairing = "concurrent" }} {
		other := *c
		change(&other)
		if f, err := Floors(&other); f != nil || err != nil {
			t.Errorf("%+v has the floor of another: %v, %v", other, f, err)
		}
	}
}
