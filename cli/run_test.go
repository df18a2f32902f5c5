package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestRunThatAnswersNothing: a run in which a lane fails every request ends
// with exit code 1 and the reason; one that fails some has a result.
func TestRunThatAnswersNothing(t *testing.T) {
	engine := must.Get(os.ReadFile("../docs/example_engine.py"))(t)
	const at = "    try:\n        if req[\"mode\"]"
	if !strings.Contains(string(engine), at) {
		t.Fatal("the example engine has changed")
	}
	for when, want := range map[string]struct{ reps, says string }{
		`lane == "optimized"`:                        {"1", "prefill: no optimized request succeeded, 18 failed, the first with: planted"},
		`lane == "optimized" and req["id"] >= 0`:     {"2", "20 requests of the optimized lane failed in a row, the first with: planted"},
		`lane == "optimized" and req["id"] % 3 == 0`: {"2", "optimized requests failed, the first with: planted"},
	} {
		path := filepath.Join(t.TempDir(), "engine.py")
		broken := strings.Replace(string(engine), at, "    try:\n        if "+when+": raise ValueError(\"planted\")\n        if req[\"mode\"]", 1)
		must.OK(t, os.WriteFile(path, []byte(broken), 0o600))
		out, got := run("run", "--engine-cmd", "python3 "+path, "--config", "root_cause_prefill_only", "--reps", want.reps, "--warmup", "1", "--out", t.TempDir())
		if got != 1 || !strings.Contains(out, want.says) {
			t.Errorf("%s: exit code %d\n%s", when, got, out)
		}
		if !strings.Contains(out, "optimized requests failed") {
			t.Errorf("%s: nothing of failures\n%s", when, out)
		}
	}
}
