package replay

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/live"
)

// TestLiveFilesReplayAndReportAgree takes a session from the collector that
// saw it live over its files to the replay and to the report made anew. Fewer
// than 1,000 samples a lane are exact everywhere, so the numbers are equal.
func TestLiveFilesReplayAndReportAgree(t *testing.T) {
	rec := record(t, 300, false)
	live := live.New(live.Options{})
	live.NewSegment(0, "variable", false, 0)
	must.Get(rec.Records(func(r *journal.Record) error {
		if r.Kind == journal.KindSample {
			live.Add(&r.Sample)
		}
		return nil
	}))(t)
	seen := live.Live(stats.Prefill, 0)
	replayed := player(t, rec).at(time.Hour)
	before := must.Get(os.ReadFile(filepath.Join(rec.Dir, "report.md")))(t)
	must.OK(t, snapshot.Report(rec.Dir))
	after, err := os.ReadFile(filepath.Join(rec.Dir, "report.md"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the report made anew differs (%v)\n%s\n%s", err, before, after)
	}
	b := must.Get(os.ReadFile(filepath.Join(rec.Dir, "prefill", "analysis", "summary.json")))(t)
	var sum stats.SummaryFile
	must.OK(t, json.Unmarshal(b, &sum))
	found := 0
	for _, g := range sum.Groups {
		if g.Scenario != "*" || g.Segment != "*" {
			continue
		}
		found++
		lane := must.Get(stats.ParseLane(g.Lane))(t)
		for name, s := range map[string]stats.Summary{"live": seen.Lanes[lane].Session, "replay": replayed.Stats.Lanes[lane].Session} {
			if s.N != g.N {
				t.Errorf("%s %s: n %d, files %d", name, g.Lane, s.N, g.N)
			}
			for q, v := range map[string][2]float64{"mean": {s.Mean, float64(g.MeanMs)}, "p50": {s.P50.Value, float64(g.P50Ms)}, "p90": {s.P90.Value, float64(g.P90Ms)},
				"p95": {s.P95.Value, float64(g.P95Ms)}, "p99": {s.P99.Value, float64(g.P99Ms)}, "max": {s.Max, float64(g.MaxMs)}, "std": {s.Std, float64(g.StdMs)}} {
				if math.Abs(v[0]/1e6-v[1]) > 1e-12*v[1] {
					t.Errorf("%s %s %s: %v ms, files %v ms", name, g.Lane, q, v[0]/1e6, v[1])
				}
			}
		}
	}
	if found != 2 {
		t.Fatalf("%d lanes in the summary", found)
	}
}

// TestOwnTableReplaysAsItsFolder: replay of metrics.csv shows the pairs, the
// causes and the times of the session at any instant.
func TestOwnTableReplaysAsItsFolder(t *testing.T) {
	rec := record(t, 300, false)
	table := must.Get(snapshot.Open(filepath.Join(rec.Dir, "prefill", "metrics.csv")))(t)
	folder, own := player(t, rec), player(t, table)
	for _, d := range []time.Duration{700 * time.Millisecond, time.Hour} {
		view := own.at(d)
		f, o := folder.at(d).Stats, view.Stats
		if la := view.Lanes[stats.Optimized]; la.Compiles == 0 || la.Compiles != f.Lanes[stats.Optimized].Session.Compiles || la.CompilerReal != "unknown" {
			t.Errorf("at %v: lane %+v", d, la)
		}
		for l := range f.Lanes {
			if a, b := f.Lanes[l].Session, o.Lanes[l].Session; a.N == 0 || a.N != b.N || a.P50.Value != b.P50.Value || a.Max != b.Max {
				t.Errorf("at %v: lane %d: %+v, of the table %+v", d, l, a, b)
			}
		}
		if a, b := f.Pair.N, o.Pair.N; a == 0 || a != b || f.Pair.MedianDiff != o.Pair.MedianDiff {
			t.Errorf("at %v: %d pairs, of the table %d", d, a, b)
		}
		for l := range f.Lanes {
			a, b := f.Lanes[l].Causes, o.Lanes[l].Causes
			if len(a) != len(b) {
				t.Fatalf("at %v: lane %d: causes %+v, of the table %+v", d, l, a, b)
			}
			for i := range a {
				if a[i].Cause != b[i].Cause || a[i].N != b[i].N || a[i].P99Without != b[i].P99Without {
					t.Errorf("at %v: %+v, of the table %+v", d, a[i], b[i])
				}
			}
		}
	}
}
