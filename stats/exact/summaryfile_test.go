package exact

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/statstest"
)

// The keys of summary.json are an interface: neither more nor fewer.
func TestSummaryKeys(t *testing.T) {
	a := New(Options{Source: "test"})
	for _, s := range statstest.Paradox(false).Rows {
		a.Add(&s)
	}
	b := must.Get(json.MarshalIndent(a.Finish(stats.Prefill), "", " "))(t)
	var f struct {
		Schema, Source        string
		Groups, Pairs, Causes []map[string]any
		Paradox               map[string]any
	}
	must.OK(t, json.Unmarshal(b, &f))
	check := func(what string, got map[string]any, want string) {
		w := strings.Fields(want)
		slices.Sort(w)
		if g := slices.Sorted(maps.Keys(got)); !slices.Equal(g, w) {
			t.Errorf("%s has %v, want %v", what, g, w)
		}
	}
	check("a group", f.Groups[0], `mode lane scenario segment n n_effective mean_ms std_ms min_ms p50_ms p90_ms p95_ms p99_ms p999_ms max_ms
		energy_j energy_j_lo energy_j_hi energy_j_per_1k_tokens energy_blocks limit_share limit_share_lo limit_share_hi bound_ms bound_compute gap_padding gap_host gap_device mean_excl_max_ms mean_excl_top5_ms mean_excl_first_ms first_samples runs cold_start_runs tail_threshold_ms tail_n
		device_p50_ms device_p99_ms tokens_per_s ttft_p50_ms ttft_p99_ms ttft_p99_lo_ms ttft_p99_hi_ms itl_p50_ms itl_p99_ms itl_p99_lo_ms itl_p99_hi_ms
		slo_missed slo_missed_lo slo_missed_hi errors response_p50_ms response_p99_ms`)
	check("a pair", f.Pairs[0], "mode scenario segment n median_diff_ms median_diff_lo_ms median_diff_hi_ms share_won ratio_geomean crossover_q crossover_q_lo crossover_q_hi second_ratio second_ratio_lo second_ratio_hi")
	check("the paradox", f.Paradox, "advice verdict points sentence winner_mean winner_p50 winner_p99 statistics")
	check("a statistic", f.Paradox["statistics"].([]any)[0].(map[string]any), "statistic ahead winner diff_ms lo_ms hi_ms level n n_effective paired noise_floor_ms")
	check("a cause", f.Causes[0], "mode lane cause n p99_ms_without")
	if f.Schema != "tailscope.summary/1" || f.Source != "test" {
		t.Errorf("schema %q, source %q", f.Schema, f.Source)
	}
	for _, k := range []string{"device_p50_ms", "ttft_p99_ms", "itl_p99_ms", "slo_missed", "slo_missed_lo"} {
		if f.Groups[0][k] != nil {
			t.Errorf("%s is %v, want null", k, f.Groups[0][k])
		}
	}
	if f.Groups[0]["scenario"] != "*" || f.Groups[0]["segment"] != "*" {
		t.Errorf("the first group is %v", f.Groups[0])
	}
}

// Small groups have null where a statistic does not apply.
func TestSmallGroups(t *testing.T) {
	for n := 1; n <= 7; n++ {
		a := New(Options{SLONs: 1})
		m := statstest.NewMixture(50)
		for range n {
			a.Add(m.Add("a", 1e6, nil))
		}
		g := a.Finish(stats.Prefill).Groups[0]
		if g.StdMs.Missing() != (n < 2) || g.MeanExclMaxMs.Missing() != (n < 2) || g.MeanExclTop5Ms.Missing() != (n < 6) ||
			g.MeanExclFirstMs.Missing() != (n < 2) || g.SLOMissed != 1 {
			t.Errorf("n=%d: %+v", n, g)
		}
	}
}

// Order of arrival changes nothing: rows are sorted by seq.
func TestAnalysisIgnoresOrder(t *testing.T) {
	m := statstest.NewMixture(51)
	m.Build()
	a, b := New(Options{}), New(Options{})
	for i := range m.Rows {
		a.Add(&m.Rows[i])
		b.Add(&m.Rows[(i*7919+13)%len(m.Rows)])
	}
	x, _ := json.Marshal(a.Finish(stats.Prefill))
	y, _ := json.Marshal(b.Finish(stats.Prefill))
	if string(x) != string(y) {
		t.Error("the summary depends on the order of arrival")
	}
}

// Inter-token times go to their request's scenario.
func TestStepsByScenario(t *testing.T) {
	a := New(Options{})
	for i := range 10 {
		s := stats.Sample{Seq: uint64(i), Request: uint64(i), Mode: stats.KVDecode, Scenario: string(rune('a' + i%2)), WallNs: 64e6,
			DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent, Warmup: i == 0}
		a.AddSteps(s.Request, s.Lane, s.Mode, []int64{int64(1+i%2) * 1e6, int64(1+i%2) * 1e6})
		a.Add(&s)
	}
	want := map[string]stats.Num{"*": 2, "a": 1, "b": 2}
	for _, g := range a.Finish(stats.KVDecode).Groups {
		if g.ITLP99Ms != want[g.Scenario] {
			t.Errorf("%s: itl_p99_ms %v, want %v", g.Scenario, g.ITLP99Ms, want[g.Scenario])
		}
	}
}
