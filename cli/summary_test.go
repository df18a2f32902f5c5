package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// The progress line says which mode its figures are of, and no p99 that they
// do not support.
func TestProgressSaysWhatItIsOf(t *testing.T) {
	p := runner.Progress{Phase: view.PhaseRunning, Mode: "kv_decode", Done: .4, Left: 5 * time.Second,
		Samples: [stats.NumLanes]int{87, 88}, P50: [stats.NumLanes]float64{17e6, 9e6}, P99: [stats.NumLanes]float64{38e6, 78e6}}
	want := "running 4s   40 %, 5s left  kv_decode n 87+88  p50 17.0 / 9.00 ms (eager / optimized)"
	if got := progressText(p, 4*time.Second); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.Samples = [stats.NumLanes]int{459, 460}
	want = "running 4s   40 %, 5s left  kv_decode n 459+460  p50 17.0 / 9.00  p99 38.0 / 78.0 ms (eager / optimized)"
	if got := progressText(p, 4*time.Second); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The table at the end of a run marks what its samples do not support, and
// what the run missed stands below it.
func TestTheEndMarksWhatRestsOnTooFew(t *testing.T) {
	dir := t.TempDir()
	f := stats.SummaryFile{Groups: []stats.GroupSummary{
		{Mode: "prefill", Lane: "eager", Scenario: "*", Segment: "*", N: 100, MeanMs: 2, P50Ms: 1, P95Ms: 3, P99Ms: 4, MaxMs: 5},
		{Mode: "prefill", Lane: "optimized", Scenario: "*", Segment: "*", N: 500, MeanMs: 2, P50Ms: 1, P95Ms: 3, P99Ms: 4, MaxMs: 5}}}
	b := must.Get(json.Marshal(f))(t)
	path := filepath.Join(dir, "prefill", "analysis", "summary.json")
	must.OK(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must.OK(t, os.WriteFile(path, b, 0o644))
	var out bytes.Buffer
	printEnd(&out, dir, "The run ended before its plan: e2e_kv was not reached.")
	want := `     mode       lane    n  mean_ms  p50_ms  p95_ms  p99_ms  max_ms
  prefill      eager  100     2.00    1.00    3.00   *4.00    5.00
  prefill  optimized  500     2.00    1.00    3.00    4.00    5.00
* too few samples for this quantile: p50 needs 7, p95 90, p99 459
The run ended before its plan: e2e_kv was not reached.
session: ` + dir + "\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s\n%q", got, want, strings.Split(got, "\n")[0])
	}
}
