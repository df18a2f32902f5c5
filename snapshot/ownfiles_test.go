package snapshot

import (
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// TestOwnParquetAndHgrmAreRead: samples.parquet and the distributions of a
// finished folder are files like others, and hold what metrics.csv holds.
func TestOwnParquetAndHgrmAreRead(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 300, stats.Prefill)
	must.OK(t, w.Finish(testEnd))
	read := func(path string) (map[string]int64, *foreign.Info) {
		sum := map[string]int64{}
		info, err := foreign.Read(filepath.Join(dir, path), foreign.Options{}, func(r *foreign.Row) error {
			if r.OK && !r.Warmup {
				sum[r.Mode+"|"+r.Label+"|"+r.Scenario] += r.Ns
			}
			return nil
		})
		if err != nil {
			t.Fatal(path, err)
		}
		return sum, info
	}
	csv, _ := read("prefill/metrics.csv")
	parquet, info := read("samples.parquet")
	if len(csv) == 0 || len(csv) != len(parquet) || info.Rows == 0 {
		t.Fatal(csv, parquet, info.Rows)
	}
	for k, v := range csv {
		if parquet[k] != v {
			t.Errorf("%s: %d, want %d", k, parquet[k], v)
		}
	}
	if _, info := read("prefill/analysis/eager.hgrm"); len(info.Reported) != 1 || info.Reported[0].N == 0 || info.Reported[0].Percentiles["p50"] == 0 {
		t.Fatal(info.Reported)
	}
}
