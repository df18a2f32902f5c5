package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// bench runs the real screen in a pseudo-terminal against no screen, and tells
// each quantile of each lane with an interval from its restarts.
func TestBench(t *testing.T) {
	demand.Command(t, demand.Python, "python3")
	engine := must.Get(filepath.Abs("../docs/example_engine.py"))(t)
	tmp := filepath.Join(t.TempDir(), "runs[1]") // a name, no pattern
	must.OK(t, os.Mkdir(tmp, 0o755))
	t.Setenv("TMPDIR", tmp)
	out, errs, code := run(t, "bench", "--rounds", "2", "--duration", "1s", "--engine", "cmd", "--engine-cmd", "python3 '"+engine+"'", "--mode", "prefill", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got struct {
		Rows []struct {
			Lane, Quantile, Verdict string
			Ratio, Lo, Hi           float64
		}
		Runs map[string][]map[string]struct {
			N   int     `json:"n"`
			P50 float64 `json:"p50_ms"`
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err, out)
	}
	var all map[string]any
	must.OK(t, json.Unmarshal([]byte(out), &all))
	asDocumented(t, "tailscope.bench/1", all, "runs", "bench")
	if len(got.Rows) != 4 || len(got.Runs["on"]) != 2 || len(got.Runs["off"]) != 2 || len(got.Runs["off again"]) != 2 {
		t.Fatalf("%+v", got)
	}
	for _, r := range got.Rows {
		if !(r.Lo < r.Ratio && r.Ratio < r.Hi && r.Ratio > 0) || r.Verdict == "" {
			t.Errorf("%+v", r)
		}
	}
	for arm, runs := range got.Runs {
		for _, r := range runs {
			for lane, l := range r {
				if l.N < 10 || l.P50 <= 0 {
					t.Errorf("%s %s: %+v", arm, lane, l)
				}
			}
		}
	}
}
