package snapshot

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

func testManifest(dir string) folder.Manifest {
	c := &configs.Config{Name: "test", Engine: "ort", Provider: "auto", Model: "builtin:tiny-gpt2", Modes: []string{"prefill"},
		Strategy: "variable", EagerInputs: "same", Pairing: "interleaved", Seed: 7, RecompileLimit: 8, Batch: 1}
	return folder.NewManifest(c, filepath.Base(dir), 4_999_000_000, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
}

func create(t testing.TB) (*folder.Writer, string) {
	t.Helper()
	_, dir, err := folder.NewRunID(t.TempDir(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	must.OK(t, err)
	w := must.Get(Create(dir, testManifest(dir), []byte("name: test\n")))(t)
	return w, dir
}

var testEnd = folder.End{Reason: "all repetitions done", TNs: 9e9, Time: time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC)}

func TestNewRunIDIsUniqueWithinASecond(t *testing.T) {
	out, now := filepath.Join(t.TempDir(), "a", "b"), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, want := range []string{"20260102_030405", "20260102_030405_2", "20260102_030405_3"} {
		id, dir, err := folder.NewRunID(out, now)
		if err != nil || id != want || filepath.Base(dir) != want {
			t.Fatalf("NewRunID = %q, %q, %v; want %q", id, dir, err, want)
		}
	}
}

func TestNewRunIDSaysOneSentenceForAFileInTheWay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	must.OK(t, os.WriteFile(file, nil, 0o600))
	_, _, err := folder.NewRunID(filepath.Join(file, "runs"), time.Now())
	if err == nil {
		t.Fatal("no error for a folder below a file")
	}
	t.Log(err)
}

// TestSummaryEqualsWhatMetricsCSVSays recomputes quantiles of summary.json
// from the text of metrics.csv.
func TestSummaryEqualsWhatMetricsCSVSays(t *testing.T) {
	w, dir := create(t)
	want := made.Fill(t, w, 500, stats.Prefill)
	must.OK(t, w.Finish(testEnd))
	rows := readCSV(t, filepath.Join(dir, "prefill", "metrics.csv"))
	if len(rows) != len(want) {
		t.Fatalf("%d rows, %d samples", len(rows), len(want))
	}
	byLane := map[string][]float64{}
	for i, r := range rows {
		if r["seq"] != strconv.FormatUint(want[i].Seq, 10) {
			t.Fatalf("row %d has seq %s", i, r["seq"])
		}
		if r["is_warmup"] == "false" && r["status"] == "ok" {
			v := must.Get(strconv.ParseFloat(r["latency_ms"], 64))(t)
			byLane[r["lane"]] = append(byLane[r["lane"]], v)
		}
	}
	var sum stats.SummaryFile
	b := must.Get(os.ReadFile(filepath.Join(dir, "prefill", "analysis", "summary.json")))(t)
	must.OK(t, json.Unmarshal(b, &sum))
	found := 0
	for _, g := range sum.Groups {
		if g.Scenario != "*" || g.Segment != "*" {
			continue
		}
		found++
		v := byLane[g.Lane]
		slices.Sort(v)
		if len(v) != g.N {
			t.Fatalf("%s: n %d, csv %d", g.Lane, g.N, len(v))
		}
		for q, got := range map[float64]stats.Num{0.5: g.P50Ms, 0.95: g.P95Ms, 0.99: g.P99Ms, 1: g.MaxMs} {
			if x := quantile.Percentile(v, q); math.Abs(float64(got)-x) > 1e-9*x {
				t.Errorf("%s q%v: summary %v, csv %v", g.Lane, q, got, x)
			}
		}
	}
	if found != 2 {
		t.Fatalf("%d lanes in the summary", found)
	}
}

func readCSV(t testing.TB, path string) []map[string]string {
	t.Helper()
	f := must.Get(os.Open(path))(t)
	defer func() { _ = f.Close() }()
	all := must.Get(csv.NewReader(f).ReadAll())(t)
	var out []map[string]string
	for _, r := range all[1:] {
		m := map[string]string{}
		for i, k := range all[0] {
			m[k] = r[i]
		}
		out = append(out, m)
	}
	return out
}
